"""A ticket printer, from bitmaps to an echo that says they are on paper.

    printer = ThermalPrinter("tcp://printer.example:9100", load_model("epson-tm-t20iii"), deadline=2.0)
    job_id = await printer.submit(bitmaps, title="…", on_created=write_it_down)
    while (job := await printer.job(job_id)).state is JobState.PROCESSING: …

Such a printer keeps no jobs, only a buffer, and goes on with what is in it when paper comes back: to whoever
stands there then. So these are the rules:

1. A new connection first drops whatever an earlier one left; nothing is printed before a strip that may hang
   is cut off.
2. A strip that was interrupted is never resumed: the buffer is dropped at once, and what hangs is cut off as
   soon as that can be.
3. A page counts when the printer has echoed the job's number after its cut, and not before.
4. `failed` needs that no row of dots was sent; once one was, only the echo ends the doubt.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from drivers.printers.errors import (
    JobLeft,
    JobNotFound,
    PrinterBusy,
    PrinterError,
    PrinterNonsense,
    PrinterSilent,
    PrinterUnreachable,
    blocked_by,
)
from drivers.printers.escpos import answers, commands
from drivers.printers.escpos.answers import Echo, Sensor
from drivers.printers.escpos.bitmap import Bitmap, read_bitmaps
from drivers.printers.escpos.models import Model
from drivers.printers.escpos.ports import BUSY, open_port
from drivers.printers.escpos.talk import PATIENCE, Halted, Talk
from drivers.printers.port import BLOCKING, Condition, Evidence, Intake, JobState, JobStatus, PrinterStatus

_OUTSTANDING = 2
_AGAIN_S = 1.0
_NOT_FOUND = 0x0406
_DOUBTFUL = (PrinterUnreachable, PrinterSilent, PrinterNonsense, JobLeft)
"""After these nothing that comes on the same connection is believed."""


@dataclass(slots=True)
class _Job:
    """One document. `touched`: dots of it may be on paper; `lost`: why nothing more will be known."""

    job_id: int
    pages: list[Bitmap]
    state: JobState = JobState.PROCESSING
    done: int = 0
    touched: bool = False
    conditions: frozenset[Condition] = frozenset()
    lost: PrinterError | None = None

    @property
    def runs(self) -> bool:
        return self.state is JobState.PROCESSING and self.lost is None

    def tell(self, conditions: frozenset[Condition]) -> None:
        self.conditions = conditions

    def stop(self, state: JobState) -> None:
        """It ended before its end."""
        if self.runs:
            self.state = JobState.ABORTED if self.touched else state


class ThermalPrinter:
    """`port.Printer` over ESC/POS. Used from one event loop; every method raises PrinterError subclasses only."""

    def __init__(self, address: str, model: Model, deadline: float) -> None:
        """`address` as in `ports`; `deadline` bounds one answer, in seconds."""
        self._address = address
        self._model = model
        self._deadline = deadline
        self._talk: Talk | None = None
        self._line = asyncio.Lock()
        self._job: _Job | None = None
        self._work: asyncio.Task[None] | None = None
        self._hangs = True
        """A strip may hang from the printer, or the rest of one be in it."""

    @property
    def evidence(self) -> Evidence:
        return "escpos-echo" if self._model.echo else "none"

    async def intake(self) -> Intake:
        return Intake("image/x-portable-bitmap", self._model.dpi, self._model.width)

    async def status(self) -> PrinterStatus:
        """By real-time status; while a document is printed, what was last heard."""
        if self._job is not None and self._job.runs:
            return PrinterStatus(False, self._job.conditions, self._model.name)
        async with self._open() as talk:
            found = await talk.conditions()
        return PrinterStatus(not found & BLOCKING, found, self._model.name)

    async def clear(self) -> None:
        """Drop what the printer holds and cut off what hangs; a document that is being printed is stopped.

        Raises what keeps it from that: without paper nothing can be cut off. JobLeft where it answers, and
        does not drop.
        """
        stopped = await self._stop_work()
        try:
            async with self._open() as talk:
                await self._tidy(talk)
        except PrinterError:
            if stopped:
                self._work = asyncio.create_task(self._tidy_when_possible())
            raise
        self._forget_lost()

    async def submit(
        self, document: bytes, *, title: str, on_created: Callable[[int], Awaitable[None]] | None = None
    ) -> int:
        """Print bitmaps; gives the job's number, which the printer will echo. `title` goes nowhere."""
        pages = read_bitmaps(document, self._model.width)
        if self._job is not None and self._job.runs:
            raise PrinterBusy("the ticket printer prints another document", BUSY)
        await self.clear()
        job = _Job(1 + secrets.randbelow(commands.MOST_JOBS), pages)
        if on_created is not None:
            await on_created(job.job_id)
        self._job = job
        self._work = asyncio.create_task(self._print(job))
        return job.job_id

    async def job(self, job_id: int) -> JobStatus:
        """Raises JobNotFound; what the connection was lost by, until the printer is found again and cleared."""
        job = self._job
        if job is None or job.job_id != job_id:
            raise JobNotFound("the printer knows no such document", _NOT_FOUND)
        if job.lost is not None:
            raise job.lost.with_traceback(None)
        proven = self._model.echo if job.state is JobState.COMPLETED else not job.touched or job.runs
        return JobStatus(job.state, job.done, job.conditions, counted=proven)

    async def cancel(self, job_id: int) -> JobStatus:
        """Stop a document and have it dropped; what is left of one that is not known here is dropped all the same.

        Returns when the printer said that it holds nothing more of it. Raises JobNotFound.
        """
        await self._stop_work()
        try:
            async with self._open() as talk:
                await self._drop(talk)
        finally:
            self._work = asyncio.create_task(self._tidy_when_possible())
        self._forget_lost()
        return await self.job(job_id)

    async def close(self) -> None:
        """Let go of the line. A document that is being printed is stopped and dropped."""
        running = self._job is not None and self._job.runs
        await self._stop_work()
        if running:
            with contextlib.suppress(PrinterError):
                async with self._open() as talk:
                    await self._drop(talk)
        async with self._line:
            await self._hang_up()

    # --- one document

    async def _print(self, job: _Job) -> None:
        try:
            async with self._open() as talk:
                if self._hangs:
                    await self._tidy(talk)
                try:
                    for page in job.pages:
                        await self._strip(talk, job, page)
                except Halted:
                    await self._drop(talk)
                    job.stop(JobState.ABORTED)
                else:
                    job.state = JobState.COMPLETED
        except PrinterError as error:
            if job.touched:
                job.lost = error
            job.stop(JobState.ABORTED)
        except asyncio.CancelledError:
            job.stop(JobState.CANCELED)
            raise
        await self._tidy_when_possible()

    async def _strip(self, talk: Talk, job: _Job, page: Bitmap) -> None:
        """One page, cut off. Raises Halted when only a hand makes the printer go on."""
        await talk.send(commands.INITIALIZE)
        await self._processed(talk, job)  # so that an early trouble is met before a row is sent
        for rows in page.bands(self._model.band):
            self._hangs = job.touched = True
            await talk.send(commands.raster(rows, page.width))
            while talk.unanswered >= _OUTSTANDING:
                await self._processed(talk, job)
        await talk.send(commands.cut(self._model.cutter))
        while talk.unanswered:
            await self._processed(talk, job)
        if self._model.echo:
            await talk.send_unanswered(commands.echo(job.job_id))
            if (await talk.in_turn(Echo, job.tell)).job_id != job.job_id:
                raise PrinterNonsense("the echo of another document")
            job.done += 1
        self._hangs = False

    async def _processed(self, talk: Talk, job: _Job) -> None:
        """The printer has come to the next fence."""
        job.tell(answers.sensor((await talk.in_turn(Sensor, job.tell)).bits))

    # --- the line

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Talk]:
        """The conversation, begun anew where there is none, and ended where it came to doubt."""
        async with self._line:
            try:
                yield await self._connected()
            except _DOUBTFUL:
                await self._hang_up()
                raise

    async def _connected(self) -> Talk:
        if self._talk is not None:
            try:
                await self._talk.drain()
                return self._talk
            except PrinterError:
                await self._hang_up()  # it was switched off, and perhaps on, since it was last spoken to
        self._hangs = True
        self._talk = Talk(await open_port(self._address, self._deadline), self._deadline)
        if self._model.clears:
            await self._talk.drop()
        return self._talk

    async def _drop(self, talk: Talk) -> None:
        """Rules 1 and 2: what was sent and is not on paper never will be, where the printer can drop it."""
        if self._model.clears:
            await talk.drop()
        else:
            await talk.send_unanswered(commands.RECOVER)

    async def _tidy(self, talk: Talk) -> None:
        """Drop, then cut off what hangs. Raises what keeps it from that."""
        await self._drop(talk)
        _raise_blocked(await talk.conditions())
        if self._hangs and not self._model.clears:
            await self._bring_round(talk)
        cut = commands.cut(self._model.cutter) if self._hangs else b""
        await talk.send(commands.INITIALIZE + commands.STATUS_OFF + cut)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._all_processed(talk)
        except TimeoutError:
            raise JobLeft("the ticket printer answers, and does not come to the end of what it holds") from None
        _raise_blocked(await talk.conditions())
        self._hangs = False

    async def _bring_round(self, talk: Talk) -> None:
        """A printer that cannot drop, and was left in the middle of a band, takes commands for dots: it gets the
        rest of the band, in white."""
        await talk.send(commands.INITIALIZE)
        try:
            async with asyncio.timeout(2 * self._deadline):
                await self._all_processed(talk)
        except TimeoutError:
            talk.expect_nothing()
            await talk.send_unanswered(bytes(self._model.band * self._model.width // 8))

    async def _all_processed(self, talk: Talk) -> None:
        try:
            while talk.unanswered:
                await talk.in_turn(Sensor, lambda _: None, halts=BLOCKING)
        except Halted as halted:
            _raise_blocked(halted.conditions)

    async def _tidy_when_possible(self) -> None:
        """Until it is done, or somebody else does it."""
        while self._hangs:
            with contextlib.suppress(PrinterError):
                async with self._open() as talk:
                    await self._tidy(talk)
                self._forget_lost()
                return
            await asyncio.sleep(_AGAIN_S)

    def _forget_lost(self) -> None:
        """What came of it nobody will know."""
        if self._job is not None and self._job.lost is not None:
            self._job = None

    async def _hang_up(self) -> None:
        talk, self._talk = self._talk, None
        if talk is not None:
            await talk.close()

    async def _stop_work(self) -> bool:
        """Whether there was any."""
        work, self._work = self._work, None
        if work is None or work.done():
            return False
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return True


def _raise_blocked(conditions: frozenset[Condition]) -> None:
    if (blocked := blocked_by(conditions)) is not None:
        raise blocked
