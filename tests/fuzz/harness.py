"""What a parser promises, as something a fuzzer can run: any bytes at all end in a result or in an error of its own.

    @harness(MalformedData)
    def tlv(data: bytes) -> None: ...

`run` is True where the bytes were taken, False where they were refused by one of the named errors, with words and a
code of the catalogue; everything else that comes out is a finding. What a harness asserts on top of that (what is
encoded is parsed again) is one too.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kiosk.catalogue import codes

if TYPE_CHECKING:
    from drivers.smartcard.apdu import Exchange

T = TypeVar("T")
FOLDER = Path(__file__).parent
CORPUS = FOLDER / "corpus"
GROUPS = ("encodings", "channel", "signed", "zones", "files", "visit")
"""Modules of `harnesses`; one is loaded without the others, so that a child starts quickly."""


@dataclass(frozen=True)
class Harness:
    """One parser; `longest` is the most bytes worth trying. Files of its corpus that are called `good-…` are taken,
    those called `found-…` once brought out something else than an own error."""

    name: str
    check: Callable[[bytes], None]
    own: tuple[type[Exception], ...]
    longest: int

    def run(self, data: bytes) -> bool:
        """Raises whatever is no error of the parser's own."""
        try:
            self.check(data)
        except self.own as error:
            assert str(error) and getattr(error, "code", None) in codes.entries(), "an own error says what is wrong"
            return False
        return True

    @property
    def corpus(self) -> Path:
        return CORPUS / self.name


_known: dict[str, Harness] = {}


def harness(*own: type[Exception], longest: int = 2048) -> Callable[[Callable[[bytes], None]], Callable[[bytes], None]]:
    """Names a function as a harness; `own` are the errors that its parser may raise."""

    def register(check: Callable[[bytes], None]) -> Callable[[bytes], None]:
        name = check.__name__.replace("_", "-")
        assert name not in _known, name
        _known[name] = Harness(name, check, own, longest)
        return check

    return register


def harnesses(group: str) -> dict[str, Harness]:
    """Those of one module, by name."""
    module = importlib.import_module(f"tests.fuzz.harnesses.{group}")
    return {name: one for name, one in _known.items() if one.check.__module__ == module.__name__}


def all_harnesses() -> dict[str, Harness]:
    """Every one, by name."""
    return {name: one for group in GROUPS for name, one in harnesses(group).items()}


def answers(data: bytes) -> Iterator[bytes]:
    """`data` cut into pieces: two bytes of length, then so many."""
    at = 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2]) % 4096
        yield data[at + 2 : end]
        at = end


def play(exchange: Exchange[T], data: bytes) -> T | None:
    """Carries a card protocol with answers cut from `data`. Gives its result, or None where the answers run out
    before its end, as when a card is pulled."""
    from drivers.smartcard.apdu import ResponseApdu  # not before it is instrumented

    try:
        next(exchange)
        for answer in answers(data):
            exchange.send(ResponseApdu.decode(answer))
    except StopIteration as done:
        result: T = done.value
        return result
    exchange.close()
    return None


def script(*pieces: bytes) -> bytes:
    """What `answers` cuts apart again."""
    return b"".join(len(piece).to_bytes(2) + piece for piece in pieces)
