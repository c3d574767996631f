"""Where pictures of the card come from: a camera (V4L2), or a folder of pictures in its place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from drivers.scanners.errors import ScannerAbsent, ScannerFault
from drivers.scanners.ocr import Picture

WIDTH, HEIGHT = 1920, 1080
"""Asked of a camera; it gives the nearest it has. At 300 pixels an inch a card is 1011 wide."""
_SMALLEST = 200
_MOST_PIXELS = 25_000_000
_MOST_BYTES = 32 << 20
_STALE = 2
"""Frames a camera's driver may have kept from before."""


class Frames(Protocol):
    def next(self) -> Picture:
        """A picture as it is now. Raises ScannerAbsent, ScannerFault."""

    def close(self) -> None: ...


def open_frames(source: str, *, colour: bool = False) -> Frames:
    """`source` is a folder, or a camera's device. Pictures are grey unless `colour` is asked for, which is BGR.

    Raises ScannerAbsent, ScannerFault.
    """
    path = Path(source)
    if path.is_dir():
        return Folder(path, colour)
    if not path.exists():
        raise ScannerAbsent("the camera is not there")
    return Camera(path, colour)


class Camera:
    def __init__(self, device: Path, colour: bool) -> None:
        self._colour = colour
        self._capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise ScannerFault("the camera cannot be opened")
        # Compressed, or a USB 2 cable brings five pictures a second of this size.
        self._capture.set(cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*"MJPG")))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def next(self) -> Picture:
        for _ in range(_STALE):
            self._capture.grab()
        there, frame = self._capture.read()
        if not there:
            raise ScannerAbsent("the camera gives no pictures any more")
        return _fit(np.asarray(frame, dtype=np.uint8), self._colour)

    def close(self) -> None:
        self._capture.release()


class Folder:
    """Its PNG and JPEG files by name, over and over."""

    def __init__(self, folder: Path, colour: bool) -> None:
        self._colour = colour
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".png", ".jpg", ".jpeg"))
        if not files:
            raise ScannerAbsent("the folder in the camera's place has no pictures")
        self._files: Iterator[Path] = cycle(files)

    def next(self) -> Picture:
        file = next(self._files)
        try:
            if file.stat().st_size > _MOST_BYTES:
                raise ScannerFault("a picture in the camera's place is too large")
            data = np.frombuffer(file.read_bytes(), dtype=np.uint8)
        except OSError:
            raise ScannerAbsent("a picture in the camera's place went away") from None
        try:
            picture = cv2.imdecode(data, cv2.IMREAD_COLOR if self._colour else cv2.IMREAD_GRAYSCALE)
        except cv2.error:
            picture = None
        if picture is None:
            raise ScannerFault("a file in the camera's place is no picture")
        return _fit(np.asarray(picture, dtype=np.uint8), self._colour)

    def close(self) -> None:
        pass


def _fit(frame: Picture, colour: bool) -> Picture:
    height, width = frame.shape[:2]
    if min(height, width) < _SMALLEST or height * width > _MOST_PIXELS:
        raise ScannerFault("the camera's pictures are too small or too large")
    if colour or frame.ndim != 3:
        return frame
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
