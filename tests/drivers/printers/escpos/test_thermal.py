"""The ticket printer's driver against printers that work, that do not, and that are lost in the middle."""

from __future__ import annotations

import asyncio

import pytest

from drivers.printers.errors import (
    DocumentUnprintable,
    JobNotFound,
    OutOfPaper,
    PrinterBusy,
    PrinterError,
    PrinterUnreachable,
)
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.printers.port import Condition, Intake, JobState, JobStatus, PrinterStatus
from tests.drivers.printers.escpos.peer import HELD, PAPER_OUT, WITHOUT_ECHO, Peer, ended, page, run

# --- a printer that does what it should


def test_a_document_is_printed_in_bands_and_ends_with_its_echo() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        assert await printer.intake() == Intake("image/x-portable-bitmap", 203, 256)
        assert printer.evidence == "escpos-echo"
        job_id = await printer.submit(page(20) + page(3), title="told to nobody")
        assert await ended(printer, job_id) == JobStatus(JobState.COMPLETED, 2, frozenset())
        printed = [command for command in peer.commands if command not in ("fence", "status-off")]
        start = printed.index("raster 7") - 1
        first = ["initialize", "raster 7", "raster 7", "raster 6", "cut", "echo"]
        assert printed[start:] == [*first, "initialize", "raster 3", "cut", "echo"]

    run(work)


def test_the_last_fence_ends_a_document_where_there_is_no_echo_and_proves_nothing() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        assert printer.evidence == "none"
        job_id = await printer.submit(page(8), title="")
        assert await ended(printer, job_id) == JobStatus(JobState.COMPLETED, 0, frozenset(), counted=False)
        assert "echo" not in peer.commands and "clear" not in peer.commands

    run(work, WITHOUT_ECHO)


def test_the_first_thing_on_each_connection_is_to_drop_what_an_earlier_one_left() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        assert await printer.status() == PrinterStatus(True, frozenset(), "Small")
        assert peer.commands[:2] == ["recover", "clear"]
        assert "cut" not in peer.commands  # to be asked costs no paper
        await printer.clear()
        assert peer.commands[-8:-4] == ["initialize", "status-off", "cut", "fence"]
        await printer.clear()
        assert peer.commands.count("cut") == 1
        peer.hang_up()
        await asyncio.sleep(0)  # the transport does it in its turn
        del peer.commands[:]
        assert (await printer.status()).ready  # the loss is not the caller's
        assert peer.commands[:2] == ["recover", "clear"]
        await printer.close()
        assert (await printer.status()).ready
        assert peer.connections == 3

    run(work)


def test_a_printer_that_cannot_drop_gets_the_rest_of_a_half_sent_band_in_white() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        await printer.clear()
        assert peer.commands[0] == "recover" and "nothing" not in peer.commands
        await printer.close()
        del peer.commands[:]
        peer.on["nothing"] = lambda: peer.on.clear() or b""  # type: ignore[func-returns-value]
        peer.on["fence"] = lambda: HELD  # it takes it for dots
        await printer.clear()
        assert peer.commands.count("nothing") == WITHOUT_ECHO.band * 256 // 8
        assert peer.commands[-8:-4] == ["initialize", "status-off", "cut", "fence"]

    run(work, WITHOUT_ECHO)


def test_the_job_is_told_before_a_row_is_sent() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        told: list[tuple[int, int]] = []

        async def on_created(job_id: int) -> None:
            told.append((job_id, peer.rows))

        job_id = await printer.submit(page(8), title="", on_created=on_created)
        assert told == [(job_id, 0)]

        async def refuse(_: int) -> None:
            raise RuntimeError("not written down")

        await ended(printer, job_id)
        with pytest.raises(RuntimeError):
            await printer.submit(page(8), title="", on_created=refuse)
        await printer.clear()
        assert peer.rows == 8

    run(work)


def test_what_is_no_page_for_this_printer_is_refused_before_it_is_asked() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        with pytest.raises(DocumentUnprintable):
            await printer.submit(b"P4\n576 1\n" + bytes(72), title="")
        assert peer.connections == 0

    run(work)


def test_near_the_end_of_the_roll_is_told_with_the_job() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.on["fence"] = lambda: b"\x03"
        job_id = await printer.submit(page(1), title="")
        assert (await ended(printer, job_id)).conditions == {Condition.PAPER_LOW}

    run(work)


# --- troubles before a row


