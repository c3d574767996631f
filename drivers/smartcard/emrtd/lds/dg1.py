"""DG1: the machine readable zone (ICAO 9303-10 §4.7.1), of size TD1, TD2 or TD3."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from drivers.smartcard import tlv
from drivers.smartcard.emrtd import dates, mrz
from drivers.smartcard.emrtd.dates import PartialDate
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.mrz import Zone
from drivers.smartcard.errors import MalformedData

_MRZ = 0x5F1F
_SEXES = {"F": "F", "M": "M", "<": "X", "X": "X"}


@dataclass(frozen=True, slots=True)
class PersonName:
    surname: str = field(repr=False)
    given: str = field(repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class Dg1:
    """The machine readable zone. `birth` is as far as it is known, its century as today has it."""

    zone: Zone
    birth: PartialDate
    date_of_expiry: dt.date
    sex: str
    name: PersonName

    @property
    def document_number(self) -> str:
        return self.zone.document_number

    @property
    def issuing_state(self) -> str:
        return self.zone.issuing_state

    @property
    def nationality(self) -> str:
        return self.zone.nationality

    @property
    def date_of_birth(self) -> dt.date | None:
        """None where its day or month is not known."""
        return self.birth.whole


def zone_of(content: bytes) -> Zone:
    """The zone in the file's bytes. Raises MalformedData."""
    written = tlv.single(tlv.single(content, FileId.DG1.tag).value, _MRZ).value
    try:
        return mrz.parse(written.decode("ascii"))
    except UnicodeDecodeError as error:
        raise MalformedData("the machine readable zone is not ASCII") from error


def parse(content: bytes, today: dt.date) -> Dg1:
    """From the file's bytes; `today` decides the century of two-digit years. Raises MalformedData."""
    zone = zone_of(content)
    if zone.sex not in _SEXES:
        raise MalformedData("the machine readable zone has no such sex")
    return Dg1(
        zone=zone,
        birth=dates.birth_as_known(zone.date_of_birth, today),
        date_of_expiry=dates.expiry(zone.date_of_expiry, today),
        sex=_SEXES[zone.sex],
        name=name(zone.names),
    )


def name(written: str) -> PersonName:
    """Of a field `SURNAME<<GIVEN<NAMES`."""
    return PersonName(*mrz.split_names(written))
