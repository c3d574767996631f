"""What a citizen gives to open the chip: the card access number, or the machine readable zone."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import ClassVar

from drivers.smartcard.emrtd import dates, mrz
from drivers.smartcard.emrtd.mrz import Zone
from drivers.smartcard.errors import MalformedData, PasswordFormat

_CAN = re.compile(r"[0-9]{6}")
_PIN = re.compile(r"[0-9]{4,16}")
_DOCUMENT_NUMBER = re.compile(r"[A-Z0-9](?:[A-Z0-9<]{0,20}[A-Z0-9])?")
_INCOMPLETE_DATE = re.compile(r"[0-9<]{6}")
_NINE = 9


@dataclass(frozen=True, slots=True)
class Can:
    """The six digits printed on the card's face. Raises PasswordFormat."""

    digits: str = field(repr=False)
    reference: ClassVar[int] = 2
    """Its number in MSE:Set AT (§4.4.4.1)."""

    def __post_init__(self) -> None:
        if not _CAN.fullmatch(self.digits):
            raise PasswordFormat("a CAN has six digits")

    @property
    def secret(self) -> bytes:
        """f(π) of PACE: the digits themselves (ICAO 9303-11 §4.4.3.3)."""
        return self.digits.encode("ascii")


@dataclass(frozen=True, slots=True)
class Mrz:
    """The three fields of the machine readable zone that open a chip. Raises PasswordFormat.

    A date that the zone itself leaves incomplete stays as its six characters: the chip was keyed with those.
    """

    document_number: str = field(repr=False)
    date_of_birth: dt.date | str = field(repr=False)
    date_of_expiry: dt.date | str = field(repr=False)
    reference: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not _DOCUMENT_NUMBER.fullmatch(self.document_number):
            raise PasswordFormat("a document number has 1 to 22 capital letters and digits")
        for date in (self.date_of_birth, self.date_of_expiry):
            if isinstance(date, str) and not _INCOMPLETE_DATE.fullmatch(date):
                raise PasswordFormat("an incomplete date has six digits and fillers")

    @classmethod
    def parse(cls, text: str, *, today: dt.date | None = None) -> Mrz:
        """From the lines of a zone of any size, or from `DOCNO|YYMMDD|YYMMDD` (birth, expiry).

        Spaces and line ends are ignored and letters may be small. Check digits must hold: a slip of
        the finger is told here, before the card counts it. Raises PasswordFormat.
        """
        compact = "".join(text.split()).upper()
        try:
            if "|" not in compact:
                return cls.of(mrz.parse(compact), today=today)
            number, birth, expiry = compact.split("|")
        except ValueError as error:
            raise PasswordFormat("the three fields are not separated by two bars") from error
        except MalformedData as error:
            raise PasswordFormat(str(error)) from error
        return cls._of_fields(number, birth, expiry, today)

    @classmethod
    def of(cls, zone: Zone, *, today: dt.date | None = None) -> Mrz:
        """The three fields of a zone. Raises PasswordFormat for a date that is in no calendar."""
        return cls._of_fields(zone.document_number, zone.date_of_birth, zone.date_of_expiry, today)

    @classmethod
    def _of_fields(cls, number: str, birth: str, expiry: str, today: dt.date | None) -> Mrz:
        day = today or dt.date.today()
        try:
            return cls(number.rstrip("<"), dates.birth(birth, day) or birth, dates.expiry(expiry, day))
        except MalformedData as error:
            raise PasswordFormat(str(error)) from error

    @property
    def nine(self) -> Mrz:
        """With the first nine characters of a long document number only, as some chips are keyed."""
        return replace(self, document_number=self.document_number[:_NINE].rstrip("<"))

    @property
    def birth(self) -> str:
        """YYMMDD, as the zone has it."""
        return _six(self.date_of_birth)

    @property
    def expiry(self) -> str:
        """YYMMDD, as the zone has it."""
        return _six(self.date_of_expiry)

    @property
    def information(self) -> bytes:
        """MRZ_information: number, birth and expiry, each with its check digit (ICAO 9303-11 §4.3.2)."""
        parts = (self.document_number.ljust(_NINE, "<"), self.birth, self.expiry)
        return "".join(part + mrz.check_digit(part) for part in parts).encode("ascii")

    @property
    def secret(self) -> bytes:
        """SHA-1 of MRZ_information: f(π) of PACE, and what K_seed of BAC is cut from (§4.3.2, §4.4.3.3)."""
        return hashlib.sha1(self.information).digest()  # noqa: S324 - the standard's own choice


@dataclass(frozen=True, slots=True)
class Pin:
    """A PIN that opens the chip itself (TR-03110-2 §2.3): only its holder knows it. Raises PasswordFormat."""

    digits: str = field(repr=False)
    reference: ClassVar[int] = 3

    def __post_init__(self) -> None:
        if not _PIN.fullmatch(self.digits):
            raise PasswordFormat("a PIN has 4 to 16 digits")

    @property
    def secret(self) -> bytes:
        return self.digits.encode("ascii")


Password = Can | Mrz | Pin


def _six(date: dt.date | str) -> str:
    return date if isinstance(date, str) else date.strftime("%y%m%d")
