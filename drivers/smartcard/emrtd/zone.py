"""A machine readable zone as it stands in a chip, every check digit proven (ICAO 9303-3 §4, 9303-4, -5, -6 §4.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.smartcard.emrtd.zone_layout import LAYOUTS, Layout, ZoneSize, check_digit
from drivers.smartcard.errors import MalformedData

_CHARACTERS = re.compile(r"[0-9A-Z<]+")
_DATE = re.compile(r"[0-9<]{6}")
_BY_LENGTH = {layout.length: layout for layout in LAYOUTS}


@dataclass(frozen=True, slots=True, repr=False)
class Zone:
    """A zone whose check digits hold. Dates are still the six characters; names still one field.

    `document_number` is whole, however long, without fillers at its end; `optional` is what is left of the
    optional data, one text a field.
    """

    size: ZoneSize
    lines: tuple[str, ...]
    document_code: str
    issuing_state: str
    document_number: str
    date_of_birth: str
    sex: str
    date_of_expiry: str
    nationality: str
    names: str
    optional: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines put end to end, as DG1 holds them."""
        return "".join(self.lines)


def parse(text: str) -> Zone:
    """From the lines put end to end: 90, 72 or 88 characters.

    Raises MalformedData when it is no zone, or one of its check digits is wrong.
    """
    layout = _BY_LENGTH.get(len(text))
    if layout is None or not _CHARACTERS.fullmatch(text):
        raise MalformedData("not a machine readable zone of any size")
    number, run_on = _document_number(layout, text)
    dates = [text[date] for date in layout.checked[1:]]
    if not all(_DATE.fullmatch(date) for date in dates):
        raise MalformedData("a date in the machine readable zone is not written in digits")
    if [check_digit(date) for date in dates] != [text[date.stop] for date in layout.checked[1:]]:
        raise MalformedData("a date's check digit in the machine readable zone is wrong")
    first, *others = (text[field] for field in layout.optional)
    if layout.optional_check is not None and not _optional_holds(first, text[layout.optional_check]):
        raise MalformedData("the optional data's check digit is wrong")
    if check_digit("".join(text[part] for part in layout.composite)) != text[layout.composite_check]:
        raise MalformedData("the composite check digit of the machine readable zone is wrong")
    return Zone(
        size=layout.size,
        lines=tuple(text[at : at + layout.width] for at in range(0, layout.length, layout.width)),
        document_code=text[layout.code].rstrip("<"),
        issuing_state=text[layout.state].rstrip("<"),
        document_number=number,
        date_of_birth=text[layout.birth],
        sex=text[layout.sex],
        date_of_expiry=text[layout.expiry],
        nationality=text[layout.nationality].rstrip("<"),
        names=text[layout.names],
        optional=tuple(part.strip("<") for part in (first[run_on:], *others)),
    )


def _document_number(layout: Layout, text: str) -> tuple[str, int]:
    """The number, and how many characters of the first optional data belong to it.

    Where it is longer than nine, a filler takes its check digit's place; the rest, the check digit and a filler
    begin the optional data (9303-5 §4.2.2.1 note j, 9303-6 §4.2.2.2 note j).
    """
    number, check = text[layout.number], text[layout.number.stop]
    run_on = 0
    if check == "<" and number.strip("<"):
        rest, filler, _ = text[layout.optional[0]].partition("<")
        if len(rest) < 2 or not filler:
            raise MalformedData("a long document number without its end")
        number, check, run_on = number + rest[:-1], rest[-1], len(rest)
    number, printed = number.rstrip("<"), number
    if not number or number.startswith("<") or check_digit(printed) != check:
        raise MalformedData("the document number's check digit is wrong")
    return number, run_on


def _optional_holds(data: str, check: str) -> bool:
    """Empty optional data may have a filler for its check digit (9303-4 §4.2.2.2)."""
    return check_digit(data) == check or (check == "<" and not data.strip("<"))


def split_names(text: str) -> tuple[str, str]:
    """(surname, given names) of a field `SURNAME<<GIVEN<NAMES`, filler turned into spaces (9303-3 §4.6)."""
    surname, _, given = text.strip("<").partition("<<")
    return " ".join(surname.replace("<", " ").split()), " ".join(given.replace("<", " ").split())
