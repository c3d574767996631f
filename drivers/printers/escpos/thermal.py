"""A ticket printer, from bitmaps to an echo that says they are on paper.

    printer = ThermalPrinter("tcp://printer.example:9100", load_model("epson-tm-t20iii"), deadline=2.0)
    job_id = await printer.submit(bitmaps, title="…", on_created=write_it_down)
    while (job := await printer.job(job_id)).state is JobState.PROCESSING: …

Such a printer keeps no jobs, only a buffer, and goes on with what is in it when paper comes back: to whoever
stands there then. So these are the rules:

1. Whatever an earlier connection left is dropped before anything is sent, and a strip that may hang is cut off.
2. A strip that was interrupted is never resumed: the buffer is cleared and what hangs is cut off.
3. A page counts when the printer has echoed the job's number after its cut, and not before.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from drivers.printers.errors import (
    JobNotFound,
    PrinterError,
    PrinterNonsense,
    PrinterSilent,
    blocked_by,
)
from drivers.printers.escpos import commands
from drivers.printers.escpos.answers import Cleared, Echo, Sensor
from drivers.printers.escpos.bitmap import Bitmap, read_bitmaps
from drivers.printers.escpos.models import Model
from drivers.printers.escpos.ports import open_port
from drivers.printers.escpos.talk import A, Talk
from drivers.printers.port import BLOCKING, Condition, Evidence, Intake, JobState, JobStatus, PrinterStatus

_OUTSTANDING = 2
_NOT_FOUND = 0x0406


@dataclass(slots=True)
class _Job:
    """What is known of one document. `touched`: dots of it may be on paper; `lost`: nothing more will be known."""

    job_id: int
    pages: list[Bitmap]
    state: JobState = JobState.PROCESSING
    done: int = 0
    touched: bool = False
    conditions: frozenset[Condition] = frozenset()
    lost: PrinterError | None = None
    unproven: bool = False


class _Interrupted(Exception):
    """The printer cannot go on with the strip."""


class ThermalPrinter:
    """`port.Printer` over ESC/POS. Used from one event loop; every method raises PrinterError subclasses only."""

    def __init__(self, address: str, model: Model, deadline: float) -> None:
        """`deadline` bounds one answer, in seconds."""
        self._address = address
        self._model = model
        self._deadline = deadline
        self._talk: Talk | None = None
        self._line = asyncio.Lock()
        self._job: _Job | None = None
        self._work: asyncio.Task[None] | None = None
        self._hangs = True
        self._known = frozenset[Condition]()

    @property
    def evidence(self) -> Evidence:
        return "escpos-echo" if self._model.echo else "none"

    async def intake(self) -> Intake:
        return Intake("image/x-portable-bitmap", self._model.dpi, self._model.width)

    async def status(self) -> PrinterStatus:
        """By real-time status; while a document is printed, what was last heard."""
        if self._busy:
            return PrinterStatus(False, self._known, self._model.name)
        async with self._open() as talk:
            self._known = await talk.conditions()
        return PrinterStatus(not self._known & BLOCKING, self._known, self._model.name)

    async def clear(self) -> None:
        """Drop what the printer holds, and cut off what hangs. Raises what keeps it from that."""
        await self._stop_work()
        async with self._open() as talk:
            if self._hangs:
                await self._tidy(talk)

    async def submit(
        self, document: bytes, *, title: str, on_created: Callable[[int], Awaitable[None]] | None = None
    ) -> int:
        """Print bitmaps; gives the job's number, which the printer will echo. `title` goes nowhere."""
        pages = read_bitmaps(document, self._model.width)
        await self.clear()
        async with self._open() as talk:
            if (blocked := blocked_by(await talk.conditions())) is not None:
                raise blocked
        job = _Job(1 + secrets.randbelow(commands.MOST_JOBS), pages)
        if on_created is not None:
            await on_created(job.job_id)
        self._job = job
        self._work = asyncio.create_task(self._print(job))
        return job.job_id

    async def job(self, job_id: int) -> JobStatus:
        job = self._of(job_id)
        if job.lost is not None:
            raise job.lost
        counted = job.state is not JobState.ABORTED or not job.touched
        return JobStatus(job.state, job.done, job.conditions, counted=counted and not job.unproven)

    async def cancel(self, job_id: int) -> JobStatus:
        """Stop a document; of one that is not known here, what is left of it is cleared away all the same."""
        await self.clear()
        return await self.job(job_id)

    async def close(self) -> None:
        """Let go of the line. A document that is being printed is stopped."""
        await self._stop_work()
        await self._hang_up()

    # --- one document

    @property
    def _busy(self) -> bool:
        return self._work is not None and not self._work.done()

    def _of(self, job_id: int) -> _Job:
        if self._job is None or self._job.job_id != job_id:
            raise JobNotFound("the printer knows no such document", _NOT_FOUND)
        return self._job

    async def _print(self, job: _Job) -> None:
        try:
            async with self._open() as talk:
                try:
                    for page in job.pages:
                        await self._strip(talk, job, page)
                except _Interrupted:
                    job.state = JobState.ABORTED
                    with contextlib.suppress(PrinterError):
                        await self._tidy(talk)
                    return
            job.unproven = not self._model.echo
            job.state = JobState.COMPLETED
        except PrinterError as error:
            if not job.touched:
                job.state = JobState.ABORTED
            job.lost = error if job.touched else None
        except asyncio.CancelledError:
            job.state = JobState.CANCELED if not job.touched else JobState.ABORTED

    async def _strip(self, talk: Talk, job: _Job, page: Bitmap) -> None:
        step = self._model.band * (page.width // 8)
        unanswered = 0
        await talk.send(commands.INITIALIZE)
        for at in range(0, len(page.rows), step):
            self._hangs = job.touched = True
            await talk.send(commands.raster(page.rows[at : at + step], page.width) + commands.PAPER_SENSOR)
            unanswered += 1
            if unanswered == _OUTSTANDING:
                await self._hear(talk, job, Sensor)
                unanswered -= 1
        for _ in range(unanswered):
            await self._hear(talk, job, Sensor)
        await talk.send(commands.cut(partial=self._model.cutter == "partial"))
        if self._model.echo:
            await talk.send(commands.echo(job.job_id))
            if (await self._hear(talk, job, Echo)).job_id != job.job_id:
                raise PrinterNonsense("the echo of another document")
            job.done += 1
        else:
            await talk.send(commands.PAPER_SENSOR)
            await self._hear(talk, job, Sensor)
        self._hangs = False

    async def _hear(self, talk: Talk, job: _Job, kind: type[A]) -> A:
        """An answer, however long the printer needs for what comes before it, unless it says that it cannot."""
        while True:
            try:
                return await talk.await_(kind)
            except PrinterSilent:
                self._known = job.conditions = await talk.conditions()
                if job.conditions & BLOCKING:
                    raise _Interrupted from None

    # --- the line

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Talk]:
        """The conversation, begun anew where there is none. An error ends it: nothing half said is believed."""
        async with self._line:
            try:
                if self._talk is None:
                    self._hangs = True
                    self._talk = Talk(await open_port(self._address, self._deadline), self._deadline)
                    await self._talk.send(commands.STATUS_OFF)
                await self._talk.drain()
                yield self._talk
            except (PrinterError, asyncio.CancelledError):
                await self._hang_up()
                raise

    async def _tidy(self, talk: Talk) -> None:
        """Rules 1 and 2. Raises what keeps the strip from being cut off; the buffer is empty all the same."""
        if self._model.clears:
            await talk.send(commands.RECOVER + commands.CLEAR)
            await talk.await_(Cleared)
        if (blocked := blocked_by(await talk.conditions())) is not None:
            raise blocked
        await talk.send(commands.INITIALIZE + commands.cut(partial=self._model.cutter == "partial"))
        await talk.fence()
        if (blocked := blocked_by(await talk.conditions())) is not None:
            raise blocked
        self._hangs = False

    async def _hang_up(self) -> None:
        talk, self._talk = self._talk, None
        if talk is not None:
            with contextlib.suppress(OSError):
                await talk.close()

    async def _stop_work(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
