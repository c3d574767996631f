"""The machine readable zone: out of a chip as it is (`parse`), or found in what a scanner saw (`find`).

Sizes TD1, TD2 and TD3 (ICAO 9303-5, -6, -4); their fields are told in `zone_layout`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

from drivers.smartcard.emrtd.zone_layout import LAYOUTS, Layout, ZoneSize, check_digit
from drivers.smartcard.errors import MalformedData

__all__ = ["LONGEST_TEXT", "Zone", "ZoneSize", "check_digit", "find", "parse", "split_names"]

LONGEST_TEXT = 4096
"""Characters of a scanner's text that are looked at: the last ones, as the newest scan is at the end."""

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


# -- a zone among what a scanner saw

_LETTERS_FOR_DIGITS = str.maketrans("OQDILZSGB", "000112568")
_DIGITS_FOR_LETTERS = str.maketrans("012568", "OIZSGB")
_SEEN = {"letters": "[A-Z<012568]", "digits": "[0-9<OQDILZSGB]", "sex": "[FMX<]", "any": "[0-9A-Z<]"}
_FIRST = {"TD1": "[A-OQ-Z1]", "TD2": "[A-OQ-Z1]", "TD3": "P"}
_FILLERS = re.compile("<+")
_NOISE = re.compile("[^0-9A-Z<]")
_BLANKS = re.compile(r"[^\S\r\n]+")
_SLACK = 12
"""Fillers that a scanner may have counted too many or too few of in one line."""
_WINDOWS = 4
_GAP = 2
"""Lines of a zone may have a line of noise between them."""
_CANDIDATES = 1500
"""How many texts are tried at most: far more than a scan ever holds."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How a layout looks to a scanner: a pattern for the whole zone and one for each line."""

    layout: Layout
    kinds: tuple[str, ...]
    whole: re.Pattern[str]
    each: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, layout: Layout) -> _Look:
        kinds = tuple(layout.kinds())
        seen = [_FIRST[layout.size], *(_SEEN[kind] for kind in kinds[1:])]
        lines = ["".join(seen[at : at + layout.width]) for at in range(0, layout.length, layout.width)]
        return cls(
            layout, kinds, re.compile(f"(?=({''.join(lines)}))"), tuple(re.compile(f"(?=({line}))") for line in lines)
        )

    def corrected(self, text: str) -> str:
        """Digits for letters and letters for digits, only where a field holds nothing but the one or the other."""
        tables: dict[str, dict[int, int]] = {"letters": _DIGITS_FOR_LETTERS, "digits": _LETTERS_FOR_DIGITS}
        return "".join(
            character.translate(tables.get(kind, {})) for character, kind in zip(text, self.kinds, strict=True)
        )


_LOOKS = tuple(_Look.of(layout) for layout in sorted(LAYOUTS, key=lambda layout: -layout.length))
"""The longest first: part of a longer zone may pass for a shorter one."""


def find(text: str) -> Zone | None:
    """The one zone in a text that a camera, a wedge or a serial scanner gave; None where none is sure.

    Lines may be apart or end to end, with blanks and other text around them, and fillers miscounted. Letters taken
    for digits are set right, and digits for letters, where the field's kind decides; a document number is taken as
    it was seen. Every check digit then holds. Two zones of different documents are none.
    """
    recent = _BLANKS.sub("", text[-LONGEST_TEXT:].upper().replace("«", "<<").replace("‹", "<"))
    as_seen: list[Zone] = []
    set_right: list[Zone] = []
    for look, seen in islice(_candidates(recent), _CANDIDATES):
        corrected = look.corrected(seen)
        try:
            zone = parse(corrected)
        except MalformedData:
            continue
        (as_seen if corrected == seen else set_right).append(zone)
    zones = as_seen or set_right
    if len({(zone.document_number, zone.date_of_birth, zone.date_of_expiry) for zone in zones}) != 1:
        return None
    return zones[0]


def _candidates(text: str) -> Iterator[tuple[_Look, str]]:
    """Texts of a zone's length whose characters are of the right kinds: in one piece first, then line by line."""
    joined = "".join(text.split())
    rows = [_NOISE.sub("", row) for row in text.splitlines()]
    rows = [row for row in rows if row]
    for look in _LOOKS:
        for match in look.whole.finditer(joined):
            yield look, match.group(1)
        of_line = [[list(_fitting(look, line, row)) for line in range(look.layout.lines)] for row in rows]
        for chosen in _successive(len(rows), look.layout.lines):
            for lines in product(*(of_line[row][line] for line, row in enumerate(chosen))):
                yield look, "".join(lines)


def _successive(rows: int, lines: int) -> Iterator[tuple[int, ...]]:
    """Numbers of `lines` rows, in order and at most _GAP apart."""
    for first in range(rows):
        for steps in product(range(1, _GAP + 1), repeat=lines - 1):
            chosen = tuple(first + sum(steps[:line]) for line in range(lines))
            if chosen[-1] < rows:
                yield chosen


def _fitting(look: _Look, line: int, row: str) -> Iterator[str]:
    """What of a row may be that line: parts of its width, or the row with its longest run of fillers set right."""
    width, pattern = look.layout.width, look.each[line]
    for found, match in enumerate(pattern.finditer(row)):
        if found == _WINDOWS:
            break
        yield match.group(1)
    missing = width - len(row)
    if not 0 < abs(missing) <= _SLACK:
        return
    run = max(_FILLERS.finditer(row), key=lambda run: len(run.group()), default=None)
    if run is not None and len(run.group()) + missing > 0:
        fitted = row[: run.end()] + "<" * missing + row[run.end() :]
        if missing < 0:
            fitted = row[: run.end() + missing] + row[run.end() :]
        if pattern.match(fitted):
            yield fitted
