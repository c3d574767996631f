"""The section of what helps to see that a card is in its holder's hand."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from config.section import Section, setting

_Camera = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._:+/-]{1,200})?$")]


class Holder(Section):
    """Face assistance gives the clerk a hint, and nobody a paper; see docs/holder-face.md before it is switched on."""

    likeness: bool = setting(
        False, about="whether the card's portrait is compared with who stands there, for the clerk"
    )
    likeness_camera: _Camera = setting(
        "", machine=True, about="camera at the citizen, /dev/v4l/by-id/…; in a demonstration a folder of pictures"
    )
    likeness_least: float = setting(
        1.0,
        ge=0,
        le=1,
        about="score from which two faces are called alike; to be found in trials where the kiosk stands",
    )
    likeness_deadline: float = setting(
        5.0, unit="s", ge=1, le=30, about="longest time for the picture and for its comparison"
    )

    @model_validator(mode="after")
    def _sees_somebody(self) -> Self:
        if self.likeness and not self.likeness_camera:
            raise ValueError("likeness needs likeness_camera")
        return self
