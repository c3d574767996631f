"""Text out of a card's files: strict about what letters are, and nothing that could deceive a screen."""

from __future__ import annotations

import re
import unicodedata

from drivers.smartcard.errors import MalformedData

MAX_TEXT = 400
_ARABIC = re.compile("[\u0621-\u064a]")
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def decode(data: bytes) -> str:
    """UTF-8 where it is valid UTF-8, else ISO-8859-6; never the other order, which garbles silently.

    The result is NFC and trimmed. Raises MalformedData for anything that is no text: control characters,
    direction controls, unassigned code points, or more than 400 bytes.
    """
    if len(data) > MAX_TEXT:
        raise MalformedData("a text in a file of the card is too long")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            text = data.decode("iso-8859-6")
        except UnicodeDecodeError as error:
            raise MalformedData("a text in a file of the card is in no known encoding") from error
    if _BIDI_CONTROLS.search(text) or any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in text):
        raise MalformedData("a text in a file of the card holds control characters")
    return unicodedata.normalize("NFC", text).strip()


def is_arabic(text: str) -> bool:
    return _ARABIC.search(text) is not None
