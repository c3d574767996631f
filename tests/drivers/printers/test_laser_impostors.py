"""The laser driver against things that only pretend to be a printer: hostile, broken, or of another mind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.printers.errors import (
    PrinterError,
    PrinterNonsense,
    PrinterRefused,
    PrinterSilent,
    PrinterUnreachable,
    SubmissionUncertain,
)
from drivers.printers.ipp import MAX_ANSWER
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import Condition, JobState, JobStatus
from tests.drivers.printers.impostor import JOB_7, answering, http, integer, ipp, pretend, request, saying

PAGE = b"%PDF-1.7 a page"
TELLS_NOTHING = ipp(0)
"""The answer of a printer that says nothing of what it can do."""

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
    taken: list[bool] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            for _ in range(64 * MAX_ANSWER // 65_536):
                writer.write(b"\0" * 65_536)
                await writer.drain()
            taken.append(True)
        except OSError:
            taken.append(False)
        finally:
            writer.close()

    async def work(printer: LaserPrinter) -> None:
        with pytest.raises(PrinterNonsense):
            await printer.status()
        while not taken:
            await asyncio.sleep(0)

    pretend(talk, work)
    assert taken == [False]


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
        pretend(answering(TELLS_NOTHING, ipp(0, JOB_7)), lambda p: p.submit(PAGE, title="t"), deadline=0.3)
    assert caught.value.job_id == 7


def test_a_document_refused_is_refused_and_its_job_cancelled() -> None:
    with pytest.raises(PrinterRefused) as caught:
        pretend(answering(TELLS_NOTHING, ipp(0, JOB_7), ipp(0x040A), ipp(0)), lambda p: p.submit(PAGE, title="t"))
    assert caught.value.status == 0x040A


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(CALLS), st.booleans())
def test_only_printer_errors_come_out(
    junk: bytes, call: Callable[[LaserPrinter], Coroutine[Any, Any, Any]], framed: bool
) -> None:
    with contextlib.suppress(PrinterError):
        pretend(answering(ipp(0, junk)) if framed else saying(junk), call, deadline=0.3)
