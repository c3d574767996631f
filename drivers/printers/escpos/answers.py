"""What a ticket printer sends back, read strictly: bytes in, typed answers out, no I/O.

Five things can come, told apart by their form: a real-time status (0xx1xx10), the paper sensor's answer to
`GS r` (0xx0xxxx), the echo of a job's number, the answer to a cleared buffer (both begin with 37h), and, from a
printer that another program told to, an unasked status of four bytes (0xx1xx00, then 0xx0xxxx thrice).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.printers.errors import PrinterNonsense
from drivers.printers.escpos.commands import MOST_JOBS
from drivers.printers.port import Condition

_HEADER, _ECHO, _CLEARED = 0x37, 0x22, 0x25
_CLEARED_LENGTH, _UNASKED_LENGTH, _ECHO_LENGTH = 3, 4, 7


@dataclass(frozen=True, slots=True)
class RealTime:
    """An answer to `DLE EOT n`; which n, only the question says."""

    bits: int


@dataclass(frozen=True, slots=True)
class Sensor:
    """An answer to `GS r 1`: all that was sent before it has been processed."""

    bits: int


@dataclass(frozen=True, slots=True)
class Echo:
    """A job is on paper."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """The buffer is empty."""


@dataclass(frozen=True, slots=True)
class Unasked:
    """Automatic status, of no use here; `GS a 0` ends it."""


Answer = RealTime | Sensor | Echo | Cleared | Unasked


class Answers:
    """Feed it what was read; it keeps what is not whole yet."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Answer]:
        """Raises PrinterNonsense for a byte that begins nothing a printer says."""
        self._rest += data
        while self._rest:
            taken = _take(self._rest)
            if taken is None:
                return
            answer, length = taken
            self._rest = self._rest[length:]
            yield answer


def _take(data: bytes) -> tuple[Answer, int] | None:
    """The first answer and its length; None while it is not whole."""
    first = data[0]
    if first & 0x93 == 0x12:
        return RealTime(first), 1
    if first & 0x90 == 0:
        return Sensor(first), 1
    if first & 0x93 == 0x10:
        return _unasked(data)
    if first == _HEADER:
        return _block(data)
    raise PrinterNonsense(f"no printer answers 0x{first:02x}")


def _unasked(data: bytes) -> tuple[Unasked, int] | None:
    if any(byte & 0x90 for byte in data[1:_UNASKED_LENGTH]):
        raise PrinterNonsense("an unasked status that is none")
    return (Unasked(), _UNASKED_LENGTH) if len(data) >= _UNASKED_LENGTH else None


def _block(data: bytes) -> tuple[Echo | Cleared, int] | None:
    """What begins with 37h and ends with 00h."""
    if len(data) < 2:
        return None
    length = {_CLEARED: _CLEARED_LENGTH, _ECHO: _ECHO_LENGTH}.get(data[1])
    if length is None:
        raise PrinterNonsense(f"no printer answers 0x37 0x{data[1]:02x}")
    if len(data) < length:
        return None
    if data[length - 1]:
        raise PrinterNonsense("an answer that does not end")
    return (Cleared() if data[1] == _CLEARED else Echo(_number(data[2:6]))), length


def _number(characters: bytes) -> int:
    number = 0
    for character in characters:
        if not 0x20 <= character <= 0x7E:
            raise PrinterNonsense("an echo of something that was never sent")
        number = number * 95 + character - 0x20
    if not 0 < number <= MOST_JOBS:
        raise PrinterNonsense("an echo of something that was never sent")
    return number


def offline(bits: int) -> frozenset[Condition]:
    """Of `DLE EOT 1`."""
    return frozenset({Condition.OFFLINE}) if bits & 0x08 else frozenset()


def why_offline(bits: int) -> frozenset[Condition]:
    """Of `DLE EOT 2`."""
    found = {Condition.COVER_OPEN} if bits & 0x04 else set()
    return frozenset(found | ({Condition.PAPER_OUT} if bits & 0x20 else set()))


def errors(bits: int) -> frozenset[Condition]:
    """Of `DLE EOT 3`: the cutter; an error that only a hand ends (04h, 20h), or one that passes (40h: too hot)."""
    found = {Condition.CUTTER} if bits & 0x08 else set()
    return frozenset(found | ({Condition.STOPPED} if bits & 0x64 else set()))


def sensor(bits: int) -> frozenset[Condition]:
    """Of `GS r 1`. A printer without paper does not come to answer it."""
    return frozenset({Condition.PAPER_LOW}) if bits & 0x03 else frozenset()


def paper(bits: int) -> frozenset[Condition]:
    """Of `DLE EOT 4`."""
    if bits & 0x60:
        return frozenset({Condition.PAPER_OUT})
    return frozenset({Condition.PAPER_LOW}) if bits & 0x0C else frozenset()
