"""A printer that keeps its connections, as long and as truly as a test wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from drivers.printers.laser import LaserPrinter
from drivers.printers.port import JobState
from tests.drivers.printers.impostor import (
    CREATE,
    JOB_7,
    JOB_ATTRIBUTES,
    PRINTER_ATTRIBUTES,
    READY,
    SEND,
    Scripted,
    http,
    integer,
    ipp,
    request,
)

PROMISE = b"Connection: Keep-Alive"
DONE = ipp(0, JOB_7, integer(0x23, b"job-state", 9), integer(0x21, b"job-impressions-completed", 1))
When = Callable[[int, int], bool]
"""Of an operation, and which request on its connection it is, from 0."""


def never(operation: int, nth: int) -> bool:
    return False


PAGE = b"%PDF-1.7 a page"


class Keeper(Scripted):
    """`lines` are the operations heard on each connection. It `hangs_up` at once after an answer, or `cuts` the
    connection instead of one; both without a word. `adds` follows each answer."""

    def __init__(
        self, promise: bytes = PROMISE, *, hangs_up: When = never, cuts: When = never, adds: bytes = b""
    ) -> None:
        super().__init__({PRINTER_ATTRIBUTES: READY, CREATE: ipp(0, JOB_7), SEND: ipp(0, JOB_7), JOB_ATTRIBUTES: DONE})
        self.promise = promise
        self.hangs_up = hangs_up
        self.cuts = cuts
        self.adds = adds
        self.lines: list[list[int]] = []
        self.open: set[asyncio.StreamWriter] = set()
        self.left = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: list[int] = []
        self.lines.append(line)
        self.open.add(writer)
        self.left.clear()
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                body = self.hear(await request(reader))
                line.append(self.asked[-1])
                seen = line[-1], len(line) - 1
                if self.cuts(*seen):
                    break
                writer.write(http(body, b"200 OK", *([self.promise] if self.promise else [])) + self.adds)
                if self.hangs_up(*seen):
                    break
        writer.close()
        self.open.discard(writer)
        if not self.open:
            self.left.set()

    def drop(self) -> None:
        """Every connection is gone at once."""
        for writer in self.open:
            writer.transport.abort()


async def known(laser: LaserPrinter) -> None:
    """A question on a used connection: whether this printer keeps them is known afterwards."""
    await laser.status()
    await laser.status()


async def a_visit(laser: LaserPrinter) -> None:
    await known(laser)
    job = await laser.job(await laser.submit(PAGE, title="t"))
    assert (job.state, job.pages) == (JobState.COMPLETED, 1)
