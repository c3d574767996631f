"""Text out of a card's files: strict about what letters are, and nothing that could deceive a screen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.smartcard.errors import MalformedData

MAX_TEXT = 400
_ARABIC = re.compile("[\u0621-\u064a]")
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, repr=False)
class Bilingual:
    """The same thing in two scripts; None where one is missing."""

    latin: str | None
    arabic: str | None


def decode(data: bytes, encodings: Sequence[str] = ("utf-8",)) -> str:
    """In the first encoding in which it is valid; UTF-8 is to come first, as others take nearly any bytes.

    The result is NFC and trimmed. Raises MalformedData for anything that is no text: control characters,
    direction controls, unassigned code points, or more than 400 bytes.
    """
    if len(data) > MAX_TEXT:
        raise MalformedData("a text in a file of the card is too long")
    text = _first_valid(data, encodings)
    if _BIDI_CONTROLS.search(text) or any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in text):
        raise MalformedData("a text in a file of the card holds control characters")
    return unicodedata.normalize("NFC", text).strip()


def _first_valid(data: bytes, encodings: Sequence[str]) -> str:
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise MalformedData("a text in a file of the card is in no known encoding")


def is_arabic(text: str) -> bool:
    return _ARABIC.search(text) is not None


def spaced(written: str) -> str:
    """With fillers turned into single spaces."""
    return " ".join(written.replace("<", " ").split())


def both_scripts(written: str) -> Bilingual:
    """Of a field `LATIN<<ARABIC`, either half missing. The letters, not the place, say which is which.

    Raises MalformedData where two parts are of one script.
    """
    parts = [part for part in (spaced(half) for half in written.split("<<")) if part]
    arabic = [part for part in parts if is_arabic(part)]
    latin = [part for part in parts if not is_arabic(part)]
    if len(arabic) > 1 or len(latin) > 1:
        raise MalformedData("a text in two scripts has two parts in one of them")
    return Bilingual(latin[0] if latin else None, arabic[0] if arabic else None)


def by_script(written: str) -> Bilingual:
    """Of a field in one script, whichever it is."""
    whole = spaced(written) or None
    return Bilingual(None, whole) if is_arabic(written) else Bilingual(whole, None)
