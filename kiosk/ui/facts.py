"""What each screen is told: the shape of a snapshot's `data`, screen by screen.

Unknown keys are let pass, so that a newer session can serve an older screen; a key of the wrong kind, or
out of bounds, makes the whole snapshot be refused, so that no screen ever shows half of one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kiosk.session.protocol import Screen, Snapshot
from kiosk.ui.errors import SnapshotRefused
from kiosk.ui.words import Language

Name = Annotated[str, StringConstraints(max_length=120)]
Sentence = Annotated[str, StringConstraints(max_length=400)]
Code = Annotated[str, StringConstraints(pattern=r"^E-[A-Z0-9-]{1,60}$")]
LocalTime = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")]
Line = Annotated[str, StringConstraints(max_length=400)]
Form = Literal["a4", "ticket"]
Token = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")]


class Facts(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Nothing(Facts):
    pass


class Lost(Facts):
    """A form of paper that cannot be had, for want of a part; `code` says why."""

    form: Form
    part: Token
    code: Code


class Attract(Facts):
    """`forms` can be had now, `lost` could be had otherwise; where nothing can, `unavailable` says why."""

    town_ar: Name = ""
    town_fr: Name = ""
    unavailable: Code | None = None
    part: Token | None = None
    opens_at: LocalTime | None = None
    forms: list[Form] = Field([], max_length=4)
    lost: list[Lost] = Field([], max_length=4)


class Languages(Facts):
    languages: list[Language] = Field(["ar", "fr"], min_length=1, max_length=4)


class Password(Facts):
    """`scanner`: there is one that reads the zone, so that nothing need be typed."""

    wrong: bool = False
    scanner: bool = False


class Compare(Facts):
    """What a clerk holds against the card and the person; `picture` is a PNG in base64, if there is one at all."""

    name_ar: Name = ""
    name_latin: Name = ""
    born_on: Annotated[str, StringConstraints(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
    number_ends: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,4}$")] = ""
    picture: str | None = None
    likeness: Literal["alike", "not-alike", "unknown"] | None = None


class Pin(Facts):
    wrong: bool = False
    tries_left: int | None = Field(None, ge=0, le=99)


class Step(Facts):
    name: Literal["chip", "genuine", "holder", "registry", "page"]
    state: Literal["done", "now", "later"]


class Steps(Facts):
    steps: list[Step] = Field([], max_length=8)


class Paper(Facts):
    """`form` is None while it cannot be printed."""

    type: Token
    title_ar: Name
    title_fr: Name
    languages: list[Language] = Field(min_length=1, max_length=4)
    form: Form | None = "a4"


class Choice(Facts):
    name_ar: Name = ""
    name_latin: Name = ""
    papers: list[Paper] = Field([], max_length=12)


class Preview(Facts):
    """`pages` are PNG pictures in base64; `other_form`: not the form that was shown before."""

    pages: list[str] = Field(min_length=1, max_length=8)
    title_ar: Name = ""
    title_fr: Name = ""
    form: Form = "a4"
    other_form: bool = False


class Printing(Facts):
    stage: Literal["asking", "signing", "printing"] = "printing"
    page: int = Field(0, ge=0, le=999)
    of: int = Field(1, ge=0, le=999)
    conditions: list[Token] = Field([], max_length=12)
    form: Form = "a4"


class Papers(Facts):
    papers: int = Field(1, ge=0, le=999)
    form: Form = "a4"


class Stray(Facts):
    """A paper that does not count; `again`: another can be printed now."""

    code: Code
    form: Form = "a4"
    again: bool = False


class Trouble(Facts):
    code: Code
    sentence_ar: Sentence
    sentence_fr: Sentence
    outcome: Literal["none", "unknown", "printed"] = "none"


class StaffAsked(Facts):
    """How the staff PIN stands; `code` where none can be asked for."""

    left: int = Field(0, ge=0, le=99)
    wait_s: int = Field(0, ge=0, le=86_400)
    wrong: bool = False
    code: Code | None = None


class StaffPin(Facts):
    asked: StaffAsked | None = None


class Check(Facts):
    name: Token
    status: Literal["ok", "degraded", "failed", "skipped"]
    code: Code | None = None
    detail: Line = ""
    remedy: Line | None = None


class PaperLeft(Facts):
    """None where nobody has said how much there is."""

    station: Literal["laser", "thermal"]
    documents: int | None = Field(None, ge=0)
    low: bool = False


class Diagnostics(Facts):
    checks: list[Check] = Field([], max_length=64)
    paper: list[PaperLeft] = Field([], max_length=2)
    running: bool = False
    out_of_service: bool = False
    code: Code | None = None


FACTS: dict[Screen, type[Facts]] = {
    "attract": Attract,
    "language": Languages,
    "card": Nothing,
    "opening": Nothing,
    "can": Password,
    "mrz": Password,
    "pin": Pin,
    "pin_last": Nothing,
    "clerk": StaffPin,
    "compare": Compare,
    "reading": Steps,
    "choice": Choice,
    "preparing": Steps,
    "preview": Preview,
    "take_card": Nothing,
    "printing": Printing,
    "ask_paper": Papers,
    "confirm": StaffPin,
    "settling": Nothing,
    "stray": Stray,
    "take_paper": Papers,
    "goodbye": Nothing,
    "trouble": Trouble,
    "staff_pin": StaffPin,
    "diagnostics": Diagnostics,
}


def read_snapshot(line: bytes) -> Snapshot:
    """One line from the session. Raises SnapshotRefused; the cause is dropped, it would quote the line."""
    try:
        return Snapshot.model_validate_json(line)
    except ValidationError:
        raise SnapshotRefused("the session sent a line that is no snapshot") from None


def read_facts(snapshot: Snapshot) -> dict[str, Any]:
    """The screen's data with every key in its place. Raises SnapshotRefused."""
    try:
        return FACTS[snapshot.screen].model_validate(snapshot.data).model_dump()
    except ValidationError:
        raise SnapshotRefused(f"the session sent data that does not fit the screen {snapshot.screen}") from None
