"""The camera's child: takes pictures and says what text is in them. Started by `camera`, killed by it at will.

    parent → "look\\n"
    child  → {"text": "…"}      for each block of type, each way up, each reader
             {"done": true}     the picture is done with
             {"fault": "E-…"}   and it ends

Pictures come from outside and go through large libraries, so before those are loaded the child gives up the network
(a namespace of its own, unless it was started without the right to any internet socket), its memory beyond a bound,
and writing files. A reader it starts inherits all of it.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import resource
import signal
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drivers.scanners.frames import Frames
    from drivers.scanners.ocr import Ocr

MEMORY_BYTES = 1 << 30
LONGEST_TEXT = 400
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_PDEATHSIG = 38, 1


def give_up_rights() -> bool:
    """Bounds this process for good; True when it is also cut off from every network. It dies with its parent."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    own = any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))
    return own or not any(_can_open(family) for family in (socket.AF_INET, socket.AF_INET6))


def _can_open(family: socket.AddressFamily) -> bool:
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def readers(names: list[str], deadline: float) -> list[Ocr]:
    """Those of the readers that are installed. Raises OcrUnavailable when none is."""
    from drivers.scanners.errors import OcrUnavailable
    from drivers.scanners.ocr_b import OcrB
    from drivers.scanners.tesseract import Tesseract

    found: list[Ocr] = []
    for name in names:
        try:
            found.append(OcrB() if name == "ocr-b" else Tesseract(deadline))
        except OcrUnavailable:
            if name == names[-1] and not found:
                raise
    return found


def look(frames: Frames, ocrs: list[Ocr]) -> None:
    from drivers.scanners.grid import lay_out
    from drivers.scanners.picture import blocks

    laid_out = [grid for block in blocks(frames.next()) if (grid := lay_out(block)) is not None]
    for ocr in ocrs:
        for grid in laid_out:
            _say({"text": ocr.read(grid)[:LONGEST_TEXT]})
    _say({"done": True})


def _say(word: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    arguments = argparse.ArgumentParser()
    arguments.add_argument("source")
    arguments.add_argument("deadline", type=float)
    arguments.add_argument("ocr", nargs="+", choices=("ocr-b", "tesseract"))
    given = arguments.parse_args()
    isolated = give_up_rights()

    import cv2

    from drivers.scanners.errors import ScannerError, ScannerFault
    from drivers.scanners.frames import open_frames

    cv2.setNumThreads(1)
    try:
        if not isolated:
            raise ScannerFault("the camera's child is not cut off from the network")
        ocrs = readers(given.ocr, given.deadline)
        frames = open_frames(given.source)
        _say({"done": True})
        for _ in sys.stdin:
            look(frames, ocrs)
    except ScannerError as error:
        _say({"fault": error.code})
    except (cv2.error, MemoryError, ValueError):
        _say({"fault": ScannerFault.code})
    return 0


if __name__ == "__main__":
    sys.exit(main())
