"""A scanner on a serial line, or on a USB cable that makes one (CDC-ACM): the zone as text, lines ended by CR or LF,
the whole between STX and ETX or not."""

from __future__ import annotations

import os
import termios
import time
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

import serial

from drivers.scanners.errors import ScannerAbsent, ScannerBusy, ScannerError, ScannerFault, from_system
from drivers.scanners.gathering import LINE_END, Gathering
from drivers.scanners.port import Find, Zone
from drivers.scanners.readable import readable

_DEVICE = "serial scanner"
_MOST = 4096


class SerialLine:
    """`device` is a path, best `/dev/serial/by-id/…`; `pause` (seconds) parts one scan from the next."""

    name = "serial"
    on_demand = False

    def __init__(self, device: str, find: Find, *, baud: int = 9600, pause: float = 0.5) -> None:
        self._path = device
        self._baud = baud
        self._find = find
        self._pause = pause
        self._line: serial.Serial | None = None

    async def __aenter__(self) -> Self:
        """Raises ScannerAbsent, ScannerBusy, ScannerFault."""
        try:
            line = serial.Serial(self._path, self._baud, exclusive=True, timeout=0, write_timeout=0)
            attributes = termios.tcgetattr(line.fileno())
            attributes[6][termios.VMIN] = 1  # pyserial's 0 would make an empty read look like the end of the line
            termios.tcsetattr(line.fileno(), termios.TCSANOW, attributes)
            os.set_blocking(line.fileno(), False)
        except (OSError, ValueError, termios.error) as error:
            raise _not_opened(error) from None
        self._line = line
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    async def events(self) -> AsyncGenerator[Zone, None]:
        """Raises ScannerAbsent when its cable is pulled out."""
        if self._line is None:
            raise ScannerAbsent(f"the {_DEVICE} is not open")
        descriptor = self._line.fileno()
        gathering = Gathering(self._find, self._pause)
        while _take(descriptor):
            pass  # what was sent before anybody asked
        while True:
            if not await readable(descriptor, self._pause if gathering.waiting else None):
                if (zone := gathering.settle()) is not None:
                    yield zone
                continue
            at = time.monotonic()
            for byte in _take(descriptor):
                zone = _byte(gathering, byte, at)
                if zone is not None:
                    yield zone


def _byte(gathering: Gathering, byte: int, at: float) -> Zone | None:
    match byte:
        case 0x02:  # STX
            gathering.forget()
            return None
        case 0x03:  # ETX
            return gathering.settle()
        case 0x0D | 0x0A:
            return gathering.take(LINE_END, at)
        case _:
            return gathering.take(chr(byte), at)


def _take(descriptor: int) -> bytes:
    """What is there; b"" when nothing is. Raises ScannerAbsent when the line has ended."""
    try:
        data = os.read(descriptor, _MOST)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise ScannerAbsent(f"the {_DEVICE} went away") from error
    if not data:
        raise ScannerAbsent(f"the {_DEVICE} went away")
    return data


def _not_opened(error: Exception) -> ScannerError:
    number = getattr(error, "errno", None)
    if isinstance(number, int):
        return from_system(OSError(number, ""), _DEVICE)
    if isinstance(error, serial.SerialException) and "lock" in str(error).lower():
        return ScannerBusy(f"another program holds the {_DEVICE}")
    return ScannerFault(f"the {_DEVICE} cannot be used")
