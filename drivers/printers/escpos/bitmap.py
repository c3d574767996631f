"""Reading the pictures a ticket printer is given: raw PBM (P4), one a page, one after the other. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.printers.errors import DocumentUnprintable

MAX_ROWS = 24_000
"""The longest strip, in rows of dots: three metres at 203 dpi. The fullest act the register may hold takes less."""
MAX_PAGES = 99
_HEAD = re.compile(rb"P4\s([1-9][0-9]{0,3})\s([1-9][0-9]{0,4})\s")


@dataclass(frozen=True, slots=True)
class Bitmap:
    """`rows` are `height` rows of `width` dots, a multiple of 8, the first dot in a byte's highest bit; 1 is black."""

    width: int
    height: int
    rows: bytes

    def bands(self, height: int) -> Iterator[bytes]:
        """Its rows, at most so many at once."""
        step = height * (self.width // 8)
        return (self.rows[at : at + step] for at in range(0, len(self.rows), step))


def read_bitmaps(document: bytes, width: int) -> list[Bitmap]:
    """The pages, each exactly `width` dots wide. Raises DocumentUnprintable."""
    pages: list[Bitmap] = []
    at = 0
    while at < len(document):
        head = _HEAD.match(document, at)
        if head is None or len(pages) == MAX_PAGES:
            raise DocumentUnprintable("not a bitmap, or too many")
        height, size = int(head[2]), int(head[2]) * (width // 8)
        if int(head[1]) != width or height > MAX_ROWS:
            raise DocumentUnprintable("a bitmap of another width than the paper's, or too long")
        rows = document[head.end() : head.end() + size]
        if len(rows) != size:
            raise DocumentUnprintable("a bitmap that is cut short")
        pages.append(Bitmap(width, height, rows))
        at = head.end() + size
    if not pages:
        raise DocumentUnprintable("no page")
    return pages
