"""What the files of a card say of its holder, put together for the kiosk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drivers.smartcard.emrtd.dates import PartialDate
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds import dg1, dg11
from drivers.smartcard.emrtd.lds.dg1 import Dg1, PersonName
from drivers.smartcard.emrtd.lds.dg11 import Dg11
from drivers.smartcard.emrtd.mrz import Zone
from drivers.smartcard.emrtd.text import Bilingual
from drivers.smartcard.errors import MalformedData
from drivers.smartcard.profile import STANDARD, Profile, load


@dataclass(frozen=True, slots=True, repr=False)
class CardData:
    """What the card says of its holder, of DG1 and DG11 together. Nothing here is proven by itself.

    `birth` is as far as the card knows it, `date_of_birth` only where it is whole; `sources` says for each field
    that may come from several places which it was: "DG1", "DG11".
    """

    document_number: str
    personal_number: str | None
    latin: PersonName
    arabic: PersonName | None
    date_of_birth: dt.date | None
    date_of_expiry: dt.date
    sex: str
    issuing_state: str
    nationality: str
    birth: PartialDate
    place_of_birth: Bilingual | None
    zone: Zone
    profile: str
    sources: Mapping[str, str]


def card_data(files: Mapping[FileId, bytes], today: dt.date, profile: Profile | None = None) -> CardData:
    """DG1 and, where it is there, DG11 in one; DG11 has the last word on names and birth, as it cuts nothing.

    Raises MalformedData, also when DG1 is missing or the two contradict each other on the day of birth.
    """
    profile = profile or load(STANDARD)
    if FileId.DG1 not in files:
        raise MalformedData("without DG1 nothing is known of the holder")
    zone = dg1.parse(files[FileId.DG1], today)
    more = dg11.parse(files[FileId.DG11], profile) if FileId.DG11 in files else None
    birth, born_in = _birth(zone, more)
    number, numbered_in = _personal_number(zone, more, profile)
    latin, arabic = (more.latin, more.arabic) if more else (None, None)
    sources = {
        "latin": "DG11" if latin else "DG1",
        "arabic": "DG11" if arabic else None,
        "birth": born_in,
        "personal_number": numbered_in,
        "place_of_birth": "DG11" if more and more.place_of_birth else None,
    }
    return CardData(
        document_number=zone.document_number,
        personal_number=number,
        latin=latin or zone.name,
        arabic=arabic,
        date_of_birth=birth.whole,
        date_of_expiry=zone.date_of_expiry,
        sex=zone.sex,
        issuing_state=zone.issuing_state,
        nationality=zone.nationality,
        birth=birth,
        place_of_birth=more.place_of_birth if more else None,
        zone=zone.zone,
        profile=profile.name,
        sources=MappingProxyType({what: where for what, where in sources.items() if where}),
    )


def _birth(zone: Dg1, more: Dg11 | None) -> tuple[PartialDate, str]:
    """The one that knows more, DG11's if they know the same: its century is written, the zone's is a guess."""
    if more is None or more.birth is None:
        return zone.birth, "DG1"
    if not zone.birth.agrees_but_for_century(more.birth):
        raise MalformedData("DG1 and DG11 give different days of birth")
    if zone.birth.parts > more.birth.parts:
        return zone.birth, "DG1"
    return more.birth, "DG11"


def _personal_number(zone: Dg1, more: Dg11 | None, profile: Profile) -> tuple[str | None, str | None]:
    for source in profile.personal_number.sources:
        if source == "DG11" and more and more.personal_number:
            return more.personal_number, "DG11"
        pattern = profile.personal_number.pattern
        if source == "zone" and pattern:
            found = [part for part in zone.zone.optional if pattern.fullmatch(part)]
            if len(found) == 1:
                return found[0], "DG1"
    return None, None