def test_a_printer_that_is_not_ready_gets_nothing() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.status.update({1: 0x1A, 2: 0x32, 4: PAPER_OUT})
        assert (await printer.status()).conditions == {Condition.PAPER_OUT}
        with pytest.raises(OutOfPaper):
            await printer.submit(page(8), title="")
        with pytest.raises(OutOfPaper):
            await printer.clear()
        assert peer.rows == 0
        peer.status[1] = 0x1A
        peer.status[2] = peer.status[4] = 0x12
        assert (await printer.status()).conditions == {Condition.OFFLINE}  # and it does not say why

    run(work)


def test_a_trouble_before_the_first_row_fails_and_nothing_is_on_paper() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        async def run_out(_: int) -> None:
            peer.on["fence"] = lambda: HELD
            peer.status[4] = PAPER_OUT

        job_id = await printer.submit(page(8), title="", on_created=run_out)
        assert await ended(printer, job_id) == JobStatus(JobState.ABORTED, 0, frozenset({Condition.PAPER_OUT}))
        assert peer.rows == 0

    run(work)


def test_cancelled_before_the_first_row() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        async def hold(_: int) -> None:
            peer.on["fence"] = lambda: HELD

        job_id = await printer.submit(page(8), title="", on_created=hold)
        await peer.until("fence", 2)
        assert await printer.cancel(job_id) == JobStatus(JobState.CANCELED, 0, frozenset())
        assert peer.rows == 0

    run(work)


def test_the_line_is_lost_before_the_first_row() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        async def hold(_: int) -> None:
            peer.on["fence"] = lambda: HELD

        job_id = await printer.submit(page(8), title="", on_created=hold)
        await peer.until("fence", 2)
        peer.hang_up()
        assert await ended(printer, job_id) == JobStatus(JobState.ABORTED, 0, frozenset())

    run(work)


# --- in the middle


def test_a_lost_line_is_told_and_then_the_job_is_known_no_more_and_never_goes_on() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.on["raster 7"] = peer.hang_up
        job_id = await printer.submit(page(50), title="")
        with pytest.raises(PrinterError) as lost:
            await ended(printer, job_id)
        assert isinstance(lost.value, PrinterUnreachable | JobNotFound)
        del peer.on["raster 7"]
        await peer.until("cut", 2)
        await printer.clear()
        with pytest.raises(JobNotFound):
            await printer.job(job_id)
        with pytest.raises(JobNotFound):
            await printer.cancel(job_id)
        assert peer.rows == 7
        again = peer.commands.index("raster 7")
        assert peer.commands[again + 1 :][:2] == ["recover", "clear"]

    run(work)


def test_cancelled_in_the_middle_the_rest_is_dropped_and_the_strip_cut_off() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        job_id = await printer.submit(page(50), title="")
        await peer.until("raster 7")
        peer.on["fence"] = lambda: HELD
        stopped = await printer.cancel(job_id)
        assert stopped == JobStatus(JobState.ABORTED, 0, stopped.conditions, counted=False)
        del peer.on["fence"]
        await peer.until("cut", 2)
        after = peer.commands[::-1].index("clear")
        assert not [command for command in peer.commands[len(peer.commands) - after :] if command.startswith("raster")]
        assert await printer.job(job_id) == stopped

    run(work)


def test_a_strip_is_not_said_to_be_given_up_before_the_printer_has_dropped_it() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        await printer.clear()
        peer.on["raster 7"] = lambda: peer.on.update({"fence": lambda: HELD, "clear": lambda: HELD}) or HELD  # type: ignore[func-returns-value]
        job_id = await printer.submit(page(14), title="")
        cleared = peer.commands.count("clear")
        peer.status[4] = PAPER_OUT
        await peer.until("clear", cleared + 1)
        assert (await printer.job(job_id)).state is JobState.PROCESSING
        peer.on.clear()
        peer.say(b"\x37\x25\0")
        paper_out = frozenset({Condition.PAPER_OUT})
        assert await ended(printer, job_id) == JobStatus(JobState.ABORTED, 0, paper_out, counted=False)

    run(work)


def test_one_document_at_a_time() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        await printer.clear()
        peer.on["raster 7"] = peer.stall
        job_id = await printer.submit(page(50), title="")
        await peer.until("raster 7")
        with pytest.raises(PrinterBusy):
            await printer.submit(page(50), title="")
        assert not (await printer.status()).ready
        peer.on.clear()
        peer.gate.set()
        assert (await ended(printer, job_id)).state is JobState.COMPLETED
        assert (await printer.status()).ready

    run(work)


def test_let_go_in_the_middle_the_rest_is_dropped() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        job_id = await printer.submit(page(50), title="")
        await peer.until("raster 7")
        await printer.close()
        assert peer.commands[-2:] == ["recover", "clear"]
        assert not (await printer.job(job_id)).counted

    run(work)
