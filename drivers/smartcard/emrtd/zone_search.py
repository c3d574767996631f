"""A machine readable zone looked for in the text of a camera, a wedge or a serial scanner.

A camera's text takes fillers for letters and miscounts them, so that three readings are tried, each only where the
one before gave nothing: as seen; letters and digits set right where a field holds only the one or the other; and
the optional data taken for empty, where all that was seen there looks like fillers. Every check digit holds in any
of them. Names have none: after a camera they are what it saw.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from drivers.smartcard.emrtd.zone import Zone, parse
from drivers.smartcard.emrtd.zone_layout import LAYOUTS, Layout
from drivers.smartcard.errors import MalformedData

LONGEST_TEXT = 4096
"""Characters of a scanner's text that are looked at: the last ones, as the newest scan is at the end."""

_Fitting = Callable[["_Line", str], Iterator[str]]

_LETTERS_FOR_DIGITS = str.maketrans("OQDILZSGB", "000112568")
_DIGITS_FOR_LETTERS = str.maketrans("012568", "OIZSGB")
_SEEN = {"letters": "[A-Z<012568]", "digits": "[0-9<OQDILZSGB]", "sex": "[FMX<]", "any": "[0-9A-Z<]"}
_FIRST = {"TD1": "[ACI1]", "TD2": "[ACI1]", "TD3": "P"}
"""A document code begins with one of these (9303-5, -6, -4 §4.2.2)."""
_FILLERS = re.compile("<+")
_AS_SEEN = "[0-9]"
"""Of the document number's check digit, where the rest of the line was not seen well: it covers for two mistakes at
once in one case of ten."""
_LIKE_FILLERS = "[<CEGKLQRSX56]"
_NOISE = re.compile("[^0-9A-Z<]")
_SLACK = 12
"""Fillers that a scanner may have counted too many or too few of in one line."""
_SHORTEST_NAMES = 8
_WORDS = 6
"""Of a row, that may be a line without the others; blanks among a line's characters make words of it."""
_GAP = 2
"""Lines of a zone may have a line of noise between them."""
_CANDIDATES = 1500
"""How many texts are tried at most: far more than a scan ever holds."""


@dataclass(frozen=True, slots=True)
class _Line:
    """How one line of a layout looks to a scanner."""

    width: int
    whole: re.Pattern[str]
    emptied: re.Pattern[str] | None
    """Its head, then what looks like fillers, then the check digits at its end; None where it has no optional data."""
    names: re.Pattern[str] | None
    """What a line needs that has no check digit at all."""


@dataclass(frozen=True, slots=True)
class _Look:
    layout: Layout
    kinds: tuple[str, ...]
    whole: re.Pattern[str]
    lines: tuple[_Line, ...]

    def corrected(self, text: str) -> str:
        """Digits for letters and letters for digits, only where a field holds nothing but the one or the other."""
        tables: dict[str, dict[int, int]] = {"letters": _DIGITS_FOR_LETTERS, "digits": _LETTERS_FOR_DIGITS}
        return "".join(
            character.translate(tables.get(kind, {})) for character, kind in zip(text, self.kinds, strict=True)
        )


def _look(layout: Layout) -> _Look:
    kinds = tuple(layout.kinds())
    seen = [_FIRST[layout.size], *(_SEEN[kind] for kind in kinds[1:])]
    lines = []
    for start in range(0, layout.length, layout.width):
        end = start + layout.width
        optional = next((field for field in layout.optional if start <= field.start < end), None)
        emptied = None
        if optional is not None:
            check = layout.number.stop
            head = "".join(_AS_SEEN if at == check else seen[at] for at in range(start, optional.start))
            tail = "".join(seen[optional.stop : end])
            emptied = re.compile(f"({head}){_LIKE_FILLERS}*({tail})")
        unchecked = start <= layout.names.start < end
        lines.append(
            _Line(
                layout.width,
                re.compile("".join(seen[start:end])),
                emptied,
                re.compile("".join(seen[start : start + _SHORTEST_NAMES])) if unchecked else None,
            )
        )
    return _Look(layout, kinds, re.compile(f"(?=({''.join(seen)}))"), tuple(lines))


