"""The section of what reads the zone off a card, so that nobody has to type it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from config.section import Section, setting

_Device = Annotated[str, StringConstraints(pattern=r"^(/dev/[A-Za-z0-9._:+/-]{1,200})?$")]


class Scanner(Section):
    """A kiosk may have each of them, or none; each is named by a link that comes back with the device."""

    wedge: _Device = setting(
        "", machine=True, about="scanner that types, /dev/input/by-id/…-event-kbd; empty: there is none"
    )
    layout: Literal["us", "fr"] = setting("us", machine=True, about="the keyboard that it types as")
    serial: _Device = setting("", machine=True, about="scanner on a serial line, /dev/serial/by-id/…; empty: none")
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = setting(
        9600, machine=True, unit="Bd", about="speed of that line"
    )
    pause: float = setting(
        0.5, unit="s", ge=0.05, le=5, about="a longer pause between two characters begins another scan"
    )
    camera: _Device = setting("", machine=True, about="camera over the card, /dev/v4l/by-id/…-index0; empty: none")
    pictures: Path | None = setting(
        None, machine=True, about="folder of pictures in the camera's place; a demonstration's only"
    )
    readers: tuple[Literal["ocr-b", "tesseract"], ...] = setting(
        ("ocr-b", "tesseract"), min_length=1, max_length=2, about="what reads the camera's pictures, in order"
    )
    deadline: float = setting(10.0, unit="s", ge=1, le=60, about="longest time for one picture of the camera")

    @model_validator(mode="after")
    def _has_one_camera(self) -> Self:
        if self.camera and self.pictures is not None:
            raise ValueError("camera and pictures: only one can be in the camera's place")
        return self
