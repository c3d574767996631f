"""DG11: further details of the holder (ICAO 9303-10 §4.7.11), by the table of tags of the card's profile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from drivers.smartcard.emrtd import dates, text
from drivers.smartcard.emrtd.dates import PartialDate
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds import dg1
from drivers.smartcard.emrtd.lds.dg1 import PersonName
from drivers.smartcard.emrtd.lds.objects import COUNT, Objects
from drivers.smartcard.emrtd.text import Bilingual
from drivers.smartcard.errors import MalformedData
from drivers.smartcard.profile import STANDARD, Dg11Table, Profile, load

OTHER_NAMES, OTHER_NAME = 0xA0, 0x5F0F
MAX_OTHER_NAMES = 16
_BINARY_DATE = 4


@dataclass(frozen=True, slots=True, repr=False)
class Dg11:
    """Further details of the holder; what the file does not say is None."""

    personal_number: str | None
    latin: PersonName | None
    arabic: PersonName | None
    birth: PartialDate | None
    place_of_birth: Bilingual | None
    _others: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    _profile: Profile = field(default_factory=lambda: load(STANDARD))
    _table: Dg11Table = field(default_factory=lambda: load(STANDARD).dg11)

    @property
    def date_of_birth(self) -> dt.date | None:
        return self.birth.whole if self.birth else None

    def detail(self, meaning: str) -> Bilingual | None:
        """One of `profile.FIELDS` that nobody needs for a document: it is read only when asked for.

        Raises MalformedData.
        """
        value = self._others.get(meaning)
        return None if value is None else _bilingual(value, self._profile, self._table)


def parse(content: bytes, profile: Profile | None = None) -> Dg11:
    """From the file's bytes. The script of a name, not its place, says whether it is Arabic or Latin.

    Raises MalformedData.
    """
    profile = profile or load(STANDARD)
    objects = Objects.of_file(FileId.DG11, content, repeatable=frozenset((OTHER_NAME,)))
    table = load(STANDARD).dg11 if objects.tags() & profile.dg11.standard_tags else profile.dg11
    said = {table.fields[item.tag]: item.value for item in objects.all if item.tag in table.fields}
    if table.scripts == "together":
        if len(objects.every(OTHER_NAME)) > 1:
            raise MalformedData("DG11 says the same thing twice")
        latin, arabic = _names_together(said, profile, table)
    else:
        latin, arabic = _names_apart(said.get("full_name"), _other_names(objects), profile)
    born, place, number = (said.get(meaning) for meaning in ("date_of_birth", "place_of_birth", "personal_number"))
    return Dg11(
        personal_number=_personal_number(number, profile, table) if number is not None else None,
        latin=latin,
        arabic=arabic,
        birth=written_date(born) if born is not None else None,
        place_of_birth=_bilingual(place, profile, table) if place is not None else None,
        _others=MappingProxyType(said),
        _profile=profile,
        _table=table,
    )


def _bilingual(value: bytes, profile: Profile, table: Dg11Table) -> Bilingual:
    written = text.decode(value, profile.encodings)
    return text.both_scripts(written) if table.scripts == "together" else text.by_script(written)


def _names_together(
    said: Mapping[str, bytes], profile: Profile, table: Dg11Table
) -> tuple[PersonName | None, PersonName | None]:
    surname, given = (_bilingual(said.get(meaning, b""), profile, table) for meaning in ("surname", "given_names"))
    return _person(surname.latin, given.latin), _person(surname.arabic, given.arabic)


def _person(surname: str | None, given: str | None) -> PersonName | None:
    return PersonName(surname or "", given or "") if surname or given else None


def _names_apart(
    full: bytes | None, others: list[bytes], profile: Profile
) -> tuple[PersonName | None, PersonName | None]:
    """The first in each script, the full name before the other names."""
    written = [text.decode(name, profile.encodings) for name in ([] if full is None else [full]) + others]
    latin = next((dg1.name(name) for name in written if name and not text.is_arabic(name)), None)
    arabic = next((dg1.name(name) for name in written if text.is_arabic(name)), None)
    return latin, arabic


def _other_names(objects: Objects) -> list[bytes]:
    """Of the template A0 with its count, and those that some issuers write beside it."""
    template = objects.get(OTHER_NAMES)
    if template is None:
        return objects.every(OTHER_NAME)
    inside = Objects(template, repeatable=frozenset((OTHER_NAME,)))
    names = inside.every(OTHER_NAME)
    if len(names) > MAX_OTHER_NAMES or inside.need(COUNT) != bytes((len(names),)):
        raise MalformedData("DG11 holds another number of names than it says")
    return names + objects.every(OTHER_NAME)


def _personal_number(value: bytes, profile: Profile, table: Dg11Table) -> str | None:
    """Raises MalformedData for another form than the profile insists on."""
    written = text.decode(value, profile.encodings)
    number = (text.both_scripts(written).latin or "") if table.scripts == "together" else written.strip("<")
    form = profile.personal_number
    if number and form.strict and form.pattern and not form.pattern.fullmatch(number):
        raise MalformedData("the personal number of DG11 is not of the form that this card's have")
    return number or None


def written_date(value: bytes) -> PartialDate:
    """CCYYMMDD, as eight characters or as four bytes of binary coded decimal (both are in the field)."""
    return dates.full_as_known(value.hex() if len(value) == _BINARY_DATE else text.decode(value))
