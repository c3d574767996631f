"""What a printer is to the rooms above: what it takes, submit, follow, cancel, and a status of typed conditions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol


class Condition(StrEnum):
    """What can be wrong with a printer, said in one word a screen and a log can use."""

    PAPER_OUT = "paper-out"
    PAPER_LOW = "paper-low"
    PAPER_WRONG = "paper-wrong"
    JAM = "jam"
    COVER_OPEN = "cover-open"
    TONER_LOW = "toner-low"
    TONER_EMPTY = "toner-empty"
    CUTTER = "cutter"
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
        Condition.PAPER_WRONG,
        Condition.JAM,
        Condition.COVER_OPEN,
        Condition.TONER_EMPTY,
        Condition.CUTTER,
        Condition.OFFLINE,
        Condition.STOPPED,
    }
)


Evidence = Literal["ipp-completed", "escpos-echo", "none"]
"""What stands behind a printer's COMPLETED: `none` where it says that all was taken, and nothing of paper."""
MediaType = Literal["application/pdf", "image/pwg-raster", "image/x-portable-bitmap"]
Pixels = Literal["sgray_8", "black_1"]
"""pwg-raster-document-type: eight bits of grey, 0 is black; or one bit, 1 is black."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What a printer takes. `dpi` for both rasters; `width` in dots for bitmaps; `pixels` for PWG raster.

    A bitmap document is raw PBM (P4), one picture a page, one after the other; 1 is black.
    """

    media_type: MediaType
    dpi: int = 0
    width: int = 0
    pixels: Pixels = "sgray_8"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """`pages` is the printer's count of impressions put on paper so far; `counted` is False when it gave none."""

    state: JobState
    pages: int
    conditions: frozenset[Condition]
    counted: bool = True


class Printer(Protocol):
    """A printer that answers for each job. Every method raises `PrinterError` subclasses only.

    One object lives as long as the session. `close` lets go of the connection; a later call opens it again.
    `clear` returns when nothing that was sent before can come out any more; it raises where that is not sure.
    `submit` awaits `on_created(job_id)` as soon as the printer has named the job, and before any page can
    come out where the printer allows it (IPP does): so the ledger knows the job before the paper does.
    SubmissionUncertain means that the document may be on its way; any other error, that nothing comes out.
    """

    @property
    def evidence(self) -> Evidence: ...
    async def intake(self) -> Intake: ...
    async def status(self) -> PrinterStatus: ...
    async def clear(self) -> None: ...
    async def submit(
        self, document: bytes, *, title: str, on_created: Callable[[int], Awaitable[None]] | None = None
    ) -> int: ...
    async def job(self, job_id: int) -> JobStatus: ...
    async def cancel(self, job_id: int) -> JobStatus: ...
    async def close(self) -> None: ...
