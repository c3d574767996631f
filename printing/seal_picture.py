"""The seal's SVG, read down to its modules, so that the page draws it module by module.

Nothing of the SVG itself reaches the page: it is parsed strictly as segno writes it (one path of
horizontal strokes, scale 1), and becomes one filled outline. Filled, because renderers move strokes
to the pixel grid; one outline, because neighbouring shapes show seams between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from printing.errors import SealUnfit

QUIET_ZONE = 4
"""Modules of white round a QR code (ISO/IEC 18004 §6.3.8)."""
SMALLEST, LARGEST = 21, 117
"""Modules a side: version 1 to 25; a larger code leaves the page no room."""
MAX_SVG_BYTES = 200_000

_TAG = re.compile(r"<(?!\?|!)\s*/?\s*([A-Za-z]+)")
_PATH = re.compile(r'<path\b[^<>]*?\bd="([^"]*)"[^<>]*/?>')
_STEP = re.compile(r"([Mm])\s*(-?\d*\.?\d+)[ ,]?(-?\d*\.?\d+)|h(\d+)")


@dataclass(frozen=True, slots=True)
class SealPicture:
    """A QR code's dark modules, row by row from the top, without its quiet zone."""

    rows: tuple[tuple[bool, ...], ...]

    @property
    def modules(self) -> int:
        return len(self.rows)

    @classmethod
    def from_svg(cls, svg: str) -> SealPicture:
        """Raises SealUnfit unless the SVG is a QR code drawn by segno at scale 1, with any border."""
        if len(svg) > MAX_SVG_BYTES:
            raise SealUnfit("the seal's picture is too large")
        if set(_TAG.findall(svg)) - {"svg", "path"} or "transform" in svg:
            raise SealUnfit("the seal's picture holds more than one plain path at scale 1")
        paths = _PATH.findall(svg)
        if len(paths) != 1 or 'stroke="#000"' not in svg:
            raise SealUnfit("the seal's picture is not one path of black strokes")
        strokes = _strokes(paths[0])
        left = min(x for x, _, _ in strokes)
        top = min(y for _, y, _ in strokes)
        side = max(x + length for x, _, length in strokes) - left
        if not SMALLEST <= side <= LARGEST or (side - SMALLEST) % 4:
            raise SealUnfit("the seal's picture has not the size of a QR code the page can take")
        grid = [[False] * side for _ in range(side)]
        for x, y, length in strokes:
            if y - top >= side:
                raise SealUnfit("the seal's picture is not square")
            grid[y - top][x - left : x - left + length] = [True] * length
        picture = cls(tuple(tuple(row) for row in grid))
        if not picture._has_finders():
            raise SealUnfit("the seal's picture is not a QR code")
        return picture

    def _has_finders(self) -> bool:
        far = self.modules - 7
        return all(self._finder_at(x, y) for x, y in ((0, 0), (far, 0), (0, far)))

    def _finder_at(self, x: int, y: int) -> bool:
        return all(self.rows[y + j][x + i] == (max(abs(i - 3), abs(j - 3)) != 2) for i in range(7) for j in range(7))

    def drawing(self, colour: str = "#000") -> str:
        """An SVG of one filled outline, quiet zone included, its viewBox in modules."""
        runs = "".join(
            f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{length}v1h-{length}z"
            for y, row in enumerate(self.rows)
            for x, length in _runs(row)
        )
        side = self.modules + 2 * QUIET_ZONE
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {side} {side}">'
            f'<path fill="{colour}" d="{runs}"/></svg>'
        )


def _strokes(drawing: str) -> list[tuple[int, int, int]]:
    """(x, y, length) of each horizontal stroke, in modules; the path's own grammar, nothing beside it."""
    strokes: list[tuple[int, int, int]] = []
    x, twice_y, end = 0, 0, 0
    while end < len(drawing):
        step = _STEP.match(drawing, end)
        if step is None:
            raise SealUnfit("the seal's path is not made of horizontal strokes")
        end = step.end()
        if step[4] is not None:
            length = int(step[4])
            if not 1 <= length <= LARGEST or x < 0 or twice_y < 1 or twice_y % 2 == 0 or twice_y > 1000:
                raise SealUnfit("a stroke of the seal does not lie on its grid")
            strokes.append((x, twice_y // 2, length))
            x += length
            continue
        across, down = float(step[2]), float(step[3]) * 2
        if across != int(across) or down != int(down) or abs(across) > 1000 or abs(down) > 1000:
            raise SealUnfit("a stroke of the seal does not lie on its grid")
        if step[1] == "M":
            x, twice_y = int(across), int(down)
        else:
            x, twice_y = x + int(across), twice_y + int(down)
    if not strokes:
        raise SealUnfit("the seal's picture is empty")
    return strokes


def _runs(row: tuple[bool, ...]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif dark:
            runs.append((x, 1))
    return runs
