"""The two lines to the simulated ticket printer: TCP, and a pseudo-terminal for a serial cable.

    channel = open_channel("tcp", folder)
    data = await channel.read(64)      # waits for somebody to connect, and for bytes
    heard = channel.say(b"…")          # False when nobody is there to hear it
    channel.drop()                     # the line breaks; it can be used again
    channel.off(); channel.on()        # the plug

Nobody may be reading while a line is broken or unplugged. Who does not read what it is told loses it: a printer
keeps no answers. Standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import socket
import struct
import tty
from pathlib import Path
from typing import Protocol

_IN_THE_WIRE = 2048
"""Bytes the system keeps for us at most, and doubles: what waits there is in no printer yet."""


class Channel(Protocol):
    """`address` is the same for as long as the printer lives."""

    address: str

    @property
    def connected(self) -> bool: ...
    async def read(self, most: int) -> bytes: ...
    def say(self, data: bytes) -> bool: ...
    def drop(self) -> None: ...
    def off(self) -> None: ...
    def on(self) -> None: ...


def open_channel(transport: str, folder: Path, *, refuses: bool) -> Channel:
    """`refuses` is for TCP: a second connection is reset, instead of waiting for the first to end."""
    return Cable(folder / "line") if transport == "pty" else Network(refuses)


class Network:
    """TCP on 127.0.0.1; the port is the system's choice. One connection at a time."""

    def __init__(self, refuses: bool) -> None:
        self._refuses = refuses
        self._port = 0
        self._connection: socket.socket | None = None
        self._taken = asyncio.Event()
        self._free = asyncio.Event()
        self.on()
        self.address = f"tcp://127.0.0.1:{self._port}"

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def on(self) -> None:
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _IN_THE_WIRE)
        self._listening.bind(("127.0.0.1", self._port))
        self._listening.listen(1)
        self._listening.setblocking(False)
        self._port = int(self._listening.getsockname()[1])
        self._free.set()
        self._accepting = asyncio.create_task(self._accept(self._listening))

    def off(self) -> None:
        self._accepting.cancel()
        self._listening.close()
        self.drop()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listening)
            if self._refuses and self._connection is not None:
                _reset(connection)
                continue
            try:
                await self._free.wait()
            except asyncio.CancelledError:
                _reset(connection)
                raise
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = connection
            self._free.clear()
            self._taken.set()

    async def read(self, most: int) -> bytes:
        loop = asyncio.get_running_loop()
        while True:
            await self._taken.wait()
            assert self._connection is not None  # noqa: S101 - it is taken
            with contextlib.suppress(OSError):
                if data := await loop.sock_recv(self._connection, most):
                    return data
            self._let_go().close()

    def say(self, data: bytes) -> bool:
        if self._connection is None:
            return False
        with contextlib.suppress(OSError):
            self._connection.send(data)
        return True

    def drop(self) -> None:
        if self._connection is not None:
            _reset(self._let_go())

    def _let_go(self) -> socket.socket:
        connection, self._connection = self._connection, None
        assert connection is not None  # noqa: S101 - who calls has looked
        self._taken.clear()
        self._free.set()
        return connection


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Cable:
    """A serial line: nobody connects, bytes come. After a break it is a new terminal, under the same link."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self._ours = self._theirs = -1
        self.on()
        self.address = f"serial:{link}?baud=115200"

    @property
    def connected(self) -> bool:
        return self._ours >= 0

    def on(self) -> None:
        self._ours, self._theirs = pty.openpty()  # theirs stays open, or the line would end with each who closes it
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(self._theirs))

    def off(self) -> None:
        self._link.unlink(missing_ok=True)
        for side in (self._ours, self._theirs):
            os.close(side)
        self._ours = self._theirs = -1

    def drop(self) -> None:
        self.off()
        self.on()

    async def read(self, most: int) -> bytes:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(BlockingIOError):
                return os.read(self._ours, most)
            ready = asyncio.Event()
            loop.add_reader(self._ours, ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_reader(self._ours)

    def say(self, data: bytes) -> bool:
        with contextlib.suppress(OSError):
            os.write(self._ours, data)
        return self.connected
