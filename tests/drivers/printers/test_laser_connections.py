"""Which connection a request goes on: few, none that may be dying under a page, and nothing ever sent twice."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from socket import create_server, socket

import pytest

from drivers.printers import connections
from drivers.printers.errors import PrinterUnreachable, SubmissionUncertain
from drivers.printers.laser import LaserPrinter
from printing.job import print_document
from tests.drivers.printers.impostor import CANCEL, CREATE, JOB_ATTRIBUTES, PRINTER_ATTRIBUTES, SEND, http, ipp, pretend
from tests.drivers.printers.keeper import PROMISE, Keeper, When, a_visit, known
from tests.drivers.printers.test_laser import PAGE

COMMANDS = (CREATE, SEND, CANCEL)


def later(*operations: int) -> When:
    """On a connection that was used before."""
    return lambda operation, nth: operation in operations and nth > 0


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may pause between two requests for longer than a connection is believed."""
    monkeypatch.setattr(connections, "_KEPT_S", 60.0)


def test_a_visit_goes_over_one_connection() -> None:
    printer = Keeper()
    pretend(printer.talk, a_visit)
    visit = [PRINTER_ATTRIBUTES, PRINTER_ATTRIBUTES, CREATE, SEND, JOB_ATTRIBUTES, PRINTER_ATTRIBUTES]
    assert printer.lines == [visit]


def test_one_that_idles_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_KEPT_S", 0.02)
    printer = Keeper()

    async def work(laser: LaserPrinter) -> None:
        await laser.status()
        await asyncio.wait_for(printer.left.wait(), 10.0)

    pretend(printer.talk, work)


def test_of_a_printer_not_yet_known_only_questions_use_a_connection_again() -> None:
    printer = Keeper()

    async def work(laser: LaserPrinter) -> None:
        await laser.status()
        await laser.job(await laser.submit(PAGE, title="t"))
        await laser.submit(PAGE, title="t")

    pretend(printer.talk, work)
    assert printer.lines == [
        [PRINTER_ATTRIBUTES],
        [CREATE],
        [SEND, JOB_ATTRIBUTES, PRINTER_ATTRIBUTES, CREATE, SEND],
    ]


@pytest.mark.parametrize("promise", [b"", b"Connection: Upgrade", b"Connection: close", b"Keep-Alive: timeout=30"])
def test_a_connection_that_nobody_promised_to_keep_is_used_once(promise: bytes) -> None:
    printer = Keeper(promise)
    pretend(printer.talk, a_visit)
    assert [len(line) for line in printer.lines] == [1] * 6


def test_one_that_idled_too_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_KEPT_S", 0.0)
    printer = Keeper()
    pretend(printer.talk, a_visit)
    assert [len(line) for line in printer.lines] == [1] * 6


def test_one_over_which_something_came_unasked_is_not_used_again() -> None:
    printer = Keeper(adds=http(ipp(0), b"200 OK", PROMISE))
    pretend(printer.talk, a_visit)
    assert [len(line) for line in printer.lines] == [1] * 6


def test_questions_at_the_same_time_do_not_share_one() -> None:
    printer = Keeper()

    async def work(laser: LaserPrinter) -> None:
        await asyncio.gather(laser.status(), laser.status(), laser.job(7))
        await a_visit(laser)

    pretend(printer.talk, work)
    assert len(printer.lines) == 3 and Counter(printer.asked)[CREATE] == Counter(printer.asked)[SEND] == 1


# --- printers that close without a word


@pytest.mark.parametrize("promise", [PROMISE, b""])
@pytest.mark.parametrize("after", [CREATE, SEND, PRINTER_ATTRIBUTES, JOB_ATTRIBUTES])
def test_one_that_hangs_up_at_once_after_an_answer_prints(promise: bytes, after: int) -> None:
    printer = Keeper(promise, hangs_up=lambda operation, nth: operation == after)

    async def work(laser: LaserPrinter) -> None:
        for _ in range(20):
            printer.asked.clear()
            await known(laser)
            outcome = await print_document(laser, PAGE, title="t", deadline=5.0)
            assert (outcome.outcome, outcome.error) == ("printed", None)
            assert [operation for operation in printer.asked if operation in COMMANDS] == [CREATE, SEND]

    pretend(printer.talk, work)


