"""From a finished page to evidence of paper.

    outcome = await print_document(printer, pdf, title=…, deadline=60, on_progress=show, on_submitted=write_down)

Rules of this file:
- `printed` is said only when the printer reports the job completed and every page of it on paper.
- `failed` is said only when it is sure that no page came out.
- Everything else is `unknown`. Nothing is sent twice.
- What runs out of time is cancelled, and the cancellation is watched until the printer confirms it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import pypdfium2

from drivers.printers.errors import (
    DocumentUnprintable,
    JobAborted,
    JobCanceled,
    JobNotFound,
    PaperUncertain,
    PrinterBusy,
    PrinterError,
    PrinterStopped,
    SubmissionUncertain,
    blocked_by,
)
from drivers.printers.port import Condition, Evidence, JobState, JobStatus, Printer
from printing.raster import prepare

LOOK_AGAIN = 0.2
"""Seconds between two questions about a job."""
CANCEL_PATIENCE = 5.0
"""Seconds a printer gets to confirm that a job is cancelled."""
SILENCE = 10.0
"""Seconds a printer may be unreachable in mid-job before the wait is given up."""

_FINAL = frozenset({JobState.COMPLETED, JobState.CANCELED, JobState.ABORTED})


@dataclass(frozen=True, slots=True)
class Progress:
    """`pages` of `of` are on paper; `conditions` say what the printer waits for, if for anything."""

    pages: int
    of: int
    conditions: frozenset[Condition]


@dataclass(frozen=True, slots=True)
class PaperOutcome:
    """How a document ended on paper. `error` says why it is not `printed`; `job_id` is None if no job was made."""

    outcome: Literal["printed", "failed", "unknown"]
    evidence: Evidence
    pages: int
    conditions: frozenset[Condition]
    job_id: int | None
    error: PrinterError | None = None


OnProgress = Callable[[Progress], Awaitable[None]]
OnSubmitted = Callable[[int], Awaitable[None]]


async def print_document(
    printer: Printer,
    pdf: bytes,
    *,
    title: str,
    deadline: float,
    on_progress: OnProgress | None = None,
    on_submitted: OnSubmitted | None = None,
    silence: float = SILENCE,
) -> PaperOutcome:
    """Print one PDF and follow it to its end; every ending is returned, and no PrinterError raised.

    A printer that is not ready is waited for, and one that runs out of paper in mid-job too: at most
    `deadline` seconds in all, then the job is cancelled. `on_submitted(job_id)` is awaited before any page
    can come out; what it or `on_progress` raises comes through, and then nothing is known of the paper.
    """
    try:
        of = measure(pdf).pages
        document = await asyncio.to_thread(prepare, pdf, await printer.intake())
    except PrinterError as error:
        return _failed(error)
    watch = _Watch(printer, of, _now() + deadline, silence, on_progress)
    return await watch.run(document, title, on_submitted)


async def resume(printer: Printer, job_id: int, *, expected: int = 1) -> PaperOutcome:
    """What became of a job that nobody followed to its end: one that still runs is cancelled.

    `expected` is the number of its pages. No PrinterError is raised: a printer that does not answer, or does
    not know the job, leaves it `unknown`.
    """
    watch = _Watch(printer, expected, 0.0, 0.0, None)
    try:
        seen = await printer.job(job_id)
    except PrinterError as error:
        return _unknown(job_id, None, error)
    return watch.verdict(job_id, seen) if seen.state in _FINAL else await watch.withdraw(job_id, seen)


@dataclass(frozen=True, slots=True)
class PaperSize:
    """How much paper a document takes: pages, and their heights together."""

    pages: int
    millimetres: int


def measure(pdf: bytes) -> PaperSize:
    """How much paper a PDF takes. Raises DocumentUnprintable."""
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        raise DocumentUnprintable("not a PDF") from error
    try:
        heights = [document.get_page_size(page)[1] for page in range(len(document))]
    finally:
        document.close()
    if not heights:
        raise DocumentUnprintable("a PDF without pages")
    return PaperSize(len(heights), round(sum(heights) * 25.4 / 72))


@dataclass(slots=True)
class _Watch:
    printer: Printer
    of: int
    until: float
    silence: float
    on_progress: OnProgress | None
    told: Progress | None = None

    async def run(self, document: bytes, title: str, on_submitted: OnSubmitted | None) -> PaperOutcome:
        created: list[int] = []

        async def on_created(job_id: int) -> None:
            created.append(job_id)
            if on_submitted is not None:
                await on_submitted(job_id)

        while True:
            if (refused := await self._until_ready()) is not None:
                return refused
            try:
                return await self.follow(await self.printer.submit(document, title=title, on_created=on_created))
            except PrinterBusy as error:
                if created or self._late():
                    return await self._after(created, error)
                await asyncio.sleep(LOOK_AGAIN)
            except PrinterError as error:
                return await self._after(created, error)

    async def _after(self, created: list[int], error: PrinterError) -> PaperOutcome:
        """`submit` failed: what the printer itself says of the job counts, where there is one."""
        if created:
            outcome = await self.follow(created[-1])
            return replace(outcome, error=error) if outcome.outcome == "failed" else outcome
        if isinstance(error, SubmissionUncertain):
            return _unknown(error.job_id, None, error)
        return _failed(error)

    async def _until_ready(self) -> PaperOutcome | None:
        """None once the printer is ready; `failed` when it cannot be asked, or time runs out."""
        while True:
            try:
                status = await self.printer.status()
            except PrinterError as error:
                return _failed(error)
            if status.ready:
                return None
            await self._tell(0, status.conditions)
            if self._late():
                blocked = blocked_by(status.conditions) or PrinterStopped("the printer accepts no jobs")
                return _failed(blocked, status.conditions)
            await asyncio.sleep(LOOK_AGAIN)

    async def follow(self, job_id: int) -> PaperOutcome:
        """Ask for the job until it has ended, time has run out, or the printer has been silent too long."""
        seen: JobStatus | None = None
        heard = _now()
        while True:
            try:
                seen = await self.printer.job(job_id)
                heard = _now()
            except JobNotFound as error:
                return _unknown(job_id, seen, error)
            except PrinterError as error:
                if self._late() or _now() - heard > self.silence:
                    with suppress(PrinterError):  # it may hear us even though we do not hear it
                        await self.printer.cancel(job_id)
                    return _unknown(job_id, seen, error)
            else:
                await self._tell(seen.pages, seen.conditions)
                if seen.state in _FINAL:
                    return self.verdict(job_id, seen)
                if self._late():
                    return await self.withdraw(job_id, seen)
            await asyncio.sleep(LOOK_AGAIN)

    async def withdraw(self, job_id: int, seen: JobStatus) -> PaperOutcome:
        """Cancel, and wait for the printer's word that it did: an unconfirmed one may print to a stranger."""
        until = _now() + CANCEL_PATIENCE
        why = seen.conditions
        try:
            seen = await self.printer.cancel(job_id)
            while seen.state not in _FINAL and _now() < until:
                await asyncio.sleep(LOOK_AGAIN)
                seen = await self.printer.job(job_id)
        except PrinterError as error:
            return _unknown(job_id, seen, error)
        return self.verdict(job_id, seen, why)

    def verdict(self, job_id: int, seen: JobStatus, why: frozenset[Condition] = frozenset()) -> PaperOutcome:
        """`why` are the conditions under which the job was given up: the printer may have lost them since."""
        proven = self.printer.evidence != "none" and seen.counted and seen.pages >= self.of
        if seen.state is JobState.COMPLETED and proven:
            return PaperOutcome("printed", self.printer.evidence, seen.pages, seen.conditions, job_id)
        if seen.state in (JobState.CANCELED, JobState.ABORTED) and seen.counted and seen.pages == 0:
            ended = JobCanceled if seen.state is JobState.CANCELED else JobAborted
            error = blocked_by(seen.conditions | why) or ended("the printer gave the job up")
            return _failed(error, seen.conditions | why, job_id)
        return _unknown(job_id, seen, None)

    async def _tell(self, pages: int, conditions: frozenset[Condition]) -> None:
        progress = Progress(min(pages, self.of), self.of, conditions)
        if self.on_progress is not None and progress != self.told:
            self.told = progress
            await self.on_progress(progress)

    def _late(self) -> bool:
        return _now() >= self.until


def _now() -> float:
    return asyncio.get_running_loop().time()


def _failed(
    error: PrinterError, conditions: frozenset[Condition] = frozenset(), job_id: int | None = None
) -> PaperOutcome:
    return PaperOutcome("failed", "none", 0, conditions, job_id, error)


def _unknown(job_id: int | None, seen: JobStatus | None, cause: PrinterError | None) -> PaperOutcome:
    error = PaperUncertain("the printer does not say whether all pages came out")
    error.__cause__ = cause
    return PaperOutcome(
        "unknown", "none", seen.pages if seen else 0, seen.conditions if seen else frozenset(), job_id, error
    )
