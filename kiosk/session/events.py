"""The words of the visit: its states, what can happen, and what can be asked of the runner.

Pure data. Events whose fields are a citizen's own keep them out of their `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from printing.forms import Form

Language = Literal["ar", "fr"]
OnPaper = Literal["none", "unknown"]
"""What is true of the paper where a visit failed: none came out, or nobody knows."""


class State(StrEnum):
    ATTRACT = "attract"
    LANGUAGE = "language"
    CARD = "card"
    OPENING = "opening"
    CAN = "can"
    MRZ = "mrz"
    PIN = "pin"
    PIN_LAST = "pin_last"
    READING = "reading"
    PROVING = "proving"
    CLERK = "clerk"
    COMPARE = "compare"
    CHOICE = "choice"
    PREPARING = "preparing"
    PREVIEW = "preview"
    ISSUING = "issuing"
    TAKE_CARD = "take_card"
    PRINTING = "printing"
    ASK_PAPER = "ask_paper"
    CONFIRM = "confirm"
    SETTLING = "settling"
    STRAY = "stray"
    TAKE_PAPER = "take_paper"
    RETURN_CARD = "return_card"
    TROUBLE = "trouble"
    GOODBYE = "goodbye"
    STAFF_PIN = "staff_pin"
    DIAGNOSTICS = "diagnostics"


# --- events: what the citizen does -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""


class Start(Event):
    """The attract screen was touched."""


@dataclass(frozen=True, slots=True)
class ChooseLanguage(Event):
    language: Language


@dataclass(frozen=True, slots=True)
class Password(Event):
    """What opens the chip: `can`, or the three MRZ fields (dates as YYMMDD)."""

    fields: dict[str, str]

    def __repr__(self) -> str:
        return "Password(…)"


@dataclass(frozen=True, slots=True)
class Pin(Event):
    digits: str

    def __repr__(self) -> str:
        return "Pin(…)"


class Continue(Event):
    """The citizen wants to use the last PIN try."""


@dataclass(frozen=True, slots=True)
class Choose(Event):
    document_type: str
    language: Language


class Confirm(Event):
    """The preview is right: issue it."""


class Taken(Event):
    """The citizen took the paper."""


class Done(Event):
    """The trouble screen was read."""


class Back(Event):
    pass


class Cancel(Event):
    pass


# --- events: what the card, the rooms below and the clock say --------------------------------------


class CardIn(Event):
    pass


class CardOut(Event):
    pass


@dataclass(frozen=True, slots=True)
class ReaderLost(Event):
    """Reader or pcscd went, and with it all sight of the card; `code` says which."""

    code: str


class ScreenLost(Event):
    """Nobody sees the visit any more: the screen died, or was restarted because it hung."""


@dataclass(frozen=True, slots=True)
class AsksCan(Event):
    """The card opens with the number printed on it, or with its zone. `scanner`: there is one to read the zone."""

    scanner: bool = False


@dataclass(frozen=True, slots=True)
class AsksMrz(Event):
    """The card opens with three fields of its machine-readable zone only."""

    scanner: bool = False


class WrongPassword(Event):
    pass


class Opened(Event):
    """The chip is open."""


@dataclass(frozen=True, slots=True)
class PinRefused(Event):
    tries_left: int | None


class OneTryLeft(Event):
    """The next wrong PIN would block the card: never spent without the citizen's word."""


@dataclass(frozen=True, slots=True)
class Step(Event):
    """A step of the work in hand has begun (its name is one the screen knows)."""

    name: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A document the citizen may have: its titles, its languages, and the form it comes in.

    `form` is None while no printer can be had that may give it.
    """

    document_type: str
    title_ar: str
    title_fr: str
    languages: tuple[str, ...]
    form: Form | None = "a4"


@dataclass(frozen=True, slots=True)
class Identified(Event):
    """Card and holder are proven and the registry knows them."""

    name_ar: str
    name_latin: str
    papers: tuple[Paper, ...]

    def __repr__(self) -> str:
        return "Identified(…)"


@dataclass(frozen=True, slots=True)
class PreviewReady(Event):
    """The document as it will be printed. While it is being issued: it can be had in this form only."""

    pages: tuple[str, ...]
    form: Form = "a4"

    def __repr__(self) -> str:
        return "PreviewReady(…)"


class Issued(Event):
    """Granted, sealed and signed; not yet on paper."""


@dataclass(frozen=True, slots=True)
class Printing(Event):
    page: int
    of: int
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Printed(Event):
    """The printer gave evidence of the paper."""


@dataclass(frozen=True, slots=True)
class Failed(Event):
    code: str
    outcome: OnPaper = "none"


class TimeOut(Event):
    """The state's own time is over (see `time_limit`)."""


# --- commands: what is to be done -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Command:
    """Something the runner carries out; it answers with events."""


class AwaitCard(Command):
    """Say CardIn as soon as a card that was not already used stands in the reader."""


class Probe(Command):
    """Find out how the chip opens: AsksCan, AsksMrz, then ZoneScanned if a scanner reads the zone."""


@dataclass(frozen=True, slots=True)
class Open(Command):
    """Open the chip: Opened, WrongPassword."""

    fields: dict[str, str]

    def __repr__(self) -> str:
        return "Open(…)"


@dataclass(frozen=True, slots=True)
class Prove(Command):
    """Try the PIN, then show card and holder to the registry: PinRefused, OneTryLeft, Step…, Identified."""

    pin: str

    def __repr__(self) -> str:
        return "Prove(…)"


@dataclass(frozen=True, slots=True)
class Prepare(Command):
    """Fetch the act and set a preview: Step…, PreviewReady."""

    document_type: str
    language: Language


class Issue(Command):
    """Ask the grant with the card, have it signed: Step…, Issued."""


class AwaitCardOut(Command):
    """Say CardOut as soon as no card is in the reader, at once if there is none."""


class Print(Command):
    """Put the issued document on paper: Printing…, Printed."""


class Void(Command):
    """Give back what was issued and not printed."""


class Wipe(Command):
    """Stop all work of this visit and forget everything personal."""
