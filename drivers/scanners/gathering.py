"""Text that comes character by character, until there is a zone in it.

    gathering = Gathering(find, pause=0.5)
    zone = gathering.take("I", at=12.001)     # `at` in seconds, of whatever clock the device has
    zone = gathering.settle()                 # nothing has come for a while: is what came a zone?

A zone is looked for at each line's end and when nothing more comes. A pause longer than `pause` begins anew, so a
half scan never mixes with the next; so does more than any zone has.
"""

from __future__ import annotations

from drivers.scanners.port import Find, Zone

ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
"""The characters of a zone (ICAO 9303-3 §4.3)."""
LINE_END = "\n"
MOST = 512


class Gathering:
    def __init__(self, find: Find, pause: float) -> None:
        self._find = find
        self._pause = pause
        self._text = ""
        self._too_much = False
        self._last = 0.0

    def take(self, character: str, at: float) -> Zone | None:
        """One character, or LINE_END; anything else is dropped. Lower case is the same as upper."""
        character = character.upper()
        if character != LINE_END and character not in ALPHABET:
            return None
        before = self.settle() if not 0 <= at - self._last <= self._pause else None
        self._last = at
        if len(self._text) >= MOST:
            self._too_much = True
        if self._too_much:
            self._text = ""
            return before
        self._text += character
        return before or (self._look() if character == LINE_END else None)

    def settle(self) -> Zone | None:
        """Called when nothing came for as long as a pause, or at a sign that a scan has ended."""
        zone = self._look()
        self.forget()
        return zone

    def forget(self) -> None:
        self._text = ""
        self._too_much = False

    @property
    def waiting(self) -> bool:
        """Whether there is anything that a pause would end."""
        return bool(self._text) or self._too_much

    def _look(self) -> Zone | None:
        zone = self._find(self._text) if self._text.strip() else None
        if zone is not None:
            self._text = ""
        return zone
