"""A card that is a recording: it says again what a card once said, with no cryptography behind it.

Benchmarks measure the reader and the wire by it. Its file is a JSON list of pairs in hexadecimal, each a
command APDU and the response APDU (ISO 7816-4 §5.1) that followed it:

    [["00A4020C02011C", "9000"], ["00B0000004", "318201B39000"]]
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.simulated.card import SimulatedCard
from drivers.simulated.errors import CardImageInvalid

_LARGEST = 1_000_000  # bytes of a file
_MOST_PAIRS = 4096
_COMMAND, _RESPONSE = range(4, 65_536), range(2, 65_536)
"""Lengths in bytes: a command has a header, a response a status word, and vpcd's frame ends at 65 535."""
_OUT_OF_STEP = bytes.fromhex("6985")  # conditions of use not satisfied

Pair = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Recording:
    """Commands and their responses, in the order in which they were said."""

    pairs: tuple[Pair, ...] = field(repr=False)

    def to_json(self) -> str:
        return json.dumps([[command.hex(), response.hex()] for command, response in self.pairs])

    @classmethod
    def from_json(cls, text: str) -> Recording:
        """Raises CardImageInvalid for anything that is no such list, is empty, or exceeds a bound."""
        try:
            given: Any = json.loads(text)
        except (ValueError, RecursionError) as nonsense:
            raise CardImageInvalid("the file is not the recording of a card") from nonsense
        if not isinstance(given, list) or not 1 <= len(given) <= _MOST_PAIRS:
            raise CardImageInvalid(f"a recording is a list of 1 to {_MOST_PAIRS} pairs")
        return cls(tuple(map(_pair, given)))

    def save(self, path: Path) -> None:
        """Writes it for its owner's eyes only (mode 0600)."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchmod(descriptor, 0o600)
            file.write(self.to_json())

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Raises CardImageInvalid, also for a file that cannot be read."""
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST + 1)
            if len(content) > _LARGEST:
                raise CardImageInvalid("the file is too large to be the recording of a card")
            return cls.from_json(content.decode("ascii"))
        except (OSError, UnicodeDecodeError) as unreadable:
            raise CardImageInvalid("the recording of a card cannot be read") from unreadable


class RecordedCard:
    """A recording in the reader: each command must be the next one recorded, and a reset begins again.

    Any other command is answered 6985 and leaves the recording where it was.
    """

    atr = SimulatedCard.atr
    gone = False
    delay = 0.0

    def __init__(self, recording: Recording) -> None:
        self._pairs = recording.pairs
        self._at = 0

    def reset(self) -> None:
        self._at = 0

    def process(self, apdu: bytes) -> bytes:
        if self._at == len(self._pairs):
            return _OUT_OF_STEP
        command, response = self._pairs[self._at]
        if apdu != command:
            return _OUT_OF_STEP
        self._at += 1
        return response


def is_recording(path: Path) -> bool:
    """Whether the file begins as a list does; an image of a card begins as an object. Never raises."""
    try:
        with path.open("rb") as file:
            return file.read(256).lstrip().startswith(b"[")
    except OSError:
        return False


def _pair(given: Any) -> Pair:
    if not isinstance(given, list) or len(given) != 2:
        raise CardImageInvalid("a recording holds pairs of a command and its response")
    command, response = (_hexadecimal(part) for part in given)
    if len(command) not in _COMMAND or len(response) not in _RESPONSE:
        raise CardImageInvalid("a recorded command or response has a length that none can have")
    return command, response


def _hexadecimal(given: Any) -> bytes:
    # bytes.fromhex also takes blanks between the bytes; a recording has one spelling, whatever the case of its letters.
    if not isinstance(given, str) or not given.isalnum():
        raise CardImageInvalid("a recorded command or response is hexadecimal text")
    try:
        return bytes.fromhex(given)
    except ValueError as nonsense:
        raise CardImageInvalid("a recorded command or response is hexadecimal text") from nonsense
