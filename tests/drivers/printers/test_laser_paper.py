"""Covers, trays, paper of other sizes, and a printer that takes dots: the driver and a real IPP printer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from drivers.printers import exchange
from drivers.printers.errors import PrinterUnfit
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import Condition, Intake, JobState
from drivers.simulated.printer import BY_PASS, LETTER, MAIN, VirtualLaser
from printing.job import print_document
from printing.pwg import encode
from tests.drivers.printers.test_laser import PAGE, ended

ONLY_DOTS = ("image/pwg-raster", "image/urf")
BOTH_TRAYS = (MAIN, BY_PASS)


def with_printer(uri: str, work: Callable[[LaserPrinter], Awaitable[Any]], tray: str = "") -> Any:
    async def run() -> Any:
        printer = LaserPrinter(uri, 5.0, tray=tray)
        try:
            return await work(printer)
        finally:
            await printer.close()

    return asyncio.run(run())


async def prints(printer: LaserPrinter, document: bytes = PAGE) -> JobState:
    return (await ended(printer, await printer.submit(document, title="t"))).state


def papers(laser: VirtualLaser) -> list[Path]:
    return sorted(laser.paper.iterdir())


def test_an_open_cover_is_told_and_nothing_comes_out_until_it_is_closed(tmp_path: Path) -> None:
    async def work(printer: LaserPrinter) -> None:
        laser.control.cover(open=True)
        status = await printer.status()
        assert status.conditions == {Condition.COVER_OPEN} and not status.ready
        job_id = await printer.submit(PAGE, title="t")
        job = await printer.job(job_id)
        while job.state is JobState.PENDING or Condition.COVER_OPEN not in job.conditions or not job.counted:
            job = await printer.job(job_id)
        assert (job.state, papers(laser)) == (JobState.PROCESSING, [])
        assert not laser.control.cover(open=False).cover_open
        assert (await ended(printer, job_id)).state is JobState.COMPLETED
        assert (await printer.status()).conditions == frozenset()

    with VirtualLaser(tmp_path / "laser") as laser:
        with_printer(laser.uri, work)
    assert len(papers(laser)) == 1


def test_reports_that_nobody_takes_back_block_nothing(tmp_path: Path) -> None:
    async def work(printer: LaserPrinter) -> None:
        laser.control.reports("media-jam", "cover-open", "toner-low")
        status = await printer.status()
        assert status.ready and status.conditions == {Condition.OTHER, Condition.TONER_LOW}
        assert await prints(printer) is JobState.COMPLETED
        laser.control.reports()
        assert (await printer.status()).conditions == frozenset()

    with VirtualLaser(tmp_path / "laser") as laser:
        with_printer(laser.uri, work)


def test_the_configured_tray_is_printed_from(tmp_path: Path) -> None:
    async def from_by_pass(printer: LaserPrinter) -> None:
        assert (await printer.status()).ready
        assert await prints(printer) is JobState.COMPLETED
        laser.paper_out(tray=BY_PASS)
        assert (await printer.status()).conditions >= {Condition.PAPER_OUT}
        laser.paper_in(20, BY_PASS)
        assert (await printer.status()).ready

    async def whichever(printer: LaserPrinter) -> None:
        assert (await printer.status()).ready
        assert await prints(printer) is JobState.COMPLETED

    with VirtualLaser(tmp_path / "laser", trays=BOTH_TRAYS) as laser:
        with_printer(laser.uri, from_by_pass, BY_PASS)
        assert laser.control.status().sheets == 250  # those of the main tray
        laser.paper_out()
        with_printer(laser.uri, whichever)
        laser.paper_out(tray=BY_PASS)
        assert not with_printer(laser.uri, lambda p: p.status()).ready
        with pytest.raises(PrinterUnfit, match="only auto, main, manual, by-pass-tray"):
            with_printer(laser.uri, lambda p: p.status(), "tray-2")
    assert len(papers(laser)) == 2


def test_paper_of_another_size_is_a_condition_of_its_own(tmp_path: Path) -> None:
    with VirtualLaser(tmp_path / "laser", trays=BOTH_TRAYS) as laser:
        laser.paper_in(50, MAIN, LETTER)
        assert with_printer(laser.uri, lambda p: p.status()).ready  # the other tray has A4
        status = with_printer(laser.uri, lambda p: p.status(), MAIN)
        assert status.conditions == {Condition.PAPER_WRONG} and not status.ready
        laser.paper_in(20, BY_PASS, LETTER)
        assert with_printer(laser.uri, lambda p: p.status()).conditions >= {Condition.PAPER_WRONG}
        laser.paper_in(50)
        assert with_printer(laser.uri, lambda p: p.status(), MAIN).ready


def test_a_printer_without_pdf_gets_dots_and_the_paper_shows_each_of_them(tmp_path: Path) -> None:
    page: Image.Image = pypdfium2.PdfDocument(PAGE)[0].render(scale=300 / 72, grayscale=True).to_pil()
    document = encode([page, page.rotate(180)], 300)

    async def work(printer: LaserPrinter) -> None:
        assert await printer.intake() == Intake("image/pwg-raster", dpi=300, pixels="sgray_8")
        job = await ended(printer, await printer.submit(document, title="t"))
        assert (job.state, job.pages) == (JobState.COMPLETED, 2)
        assert await prints(printer, b"RaS2 and nothing of a raster") is JobState.ABORTED

    with VirtualLaser(tmp_path / "laser", formats=ONLY_DOTS) as laser:
        with_printer(laser.uri, work)
    assert laser.documents() == [document]
    for paper, sent in zip(papers(laser), (page, page.rotate(180)), strict=True):
        with Image.open(paper) as picture:
            assert picture.mode == "L" and picture.tobytes() == sent.tobytes()


def test_a_signed_page_becomes_paper_by_dots_alone(tmp_path: Path) -> None:
    async def work(printer: LaserPrinter) -> None:
        outcome = await print_document(printer, PAGE, title="t", deadline=60)
        assert (outcome.outcome, outcome.evidence, outcome.pages) == ("printed", "ipp-completed", 1)

    with VirtualLaser(tmp_path / "laser", formats=ONLY_DOTS) as laser:
        with_printer(laser.uri, work)
    (paper,) = papers(laser)
    with Image.open(paper) as picture:
        assert picture.size == (2480, 3508) and picture.getextrema() == (0, 255)


def test_a_clerks_page_is_not_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(printer: LaserPrinter) -> None:
        laser.control.cover(open=True)
        with monkeypatch.context() as clerk:
            clerk.setattr(exchange, "USER", "clerk")
            job_id = await LaserPrinter(laser.uri, 5.0).submit(PAGE, title="t")
        await printer.clear()
        laser.control.cover(open=False)
        assert (await ended(printer, job_id)).state is JobState.COMPLETED

    with VirtualLaser(tmp_path / "laser") as laser:
        with_printer(laser.uri, work)