def test_a_question_that_finds_its_used_connection_dead_is_asked_once_more() -> None:
    printer = Keeper(cuts=later(PRINTER_ATTRIBUTES))

    async def work(laser: LaserPrinter) -> None:
        await known(laser)
        await laser.submit(PAGE, title="t")

    pretend(printer.talk, work)
    asked_again = [[PRINTER_ATTRIBUTES, PRINTER_ATTRIBUTES], [PRINTER_ATTRIBUTES]]
    assert printer.lines == [*asked_again, [CREATE], [SEND]]  # nothing but questions is left to used ones


def test_a_question_that_finds_its_new_connection_dead_is_not_repeated() -> None:
    printer = Keeper(cuts=lambda operation, nth: True)

    async def work(laser: LaserPrinter) -> None:
        with pytest.raises(PrinterUnreachable):
            await laser.status()

    pretend(printer.talk, work)
    assert printer.asked == [PRINTER_ATTRIBUTES]


@pytest.mark.parametrize(
    ("cut", "error", "heard"),
    [(CREATE, PrinterUnreachable, [CREATE]), (SEND, SubmissionUncertain, [CREATE, SEND])],
)
def test_what_could_print_is_never_sent_twice(cut: int, error: type[Exception], heard: list[int]) -> None:
    printer = Keeper(cuts=later(cut))

    async def work(laser: LaserPrinter) -> None:
        await known(laser)
        printer.asked.clear()
        with pytest.raises(error):
            await laser.submit(PAGE, title="t")
        assert printer.asked == heard
        await a_visit(laser)  # its commands now go on connections of their own

    pretend(printer.talk, work)
    assert [line for line in printer.lines if set(line) & set(COMMANDS)][1:] == [[CREATE], [SEND, *printer.asked[-2:]]]


def test_a_cancellation_is_not_sent_twice() -> None:
    printer = Keeper(cuts=later(CANCEL))

    async def work(laser: LaserPrinter) -> None:
        await known(laser)
        with pytest.raises(PrinterUnreachable):
            await laser.cancel(7)

    pretend(printer.talk, work)
    assert printer.asked == [PRINTER_ATTRIBUTES, PRINTER_ATTRIBUTES, CANCEL]


@pytest.mark.parametrize("promise", [PROMISE, b""])
def test_one_that_hangs_up_in_its_own_time_gets_the_page_once_or_leaves_it_uncertain(promise: bytes) -> None:
    """In a thread of its own, so that the end of the connection may come at any moment of ours."""
    printer = Keeper(promise)
    endings: Counter[str] = Counter()

    async def work(port: int) -> None:
        for _ in range(60):
            laser = LaserPrinter(f"ipp://127.0.0.1:{port}/ipp/print", 5.0)
            printer.asked.clear()
            try:
                await known(laser)
                await laser.submit(PAGE, title="t")
                endings["sent"] += 1
            except SubmissionUncertain:
                endings["uncertain"] += 1
            finally:
                await laser.close()
            commands = Counter(operation for operation in printer.asked if operation in COMMANDS)
            assert commands[CREATE] == 1 and commands[SEND] <= 1 and commands[CANCEL] == 0

    with create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_blocking, args=(server, printer), daemon=True).start()
        asyncio.run(work(server.getsockname()[1]))
        server.shutdown(2)
    assert endings.total() == 60
    if not promise:
        assert endings["uncertain"] == 0


def _blocking(server: socket, printer: Keeper) -> None:
    """Each connection in a thread; that of a Create-Job is closed when it is answered."""

    def serve(line: socket) -> None:
        with line, line.makefile("rb") as file:
            while file.readline():
                length = 0
                while (header := file.readline().strip()) != b"":
                    if header.lower().startswith(b"content-length"):
                        length = int(header.split(b":")[1])
                body = printer.hear(file.read(length))
                created = printer.requests[-1][2:4] == CREATE.to_bytes(2, "big")
                line.sendall(http(body, b"200 OK", *([printer.promise] if printer.promise else [])))
                if created:
                    return

    while True:
        try:
            line, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(line,), daemon=True).start()
