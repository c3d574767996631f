"""What models of ticket printers differ in, as data: one file each in `models/`, named like the setting.

model = load_model("epson-tm-t20iii")
model.width, model.dpi, model.echo
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from drivers.printers.errors import PrinterModelUnknown
from drivers.printers.escpos.commands import MOST_ROWS

_FOLDER = Path(__file__).with_name("models")


class Model(BaseModel):
    """One model. `width` in dots, `buffer` in bytes: what it takes before it has printed anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    width: Annotated[int, Field(ge=256, le=832, multiple_of=8)]
    dpi: Literal[180, 203]
    cutter: Literal["partial", "full", "none"]
    echo: bool
    """Answers `GS ( H` function 48 when the paper is out: without it nothing proves a ticket."""
    near_end: bool
    """Has a sensor for the end of the roll coming near."""
    clears: bool = True
    """Drops what it has not printed when told to (DLE DC4 8)."""
    buffer: Annotated[int, Field(ge=512, le=1 << 20)] = 4096
    note: Annotated[str, StringConstraints(max_length=400)] = ""

    @property
    def band(self) -> int:
        """Rows sent at once: two bands and their commands fit into the buffer."""
        return min(MOST_ROWS, max(1, (self.buffer // 2 - 32) // (self.width // 8)))


def model_names() -> list[str]:
    return sorted(file.stem for file in _FOLDER.glob("*.toml"))


@cache
def load_model(name: str) -> Model:
    """Raises PrinterModelUnknown."""
    if name not in model_names():
        raise PrinterModelUnknown(f"no profile of a ticket printer {name!r}; there are {', '.join(model_names())}")
    try:
        return Model.model_validate(tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8")))
    except (ValidationError, ValueError) as error:
        raise PrinterModelUnknown(f"the profile {name} is not as it must be") from error
