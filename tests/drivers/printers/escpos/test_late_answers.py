"""The ticket printer's driver against printers that answer late, wrongly, twice, or not at all, and slow ones."""

from __future__ import annotations

import asyncio

import pytest

from drivers.printers.errors import (
    JobLeft,
    JobNotFound,
    PrinterError,
    PrinterNonsense,
    PrinterSilent,
)
from drivers.printers.escpos.models import Model
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.printers.port import Condition, JobState, JobStatus
from tests.drivers.printers.escpos.peer import DRAWER_HIGH, HELD, SMALL, WITHOUT_ECHO, Peer, ended, page, run

SPEAKING_DOTS = b"\x10\x04\x01\x00"


# --- answers that are late, wrong, or too many


def test_a_question_that_dots_ask_is_not_taken_for_the_answer_to_ours() -> None:
    """On a slow line the answer to the dots comes after our first question, and each of ours one too late."""

    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.status[1] = DRAWER_HIGH  # taken for the answer to DLE EOT 2 it is an open cover: the strip is given up
        online = bytes((0x12,))

        def last() -> bytes:
            asyncio.get_running_loop().call_later(0.02, peer.say, online)
            for n in range(2, 5):
                del peer.on[f"status {n}"]
            return online

        def fence() -> bytes:
            if not peer.rows:
                return b"\0"
            if peer.rows == 7:
                late = {"status 2": lambda: bytes((DRAWER_HIGH,)), "status 3": lambda: online, "status 4": last}
                peer.on.update(late)
            return HELD

        await printer.clear()
        peer.on["fence"] = fence
        before = peer.commands.count("status 4")
        job_id = await printer.submit(page(14, SPEAKING_DOTS), title="")
        seen: set[Condition] = set()
        while (status := await printer.job(job_id)).state is JobState.PROCESSING:
            seen |= status.conditions
            if peer.commands.count("status 4") >= before + 4 and "fence" in peer.on:  # two of `submit`, two of the job
                del peer.on["fence"]
                peer.say(b"\0\0")
            await asyncio.sleep(0.005)
        assert (status.state, seen) == (JobState.COMPLETED, set())

    run(work, deadline=0.4)


def test_a_question_is_not_asked_again_before_it_is_answered() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        await printer.clear()
        peer.status[1] = DRAWER_HIGH
        peer.on["raster 7"] = lambda: peer.on.update({"fence": lambda: HELD, "status 1": lambda: HELD}) or HELD  # type: ignore[func-returns-value]
        job_id = await printer.submit(page(14), title="")
        before = peer.commands.count("status 1")
        while Condition.OFFLINE not in (await printer.job(job_id)).conditions:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.5)  # five times as long as an answer may take
        assert peer.commands.count("status 1") == before + 1
        del peer.on["status 1"]
        peer.say(bytes((DRAWER_HIGH,)))
        while Condition.OFFLINE in (await printer.job(job_id)).conditions:
            await asyncio.sleep(0.005)
        del peer.on["fence"]
        peer.say(b"\0\0")
        assert await ended(printer, job_id) == JobStatus(JobState.COMPLETED, 1, frozenset())

    run(work)


def test_what_an_earlier_connection_asked_is_not_taken_for_our_answer() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.greeting = b"\x37\x25\0" + bytes((DRAWER_HIGH,)) + b"\x37\x22abcd\0"
        for _ in range(3):
            assert (await printer.status()).conditions == frozenset()
            await printer.clear()
        assert (await ended(printer, await printer.submit(page(9), title=""))).state is JobState.COMPLETED
        assert peer.connections == 1

    run(work)


def test_stale_answers_are_no_news() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        await printer.status()
        peer.say(bytes((0x7E, 0x3A, 0x0C)))
        await asyncio.sleep(0.05)
        assert (await printer.status()).conditions == frozenset()

    run(work)


def test_a_status_that_another_program_had_asked_to_be_sent_by_itself_does_no_harm() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.greeting = b"\x14\0\0\x0f"
        assert (await printer.status()).ready
        await printer.clear()
        assert "status-off" in peer.commands

    run(work)


def test_the_echo_of_another_document_proves_nothing() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.on["echo"] = lambda: b"\x37\x22abcd\0"
        job_id = await printer.submit(page(1), title="")
        with pytest.raises(PrinterError) as wrong:
            await ended(printer, job_id)
        assert isinstance(wrong.value, PrinterNonsense | JobNotFound)

    run(work)


def test_nonsense_ends_the_connection() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.on["status 2"] = lambda: b"\xff"
        with pytest.raises(PrinterNonsense):
            await printer.status()
        del peer.on["status 2"]
        assert (await printer.status()).ready
        assert peer.connections == 2

    run(work)


@pytest.mark.parametrize("model", [SMALL, WITHOUT_ECHO], ids=["drops", "cannot drop"])
def test_a_printer_that_does_not_answer_is_silent(model: Model) -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.gate.clear()
        for call in (printer.status, printer.clear, lambda: printer.submit(page(1), title="")):
            with pytest.raises(PrinterSilent):
                await call()

    run(work, model)


def test_a_printer_that_answers_and_does_not_drop_what_it_holds() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.on["clear"] = lambda: HELD
        with pytest.raises(JobLeft):
            await printer.clear()

    run(work)


def test_a_printer_that_answers_and_does_not_come_to_the_end(quick: None) -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.on["fence"] = lambda: HELD
        with pytest.raises(JobLeft):
            await printer.clear()

    run(work)


# --- slow ones


def test_a_printer_that_falls_silent_in_the_middle_is_given_up(quick: None) -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        peer.on["raster 7"] = peer.stall
        job_id = await printer.submit(page(50), title="")
        seen: set[Condition] = set()
        with pytest.raises(PrinterSilent):
            while True:
                seen |= (await printer.job(job_id)).conditions
                await asyncio.sleep(0.005)
        assert seen == {Condition.OFFLINE}
        peer.on.clear()
        peer.gate.set()

    run(work)


def test_a_printer_that_stalls_for_longer_than_an_answer_may_take_is_waited_for() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        await printer.clear()

        def stall() -> bytes:
            del peer.on["raster 7"]
            return peer.stall()

        peer.on["raster 7"] = stall
        job_id = await printer.submit(page(50), title="")
        while Condition.OFFLINE not in (await printer.job(job_id)).conditions:
            await asyncio.sleep(0.01)
        peer.gate.set()
        assert await ended(printer, job_id) == JobStatus(JobState.COMPLETED, 1, frozenset())
        assert peer.rows == 50

    run(work)


def test_a_printer_that_takes_200_bytes_a_second_gets_all_of_it() -> None:
    async def work(peer: Peer, printer: ThermalPrinter) -> None:
        await printer.clear()
        peer.rate = 200
        job_id = await printer.submit(page(8), title="")
        assert await ended(printer, job_id) == JobStatus(JobState.COMPLETED, 1, frozenset())
        assert peer.rows == 8

    run(work, deadline=0.4)
