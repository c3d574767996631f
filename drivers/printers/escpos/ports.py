"""The line to a ticket printer: bytes out, bytes in, over TCP, a serial line or USB.

port = await open_port("tcp://printer.example:9100", deadline=2.0)
await port.write(b"…")
data = await port.read(0.5)       # b"" when nothing came in that time
await port.close()
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

import serial

from drivers.printers.errors import PrinterAddressInvalid, PrinterBusy, PrinterSilent, PrinterUnreachable

_MOST = 4096
_SERIAL = re.compile(r"^serial:(/[^\s?]+)(?:\?baud=([0-9]{3,7}))?$")
_DEFAULT_BAUD = 115200


class BytePort(Protocol):
    """Every method raises PrinterUnreachable once the line is cut; `write` PrinterSilent when nothing is taken."""

    async def write(self, data: bytes) -> None: ...
    async def read(self, seconds: float) -> bytes: ...
    async def close(self) -> None: ...


class Line:
    """A descriptor that never blocks: a socket, or a serial line. `deadline` (s) is for one step forward."""

    def __init__(self, descriptor: int, deadline: float, let_go: Callable[[], None]) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._deadline = deadline
        self._let_go = let_go
        self._loop = asyncio.get_running_loop()

    async def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                if not await self._until(self._loop.add_writer, self._loop.remove_writer, self._deadline):
                    raise PrinterSilent("the printer takes nothing more") from None
            except OSError as error:
                raise PrinterUnreachable("the line to the printer is cut") from error

    async def read(self, seconds: float) -> bytes:
        try:
            if not await self._until(self._loop.add_reader, self._loop.remove_reader, seconds):
                return b""
            data = os.read(self._descriptor, _MOST)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise PrinterUnreachable("the line to the printer is cut") from error
        if not data:
            raise PrinterUnreachable("the printer ended the connection")
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


async def open_port(address: str, deadline: float) -> BytePort:
    """Raises PrinterAddressInvalid, PrinterBusy (another has the line), PrinterUnreachable, PrinterSilent."""
    if address.startswith("tcp://"):
        return await _open_tcp(address, deadline)
    if (found := _SERIAL.match(address)) is not None:
        return _open_serial(found[1], int(found[2] or _DEFAULT_BAUD), deadline)
    raise PrinterAddressInvalid("a ticket printer's address is tcp://HOST:PORT, serial:/dev/NAME or usb:VENDOR:PRODUCT")


async def _open_tcp(address: str, deadline: float) -> Line:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port or parts.path or parts.query:
        raise PrinterAddressInvalid("the ticket printer's address is not tcp://HOST:PORT")
    try:
        async with asyncio.timeout(deadline):
            loop = asyncio.get_running_loop()
            (family, kind, protocol, _, where), *_ = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            connection = socket.socket(family, kind, protocol)
            connection.setblocking(False)
            try:
                await loop.sock_connect(connection, where)
            except BaseException:
                connection.close()
                raise
    except TimeoutError as error:
        raise PrinterSilent(f"no connection to the ticket printer within {deadline:g} s") from error
    except OSError as error:
        raise PrinterUnreachable("no connection to the ticket printer") from error
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Line(connection.fileno(), deadline, connection.close)


def _open_serial(device: str, baud: int, deadline: float) -> Line:
    try:
        line = serial.Serial(device, baud, exclusive=True, dsrdtr=False, rtscts=False, timeout=0, write_timeout=0)
    except serial.SerialException as error:
        if "lock" in str(error).lower():
            raise PrinterBusy("another process has the ticket printer's line", 0) from error
        raise PrinterUnreachable("the ticket printer's line cannot be opened") from error
    except ValueError as error:
        raise PrinterAddressInvalid("a serial line cannot be so fast, or so slow") from error
    return Line(line.fileno(), deadline, line.close)
