"""The machine readable zone of a TD1 card (ICAO 9303-5 §4.2.2), as the issuer prints it."""

from __future__ import annotations

import datetime as dt
import unicodedata

LINE = 30


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
    """The three lines. Names are Latin and are transliterated and cut as 9303-3 §4.6 says."""
    number = _field(document_number, 9)
    birth, expiry = f"{date_of_birth:%y%m%d}", f"{date_of_expiry:%y%m%d}"
    first = _field("ID" + issuing_state + number + check_digit(number), LINE)
    dates = birth + check_digit(birth) + sex + expiry + check_digit(expiry)
    second = _field(dates + issuing_state, LINE - 1)
    composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
    return first, second + check_digit(composite), _names(surname, given)


def check_digit(text: str) -> str:
    """The check digit of 9303-3 §4.9: weights 7, 3, 1; letters count from 10, the filler as 0."""
    values = (0 if character == "<" else int(character, 36) for character in text)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def latin(name: str) -> str:
    """A Latin name in the zone's alphabet: accents and apostrophes off, anything between words a filler."""
    bare = unicodedata.normalize("NFKD", name).upper().replace("’", "").replace("'", "")
    kept = "".join(c if "A" <= c <= "Z" else " " for c in bare if not unicodedata.combining(c))
    return "<".join(kept.split())


def _names(surname: str, given: str) -> str:
    first, second = latin(surname), latin(given)
    if len(first) + 2 + len(second) > LINE and second:
        # The given names keep at least their first letter (9303-3 §4.6.2.2).
        first = first[: LINE - 2 - min(len(second), max(1, LINE - 2 - len(first)))]
    return _field(f"{first}<<{second}" if second else first, LINE)


def _field(text: str, length: int) -> str:
    return text[:length].ljust(length, "<")
