"""What one country's cards have of their own, as data: `profiles/*.toml`. No code here knows a country's name.

    profile = load("dz-cnibe")
    profile.quirks.bac_number       # "nine"

A profile says which tags of DG11 mean what, how texts are encoded, what the personal number looks like, where
these cards leave the standard when they are opened, and how they ask a PIN. `icao` is the standard alone; a
table that another profile leaves out is that of `icao`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import ClassVar, Literal

from drivers.smartcard.errors import CardError

STANDARD = "icao"

Encoding = Literal["utf-8", "iso8859-6", "iso8859-1"]
Source = Literal["DG11", "zone"]
FIELDS = frozenset(
    "full_name other_name surname given_names personal_number date_of_birth place_of_birth address telephone "
    "profession title summary other_documents custody marital_status blood_group spouse sex_and_blood_group".split()
)
"""What a field of DG11 may be said to hold."""


class ProfileInvalid(CardError):
    """A profile's file says something that is not known here, or there is no such profile."""

    code: ClassVar[str] = "E-CARD-PROFILE"


@dataclass(frozen=True, slots=True)
class Quirks:
    """Where these cards leave the standard. The defaults are the standard."""

    bac_number: Literal["whole", "nine"] = "whole"
    """How much of a long document number BAC is keyed with."""
    one_bac_try: bool = False
    """After a failed BAC the card is to be reset before anything else is asked of it."""
    bare_select_ok: bool = False
    """SELECT inside secure messaging may be answered by a 9000 outside it."""
    select_master: Literal["none", "3F00"] = "none"
    """Whether the master file is selected, by its identifier, before EF.CardAccess is read."""
    first_read: Literal["block", "header"] = "block"
    """Whether a file's first READ BINARY asks for a whole block, or for its header alone."""


@dataclass(frozen=True, slots=True)
class PinRule:
    """How the holder's PIN is asked: by VERIFY inside the channel, or as a password of PACE."""

    kind: Literal["verify", "pace"]
    reference: int
    """P2 of VERIFY, or the password's number in MSE:Set AT."""
    application: bytes | None
    """The application to select for it, None for the eMRTD's own."""
    min_digits: int
    max_digits: int


@dataclass(frozen=True, slots=True)
class Dg11Table:
    """Which tag of DG11 holds what (one of FIELDS)."""

    fields: Mapping[int, str]
    scripts: Literal["apart", "together"]
    """Whether each script has fields of its own, or a field is `LATIN<<ARABIC`."""
    standard_tags: frozenset[int] = frozenset()
    """A DG11 with one of these tags follows the standard's table instead."""


@dataclass(frozen=True, slots=True)
class PersonalNumber:
    """The form of the personal number, and where it is looked for, in this order."""

    pattern: re.Pattern[str] | None = None
    sources: tuple[Source, ...] = ("DG11",)
    strict: bool = False
    """Whether a number of another form in DG11 is an error; else it is taken as it stands there."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of card. `country` (alpha-2) and `issuing_state` (as in a zone) are None for a card of any country."""

    name: str
    country: str | None
    issuing_state: str | None
    aid: bytes
    encodings: tuple[Encoding, ...]
    quirks: Quirks
    dg11: Dg11Table
    personal_number: PersonalNumber
    pin: PinRule | None


def names() -> tuple[str, ...]:
    """The profiles that come with the kiosk."""
    files = (Path(entry.name) for entry in resources.files(__package__).joinpath("profiles").iterdir())
    return tuple(sorted(file.stem for file in files if file.suffix == ".toml"))


@cache
def load(name: str) -> Profile:
    """A profile that comes with the kiosk. Raises ProfileInvalid when there is none of that name."""
    if name not in names():
        raise ProfileInvalid("no profile of that name")
    from drivers.smartcard.profile_file import parse

    return parse(name, resources.files(__package__).joinpath("profiles", f"{name}.toml").read_bytes())


def for_zone(issuing_state: str, allowed: Iterable[str]) -> Profile | None:
    """Of the allowed profiles that of this state, else one for any country, else None. Raises ProfileInvalid."""
    profiles = [load(name) for name in allowed]
    for state in (issuing_state, None):
        for profile in profiles:
            if profile.issuing_state == state:
                return profile
    return None
