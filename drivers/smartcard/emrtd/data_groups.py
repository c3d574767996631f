"""What the data groups say: DG1 (machine readable zone), DG2 (face), DG11 (further details).

ICAO 9303-10 §4.7.1, §4.7.2, §4.7.11. Nothing here is to be believed before passive authentication.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.smartcard import tlv
from drivers.smartcard.emrtd import dates, mrz, text
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.errors import MalformedData

_MRZ = 0x5F1F
_SEXES = {"F": "F", "M": "M", "<": "X"}


@dataclass(frozen=True, slots=True)
class PersonName:
    surname: str = field(repr=False)
    given: str = field(repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class Dg1:
    """The machine readable zone. `date_of_birth` is None where its day or month is not known."""

    document_number: str
    issuing_state: str
    nationality: str
    date_of_birth: dt.date | None
    date_of_expiry: dt.date
    sex: str
    name: PersonName


def parse_dg1(data: bytes, today: dt.date) -> Dg1:
    """From the file's bytes; `today` decides the century of two-digit years. Raises MalformedData."""
    zone = tlv.single(tlv.single(data, FileId.DG1.tag).value, _MRZ).value
    try:
        td1 = mrz.parse(zone.decode("ascii"))
    except UnicodeDecodeError as error:
        raise MalformedData("the machine readable zone is not ASCII") from error
    if td1.sex not in _SEXES:
        raise MalformedData("the machine readable zone has no such sex")
    return Dg1(
        document_number=td1.document_number,
        issuing_state=td1.issuing_state,
        nationality=td1.nationality,
        date_of_birth=dates.birth(td1.date_of_birth, today),
        date_of_expiry=dates.expiry(td1.date_of_expiry, today),
        sex=_SEXES[td1.sex],
        name=PersonName(*mrz.split_names(td1.names)),
    )


@dataclass(frozen=True, slots=True, repr=False)
class Dg11:
    """Further details of the holder; what the file does not say is None."""

    personal_number: str | None
    latin: PersonName | None
    arabic: PersonName | None
    date_of_birth: dt.date | None


_FULL_NAME, _OTHER_NAME, _OTHER_NAMES = 0x5F0E, 0x5F0F, 0xA0
_PERSONAL_NUMBER, _FULL_BIRTH = 0x5F10, 0x5F2B
_ONCE = (_FULL_NAME, _OTHER_NAMES, _PERSONAL_NUMBER, _FULL_BIRTH)


def parse_dg11(data: bytes) -> Dg11:
    """From the file's bytes. The script of a name, not its place, says whether it is Arabic or Latin.

    Raises MalformedData.
    """
    objects = tlv.single(data, FileId.DG11.tag).children()
    by_tag = {item.tag: item.value for item in objects}
    if any(sum(item.tag == tag for item in objects) > 1 for tag in _ONCE):
        raise MalformedData("DG11 says the same thing twice")
    written = [by_tag[_FULL_NAME]] if _FULL_NAME in by_tag else []
    others = tlv.parse(by_tag.get(_OTHER_NAMES, b""))
    written += [item.value for item in (*others, *objects) if item.tag == _OTHER_NAME]
    names = [text.decode(name) for name in written]
    number = by_tag.get(_PERSONAL_NUMBER)
    born = by_tag.get(_FULL_BIRTH)
    return Dg11(
        personal_number=(text.decode(number).strip("<") or None) if number is not None else None,
        latin=next((_name(name) for name in names if not text.is_arabic(name)), None),
        arabic=next((_name(name) for name in names if text.is_arabic(name)), None),
        date_of_birth=dates.full(_eight_digits(born)) if born is not None else None,
    )


def _name(written: str) -> PersonName:
    return PersonName(*mrz.split_names(written))


def _eight_digits(value: bytes) -> str:
    """CCYYMMDD, as eight characters or as four bytes of binary coded decimal (both are in the field)."""
    return value.hex() if len(value) == 4 else text.decode(value)


@dataclass(frozen=True, slots=True, repr=False)
class FaceImage:
    """The face as it came: `mime` by its own first bytes; width and height in pixels, 0 if not said."""

    image: bytes
    mime: str
    width: int
    height: int


_BIOMETRIC_GROUP, _BIOMETRIC_TEMPLATE, _BIOMETRIC_DATA = 0x7F61, 0x7F60, (0x5F2E, 0x7F2E)
_FACIAL_HEADER, _RECORD_HEADER, _FEATURE_POINT, _IMAGE_HEADER = 14, 20, 8, 12
_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/j2c"),
)


def parse_dg2(data: bytes) -> FaceImage:
    """The first face of DG2, out of its ISO/IEC 19794-5:2005 record. Raises MalformedData."""
    group = tlv.single(tlv.single(data, FileId.DG2.tag).value, _BIOMETRIC_GROUP).children()
    templates = [item for item in group if item.tag == _BIOMETRIC_TEMPLATE]
    blocks = [item.value for t in templates[:1] for item in t.children() if item.tag in _BIOMETRIC_DATA]
    if not blocks:
        raise MalformedData("DG2 holds no face")
    block = blocks[0]
    if block[:4] != b"FAC\0" or block[4:8] != b"010\0" or len(block) < _FACIAL_HEADER + _RECORD_HEADER:
        raise MalformedData("DG2 holds no face record of ISO/IEC 19794-5:2005")
    record = block[_FACIAL_HEADER:]
    length, points = int.from_bytes(record[:4]), int.from_bytes(record[4:6])
    start = _RECORD_HEADER + points * _FEATURE_POINT
    if not start + _IMAGE_HEADER < length <= len(record):
        raise MalformedData("the face record of DG2 has another length than it says")
    size = record[start + 2 : start + 6]
    image = record[start + _IMAGE_HEADER : length]
    mime = next((kind for magic, kind in _MAGIC if image.startswith(magic)), None)
    if mime is None:
        raise MalformedData("the face of DG2 is in no known picture format")
    return FaceImage(image, mime, int.from_bytes(size[:2]), int.from_bytes(size[2:]))


@dataclass(frozen=True, slots=True, repr=False)
class CardData:
    """What the card says of its holder, of DG1 and DG11 together."""

    document_number: str
    personal_number: str | None
    latin: PersonName
    arabic: PersonName | None
    date_of_birth: dt.date | None
    date_of_expiry: dt.date
    sex: str
    issuing_state: str


def card_data(files: Mapping[FileId, bytes], today: dt.date) -> CardData:
    """DG1 and, where it is there, DG11 in one; DG11 has the last word on names and birth, as it cuts nothing.

    Raises MalformedData, also when DG1 is missing or the two contradict each other on the day of birth.
    """
    if FileId.DG1 not in files:
        raise MalformedData("without DG1 nothing is known of the holder")
    zone = parse_dg1(files[FileId.DG1], today)
    more = parse_dg11(files[FileId.DG11]) if FileId.DG11 in files else Dg11(None, None, None, None)
    born = zone.date_of_birth
    if born and more.date_of_birth and (born.strftime("%y%m%d") != more.date_of_birth.strftime("%y%m%d")):
        raise MalformedData("DG1 and DG11 give different days of birth")
    return CardData(
        document_number=zone.document_number,
        personal_number=more.personal_number,
        latin=more.latin or zone.name,
        arabic=more.arabic,
        date_of_birth=more.date_of_birth or born,
        date_of_expiry=zone.date_of_expiry,
        sex=zone.sex,
        issuing_state=zone.issuing_state,
    )
