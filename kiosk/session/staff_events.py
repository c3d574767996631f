"""The words of the technician's screens: what can happen there, what can be asked of the runner. Pure data.

The digits of a PIN stay out of every `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kiosk.session.events import Command, Event

Station = Literal["laser", "thermal"]

# --- events: what the technician does, and what answers --------------------------------------------


class Staff(Event):
    """The town's emblem was held."""


@dataclass(frozen=True, slots=True)
class StaffPin(Event):
    digits: str

    def __repr__(self) -> str:
        return "StaffPin(…)"


@dataclass(frozen=True, slots=True)
class StaffAsked(Event):
    """How the staff PIN stands: `left` tries until the next wait, `wait_s` seconds until one is looked at.

    `code` where none can be asked for at all.
    """

    left: int = 0
    wait_s: int = 0
    wrong: bool = False
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StaffAdmitted(Event):
    """The PIN was right; `out` whether staff keeps the kiosk out of service."""

    out: bool


@dataclass(frozen=True, slots=True)
class Checked(Event):
    """One part was looked at (`kiosk.diagnostics.Check`)."""

    name: str
    status: Literal["ok", "degraded", "failed", "skipped"]
    code: str | None
    detail: str
    remedy: str | None


class ChecksDone(Event):
    pass


class CheckAgain(Event):
    pass


@dataclass(frozen=True, slots=True)
class PutService(Event):
    """The technician wants the kiosk out of service, or back in."""

    out: bool


@dataclass(frozen=True, slots=True)
class ServicePut(Event):
    """How the switch stands now; `code` where it could not be moved."""

    out: bool
    code: str | None = None


@dataclass(frozen=True, slots=True)
class PaperLeft:
    """What is left at a printer: in its units (sheets, or millimetres of the roll) and in documents.

    None where nobody has said yet how much was put in.
    """

    station: Station
    units: int | None
    documents: int | None
    low: bool = False
    """Somebody should bring some."""


@dataclass(frozen=True, slots=True)
class PaperCounted(Event):
    """What the books say of the paper; `code` where it could not be written down that some was put in."""

    left: tuple[PaperLeft, ...]
    code: str | None = None


@dataclass(frozen=True, slots=True)
class PaperPutIn(Event):
    """The technician has filled this printer's paper up."""

    station: Station


# --- commands ---------------------------------------------------------------------------------------


class AskStaff(Command):
    """Say how the staff PIN stands: StaffAsked."""


@dataclass(frozen=True, slots=True)
class CheckPin(Command):
    """Count the try, then look at the PIN: StaffAdmitted, StaffAsked."""

    digits: str

    def __repr__(self) -> str:
        return "CheckPin(…)"


class RunChecks(Command):
    """Look at every part of the kiosk: Checked…, ChecksDone."""


@dataclass(frozen=True, slots=True)
class SetService(Command):
    """Put the kiosk out of service, or back in: ServicePut."""

    out: bool


class CountPaper(Command):
    """Say what the books have of the paper: PaperCounted."""


@dataclass(frozen=True, slots=True)
class BookPaper(Command):
    """Write down that this printer is full: PaperCounted."""

    station: Station


# --- what the screens show --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Desk:
    """`asked` is None until it is known how the PIN stands; `out` is the out-of-service switch."""

    asked: StaffAsked | None = None
    checks: tuple[Checked, ...] = ()
    running: bool = False
    out: bool = False
    code: str | None = None
    paper: tuple[PaperLeft, ...] = ()


EMPTY = Desk()
