"""What a ticket printer sends back, read strictly: bytes in, typed answers out, no I/O.

Four things can come, told apart by their form: a real-time status (0xx1xx10), the paper sensor's answer to
`GS r` (0xx0xxxx), the echo of a job's number and the answer to a cleared buffer (both begin with 37h).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.printers.errors import PrinterNonsense
from drivers.printers.escpos.commands import MOST_JOBS
from drivers.printers.port import Condition

_HEADER, _ECHO, _CLEARED = 0x37, 0x22, 0x25
_LONGEST = 7


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


Answer = RealTime | Sensor | Echo | Cleared


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

    def forget(self) -> None:
        """What came half is dropped: the line was cut."""
        self._rest = b""


def _take(data: bytes) -> tuple[Answer, int] | None:
    """The first answer and its length; None while it is not whole."""
    first = data[0]
    if first & 0x93 == 0x12:
        return RealTime(first), 1
    if first & 0x90 == 0:
        return Sensor(first), 1
    if first != _HEADER:
        raise PrinterNonsense(f"no printer answers 0x{first:02x}")
    if len(data) < 3:
        return None
    if data[1] == _CLEARED:
        _ends(data[2])
        return Cleared(), 3
    if data[1] != _ECHO:
        raise PrinterNonsense(f"no printer answers 0x37 0x{data[1]:02x}")
    if len(data) < _LONGEST:
        return None
    _ends(data[6])
    return Echo(_number(data[2:6])), _LONGEST


def _ends(byte: int) -> None:
    if byte:
        raise PrinterNonsense("an answer that does not end")


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
    """Of `DLE EOT 3`: the cutter; what only a switch off and on ends, or cooling."""
    found = {Condition.CUTTER} if bits & 0x08 else set()
    return frozenset(found | ({Condition.STOPPED} if bits & 0x64 else set()))


def paper(bits: int) -> frozenset[Condition]:
    """Of `DLE EOT 4`."""
    if bits & 0x60:
        return frozenset({Condition.PAPER_OUT})
    return frozenset({Condition.PAPER_LOW}) if bits & 0x0C else frozenset()
