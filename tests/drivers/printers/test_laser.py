"""The laser driver against a real IPP printer, and against things that only pretend to be one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import typst

from drivers.printers import laser as laser_module
from drivers.printers.errors import (
    JobLeft,
    JobNotFound,
    PrinterAddressInvalid,
    PrinterBusy,
    PrinterUnreachable,
)
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import Condition, JobState, JobStatus, Printer, PrinterStatus
from drivers.printers.supplies import Supply
from drivers.simulated.printer import VirtualLaser

PAGE = typst.compile(b'#set page(paper: "a4")\nOne')
TWO_PAGES = typst.compile(b'#set page(paper: "a4")\nOne #pagebreak() Two')


@pytest.fixture
def laser(tmp_path: Path) -> Iterator[VirtualLaser]:
    with VirtualLaser(tmp_path / "laser") as laser:
        yield laser


def ask(uri: str, work: Callable[[LaserPrinter], Coroutine[Any, Any, Any]], *, deadline: float = 5.0) -> Any:
    async def run() -> Any:
        printer = LaserPrinter(uri, deadline)
        try:
            return await work(printer)
        finally:
            await printer.close()

    return asyncio.run(run())


async def ended(printer: Printer, job_id: int) -> JobStatus:
    while (status := await printer.job(job_id)).state in (JobState.PENDING, JobState.PROCESSING):
        await asyncio.sleep(0.02)
    return status


# --- a real printer


def test_idle(laser: VirtualLaser) -> None:
    assert ask(laser.uri, lambda p: p.status()) == PrinterStatus(True, frozenset())


def test_a_page_is_printed_and_its_job_found_again(laser: VirtualLaser) -> None:
    async def work(printer: LaserPrinter) -> None:
        created: list[int] = []

        async def on_created(job_id: int) -> None:
            created.append(job_id)

        job_id = await printer.submit(PAGE, title="job title", on_created=on_created)
        assert created == [job_id]
        assert await ended(printer, job_id) == JobStatus(JobState.COMPLETED, 1, frozenset())
        assert await printer.find("job title") == job_id
        assert await printer.find("another") is None
        assert (await printer.cancel(job_id)).state is JobState.COMPLETED
        with pytest.raises(JobNotFound):
            await printer.job(job_id + 1)
        with pytest.raises(JobNotFound):
            await printer.cancel(job_id + 1)

    ask(laser.uri, work)
    assert laser.documents() == [PAGE]


def test_conditions_are_told_while_idle(laser: VirtualLaser) -> None:
    laser.paper_out(after=3)
    assert ask(laser.uri, lambda p: p.status()).conditions == {Condition.PAPER_LOW}
    laser.paper_out()
    status = ask(laser.uri, lambda p: p.status())
    assert Condition.PAPER_OUT in status.conditions and not status.ready
    laser.paper_in()
    assert ask(laser.uri, lambda p: p.status()) == PrinterStatus(True, frozenset())


def test_a_second_job_is_refused_while_one_waits(laser: VirtualLaser) -> None:
    async def work(printer: LaserPrinter) -> None:
        laser.paper_out()
        job_id = await printer.submit(PAGE, title="first")
        with pytest.raises(PrinterBusy):
            await printer.submit(PAGE, title="second")
        laser.paper_in()
        assert (await ended(printer, job_id)).state is JobState.COMPLETED

    ask(laser.uri, work)


def test_what_was_sent_before_cannot_come_out_after_it_was_cleared(laser: VirtualLaser) -> None:
    async def work(printer: LaserPrinter) -> None:
        laser.paper_out(after=1)
        job_id = await printer.submit(TWO_PAGES, title="left behind")
        while (await printer.job(job_id)).pages == 0:
            pass
        successor = LaserPrinter(laser.uri, 5.0)  # the process that sent it is gone
        try:
            await successor.clear()
        finally:
            await successor.close()
        laser.paper_in()
        assert (await printer.job(job_id)).state is JobState.CANCELED
        await printer.clear()
        assert (await ended(printer, await printer.submit(PAGE, title="next"))).state is JobState.COMPLETED

    ask(laser.uri, work)
    assert sorted(file.name for file in laser.paper.iterdir()) == ["001-1.png", "002-1.png"]


def test_a_printer_that_does_not_let_go_says_so(laser: VirtualLaser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laser_module, "_CLEAR_LOOKS", 2)

    async def work(printer: LaserPrinter) -> None:
        laser.paper_out()  # ippeveprinter takes a job now, and answers to its cancellation only after the refill
        job_id = await printer.submit(PAGE, title="held")
        with pytest.raises(JobLeft):
            await printer.clear()
        laser.paper_in()
        assert (await ended(printer, job_id)).state is JobState.CANCELED
        await printer.clear()

    ask(laser.uri, work)
    assert list(laser.paper.iterdir()) == []


def test_garbage_is_aborted_by_the_printer(laser: VirtualLaser) -> None:
    async def work(printer: LaserPrinter) -> JobStatus:
        return await ended(printer, await printer.submit(b"\0garbage" * 50, title="t"))

    status = ask(laser.uri, work)
    assert (status.state, status.pages) == (JobState.ABORTED, 0)
    assert list(laser.paper.iterdir()) == []


def test_a_printer_that_was_switched_off(laser: VirtualLaser) -> None:
    async def work(printer: LaserPrinter) -> None:
        await printer.status()
        laser.gone()
        for call in (printer.status(), printer.job(1), printer.cancel(1), printer.find("t")):
            with pytest.raises(PrinterUnreachable):
                await call
        with pytest.raises(PrinterUnreachable):
            await printer.submit(PAGE, title="t")
        laser.back()
        assert (await printer.status()).ready

    ask(laser.uri, work)


def test_it_can_be_used_again_after_close(laser: VirtualLaser) -> None:
    async def work(printer: LaserPrinter) -> None:
        await printer.status()
        await printer.close()
        assert (await printer.status()).ready

    ask(laser.uri, work)


@pytest.mark.parametrize("uri", ["", "http://localhost/ipp/print", "ipp://", "ipp://host:99999/x", "ipp://[/x"])
def test_an_address_that_is_none(uri: str) -> None:
    with pytest.raises(PrinterAddressInvalid):
        LaserPrinter(uri, 1.0)


def test_what_is_left_in_it(laser: VirtualLaser) -> None:
    laser.paper_out(after=7)
    found = ask(laser.uri, lambda p: p.inventory())
    assert found.model == "DEMO Laser"
    assert found.trays == (Supply("main", 7),)
    assert found.markers == (Supply("Toner Waste Tank", 25), Supply("Black Toner", 75))
