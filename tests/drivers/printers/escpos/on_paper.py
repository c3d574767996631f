"""A simulated ticket printer put in order, a driver for it, and what is on its paper."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from drivers.printers.escpos.models import load_model
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.simulated.thermal import VirtualThermal

ACROSS = 72
"""Bytes in a row of dots."""
DEADLINE = 0.25


def make_well(device: VirtualThermal) -> None:
    control = device.control
    control.gone()
    control.back()
    control.speed(0)
    control.cover(False)
    control.cutter(False)
    control.hot(False)
    control.near_end(False)


@asynccontextmanager
async def driver(
    device: VirtualThermal, model: str = "epson-tm-t20iii", deadline: float = DEADLINE
) -> AsyncIterator[ThermalPrinter]:
    printer = ThermalPrinter(device.address, load_model(model), deadline)
    try:
        async with asyncio.timeout(60):
            yield printer
    finally:
        await printer.close()


# --- pictures


def picture(seed: int, rows: int = 200) -> bytes:
    """Dots of which no row is like another, and none is white."""
    return random.Random(seed).randbytes(ACROSS * rows)


def document(*pages: bytes) -> bytes:
    return b"".join(b"P4\n576 %d\n" % (len(page) // ACROSS) + page for page in pages)


def rows_on(file: Path) -> list[bytes]:
    """1 is black. A strip that is being drawn anew is tried again."""
    with Image.open(file) as image:
        dots = ImageOps.invert(image.convert("L")).convert("1", dither=Image.Dither.NONE).tobytes()
    return [dots[at : at + ACROSS] for at in range(0, len(dots), ACROSS)]


@dataclass(frozen=True)
class Papers:
    """`strips` as they were cut off, what still hangs last."""

    strips: list[list[bytes]]

    def whole(self, page: bytes) -> int:
        """On how many strips the page stands from its first row to its last."""
        return sum(page in b"".join(strip) for strip in self.strips)

    def begun(self, page: bytes) -> int:
        return sum(strip.count(page[:ACROSS]) for strip in self.strips)

    def rows(self, page: bytes) -> int:
        """How many of the page's rows are on paper, one for each time."""
        own = {page[at : at + ACROSS] for at in range(0, len(page), ACROSS)}
        return sum(row in own for strip in self.strips for row in strip)

    def beside(self, page: bytes) -> set[bytes]:
        """What else than the page stands on its strip."""
        own = {page[at : at + ACROSS] for at in range(0, len(page), ACROSS)} | {bytes(ACROSS)}
        return {row for strip in self.strips if page[:ACROSS] in strip for row in strip} - own


def papers(device: VirtualThermal) -> Papers:
    device.control.status()  # draws what hangs
    return Papers([rows_on(file) for file in sorted(device.paper.glob("*.png"))])  # hanging.png after the numbers
