"""DG12: further details of the document (ICAO 9303-10 §4.7.12)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from drivers.smartcard.emrtd import text
from drivers.smartcard.emrtd.dates import PartialDate
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds.dg11 import written_date
from drivers.smartcard.emrtd.lds.objects import COUNT, Objects
from drivers.smartcard.emrtd.text import Bilingual
from drivers.smartcard.errors import MalformedData
from drivers.smartcard.profile import STANDARD, Profile, load

T = TypeVar("T")
MAX_PERSONS = 16
_AUTHORITY, _DATE_OF_ISSUE, _PERSONS, _PERSON = 0x5F19, 0x5F26, 0xA0, 0x5F1A
_ENDORSEMENTS, _EXIT_REQUIREMENTS = 0x5F1B, 0x5F1C
_FRONT, _REAR = 0x5F1D, 0x5F1E
_PERSONALISED, _SYSTEM = 0x5F55, 0x5F56
_BINARY_TIME = 7


@dataclass(frozen=True, slots=True, repr=False)
class Dg12:
    """What the file does not say is None; `front` and `rear` are pictures of the document, as they came."""

    issuing_authority: Bilingual | None
    date_of_issue: PartialDate | None
    other_persons: tuple[str, ...]
    endorsements: Bilingual | None
    exit_requirements: Bilingual | None
    front: bytes | None
    rear: bytes | None
    personalised: dt.datetime | None
    """In the issuer's own time."""
    system: str | None


def parse(content: bytes, profile: Profile | None = None) -> Dg12:
    """Raises MalformedData."""
    profile = profile or load(STANDARD)
    objects = Objects.of_file(FileId.DG12, content)

    def said(tag: int, read: Callable[[bytes], T]) -> T | None:
        value = objects.get(tag)
        return None if value is None else read(value)

    def words(value: bytes) -> Bilingual:
        return _words(value, profile)

    return Dg12(
        issuing_authority=said(_AUTHORITY, words),
        date_of_issue=said(_DATE_OF_ISSUE, written_date),
        other_persons=said(_PERSONS, lambda value: _persons(value, profile)) or (),
        endorsements=said(_ENDORSEMENTS, words),
        exit_requirements=said(_EXIT_REQUIREMENTS, words),
        front=objects.get(_FRONT),
        rear=objects.get(_REAR),
        personalised=said(_PERSONALISED, _time),
        system=said(_SYSTEM, text.decode),
    )


def _words(value: bytes, profile: Profile) -> Bilingual:
    written = text.decode(value, profile.encodings)
    return text.both_scripts(written) if profile.dg11.scripts == "together" else text.by_script(written)


def _persons(template: bytes, profile: Profile) -> tuple[str, ...]:
    inside = Objects(template, repeatable=frozenset((_PERSON,)))
    names = inside.every(_PERSON)
    if len(names) > MAX_PERSONS or inside.need(COUNT) != bytes((len(names),)):
        raise MalformedData("DG12 holds another number of names than it says")
    return tuple(text.spaced(text.decode(name, profile.encodings)) for name in names)


def _time(value: bytes) -> dt.datetime:
    """CCYYMMDDhhmmss, as fourteen characters or as seven bytes of binary coded decimal."""
    written = value.hex() if len(value) == _BINARY_TIME else text.decode(value)
    if len(written) != 2 * _BINARY_TIME or not (written.isascii() and written.isdecimal()):
        raise MalformedData("a time of DG12 is not written in digits")
    parts = (written[:4], *(written[at : at + 2] for at in range(4, 14, 2)))
    try:
        year, month, day, hour, minute, second = map(int, parts)
        return dt.datetime(year, month, day, hour, minute, second)
    except ValueError as error:
        raise MalformedData("a time of DG12 is in no calendar") from error
