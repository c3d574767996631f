"""A ticket printer that does what one test says: on TCP, in the test's own event loop.

    async with Peer() as peer:
        peer.status[1] = 0x16               # a drawer's pin that is high
        printer = ThermalPrinter(peer.address, SMALL, 0.2)
        …
        peer.commands                       # every command, in the order in which it came

It reads commands one after the other and has neither buffer nor paper; what needs those is tested with the
simulated printer. `on` gives a command another answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from drivers.printers.escpos import commands
from drivers.printers.escpos.models import Model
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.printers.port import JobState, JobStatus, Printer

SMALL = Model(name="Small", width=256, dpi=203, cutter="partial", echo=True, near_end=True, buffer=512)
"""Bands of seven rows."""
WITHOUT_ECHO = SMALL.model_copy(update={"echo": False, "clears": False})
ONLINE = 0x12
PAPER_OUT = 0x72
HELD = b""
"""No answer."""
DRAWER_HIGH = 0x16
"""On line; read as the answer to another question, an open cover."""


def page(rows: int, dots: bytes = b"\xaa") -> bytes:
    """A picture for SMALL: so many rows of the same dots."""
    return b"P4\n256 %d\n" % rows + (dots * 32)[:32] * rows


async def ended(printer: Printer, job_id: int) -> JobStatus:
    while (status := await printer.job(job_id)).state is JobState.PROCESSING:
        await asyncio.sleep(0.005)
    return status


class Peer:
    """`commands` are names, with an argument after a space: `status 1`, `raster 7`, `clear`, `recover`, `fence`,
    `echo`, `cut`, `initialize`, `status-off`, `nothing`."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.status = {1: ONLINE, 2: ONLINE, 3: ONLINE, 4: ONLINE}
        self.on: dict[str, Callable[[], bytes]] = {}
        self.greeting = b""
        self.rate = 0
        self.connections = 0
        self.address = ""
        self.gate = asyncio.Event()
        """While it is not set nothing is read."""
        self.gate.set()
        self._writer: asyncio.StreamWriter | None = None
        self._more = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=64)
        self.address = f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.hang_up()
        self._server.close()

    def hang_up(self) -> bytes:
        """Reset the connection there is, as an answer."""
        if self._writer is not None:
            self._writer.transport.abort()
        return b""

    def stall(self) -> bytes:
        """Read nothing more until the gate is set, as an answer."""
        self.gate.clear()
        return b""

    def say(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    async def until(self, command: str, times: int = 1) -> None:
        """Returns when a command came so often."""
        async with self._more:
            await self._more.wait_for(lambda: self.commands.count(command) >= times)

    @property
    def rows(self) -> int:
        """Rows of dots that came."""
        return sum(int(command.split()[1]) for command in self.commands if command.startswith("raster"))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.connections += 1
        writer.write(self.greeting)
        try:
            while not writer.is_closing():
                command = await self._command(reader)
                answer = self.on.get(command, lambda: self._answer)()
                self.commands.append(command)
                writer.write(answer)
                async with self._more:
                    self._more.notify_all()
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            await self.gate.wait()
            taken += await reader.readexactly(min(50, count - len(taken)) if self.rate else count)
            if self.rate:
                await asyncio.sleep(min(50, count) / self.rate)
        return taken

    async def _command(self, reader: asyncio.StreamReader) -> str:
        self._answer = b""
        first = await self._take(reader, 1)
        if first == b"\0":
            return "nothing"
        match first + await self._take(reader, 1):
            case b"\x1b@":
                return "initialize"
            case b"\x10\x04":
                n = (await self._take(reader, 1))[0]
                self._answer = bytes((self.status[n],))
                return f"status {n}"
            case b"\x10\x05":
                await self._take(reader, 1)
                return "recover"
            case b"\x10\x14":
                assert await self._take(reader, 8) == commands.CLEAR[2:]
                self._answer = b"\x37\x25\0"
                return "clear"
            case b"\x1dr":
                await self._take(reader, 1)
                self._answer = b"\0"
                return "fence"
            case b"\x1da":
                await self._take(reader, 1)
                return "status-off"
            case b"\x1dV":
                await self._take(reader, 2)
                return "cut"
            case b"\x1dv":
                head = await self._take(reader, 6)
                across, height = int.from_bytes(head[2:4], "little"), int.from_bytes(head[4:6], "little")
                await self._take(reader, across * height)
                return f"raster {height}"
            case b"\x1d(":
                self._answer = b"\x37\x22" + (await self._take(reader, 9))[5:] + b"\0"
                return "echo"
            case other:
                raise AssertionError(f"no command: {other.hex()}")


@asynccontextmanager
async def connected(model: Model = SMALL, deadline: float = 0.1) -> AsyncIterator[tuple[Peer, ThermalPrinter]]:
    async with Peer() as peer:
        printer = ThermalPrinter(peer.address, model, deadline)
        try:
            yield peer, printer
        finally:
            await printer.close()


def run(work: Callable[[Peer, ThermalPrinter], Awaitable[None]], model: Model = SMALL, deadline: float = 0.1) -> None:
    async def main() -> None:
        async with connected(model, deadline) as (peer, printer), asyncio.timeout(30):
            await work(peer, printer)

    asyncio.run(main())
