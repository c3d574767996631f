"""What a citizen gives to open the chip: the card access number, or the machine readable zone."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass, field
from typing import ClassVar

from drivers.smartcard.emrtd import dates, mrz
from drivers.smartcard.errors import MalformedData, PasswordFormat

_CAN = re.compile(r"[0-9]{6}")
_PIN = re.compile(r"[0-9]{4,16}")
_DOCUMENT_NUMBER = re.compile(r"[A-Z0-9]{1,22}")


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
    """The three fields of the machine readable zone that open a chip. Raises PasswordFormat."""

    document_number: str = field(repr=False)
    date_of_birth: dt.date = field(repr=False)
    date_of_expiry: dt.date = field(repr=False)
    reference: ClassVar[int] = 1

    def __post_init__(self) -> None:
        if not _DOCUMENT_NUMBER.fullmatch(self.document_number):
            raise PasswordFormat("a document number has 1 to 22 capital letters and digits")

    @classmethod
    def parse(cls, text: str, *, today: dt.date | None = None) -> Mrz:
        """From the three lines of a TD1 zone, or from `DOCNO|YYMMDD|YYMMDD` (birth, expiry).

        Spaces and line ends are ignored and letters may be small. Check digits must hold: a slip of
        the finger is told here, before the card counts it. Raises PasswordFormat.
        """
        day = today or dt.date.today()
        compact = "".join(text.split()).upper()
        try:
            number, birth, expiry = compact.split("|") if "|" in compact else _fields(compact)
            born = dates.birth(birth, day)
            if born is None:
                raise PasswordFormat("the zone's date of birth is incomplete")
            return cls(number.rstrip("<"), born, dates.expiry(expiry, day))
        except ValueError as error:
            raise PasswordFormat("the three fields are not separated by two bars") from error
        except MalformedData as error:
            raise PasswordFormat(str(error)) from error

    @property
    def information(self) -> bytes:
        """MRZ_information: number, birth and expiry, each with its check digit (ICAO 9303-11 §4.3.2)."""
        parts = (
            self.document_number.ljust(9, "<"),
            self.date_of_birth.strftime("%y%m%d"),
            self.date_of_expiry.strftime("%y%m%d"),
        )
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


def _fields(zone: str) -> tuple[str, str, str]:
    td1 = mrz.parse_td1(zone)
    return td1.document_number, td1.date_of_birth, td1.date_of_expiry
