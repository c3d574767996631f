"""Paper in the simulated ticket printer: a roll, a head that burns rows of dots, a blade, and what hangs between.

    paper = Paper(width=576, dpi=203)
    paper.burn(row)              # one row of dots, and on by one row
    paper.cut(); paper.strips    # what fell off, as (rows, picture)

The blade is BLADE millimetres past the head, so that these millimetres stay behind at a cut: white ones where
paper was fed first, printed ones where it was not. Pure, standard library only.
"""

from __future__ import annotations

import struct
import zlib

FULL_ROLL = 80_000.0
BLADE = 12
NEAR_END = 3000
LONGEST = 5000
"""Millimetres that hang by themselves; with more, the paper tears under its own weight."""
SHORTEST = 1
"""Millimetres: of less, nothing falls."""
_WHITE_FOR_BLACK = bytes(byte ^ 0xFF for byte in range(256))


class Paper:
    """`roll` is what is left in millimetres, `rows` went past the head. `width` in dots, a multiple of 8."""

    def __init__(self, width: int, dpi: int) -> None:
        self.across = width // 8
        self.dpi = dpi
        self.roll = FULL_ROLL
        self.rows = 0
        self.strips: list[bytes] = []
        self.out = bytearray(self.past(BLADE) * self.across)
        """What is past the head and not cut off, row by row, the oldest first."""

    def past(self, millimetres: float) -> int:
        """Rows in so many millimetres."""
        return round(millimetres * self.dpi / 25.4)

    @property
    def empty(self) -> bool:
        return self.roll * self.dpi < 25.4

    @property
    def hanging(self) -> int:
        """Rows not cut off, if there is a dot on any of them: white paper is no document."""
        return len(self.out) // self.across if self.out.count(0) < len(self.out) else 0

    def burn(self, row: bytes = b"") -> None:
        """One row of dots, the first in a byte's highest bit; white where the row is short. Only with paper."""
        self.out += row[: self.across].ljust(self.across, b"\0")
        self.rows += 1
        self.roll = max(0.0, self.roll - 25.4 / self.dpi)
        if len(self.out) > self.past(LONGEST) * self.across:
            self.tear()

    def cut(self) -> None:
        """What is past the blade falls off."""
        end = max(0, len(self.out) - self.past(BLADE) * self.across)
        if end >= self.past(SHORTEST) * self.across:
            self.strips.append(bytes(self.out[:end]))
            del self.out[:end]

    def tear(self) -> None:
        """A hand, or its own weight, takes what hangs; it tears at the blade too."""
        self.cut()

    def draw_back(self) -> None:
        """Turn back to where the blade cut (GS V 103)."""
        self.roll += len(self.out) // self.across * 25.4 / self.dpi
        self.out.clear()


def picture(rows: bytes, across: int, dpi: int) -> bytes:
    """A PNG of one bit a dot, black where it was burnt, at the head's resolution."""
    metre = round(dpi / 0.0254)
    height = len(rows) // across
    head = struct.pack(">IIBBBBB", across * 8, height, 1, 0, 0, 0, 0)
    dots = rows.translate(_WHITE_FOR_BLACK)
    lines = b"".join(b"\0" + dots[at : at + across] for at in range(0, len(dots), across))
    parts = ((b"IHDR", head), (b"pHYs", struct.pack(">IIB", metre, metre, 1)), (b"IDAT", zlib.compress(lines, 1)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in (*parts, (b"IEND", b""))
    )
