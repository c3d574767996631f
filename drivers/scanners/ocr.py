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

Numbers = NDArray[np.float64]

CELL_HEIGHT = 1.83
"""Of a cell, in pitches: OCR-B's capitals (2.4 mm at a pitch of 2.54 mm, ISO 1073-2) and what is above and below."""


def terms(column: Numbers, line: Numbers) -> Numbers:
    """What a place is a sum of: a card seen from aside grows along its lines and from line to line."""
    return np.stack([np.ones_like(column), column, line, column * line, column**2], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Type of one pitch: where each character of each line stands in `picture`.

    The centre of the character in a column and line is at `terms` times `x` and `terms` times `y`, in pixels.
    """

    picture: Picture
    x: Numbers
    y: Numbers
    lines: int
    columns: int

    def cell(self, line: int, column: int, width: int, height: int, margin: float) -> Picture:
        """The picture of one character, `width` by `height` pixels, and so much of that around it on each side."""
        here, right, below = (
            self._place(float(i), float(r)) for i, r in ((column, line), (column + 1, line), (column, line + 1))
        )
        across, down = right - here, below - here
        down = down * (CELL_HEIGHT * np.linalg.norm(across) / np.linalg.norm(down))
        corner = here - (0.5 + margin) * (across + down)
        back = np.stack([across / width, down / height, corner], axis=1)
        size = (round(width * (1 + 2 * margin)), round(height * (1 + 2 * margin)))
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cut = cv2.warpAffine(self.picture, back, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cut, dtype=np.uint8)

    def line(self, line: int, height: int) -> Picture:
        """The picture of a whole line, straight."""
        width = round(height / CELL_HEIGHT)
        return np.hstack([self.cell(line, column, width, height, 0.0) for column in range(self.columns)])

    def _place(self, column: float, line: float) -> Numbers:
        here = terms(np.array(column), np.array(line))
        return np.array([here @ self.x, here @ self.y])


class Ocr(Protocol):
    def read(self, grid: Grid) -> str:
        """The lines as text, each ended by a line end; "" when it can make nothing of them."""
