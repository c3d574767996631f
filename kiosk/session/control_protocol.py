"""What the session and whoever asks it say to each other on the control socket: JSON objects, one a line.

{"op": "health"} -> {"release": 7, "between_visits": true, "forms": ["a4"], "parts": {"signer": null, …}, …}
{"op": "hold"} -> {"held": true}, as soon as no citizen is being served
{"op": "paper"} -> {"paper": {"laser": {…}, …}}
{"op": "paper", "station": "laser", "record": {"step": "loaded", "units": 250}} -> the same, with that in the books
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from drivers.printers.port import Condition
from kiosk.issuance.records import PaperRecord, StationName
from kiosk.issuance.stock import PaperAccount
from kiosk.session.availability import Availability
from printing.forms import Form

Part = Literal["session", "ledger", "signer", "certificate", "clock", "disk", "screen", "reader", "laser", "thermal"]
PARTS: tuple[Part, ...] = get_args(Part)
"""What stands in this town hall. The registry is the network's, opening hours and staff are nobody's fault."""
Code = Annotated[str, StringConstraints(pattern=r"^E-[A-Z0-9-]{1,60}$")]
SCREEN_AWAY = "E-KIOSK-SCREEN-AWAY"
_LONGEST_MODEL = 100


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Ask(_Closed):
    """`station` and `record` go together, and with "paper" alone: what happened to the paper there."""

    op: Literal["health", "hold", "paper"]
    station: StationName | None = None
    record: Annotated[PaperRecord, Field(discriminator="step")] | None = None

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.station is None) != (self.record is None) or (self.record is not None and self.op != "paper"):
            raise ValueError("station and record go together, with paper")
        return self


class PrinterTold(_Closed):
    """What a printer that is well says of itself: for somebody who cannot ask it while the session does."""

    model: Annotated[str, StringConstraints(max_length=_LONGEST_MODEL)]
    conditions: tuple[Condition, ...]


class Health(_Closed):
    """`release` is the one in force, None for the local file alone; `forms` can be had now; `parts` gives the code
    of what is wrong with each; `printers` are those that are well."""

    release: Annotated[int, Field(ge=0)] | None
    between_visits: bool
    forms: tuple[Form, ...] = ()
    parts: dict[Part, Code | None]
    printers: dict[Part, PrinterTold] = {}

    @classmethod
    def of(cls, availability: Availability, *, release: int | None, between_visits: bool, screen: bool) -> Self:
        """`screen` is whether one is connected."""
        codes: dict[str, str] = {str(source): code for source, code in availability.codes.items()}
        parts = {part: codes.get(part) for part in PARTS} | ({} if screen else {"screen": SCREEN_AWAY})
        told = {str(source): told for source, told in availability.told.items()}
        printers = {
            part: PrinterTold(model=told[part].model[:_LONGEST_MODEL], conditions=tuple(sorted(told[part].conditions)))
            for part in PARTS
            if part in told
        }
        return cls(
            release=release,
            between_visits=between_visits,
            forms=tuple(sorted(availability.forms)),
            parts=parts,
            printers=printers,
        )


class Held(_Closed):
    held: Literal[True] = True


class Paper(_Closed):
    paper: dict[StationName, PaperAccount]


class Refusal(_Closed):
    error: Code


Answer = Health | Held | Paper | Refusal
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
