"""Where a zone may be in a picture of a card, held any way round.

Dark type on light ground is what is darker than its surroundings; letters that stand close run together into a
block; a block that is long and low may be a zone. Its own long side says how the card is turned, up to which end is
up, so each is given both ways. All lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from drivers.scanners.ocr import Picture

_LOOKED_AT = 1000
"""The longer side of the picture that is searched; cutting is done from the whole."""
_STROKE = 15
_JOINS = (13, 19, 27)
"""How far apart type may stand in one block: cards fill more or less of a frame."""
_SHORTEST, _LOWEST = 250, 12
_LONG_FOR_LOW = (3.5, 22.0)
_MOST = 4
_WIDTH = 1200
"""Of a block that is cut out: 25 and more pixels a character."""

_Block = tuple[float, float, float, float, float]
"""Centre x and y, long side, short side, angle of the long side in degrees."""


def blocks(picture: Picture) -> Iterator[Picture]:
    """Each block that may be a zone, its long side level; the likeliest first, each followed by itself upside down."""
    for block in _found(picture):
        level = _cut(picture, block)
        yield level
        yield cv2.rotate(level, cv2.ROTATE_180)  # type: ignore[misc]


def _found(picture: Picture) -> list[_Block]:
    shrink = _LOOKED_AT / max(picture.shape)
    small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    dark = cv2.morphologyEx(cv2.GaussianBlur(small, (3, 3), 0), cv2.MORPH_BLACKHAT, _disc(_STROKE))
    _, strokes = cv2.threshold(dark, 0, 255, cv2.THRESH_OTSU)
    found: list[tuple[float, _Block]] = []
    for join in _JOINS:
        joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, _disc(join))
        joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, _disc(9))
        outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for outline in outlines:
            (x, y), (long, low), angle = cv2.minAreaRect(outline)
            if low > long:
                long, low, angle = low, long, angle + 90
            if long >= _SHORTEST and low >= _LOWEST and _LONG_FOR_LOW[0] < long / low < _LONG_FOR_LOW[1]:
                block = (x / shrink, y / shrink, long / shrink, low / shrink, angle)
                found.append((cv2.contourArea(outline), block))
    kept: list[_Block] = []
    for _, block in sorted(found, reverse=True):
        if not any(_same(block, other) for other in kept):
            kept.append(block)
    return kept[:_MOST]


def _same(block: _Block, other: _Block) -> bool:
    near = 0.05 * other[2]
    return abs(block[0] - other[0]) + abs(block[1] - other[1]) < near and abs(block[2] - other[2]) < 2 * near


def _cut(picture: Picture, block: _Block) -> Picture:
    x, y, long, low, angle = block
    scale = _WIDTH / (long * 1.06)
    height = round((low + long * 0.08) * scale)
    matrix = cv2.getRotationMatrix2D((x, y), angle, scale)
    matrix[0, 2] += _WIDTH / 2 - x
    matrix[1, 2] += height / 2 - y
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.warpAffine(  # type: ignore[return-value]
        picture, matrix, (_WIDTH, height), flags=how, borderMode=cv2.BORDER_REPLICATE
    )


def _disc(size: int) -> Picture:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)
