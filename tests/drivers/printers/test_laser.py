"""The laser driver against a real IPP printer, and against things that only pretend to be one."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.printers import laser as laser_module
from drivers.printers.errors import (
    JobLeft,
    JobNotFound,
    PrinterAddressInvalid,
    PrinterBusy,
    PrinterError,
    PrinterNonsense,
    PrinterRefused,
    PrinterSilent,
    PrinterUnreachable,
    SubmissionUncertain,
)
from drivers.printers.ipp import MAX_ANSWER
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


# --- things that pretend to be a printer

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def pretend(talk: Talk, work: Callable[[LaserPrinter], Coroutine[Any, Any, Any]], *, deadline: float = 5.0) -> Any:
    async def run() -> Any:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        printer = LaserPrinter(f"ipp://127.0.0.1:{server.sockets[0].getsockname()[1]}/ipp/print", deadline)
        try:
            return await work(printer)
        finally:
            await printer.close()
            server.close()

    return asyncio.run(run())


async def request(reader: asyncio.StreamReader) -> bytes:
    """One HTTP request's body; aiohttp sends ours with a Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return await reader.readexactly(length)


def saying(raw: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(raw)
        writer.close()

    return talk


def http(body: bytes, status: bytes = b"200 OK", *headers: bytes) -> bytes:
    lines = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", body)
    return b"\r\n".join(lines)


def answering(*bodies: bytes) -> Talk:
    """Each IPP body in turn, with the request-id of its request put in; after the last one, silence for ever."""
    left = list(bodies)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await request(reader)
        if not left:
            await reader.read()
        else:
            body = left.pop(0)
            writer.write(http(body[:4] + asked[4:8] + body[8:]))
        writer.close()

    return talk


def ipp(status: int, *groups: bytes) -> bytes:
    return struct.pack(">BBHi", 2, 0, status, 0) + b"".join(groups) + b"\x03"


def integer(tag: int, name: bytes, value: int) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">Hi", 4, value)


JOB_7 = b"\x02" + integer(0x21, b"job-id", 7)

CALLS: list[Callable[[LaserPrinter], Coroutine[Any, Any, Any]]] = [
    lambda p: p.status(),
    lambda p: p.job(1),
    lambda p: p.cancel(1),
    lambda p: p.find("t"),
    lambda p: p.submit(PAGE, title="t"),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        http(b"<html>"),
        http(b""),
        http(b"\xff\xfe", b"404 Not Found"),
        http(b"no", b"500 Oops"),
        http(b"", b"426 Upgrade Required"),
        http(b"", b"307 Temporary Redirect", b"Location: http://127.0.0.1:1/elsewhere"),
        http(ipp(0), b"200 OK", b"Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        http(ipp(0)),
    ],
)
def test_rubbish_is_nonsense(raw: bytes, call: Callable[[LaserPrinter], Coroutine[Any, Any, Any]]) -> None:
    with pytest.raises(PrinterNonsense):
        pretend(saying(raw), call)


def test_an_answer_without_end_is_cut_off() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        sent = 0
        try:
            while sent < 64 * MAX_ANSWER:
                writer.write(b"\0" * 65_536)
                await writer.drain()
                sent += 65_536
        except OSError:
            pass
        finally:
            writer.close()
        assert sent < 64 * MAX_ANSWER

    with pytest.raises(PrinterNonsense):
        pretend(talk, lambda p: p.status())


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n\2\0"])
def test_one_that_stops_talking_is_silent(before: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(before)
        await reader.read()
        writer.close()

    with pytest.raises(PrinterSilent):
        pretend(talk, lambda p: p.status(), deadline=0.2)


def test_one_that_hangs_up_is_unreachable() -> None:
    with pytest.raises(PrinterUnreachable):
        pretend(saying(b""), lambda p: p.status())


def test_an_answer_to_another_request_is_nonsense() -> None:
    with pytest.raises(PrinterNonsense):
        pretend(saying(http(ipp(0, JOB_7))), lambda p: p.job(7))


@pytest.mark.parametrize(
    "body",
    [
        ipp(0, b"\x02", integer(0x23, b"job-state", 5), integer(0x21, b"job-id", 8)),
        ipp(0, b"\x02", integer(0x23, b"job-state", 99)),
        ipp(0, b"\x02", integer(0x21, b"job-state", 5).replace(b"\x21", b"\x44", 1)),
    ],
)
def test_a_job_that_is_another_or_in_no_state_is_nonsense(body: bytes) -> None:
    with pytest.raises(PrinterNonsense):
        pretend(answering(body), lambda p: p.job(7))


def test_a_printer_that_counts_nothing_is_not_believed_to_have_counted_zero() -> None:
    finished = ipp(0, JOB_7, integer(0x23, b"job-state", 9))
    status = pretend(answering(finished, ipp(0x0500)), lambda p: p.job(7))
    assert status == JobStatus(JobState.COMPLETED, 0, frozenset({Condition.OFFLINE}), counted=False)


def test_a_lost_answer_to_the_document_names_the_job() -> None:
    with pytest.raises(SubmissionUncertain) as caught:
        pretend(answering(ipp(0, JOB_7)), lambda p: p.submit(PAGE, title="t"), deadline=0.3)
    assert caught.value.job_id == 7


def test_a_document_refused_is_refused_and_its_job_cancelled() -> None:
    with pytest.raises(PrinterRefused) as caught:
        pretend(answering(ipp(0, JOB_7), ipp(0x040A), ipp(0)), lambda p: p.submit(PAGE, title="t"))
    assert caught.value.status == 0x040A


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(CALLS), st.booleans())
def test_only_printer_errors_come_out(
    junk: bytes, call: Callable[[LaserPrinter], Coroutine[Any, Any, Any]], framed: bool
) -> None:
    with contextlib.suppress(PrinterError):
        pretend(answering(ipp(0, junk)) if framed else saying(junk), call, deadline=0.3)


def test_what_is_left_in_it(laser: VirtualLaser) -> None:
    laser.paper_out(after=7)
    found = ask(laser.uri, lambda p: p.inventory())
    assert found.model == "DEMO Laser"
    assert found.trays == (Supply("main", 7),)
    assert found.markers == (Supply("Toner Waste Tank", 25), Supply("Black Toner", 75))
