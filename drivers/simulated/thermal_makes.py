"""What simulated ticket printers differ in, by the names of the models they stand for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Make:
    """`buffer` in bytes; `echoes`: GS ( H is answered; `clears`: DLE DC4 8 is known; `senses`: the roll's end is."""

    maker: str
    model: str
    width: int = 576
    dpi: int = 203
    buffer: int = 4096
    echoes: bool = True
    clears: bool = True
    senses: bool = False


MAKES = {
    "epson-tm-m30": Make("EPSON", "TM-m30"),
    "epson-tm-t20ii": Make("EPSON", "TM-T20II"),
    "epson-tm-t20iii": Make("EPSON", "TM-T20III"),
    "epson-tm-t88v": Make("EPSON", "TM-T88V", width=512, dpi=180, senses=True),
    "epson-tm-t88vi": Make("EPSON", "TM-T88VI", width=512, dpi=180, senses=True),
    "star-escpos": Make("Star", "TSP143", echoes=False, clears=False, senses=True),
    "generic-80": Make("Any", "POS-80", echoes=False, clears=False),
}
