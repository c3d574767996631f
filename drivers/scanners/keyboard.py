"""Key codes to characters, for a keyboard wedge: a scanner that types (linux/input-event-codes.h).

A wedge types as if on some country's keyboard, whichever it was set to; the settings say which. Keys with Ctrl, Alt
or the logo held, repeats by holding, and keys that are in no zone are nothing.
"""

from __future__ import annotations

from typing import Literal

from drivers.scanners.gathering import ALPHABET, LINE_END

Layout = Literal["us", "fr"]
RELEASED, PRESSED = 0, 1

_SHIFT = frozenset((42, 54))
_COMMAND = frozenset((29, 97, 56, 100, 125, 126))
_ENDS = frozenset((28, 96, 15))
"""Enter, the keypad's Enter, Tab."""
_KEYPAD = dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True))
# Where the rows begin, and what stands there plain and with Shift; 86 is the key beside the left Shift.
_ROWS = (2, 16, 30, 44, 86)
_LAYOUTS: dict[Layout, tuple[tuple[str, str], ...]] = {
    "us": (
        ("1234567890-=", "!@#$%^&*()_+"),
        ("qwertyuiop[]", "QWERTYUIOP{}"),
        ("asdfghjkl;'", 'ASDFGHJKL:"'),
        ("zxcvbnm,./", "ZXCVBNM<>?"),
        ("<", ">"),
    ),
    "fr": (
        ("&é\"'(-è_çà)=", "1234567890°+"),
        ("azertyuiop^$", "AZERTYUIOP¨£"),
        ("qsdfghjklmù", "QSDFGHJKLM%"),
        ("wxcvbn,;:!", "WXCVBN?./§"),
        ("<", ">"),
    ),
}


class Keyboard:
    def __init__(self, layout: Layout) -> None:
        self._plain: dict[int, str] = {}
        self._shifted: dict[int, str] = {}
        for first, (plain, shifted) in zip(_ROWS, _LAYOUTS[layout], strict=True):
            self._plain |= dict(enumerate(plain, first))
            self._shifted |= dict(enumerate(shifted, first))
        self._held: set[int] = set()

    def key(self, code: int, value: int) -> str:
        """The character that this change of a key gives, a zone's or LINE_END; else nothing."""
        if code in _SHIFT or code in _COMMAND:
            (self._held.discard if value == RELEASED else self._held.add)(code)
            return ""
        if value != PRESSED or self._held & _COMMAND:
            return ""
        if code in _ENDS:
            return LINE_END
        character = _KEYPAD.get(code) or (self._shifted if self._held & _SHIFT else self._plain).get(code, "")
        return character.upper() if character.upper() in ALPHABET else ""

    def let_go(self) -> None:
        """Events were lost: no key is known to be held."""
        self._held.clear()
