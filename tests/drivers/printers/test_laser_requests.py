"""What exactly is asked of a printer: few requests, and of a job no more than it needs."""

from __future__ import annotations

import struct

import pytest

from drivers.printers.errors import JobLeft, PrinterUnfit
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import Intake, JobState
from tests.drivers.printers.impostor import (
    CANCEL,
    CREATE,
    JOB_7,
    JOB_ATTRIBUTES,
    JOBS,
    PRINTER_ATTRIBUTES,
    READY,
    SEND,
    Scripted,
    integer,
    ipp,
    keyword,
    pretend,
)

PAGE = b"%PDF-1.7 a page"
DONE = ipp(0, JOB_7, integer(0x23, b"job-state", 9), integer(0x21, b"job-impressions-completed", 1))


def name(attribute: bytes, value: bytes) -> bytes:
    return struct.pack(">BH", 0x42, len(attribute)) + attribute + struct.pack(">H", len(value)) + value


def listed(*jobs: tuple[int, bytes | None]) -> bytes:
    """An answer to Get-Jobs: numbers, and whose they are where the printer tells."""
    groups = []
    for number, user in jobs:
        groups += [b"\x02", integer(0x21, b"job-id", number)]
        groups += [name(b"job-originating-user-name", user)] if user is not None else []
    return ipp(0, *groups)


def test_a_page_takes_five_requests() -> None:
    printer = Scripted({PRINTER_ATTRIBUTES: READY, CREATE: ipp(0, JOB_7), SEND: ipp(0, JOB_7), JOB_ATTRIBUTES: DONE})

    async def work(laser: LaserPrinter) -> None:
        await laser.status()  # as readiness asks, all the time
        printer.asked.clear()
        assert await laser.intake() == Intake("application/pdf")
        assert (await laser.status()).ready
        job = await laser.job(await laser.submit(PAGE, title="t"))
        assert (job.state, job.pages, job.counted) == (JobState.COMPLETED, 1, True)

    pretend(printer.talk, work)
    assert printer.asked == [PRINTER_ATTRIBUTES, CREATE, SEND, JOB_ATTRIBUTES, PRINTER_ATTRIBUTES]


def test_what_a_printer_can_do_is_asked_again_after_it_was_away() -> None:
    printer = Scripted({PRINTER_ATTRIBUTES: READY})

    async def work(laser: LaserPrinter) -> None:
        await laser.status()
        await laser.status()
        printer.answers[PRINTER_ATTRIBUTES] = ipp(0x0503)
        with pytest.raises(Exception, match="0x0503"):
            await laser.status()
        only_urf = keyword(b"document-format-supported", b"image/urf").replace(b"\x44", b"\x49", 1)
        printer.answers[PRINTER_ATTRIBUTES] = READY[:-1] + only_urf + b"\x03"
        with pytest.raises(PrinterUnfit, match="image/urf"):
            await laser.status()

    pretend(printer.talk, work)
    asked = [b"document-format-supported" in request for request in printer.requests]
    assert asked == [True, False, False, True]


def test_a_job_is_one_sided_once_and_unscaled_where_the_printer_knows_of_it() -> None:
    able = keyword(b"sides-supported", b"one-sided", b"two-sided-long-edge") + keyword(
        b"print-scaling-supported", b"none"
    )
    printer = Scripted({PRINTER_ATTRIBUTES: READY[:-1] + able + b"\x03", CREATE: ipp(0, JOB_7), SEND: ipp(0, JOB_7)})
    pretend(printer.talk, lambda p: p.submit(PAGE, title="t"))
    created = printer.requests[1]
    assert printer.asked == [PRINTER_ATTRIBUTES, CREATE, SEND]
    for told in (
        keyword(b"sides", b"one-sided"),
        keyword(b"print-scaling", b"none"),
        keyword(b"media", b"iso_a4_210x297mm"),
        integer(0x21, b"copies", 1),
    ):
        assert told in created
    assert printer.requests[2].endswith(b"\x03" + PAGE)
    silent = Scripted({PRINTER_ATTRIBUTES: READY, CREATE: ipp(0, JOB_7), SEND: ipp(0, JOB_7)})
    pretend(silent.talk, lambda p: p.submit(PAGE, title="t"))
    assert b"sides" not in silent.requests[1] and b"print-scaling" not in silent.requests[1]


