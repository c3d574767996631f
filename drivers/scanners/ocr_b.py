"""Reads OCR-B, the one typeface a zone is set in (ICAO 9303-3 §4.4), by likeness: each character's picture is held
against each of the 37 of the typeface, sharp and blurred, and the most alike is it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from drivers.scanners.errors import OcrUnavailable
from drivers.scanners.ocr import CELL_HEIGHT, Grid

FONT = Path("/usr/share/fonts/opentype/ocr-b/OCRB.otf")
"""As Debian's fonts-ocr-b installs it."""
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"
_WIDTH, _HEIGHT = 20, 36
_MARGIN = 0.15
_BLURS = (0.0, 1.0, 1.8)
_SIZE = 100
_SAMPLE = 12

_Vectors = NDArray[np.float32]


class OcrB:
    """Raises OcrUnavailable when the typeface is not installed."""

    def __init__(self, font: Path = FONT) -> None:
        try:
            typeface = ImageFont.truetype(str(font), _SIZE)
        except OSError:
            raise OcrUnavailable("the typeface OCR-B is not installed (fonts-ocr-b)") from None
        self._alike = [_known(typeface, blur) for blur in _BLURS]

    def read(self, grid: Grid) -> str:
        cells = [
            _windows(np.asarray(grid.cell(line, column, _WIDTH, _HEIGHT, _MARGIN), dtype=np.float32))
            for line in range(grid.lines)
            for column in range(grid.columns)
        ]
        stack = _level(np.stack(cells))  # cells, windows, pixels
        # Characters of one picture are equally sharp: some of them say which of the blurs suits it.
        some = stack[:: max(1, len(stack) // _SAMPLE)]
        known = max(self._alike, key=lambda blurred: float(np.max(some @ blurred, axis=1).max(axis=1).mean()))
        likeness = np.max(stack @ known, axis=1)
        text = "".join(_ALPHABET[index] for index in likeness.argmax(axis=1))
        return "".join(text[at : at + grid.columns] + "\n" for at in range(0, len(text), grid.columns))


def _known(typeface: ImageFont.FreeTypeFont, blur: float) -> _Vectors:
    """The alphabet's pictures, one a column."""
    pitch = typeface.getlength("H")
    _, top, _, bottom = typeface.getbbox("H")
    tall = CELL_HEIGHT * pitch
    pictures = []
    for character in _ALPHABET:
        sheet = Image.new("L", (round(pitch), round(tall)), 255)
        ImageDraw.Draw(sheet).text((0, tall / 2 - (top + bottom) / 2), character, font=typeface, fill=0)
        cell = cv2.resize(np.asarray(sheet), (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
        pictures.append(cv2.GaussianBlur(cell, (0, 0), blur) if blur else cell)
    return np.ascontiguousarray(_level(np.stack(pictures).reshape(len(pictures), -1).astype(np.float32)).T)


def _windows(cell: _Vectors) -> _Vectors:
    """Every place in the cell and its margin where the character may stand, each as one row of pixels."""
    views = np.lib.stride_tricks.sliding_window_view(cell, (_HEIGHT, _WIDTH))[::2]
    return np.ascontiguousarray(views).reshape(-1, _HEIGHT * _WIDTH)


def _level(pictures: _Vectors) -> _Vectors:
    """Without brightness and contrast, so that a product of two is their correlation."""
    pictures = pictures - pictures.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(pictures, axis=-1, keepdims=True)
    return np.asarray(pictures / np.maximum(length, 1e-3), dtype=np.float32)
