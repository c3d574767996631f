"""The port of a reader of type: from the picture of a zone, its lines laid out, to text.

A reader may misread; it never guesses on purpose. What it says is looked through for a zone elsewhere, and the check
digits decide (`port.Find`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Grey, rows first, dark type on light ground."""

CELL_HEIGHT = 1.83
"""Of a cell, in pitches: OCR-B's capitals (2.4 mm at a pitch of 2.54 mm, ISO 1073-2) and what is above and below."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Type of one pitch: where each character of each line stands in `picture`.

    The first character's centre is at `left`, each further one `pitch` (pixels) on; line i's centre is at `lines[i]`
    where x is 0, and falls by `slope` for each pixel to the right.
    """

    picture: Picture
    lines: tuple[float, ...]
    left: float
    pitch: float
    slope: float
    columns: int

    def cell(self, line: int, column: int, width: int, height: int, margin: float) -> Picture:
        """The picture of one character, `width` by `height` pixels, and so much of that around it on each side."""
        x = self.left + column * self.pitch
        return self._cut(x, self._centre(line, x), self.pitch, CELL_HEIGHT * self.pitch, width, height, margin)

    def line(self, line: int, height: int) -> Picture:
        """The picture of a whole line, straight, with half a cell before and after it."""
        wide = self.pitch * (self.columns + 1)
        x = self.left + self.pitch * (self.columns - 1) / 2
        tall = CELL_HEIGHT * self.pitch
        return self._cut(x, self._centre(line, x), wide, tall, round(height * wide / tall), height, 0.0)

    def _centre(self, line: int, x: float) -> float:
        return self.lines[line] + self.slope * x

    def _cut(self, x: float, y: float, wide: float, tall: float, width: int, height: int, margin: float) -> Picture:
        fx, fy = width / wide, height / tall
        left, top = x - wide * (0.5 + margin), y - tall * (0.5 + margin)
        # Straightened along the slope, about the centre; what is cut is small beside the line.
        shear = -self.slope * fy
        matrix = np.array([[fx, 0.0, -left * fx], [shear, fy, -top * fy - shear * x]])
        size = (round(width * (1 + 2 * margin)), round(height * (1 + 2 * margin)))
        return cv2.warpAffine(  # type: ignore[return-value]
            self.picture, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        )


class Ocr(Protocol):
    def read(self, grid: Grid) -> str:
        """The lines as text, each ended by a line end; "" when it can make nothing of them."""