def test_a_printer_that_would_print_on_other_paper_gets_no_document() -> None:
    ignored = ipp(1, b"\x05", keyword(b"media", b"iso_a4_210x297mm"), JOB_7)
    printer = Scripted({PRINTER_ATTRIBUTES: READY, CREATE: ignored, CANCEL: ipp(0)})
    with pytest.raises(PrinterUnfit, match="media"):
        pretend(printer.talk, lambda p: p.submit(PAGE, title="t"))
    assert printer.asked == [PRINTER_ATTRIBUTES, CREATE, CANCEL]
    harmless = ipp(1, b"\x05", keyword(b"copies", b"1"), JOB_7)
    printer = Scripted({PRINTER_ATTRIBUTES: READY, CREATE: harmless, SEND: ipp(0, JOB_7)})
    assert pretend(printer.talk, lambda p: p.submit(PAGE, title="t")) == 7


# --- whose jobs are cleared


class Queue(Scripted):
    """A printer that holds jobs; `knows_mine`: it takes `my-jobs`, whatever it then lists."""

    def __init__(self, *jobs: tuple[int, bytes | None], knows_mine: bool = True) -> None:
        super().__init__({JOBS: self._list, CANCEL: self._cancel, PRINTER_ATTRIBUTES: READY})
        self.jobs = list(jobs)
        self.knows_mine = knows_mine
        self.cancelled: list[int] = []

    def _list(self, asked: bytes) -> bytes:
        return ipp(0x040B) if b"my-jobs" in asked and not self.knows_mine else listed(*self.jobs)

    def _cancel(self, asked: bytes) -> bytes:
        number = int.from_bytes(asked.split(b"job-id\0\4")[1][:4], "big")
        self.cancelled.append(number)
        self.jobs = [job for job in self.jobs if job[0] != number]
        return ipp(0)


@pytest.mark.parametrize(
    ("queue", "cancelled"),
    [
        (Queue(), []),
        (Queue((3, b"shubbak")), [3]),
        (Queue((3, None), (4, b"anonymous")), [3, 4]),  # it says that these are mine
        (Queue((3, b"clerk"), (4, b"shubbak")), [4]),  # it does not look whose they are
        (Queue((3, b"clerk"), (4, b"shubbak"), knows_mine=False), [4]),
    ],
)
def test_only_our_jobs_are_cleared(queue: Queue, cancelled: list[int]) -> None:
    pretend(queue.talk, lambda p: p.clear())
    assert queue.cancelled == cancelled


@pytest.mark.parametrize("user", [None, b"anonymous", b"  "])
def test_a_job_that_may_be_ours_is_neither_cancelled_nor_forgotten(user: bytes | None) -> None:
    queue = Queue((3, user), knows_mine=False)
    with pytest.raises(JobLeft):
        pretend(queue.talk, lambda p: p.clear())
    assert queue.cancelled == []


def test_a_job_that_we_made_is_ours_whatever_the_printer_calls_us() -> None:
    queue = Queue((7, b"anonymous"), (8, b"clerk"), knows_mine=False)
    queue.answers |= {CREATE: ipp(0, JOB_7), SEND: ipp(0, JOB_7)}

    async def work(laser: LaserPrinter) -> None:
        await laser.submit(PAGE, title="t")
        await laser.clear()

    pretend(queue.talk, work)
    assert queue.cancelled == [7]


# --- how many pages


@pytest.mark.parametrize(
    ("counts", "pages"),
    [
        ({}, None),
        ({b"job-media-sheets-completed": 2}, 2),
        ({b"job-impressions-completed": 0, b"job-media-sheets-completed": 2}, 2),
        ({b"job-impressions-completed": 2, b"job-media-sheets-completed": 0}, 2),
        ({b"job-pages-completed": 2}, 2),
        ({b"job-pages-completed": 2, b"job-impressions-completed": 1}, 1),  # processed is not printed
        ({b"job-impressions-completed": -1}, None),
    ],
)
def test_pages_are_counted_by_what_lies_in_the_tray(counts: dict[bytes, int], pages: int | None) -> None:
    told = (integer(0x21, attribute, count) for attribute, count in counts.items())
    printer = Scripted(
        {PRINTER_ATTRIBUTES: READY, JOB_ATTRIBUTES: ipp(0, JOB_7, integer(0x23, b"job-state", 9), *told)}
    )
    job = pretend(printer.talk, lambda p: p.job(7))
    assert (job.pages, job.counted) == (pages or 0, pages is not None)