_LOOKS = tuple(_look(layout) for layout in sorted(LAYOUTS, key=lambda layout: -layout.length))
"""The longest first: part of a longer zone may pass for a shorter one."""


def find(text: str) -> Zone | None:
    """The one zone in a text that a scanner gave; None where none is sure.

    Lines may be apart or end to end, with blanks and other text around them. A document number is taken as it was
    seen. Two zones of different documents are none.
    """
    recent = text[-LONGEST_TEXT:].upper().replace("«", "<<").replace("‹", "<")
    for readings in (_as_seen, _emptied):
        seen: list[Zone] = []
        set_right: list[Zone] = []
        for look, candidate in islice(readings(recent), _CANDIDATES):
            corrected = look.corrected(candidate)
            try:
                zone = parse(corrected)
            except MalformedData:
                continue
            (seen if corrected == candidate else set_right).append(zone)
        if zones := seen or set_right:
            keys = {(zone.document_number, zone.date_of_birth, zone.date_of_expiry) for zone in zones}
            return zones[0] if len(keys) == 1 else None
    return None


def _as_seen(text: str) -> Iterator[tuple[_Look, str]]:
    """Texts of a zone's length whose characters are of the right kinds: in one row, then line by line."""
    rows = _rows(text)
    for look in _LOOKS:
        for row in rows:
            for match in look.whole.finditer(row[0]):
                yield look, match.group(1)
        yield from _line_by_line(look, rows, _fitting)


def _emptied(text: str) -> Iterator[tuple[_Look, str]]:
    """Line by line, with no optional data."""
    rows = _rows(text)
    for look in _LOOKS:
        yield from _line_by_line(look, rows, _fitting_emptied)


def _rows(text: str) -> list[list[str]]:
    """The rows of the text, each as what may have been printed: all of it, or words of it next to one another."""
    rows = []
    for row in text.splitlines():
        words = [bare for word in row.split() if (bare := _NOISE.sub("", word))]
        few = min(len(words), _WORDS)
        spans = [(start, end) for length in range(few, 0, -1) for start, end in _spans(few, length)]
        writings = ["".join(words), *("".join(words[start:end]) for start, end in spans)]
        if words:
            rows.append(list(dict.fromkeys(writings)))
    return rows


def _spans(words: int, length: int) -> Iterator[tuple[int, int]]:
    for start in range(words - length + 1):
        yield start, start + length


def _line_by_line(look: _Look, rows: list[list[str]], fitting: _Fitting) -> Iterator[tuple[_Look, str]]:
    of_line = [[[fit for writing in row for fit in fitting(line, writing)] for line in look.lines] for row in rows]
    for chosen in _successive(len(rows), len(look.lines)):
        for lines in product(*(of_line[row][line] for line, row in enumerate(chosen))):
            yield look, "".join(lines)


def _successive(rows: int, lines: int) -> Iterator[tuple[int, ...]]:
    """Numbers of `lines` rows, in order and at most _GAP apart."""
    for first in range(rows):
        for steps in product(range(1, _GAP + 1), repeat=lines - 1):
            chosen = tuple(first + sum(steps[:line]) for line in range(lines))
            if chosen[-1] < rows:
                yield chosen


def _fitting(line: _Line, row: str) -> Iterator[str]:
    """What of a row may be that line: its beginning, or the row with its longest run of fillers set right.

    Never from the middle of a word: a character too many in a document number would pass for noise before it.
    """
    if line.whole.match(row):
        yield row[: line.width]
    missing = line.width - len(row)
    run = max(_FILLERS.finditer(row), key=lambda run: len(run.group()), default=None)
    if run is None or not 0 < abs(missing) <= _SLACK or len(run.group()) + missing <= 0:
        return
    fitted = row[: run.start()] + "<" * (len(run.group()) + missing) + row[run.end() :]
    if line.whole.match(fitted):
        yield fitted


def _fitting_emptied(line: _Line, row: str) -> Iterator[str]:
    """A row with fillers for its optional data, or as much of it as there is where no check digit covers it."""
    if line.emptied is not None:
        if match := line.emptied.fullmatch(row):
            head, tail = match.groups()
            yield head + "<" * (line.width - len(head) - len(tail)) + tail
    elif line.names is not None and line.names.match(row):
        yield row[: line.width].ljust(line.width, "<")
