"""The line to a ticket printer: bytes out, bytes in, over TCP, a serial line or USB.

port = await open_port("tcp://printer.example:9100", deadline=2.0)
await port.write(b"…", patience=2.0)
data = await port.read(0.5)       # b"" when nothing came in that time
await port.close()

Addresses are tcp://HOST:PORT (an IPv6 host in brackets), serial:/dev/NAME[?baud=N] and
usb:VENDOR:PRODUCT[:SERIAL], both numbers as four hexadecimal digits.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import socket
import struct
import termios
from collections.abc import Callable
from typing import Protocol

import serial

from drivers.printers.errors import (
    PrinterAddressInvalid,
    PrinterBusy,
    PrinterError,
    PrinterSilent,
    PrinterUnreachable,
)

_MOST = 4096
_TCP = re.compile(r"tcp://(?:([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))|\[([0-9A-Fa-f:.]{2,45})\]):([0-9]{1,5})")
_SERIAL = re.compile(r"serial:(/[^\s?\0]{1,120})(?:\?baud=([0-9]{3,7}))?")
_USB = re.compile(r"usb:([0-9a-f]{4}):([0-9a-f]{4})(?::([\x21-\x7e]{1,60}))?")
_DEFAULT_BAUD = 115_200
BUSY = 0x0507
"""server-error-busy, as laser printers say it (RFC 8011 §B.1)."""


class BytePort(Protocol):
    """Every method raises PrinterUnreachable once the line is cut. One reader and one writer at a time."""

    async def write(self, data: bytes, patience: float) -> None:
        """Returns when all is on its way. Raises PrinterSilent when for `patience` seconds none of it was taken."""

    async def read(self, seconds: float) -> bytes:
        """What came, as soon as anything did; b"" when nothing came in so many seconds."""

    async def close(self) -> None:
        """Let go of the line. What was written and has not left is dropped, where the system can do that."""


async def open_port(address: str, deadline: float) -> BytePort:
    """Raises PrinterAddressInvalid, PrinterBusy (another has the line), PrinterUnreachable, PrinterSilent."""
    if (found := _TCP.fullmatch(address)) is not None and 0 < int(found[3]) <= 0xFFFF:
        return await _open_tcp(found[1] or found[2], int(found[3]), deadline)
    if (found := _SERIAL.fullmatch(address)) is not None:
        return _open_serial(found[1], int(found[2] or _DEFAULT_BAUD))
    if (found := _USB.fullmatch(address)) is not None:
        from drivers.printers.escpos.usb_port import open_usb  # libusb is loaded where it is needed

        return await open_usb(int(found[1], 16), int(found[2], 16), found[3])
    raise PrinterAddressInvalid("a ticket printer's address is tcp://HOST:PORT, serial:/dev/NAME or usb:VENDOR:PRODUCT")


class Line:
    """A descriptor that never blocks: a socket, a serial line, a pseudo-terminal."""

    def __init__(self, descriptor: int, let_go: Callable[[], None]) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._let_go = let_go
        self._loop = asyncio.get_running_loop()

    async def write(self, data: bytes, patience: float) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                if not await self._until(self._loop.add_writer, self._loop.remove_writer, patience):
                    raise PrinterSilent("the ticket printer takes nothing more") from None
            except OSError as error:
                raise PrinterUnreachable("the line to the ticket printer is cut") from error

    async def read(self, seconds: float) -> bytes:
        data = self._take()
        if data is None and seconds > 0 and await self._until(self._loop.add_reader, self._loop.remove_reader, seconds):
            data = self._take()
        return data or b""

    def _take(self) -> bytes | None:
        """What is there; None when nothing is."""
        try:
            data = os.read(self._descriptor, _MOST)
        except BlockingIOError:
            return None
        except OSError as error:
            raise PrinterUnreachable("the line to the ticket printer is cut") from error
        if not data:
            raise PrinterUnreachable("the ticket printer ended the connection")
        return data

    async def _until(
        self, add: Callable[[int, Callable[[], None]], None], remove: Callable[[int], bool], seconds: float
    ) -> bool:
        """Whether the descriptor came to it within so many seconds."""
        ready = asyncio.Event()
        add(self._descriptor, ready.set)
        try:
            async with asyncio.timeout(seconds):
                await ready.wait()
        except TimeoutError:
            return False
        finally:
            remove(self._descriptor)
        return True

    async def close(self) -> None:
        self._let_go()


async def _open_tcp(host: str, port: int, deadline: float) -> Line:
    loop = asyncio.get_running_loop()
    connection: socket.socket | None = None
    try:
        async with asyncio.timeout(deadline):
            (family, kind, protocol, _, where), *_ = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            connection = socket.socket(family, kind, protocol)
            connection.setblocking(False)
            await loop.sock_connect(connection, where)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, TimeoutError):
            raise PrinterSilent(f"no connection to the ticket printer within {deadline:g} s") from error
        if isinstance(error, OSError | UnicodeError):  # a host's name with an empty or too long part is the latter
            raise PrinterUnreachable("no connection to the ticket printer") from error
        raise
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return Line(connection.fileno(), connection.close)


def _open_serial(device: str, baud: int) -> Line:
    if baud not in serial.Serial.BAUDRATES:
        raise PrinterAddressInvalid(f"no serial line runs at {baud} baud")
    try:
        line = serial.Serial(device, baud, exclusive=True, timeout=0, write_timeout=0)
        attributes = termios.tcgetattr(line.fileno())
        attributes[6][termios.VMIN] = 1  # pyserial's 0 would make an empty read look like the end of the line
        termios.tcsetattr(line.fileno(), termios.TCSANOW, attributes)
        termios.tcflush(line.fileno(), termios.TCIOFLUSH)
    except (serial.SerialException, termios.error) as error:
        raise _not_opened(error) from error

    def let_go() -> None:
        with contextlib.suppress(termios.error):
            termios.tcflush(line.fileno(), termios.TCOFLUSH)
        line.close()

    return Line(line.fileno(), let_go)


def _not_opened(error: Exception) -> PrinterError:
    if getattr(error, "errno", None) in (errno.EBUSY, errno.EAGAIN):  # EAGAIN: the lock that pyserial asks for is held
        return PrinterBusy("another program has the ticket printer's line", BUSY)
    return PrinterUnreachable("the ticket printer's line cannot be opened")
