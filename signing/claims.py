"""What a seal says: the document's number, the act's place in the register, and whom it is about.

Typed fields under integer keys, so that a page of Arabic and French fits a barcode that a phone can read
from paper. Every name stands in both scripts because the register holds both, and neither follows from
the other. Absent fields are left out, never empty.

A CWT claims set (RFC 8392 §3): `iat` (6), the document's reference as `cti` (7), and one private-use
claim whose map has the keys of `_KEYS`:

    1 document type        7 number in the register    13 father
    2 language             8 NIN                       14 mother
    3 copy number          9 name in Arabic            15 dates of marginal mentions
    4 version of the act  10 name in Latin letters     16 sex (ISO/IEC 5218: 1 M, 2 F)
    5 register's commune  11 day of birth              17 status list and index
    6 register's year     12 birthplace                18 hour of birth

Days count from 1970-01-01, the hour in minutes from midnight.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from registry.models import BirthAct, Grant, Name, Parent, Reference, Slug
from signing.errors import SealUnreadable

IAT, CTI, DOCUMENT = 6, 7, -65537
_EPOCH = dt.date(1970, 1, 1).toordinal()
_KEYS = {
    1: "document_type",
    2: "language",
    3: "copy_number",
    4: "act_version",
    5: "commune",
    6: "year",
    7: "number",
    8: "nin",
    9: "name_arabic",
    10: "name_latin",
    11: "born_on",
    12: "birthplace",
    13: "father",
    14: "mother",
    15: "mentions",
    16: "sex",
    17: "status",
    18: "born_at",
}
_Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]
_Pair = tuple[_Text, _Text]
_Parent = tuple[_Text, _Text, _Text, _Text]
_Day = Annotated[int, Field(ge=-50_000, le=100_000)]


class SealClaims(BaseModel):
    """The claims as read. Pairs are (surname, given name) or (Arabic, Latin); a parent is
    (Arabic surname, Arabic given name, Latin surname, Latin given name)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    issued_at: int = Field(ge=0, lt=1 << 40)
    reference: Reference
    document_type: Slug
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
    copy_number: int = Field(ge=1, le=9999)
    act_version: int = Field(ge=1, lt=1 << 31)
    commune: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,5}$")]
    year: int = Field(ge=1850, le=2150)
    number: int = Field(ge=1, le=99999)
    nin: int = Field(ge=0, lt=10**18)
    name_arabic: _Pair
    name_latin: _Pair
    born_on: _Day
    birthplace: _Pair
    father: _Parent | None = None
    mother: _Parent | None = None
    mentions: Annotated[tuple[_Day, ...], Field(min_length=1, max_length=40)] | None = None
    sex: int = Field(ge=1, le=2)
    status: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")], Annotated[int, Field(ge=0)]]
    born_at: Annotated[int, Field(ge=0, lt=24 * 60)] | None = None

    @classmethod
    def of(cls, act: BirthAct, grant: Grant, issued_at: dt.datetime) -> SealClaims:
        subject = act.subject
        return cls(
            issued_at=int(issued_at.timestamp()),
            reference=grant.reference,
            document_type=grant.document_type,
            language=grant.language,
            copy_number=grant.copy_number,
            act_version=act.version,
            commune=act.register_.commune.commune_code,
            year=act.register_.year,
            number=act.register_.number,
            nin=int(subject.nin),
            name_arabic=_pair(subject.name.arabic),
            name_latin=_pair(subject.name.latin),
            born_on=_day(subject.born_on),
            birthplace=(subject.birthplace.commune.arabic, subject.birthplace.commune.latin),
            father=_parent(act.father),
            mother=_parent(act.mother),
            mentions=tuple(_day(mention.made_on) for mention in act.mentions) or None,
            sex=1 if subject.sex == "M" else 2,
            status=(grant.status_list, grant.status_index),
            born_at=None if subject.born_at is None else subject.born_at.hour * 60 + subject.born_at.minute,
        )

    @property
    def signed_at(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.issued_at, dt.UTC)

    def to_map(self) -> dict[int, Any]:
        """The CWT claims set, ready for CBOR."""
        present = ((key, getattr(self, name)) for key, name in _KEYS.items())
        document = {key: value for key, value in present if value is not None}
        return {IAT: self.issued_at, CTI: self.reference.encode("ascii"), DOCUMENT: document}

    @classmethod
    def from_map(cls, claims: Any) -> SealClaims:
        """Reads a decoded claims set. Raises SealUnreadable for a missing, unknown or mistyped field."""
        try:
            if set(claims) != {IAT, CTI, DOCUMENT} or not set(claims[DOCUMENT]) <= set(_KEYS):
                raise SealUnreadable("the seal holds other claims than a civil-status seal has")
            fields = {_KEYS[key]: value for key, value in claims[DOCUMENT].items()}
            if None in fields.values():
                raise SealUnreadable("the seal holds an empty field")
            return cls(issued_at=claims[IAT], reference=claims[CTI].decode("ascii"), **fields)
        except (ValidationError, TypeError, AttributeError, UnicodeDecodeError):
            raise SealUnreadable("a field of the seal is not of its type") from None


def _pair(name: Name) -> tuple[str, str]:
    return name.surname, name.given


def _parent(parent: Parent | None) -> tuple[str, str, str, str] | None:
    return None if parent is None else (*_pair(parent.name.arabic), *_pair(parent.name.latin))


def _day(day: dt.date) -> int:
    return day.toordinal() - _EPOCH
