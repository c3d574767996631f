"""Words of any script drawn on a reportlab canvas as outlines: shaped by HarfBuzz, so letters join and marks sit.

Reportlab's own right-to-left text is not to be trusted with names, and its shaped text cannot be read back. What is
drawn here is a picture of the words; nothing of a citizen is ever set by it.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, Literal

import uharfbuzz  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from printing.errors import FontMissing
from printing.render import FONT_FOLDERS

ARABIC, TIFINAGH, LATIN = "NotoNaskhArabic-Regular.ttf", "NotoSansTifinagh-Regular.ttf", "NotoSerif-Regular.ttf"
Edge = Literal["left", "right", "middle"]


def draw_words(canvas: Canvas, x: float, y: float, words: str, *, font: str, size: float, edge: Edge = "left") -> float:
    """Draws words of one script on the base line `y`, `edge` of them at `x`; gives their width. All in points.

    Raises FontMissing.
    """
    face = _font(font)
    buffer = uharfbuzz.Buffer()
    buffer.add_str(words)
    buffer.guess_segment_properties()
    uharfbuzz.shape(face, buffer)
    scale = size / face.face.upem
    width = sum(place.x_advance for place in buffer.glyph_positions) * scale
    at = x - {"left": 0.0, "middle": width / 2, "right": width}[edge]
    outline = canvas.beginPath()
    for glyph, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        pen = _Pen(outline, at + place.x_offset * scale, y + place.y_offset * scale, scale)
        face.draw_glyph_with_pen(glyph.codepoint, pen)
        at += place.x_advance * scale
    canvas.drawPath(outline, stroke=0, fill=1, fillMode=1)
    return float(width)


class _Pen:
    """A fontTools pen that draws on a reportlab path; `x` and `y` are the glyph's origin."""

    def __init__(self, path: PDFPathObject, x: float, y: float, scale: float) -> None:
        self._path, self._x, self._y, self._scale = path, x, y, scale
        self._at = (0.0, 0.0)

    def _placed(self, *points: tuple[float, float]) -> list[float]:
        self._at = points[-1]
        return [value for x, y in points for value in (self._x + x * self._scale, self._y + y * self._scale)]

    def moveTo(self, point: tuple[float, float]) -> None:
        self._path.moveTo(*self._placed(point))

    def lineTo(self, point: tuple[float, float]) -> None:
        self._path.lineTo(*self._placed(point))

    def curveTo(self, *points: tuple[float, float]) -> None:
        self._path.curveTo(*self._placed(*points))

    def qCurveTo(self, control: tuple[float, float], end: tuple[float, float]) -> None:
        """The same curve with two control points, as PDF has no other."""
        first, second = (
            (at[0] + (control[0] - at[0]) * 2 / 3, at[1] + (control[1] - at[1]) * 2 / 3) for at in (self._at, end)
        )
        self.curveTo(first, second, end)

    def closePath(self) -> None:
        self._path.close()


@cache
def _font(name: str) -> Any:
    for top in FONT_FOLDERS:
        for folder, _, names in os.walk(top):
            if name in names:
                return uharfbuzz.Font(uharfbuzz.Face(Path(folder, name).read_bytes()))
    raise FontMissing(f"font file {name} is not installed")
