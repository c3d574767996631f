"""Command and response APDUs (ISO 7816-4 §5.1), short length."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from drivers.smartcard.errors import CardRefused, MalformedData

OK = 0x9000
MAX_RESPONSE = 65_538

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """`le` is how many bytes are expected: None for none, 256 for "as many as fit a short answer"."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int | None = None

    def __post_init__(self) -> None:
        if len(self.data) > 255 or (self.le is not None and not 1 <= self.le <= 256):
            raise ValueError("too long for a short APDU")

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins, self.p1, self.p2))

    def encode(self) -> bytes:
        body = bytes((len(self.data),)) + self.data if self.data else b""
        tail = bytes((self.le & 0xFF,)) if self.le is not None else b""
        return self.header + body + tail


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
