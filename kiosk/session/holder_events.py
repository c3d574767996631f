"""The words about a card and whoever holds it: what is scanned of it, what it asks for, what a clerk says. Pure data.

A PIN is asked only of a card whose chip is proven; of any other, and of one without a PIN, a clerk says whether the
person standing there is the holder. What is a citizen's own stays out of every `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kiosk.session.events import Command, Event

Likeness = Literal["alike", "not-alike", "unknown"]
"""What the assistance by face said, if there is one: a help for the clerk's eye, and proof of nothing."""

# --- events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ZoneScanned(Event):
    """A scanner has read the card's machine readable zone: its lines, whose check digits hold."""

    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return "ZoneScanned(…)"


@dataclass(frozen=True, slots=True)
class AsksPin(Event):
    """The chip is proven, and its PIN may be typed into it; `tries_left`, None where the card does not tell."""

    tries_left: int | None


class AsksClerk(Event):
    """No PIN can prove this card's holder: somebody of the staff has to."""


@dataclass(frozen=True, slots=True)
class ToCompare(Event):
    """What the clerk holds against the card and the person: as the chip has it, believed.

    `picture` is the chip's portrait (PNG, base64), only where a document's policy asks for it.
    """

    name_ar: str = field(repr=False)
    name_latin: str = field(repr=False)
    born_on: str = field(repr=False)
    number_ends: str = field(repr=False)
    picture: str | None = field(default=None, repr=False)
    likeness: Likeness | None = None


class Vouched(Event):
    """The clerk says: this is the holder."""


class NotHolder(Event):
    """The clerk says that it is not, or will not say that it is."""


# --- commands ---------------------------------------------------------------------------------------


class Examine(Command):
    """Read the card, believe it or not, ask how it stands: Step…, AsksPin, OneTryLeft, AsksClerk."""


class Compare(Command):
    """Gather what the clerk compares: ToCompare."""


@dataclass(frozen=True, slots=True)
class ClerkSaid(Command):
    """Show card and holder to the registry on the clerk's word, if that is yes: Step…, Identified."""

    is_holder: bool
