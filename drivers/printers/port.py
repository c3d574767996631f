"""What a printer is to the rooms above: submit, follow, cancel, and a status of typed conditions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Condition(StrEnum):
    """What can be wrong with a printer, said in one word a screen and a log can use."""

    PAPER_OUT = "paper-out"
    PAPER_LOW = "paper-low"
    JAM = "jam"
    COVER_OPEN = "cover-open"
    TONER_LOW = "toner-low"
    TONER_EMPTY = "toner-empty"
    OFFLINE = "offline"
    STOPPED = "stopped"
    OTHER = "other"


class JobState(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    CANCELED = "canceled"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """`accepting` and `model` are the printer's own words; a blocking condition: no page would come out."""

    accepting: bool
    conditions: frozenset[Condition]
    model: str = field(default="", compare=False)

    @property
    def ready(self) -> bool:
        return self.accepting and not (self.conditions & BLOCKING)


BLOCKING = frozenset(
    {
        Condition.PAPER_OUT,
        Condition.JAM,
        Condition.COVER_OPEN,
        Condition.TONER_EMPTY,
        Condition.OFFLINE,
        Condition.STOPPED,
    }
)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """`pages` is the printer's count of impressions put on paper so far; `counted` is False when it gave none."""

    state: JobState
    pages: int
    conditions: frozenset[Condition]
    counted: bool = True


class Printer(Protocol):
    """A printer that answers for each job. Every method raises `PrinterError` subclasses only.

    `submit` awaits `on_created(job_id)` as soon as the printer has named the job, and before any page can
    come out where the printer allows it (IPP does): so the ledger knows the job before the paper does.
    SubmissionUncertain means that the document may be on its way; any other error, that nothing comes out.
    """

    async def status(self) -> PrinterStatus: ...
    async def submit(
        self, document: bytes, *, title: str, on_created: Callable[[int], Awaitable[None]] | None = None
    ) -> int: ...
    async def job(self, job_id: int) -> JobStatus: ...
    async def cancel(self, job_id: int) -> JobStatus: ...
    async def close(self) -> None: ...
