"""The machine readable zone of an identity card, three lines of thirty (TD1; ICAO 9303-5 §4.2).

I DZA 123456789 C OOOOOOOOOOOOOOO      document code, issuer, document number, check, optional data
YYMMDD C S YYMMDD C NNN OOOOOOOOOOO C  birth, check, sex, expiry, check, nationality, optional, check
SURNAME<<GIVEN<NAMES<<<<<<<<<<<<<<
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.smartcard.errors import MalformedData

LENGTH = 90
_CHARACTERS = re.compile(r"[0-9A-Z<]{90}")
_WEIGHTS = (7, 3, 1)


def check_digit(text: str) -> str:
    """The check digit over `text` (ICAO 9303-3 §4.9): 0-9 as they are, A-Z from 10, `<` as zero."""
    total = 0
    for place, character in enumerate(text):
        value = 0 if character == "<" else int(character, 36)
        total += value * _WEIGHTS[place % 3]
    return str(total % 10)


@dataclass(frozen=True, slots=True, repr=False)
class Td1:
    """A zone whose check digits hold. Dates are still the six characters; names still one field."""

    issuing_state: str
    document_number: str
    date_of_birth: str
    sex: str
    date_of_expiry: str
    nationality: str
    names: str


def parse_td1(text: str) -> Td1:
    """Raises MalformedData when `text` is not 90 characters of a TD1 zone with right check digits."""
    if not _CHARACTERS.fullmatch(text):
        raise MalformedData("not a machine readable zone of three lines of thirty")
    first, second, third = text[:30], text[30:60], text[60:]
    number = _document_number(first)
    if check_digit(second[:6]) != second[6] or check_digit(second[8:14]) != second[14]:
        raise MalformedData("a date's check digit in the machine readable zone is wrong")
    composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
    if check_digit(composite) != second[29]:
        raise MalformedData("the composite check digit of the machine readable zone is wrong")
    return Td1(
        issuing_state=first[2:5].rstrip("<"),
        document_number=number,
        date_of_birth=second[:6],
        sex=second[7],
        date_of_expiry=second[8:14],
        nationality=second[15:18].rstrip("<"),
        names=third,
    )


def _document_number(line: str) -> str:
    """The number, which runs on into the optional data where it is longer than nine (9303-5 §4.2.4)."""
    number, check, optional = line[5:14], line[14], line[15:30]
    if check == "<":
        rest = optional.split("<", 1)[0]
        if len(rest) < 2:
            raise MalformedData("a long document number without its end")
        number, check = number + rest[:-1], rest[-1]
    if check_digit(number) != check:
        raise MalformedData("the document number's check digit is wrong")
    return number.rstrip("<")


def split_names(text: str) -> tuple[str, str]:
    """(surname, given names) of a field `SURNAME<<GIVEN<NAMES`, filler turned into spaces (9303-3 §4.6)."""
    surname, _, given = text.strip("<").partition("<<")
    return " ".join(surname.replace("<", " ").split()), " ".join(given.replace("<", " ").split())
