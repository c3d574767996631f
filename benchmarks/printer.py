"""The printer: LaserPrinter and the job's watch beside a bare Print-Job and bare questions, to the same ippeveprinter.

What a job takes inside the printer is on both sides; what differs is how many requests are made, how they are
read, and how often it is asked whether the paper is out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from benchmarks.ipp import COMPLETED, IDLE, BareIpp
from benchmarks.measure import Stage
from drivers.printers.laser import LaserPrinter
from kiosk.simulation.townhall import TownHall
from printing.job import print_document

_DEADLINE_S = 30.0
_POLL_S = 0.01
"""The floor asks as often as this; it would win nothing more by asking without a pause."""


class Watched(LaserPrinter):
    """Measures its own `submit` into the stage given."""

    def __init__(self, uri: str, stage: Stage) -> None:
        super().__init__(uri, _DEADLINE_S)
        self._stage = stage

    async def submit(
        self, document: bytes, *, title: str, on_created: Callable[[int], Awaitable[None]] | None = None
    ) -> int:
        before = self.requests
        with self._stage.ours.measured():
            job_id = await super().submit(document, title=title, on_created=on_created)
        self._stage.counts["requests"] = self.requests - before
        return job_id

    @property
    def requests(self) -> int:
        return self._ipp._requests


def measure(hall: TownHall, document: bytes, rounds: int) -> list[Stage]:
    """`submit` and `job`; the tray is filled as needed."""
    return asyncio.run(_measure(hall, document, rounds))


async def _measure(hall: TownHall, document: bytes, rounds: int) -> list[Stage]:
    submit = Stage("submit", "Create-Job and Send-Document", "one Print-Job of the same bytes")
    job = Stage("job", "print_document until printed", f"Print-Job, then asking every {_POLL_S * 1000:g} ms")
    submit.counts["bytes"] = len(document)
    for _ in range(rounds + 1):
        hall.printer.paper_in()
        await _ours(hall.printer.uri, document, submit, job)
        await _idle(hall.printer.uri)
        await _floor(hall.printer.uri, document, submit, job)
        await _idle(hall.printer.uri)
    return [submit.set_first_apart(), job.set_first_apart()]


async def _ours(uri: str, document: bytes, submit: Stage, job: Stage) -> None:
    printer = Watched(uri, submit)
    try:
        with job.ours.measured():
            paper = await print_document(printer, document, title="bench", deadline=_DEADLINE_S)
        job.counts["requests"] = printer.requests
    finally:
        await printer.close()
    if paper.outcome != "printed":
        raise RuntimeError(f"the benchmark's page was not printed: {paper.outcome}")


async def _floor(uri: str, document: bytes, submit: Stage, job: Stage) -> None:
    """One new connection, as a visit needs it; the questions that follow go over the same."""
    async with aiohttp.ClientSession() as http:
        bare = BareIpp(uri, http)
        with job.floor.measured():
            with submit.floor.measured():
                job_id = await bare.print_job(document)
            while await bare.job_state(job_id) != COMPLETED:
                await asyncio.sleep(_POLL_S)


async def _idle(uri: str) -> None:
    """A printer still busy with the end of one job refuses the next."""
    async with aiohttp.ClientSession() as http:
        bare = BareIpp(uri, http)
        while await bare.printer_state() != IDLE:
            await asyncio.sleep(_POLL_S)
