"""Machine readable zones as the issuer prints them: TD1, TD2, TD3 (ICAO 9303-3 §4, 9303-4 to -6 §4.2.2)."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass, field

LINE = 30


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a zone says; names are Latin and are transliterated and cut as 9303-3 §4.6 says."""

    issuing_state: str
    document_number: str = field(repr=False)
    date_of_birth: dt.date = field(repr=False)
    sex: str = field(repr=False)
    date_of_expiry: dt.date = field(repr=False)
    surname: str = field(repr=False)
    given: str = field(repr=False)


def td1(
    *,
    issuing_state: str,
    document_number: str,
    date_of_birth: dt.date,
    sex: str,
    date_of_expiry: dt.date,
    surname: str,
    given: str,
) -> tuple[str, str, str]:
    """The three lines of 30. A number beyond nine characters goes on in the optional data (9303-5 §4.2.2 note j)."""
    number, rest = _number(document_number)
    birth, expiry = f"{date_of_birth:%y%m%d}", f"{date_of_expiry:%y%m%d}"
    first = _field("ID" + issuing_state + number + rest, LINE)
    dates = birth + check_digit(birth) + sex + expiry + check_digit(expiry)
    second = _field(dates + issuing_state, LINE - 1)
    composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
    return first, second + check_digit(composite), names(surname, given, LINE)


def two_lines(bearer: Bearer, width: int) -> tuple[str, str]:
    """TD2 (two lines of 36) or TD3 (of 44)."""
    state, number = bearer.issuing_state, bearer.document_number
    birth, expiry = f"{bearer.date_of_birth:%y%m%d}", f"{bearer.date_of_expiry:%y%m%d}"
    dates = birth + check_digit(birth) + bearer.sex + expiry + check_digit(expiry)
    first = ("P<" if width == 44 else "ID") + state + names(bearer.surname, bearer.given, width - 5)
    if width == 44:
        number = _field(number, 9)
        second = number + check_digit(number) + state + dates + 14 * "<"
        second += "<" if second[28:42].strip("<") == "" else check_digit(second[28:42])
        composite = second[0:10] + second[13:20] + second[21:43]
    else:
        number, rest = _number(number)
        second = number + rest[0] + state + dates + _field(rest[1:], 7)
        composite = second[0:10] + second[13:20] + second[21:35]
    return first, second + check_digit(composite)


def check_digit(text: str) -> str:
    """The check digit of 9303-3 §4.9: weights 7, 3, 1; letters count from 10, the filler as 0."""
    values = (0 if character == "<" else int(character, 36) for character in text)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def latin(name: str) -> str:
    """A Latin name in the zone's alphabet: accents and apostrophes off, anything between words a filler."""
    bare = unicodedata.normalize("NFKD", name).upper().replace("’", "").replace("'", "")
    kept = "".join(c if "A" <= c <= "Z" else " " for c in bare if not unicodedata.combining(c))
    return "<".join(kept.split())


def names(surname: str, given: str, width: int) -> str:
    """The name field, cut to `width` characters."""
    first, second = latin(surname), latin(given)
    if len(first) + 2 + len(second) > width and second:
        # The given names keep at least their first letter (9303-3 §4.6.2.2).
        first = first[: width - 2 - min(len(second), max(1, width - 2 - len(first)))]
    return _field(f"{first}<<{second}" if second else first, width)


def _number(number: str) -> tuple[str, str]:
    """The nine characters, and what stands behind them: the check digit, or a filler and the rest with its digit."""
    if len(number) <= 9:
        return _field(number, 9), check_digit(_field(number, 9))
    return number[:9], "<" + number[9:] + check_digit(number)


def _field(text: str, length: int) -> str:
    return text[:length].ljust(length, "<")
