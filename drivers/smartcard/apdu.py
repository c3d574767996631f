"""Command and response APDUs (ISO 7816-4 §5.1), short and extended."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

from drivers.smartcard.errors import CardRefused, MalformedData

OK = 0x9000
MAX_SHORT = 256
MAX_LE = 65_536
MAX_DATA = 65_535
MAX_RESPONSE = MAX_LE + 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """`le` is how many bytes are expected: None for none, 256 for "as many as fit a short answer", 65,536 for
    "as many as fit an extended one". The short form is used wherever it does.

    `meanwhile` is work for which the answer is not needed, and which a channel may have done while the chip reckons.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int | None = None
    meanwhile: Callable[[], object] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.data) > MAX_DATA or (self.le is not None and not 1 <= self.le <= MAX_LE):
            raise ValueError("too long for an APDU")

    @property
    def extended(self) -> bool:
        return len(self.data) > 255 or (self.le or 0) > MAX_SHORT

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins, self.p1, self.p2))

    def encode(self) -> bytes:
        width = 2 if self.extended else 1
        body = len(self.data).to_bytes(width) + self.data if self.data else b""
        tail = (self.le & (1 << 8 * width) - 1).to_bytes(width) if self.le is not None else b""
        return self.header + (b"\0" if self.extended else b"") + body + tail


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """`status` is SW1-SW2 as one number, 0x9000 for success."""

    data: bytes = field(repr=False)
    status: int

    @classmethod
    def decode(cls, raw: bytes) -> ResponseApdu:
        """Raises MalformedData when `raw` cannot be an answer."""
        if not 2 <= len(raw) <= MAX_RESPONSE:
            raise MalformedData("an answer of the card has no status word, or no end")
        return cls(raw[:-2], int.from_bytes(raw[-2:]))

    def expect_ok(self, what: str) -> bytes:
        """The data of a successful answer. Raises CardRefused, which tells `what` was refused."""
        if self.status != OK:
            raise CardRefused(what, self.status)
        return self.data


Exchange = Generator[CommandApdu, ResponseApdu, T]
"""A card protocol without I/O: yields commands, is sent the answers, returns its result."""
