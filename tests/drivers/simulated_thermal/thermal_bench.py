"""A simulated ticket printer without a process around it, and what its paper shows."""

from __future__ import annotations

import io

from PIL import Image

from drivers.simulated.thermal_engine import Engine
from drivers.simulated.thermal_makes import MAKES
from drivers.simulated.thermal_paper import BLADE, Paper, picture

ACROSS = 72
CUT = b"\x1dV\x42\x00"
RESET = b"\x1b@"


class Bench:
    """Takes bytes as the line does: never more than there is room for, and prints whenever it can."""

    def __init__(self, model: str = "epson-tm-t20iii") -> None:
        make = MAKES[model]
        self.paper = Paper(make.width, make.dpi)
        self.engine = Engine(make, self.paper)
        self.blade = self.paper.past(BLADE)

    def send(self, data: bytes) -> bytes:
        """What is answered. Bytes for which there is no room are not taken, and are `left`."""
        self.left = data
        while self.left and self.engine.room:
            taken = self.left[: self.engine.room]
            self.left = self.left[len(taken) :]
            self.engine.receive(taken)
            self.go_on()
        return self.heard()

    def go_on(self) -> None:
        while self.engine.step():
            pass

    def heard(self) -> bytes:
        answers, self.engine.answers = self.engine.answers, []
        return b"".join(answers)

    @property
    def printed(self) -> list[bytes]:
        """What fell off, without the white before the first dot and after the last."""
        return [strip.strip(b"\0") for strip in self.paper.strips]


def raster(rows: bytes, across: int = ACROSS, mode: int = 0) -> bytes:
    """GS v 0."""
    return b"\x1dv0" + bytes((mode, across & 255, across >> 8)) + (len(rows) // across).to_bytes(2, "little") + rows


def row(value: int = 0xFF) -> bytes:
    """One row of the same byte."""
    return bytes((value,)) * ACROSS


def opened(rows: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture(rows, ACROSS, 203)))
