"""DG16: persons to notify (ICAO 9303-10 §4.7.16). Never read for a document; known so that it can be."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.smartcard.emrtd import text
from drivers.smartcard.emrtd.dates import PartialDate
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds import dg1
from drivers.smartcard.emrtd.lds.dg1 import PersonName
from drivers.smartcard.emrtd.lds.dg11 import written_date
from drivers.smartcard.emrtd.lds.objects import COUNT, Objects, counted
from drivers.smartcard.errors import MalformedData
from drivers.smartcard.profile import STANDARD, Profile, load

_TEMPLATES = range(0xA1, 0xB0)
_RECORDED, _NAME, _TELEPHONE, _ADDRESS = 0x5F50, 0x5F51, 0x5F52, 0x5F53


@dataclass(frozen=True, slots=True, repr=False)
class PersonToNotify:
    recorded: PartialDate | None
    name: PersonName
    telephone: str | None
    address: str | None


def parse(content: bytes, profile: Profile | None = None) -> tuple[PersonToNotify, ...]:
    """Every person, at least one. Raises MalformedData."""
    profile = profile or load(STANDARD)
    objects = Objects.of_file(FileId.DG16, content)
    if any(tag not in _TEMPLATES and tag != COUNT for tag in objects.tags()):
        raise MalformedData("DG16 holds something that is no person")
    persons = [item.value for item in objects.all if item.tag != COUNT]
    counted(objects, persons, len(_TEMPLATES))
    return tuple(_person(Objects(person), profile) for person in persons)


def _person(objects: Objects, profile: Profile) -> PersonToNotify:
    recorded = objects.get(_RECORDED)
    return PersonToNotify(
        recorded=None if recorded is None else written_date(recorded),
        name=dg1.name(text.decode(objects.need(_NAME), profile.encodings)),
        telephone=_words(objects.get(_TELEPHONE), profile),
        address=_words(objects.get(_ADDRESS), profile),
    )


def _words(value: bytes | None, profile: Profile) -> str | None:
    return None if value is None else text.spaced(text.decode(value, profile.encodings)) or None
