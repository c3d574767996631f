"""When each part is asked, and what is made of its answer: with parts that say what the test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest

from drivers import hotplug, smartcard
from drivers.printers.errors import JobLeft, OutOfPaper, PrinterUnreachable
from kiosk.session.availability import Availability, Source
from kiosk.session.readiness import DeviceHints, Question, Readiness

NEVER_AGAIN = 3600.0


class Part:
    """Ready unless `error` is set. `asked` is how often it was asked."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.left: Exception | None = None
        self.asked = 0
        self.tidied = 0
        self.gone = asyncio.Event()
        self._changed = asyncio.Condition()

    def question(self, again: float) -> Question:
        return Question(self.ask, again, self.attend, self.tidy)

    async def ask(self) -> None:
        async with self._changed:
            self.asked += 1
            self._changed.notify_all()
        if self.error is not None:
            raise self.error

    async def attend(self) -> None:
        await self.gone.wait()

    async def tidy(self) -> None:
        self.tidied += 1
        if self.left is not None:
            raise self.left

    async def until_asked(self, times: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.asked >= times)


class Closed:
    """What the closed sign would say, change by change."""

    def __init__(self) -> None:
        self.codes: list[str | None] = []
        self._changed = asyncio.Event()
        self.availability = Availability(self._keep)

    def _keep(self) -> None:
        self.codes.append(self.availability.code)
        self._changed.set()

    async def until(self, code: str | None) -> None:
        while self.availability.code != code:
            self._changed.clear()
            await self._changed.wait()


@asynccontextmanager
async def watched(again: float = NEVER_AGAIN) -> AsyncIterator[tuple[dict[Source, Part], Closed, Readiness]]:
    parts: dict[Source, Part] = {"reader": Part(), "laser": Part(), "signer": Part()}
    closed = Closed()
    readiness = Readiness(closed.availability, {s: p.question(again) for s, p in parts.items()})
    await readiness.start()
    try:
        yield parts, closed, readiness
    finally:
        await readiness.stop()


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


def test_each_part_has_answered_before_the_kiosk_opens() -> None:
    async def test() -> None:
        async with watched() as (parts, closed, _):
            assert [part.asked for part in parts.values()] == [1, 1, 1]
            assert closed.availability.code is None

    run(test)


def test_a_hint_is_followed_at_once_and_asks_nobody_else() -> None:
    async def test() -> None:
        async with watched() as (parts, closed, readiness):
            parts["laser"].error = OutOfPaper("the tray is empty")
            readiness.look("laser")
            await closed.until("E-PRINTER-PAPER-OUT")
            assert closed.availability.source == "laser"
            parts["laser"].error = None
            readiness.look("laser")
            await closed.until(None)
            assert parts["reader"].asked == parts["signer"].asked == 1

    run(test)


def test_a_part_that_is_away_is_asked_again_until_it_is_back() -> None:
    async def test() -> None:
        async with watched(again=0.01) as (parts, closed, readiness):
            parts["reader"].error = smartcard.NoReader("no reader")
            readiness.look("reader")
            await parts["reader"].until_asked(5)
            assert closed.codes == ["E-READER-NONE"], "said once, however often it is asked"
            parts["reader"].error = None
            await closed.until(None)

    run(test)


def test_a_part_whose_connection_ends_is_asked_without_a_hint() -> None:
    async def test() -> None:
        async with watched() as (parts, closed, _):
            parts["signer"].error = PrinterUnreachable("any error with a code")
            parts["signer"].gone.set()
            await closed.until("E-PRINTER-UNREACHABLE")
            assert closed.availability.source == "signer"

    run(test)


def test_the_gravest_is_told_first_and_the_next_when_it_is_gone() -> None:
    async def test() -> None:
        async with watched() as (parts, closed, readiness):
            parts["laser"].error, parts["reader"].error = OutOfPaper("empty"), smartcard.NoReader("none")
            readiness.look()
            await closed.until("E-READER-NONE")
            await parts["laser"].until_asked(2)
            parts["reader"].error = None
            readiness.look("reader")
            await closed.until("E-PRINTER-PAPER-OUT")

    run(test)


def test_nothing_is_asked_while_a_citizen_is_served() -> None:
    async def test() -> None:
        async with watched(again=0.001) as (parts, closed, readiness):
            parts["reader"].error = smartcard.NoReader("none")
            readiness.look("reader")
            await closed.until("E-READER-NONE")
            readiness.resume()
            readiness.pause()
            await asyncio.sleep(0)  # the question under way, if any, comes to its end
            asked = parts["reader"].asked
            parts["laser"].error = OutOfPaper("empty")
            readiness.look()
            parts["signer"].gone.set()
            for _ in range(1000):
                await asyncio.sleep(0)
            assert (parts["reader"].asked, parts["laser"].asked, parts["signer"].asked) == (asked, 1, 1)
            parts["reader"].error = None
            readiness.resume()
            await closed.until("E-PRINTER-PAPER-OUT")

    run(test)


def test_the_slow_tick_asks_all_of_them_but_not_right_after_the_start() -> None:
    async def test() -> None:
        async with watched() as (parts, _, readiness):
            readiness.resume()
            for _ in range(1000):
                await asyncio.sleep(0)
            assert [part.asked for part in parts.values()] == [1, 1, 1]
            readiness.resume()
            for part in parts.values():
                await part.until_asked(2)

    run(test)


def test_a_failure_nobody_foresaw_closes_the_kiosk_and_does_not_end_the_watch() -> None:
    async def test() -> None:
        async with watched(again=0.01) as (parts, closed, readiness):
            parts["laser"].error = ZeroDivisionError("a fault of ours")
            readiness.look("laser")
            await closed.until("E-KIOSK-UNEXPECTED")
            parts["laser"].error = None
            await closed.until(None)

    run(test)


@pytest.mark.parametrize("stops", [1, 2])
def test_stopping_leaves_no_task(stops: int) -> None:
    async def test() -> None:
        before = asyncio.all_tasks()
        async with watched() as (_, _, readiness):
            for _ in range(stops):
                await readiness.stop()
        assert asyncio.all_tasks() == before

    run(test)


def test_what_an_earlier_visit_left_is_tidied_up_before_a_card_is_asked_for() -> None:
    async def test() -> None:
        async with watched(again=0.001) as (parts, closed, readiness):
            laser = parts["laser"]
            assert laser.tidied == 1, "at the start"
            readiness.look("laser")
            await laser.until_asked(2)
            assert laser.tidied == 1, "a look is not worth a technician's test page"
            laser.error = OutOfPaper("empty")
            readiness.look("laser")
            await closed.until("E-PRINTER-PAPER-OUT")
            assert laser.tidied == 1, "first it must answer"
            laser.left = JobLeft("it holds on to a job")
            laser.error = None
            await closed.until("E-PRINTER-JOB-LEFT")
            laser.left = None
            await closed.until(None)

    run(test)


def test_after_a_visit_all_is_tidied_up_once() -> None:
    async def test() -> None:
        async with watched() as (parts, _, readiness):
            readiness.resume()
            readiness.pause()
            readiness.resume()
            await parts["laser"].until_asked(2)
            readiness.look("laser")
            await parts["laser"].until_asked(3)
            assert parts["laser"].tidied == 2

    run(test)


def test_a_printer_that_the_configuration_no_longer_has_is_not_missed() -> None:
    async def test() -> None:
        closed, laser = Closed(), Part()
        closed.availability.set("thermal", "E-PRINTER-CUTTER")
        closed.availability.set("staff", "E-STAFF-OUT-OF-SERVICE")
        readiness = Readiness(closed.availability, {"laser": laser.question(NEVER_AGAIN)})
        await readiness.start()
        await readiness.stop()
        assert closed.availability.codes == {"staff": "E-STAFF-OUT-OF-SERVICE"}

    run(test)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("reader", {"reader"}),
        ("printer", {"laser", "thermal"}),
        ("serial", {"laser", "thermal"}),
        ("other", {"laser", "thermal"}),
        ("storage", set()),
        ("input", set()),
    ],
)
@pytest.mark.parametrize("change", [hotplug.DeviceArrived, hotplug.DeviceLeft, hotplug.DeviceBlocked])
def test_a_device_that_comes_or_goes_is_what_may_have_changed(
    monkeypatch: pytest.MonkeyPatch, change: type[hotplug.DeviceEvent], kind: hotplug.Kind, asked: set[str]
) -> None:
    async def test() -> None:
        tell: list[Callable[[hotplug.WatchEvent], None]] = []
        monkeypatch.setattr(hotplug, "DeviceWatch", lambda callback: tell.append(callback))
        looked: set[str] = set()
        DeviceHints(cast(Readiness, SimpleNamespace(look=lambda *sources: looked.update(sources))))
        tell[0](hotplug.WatchLost())
        tell[0](change(kind, "04b8:0e28:X1"))
        tell[0](hotplug.WatchBack())
        await asyncio.sleep(0)
        assert looked == asked

    run(test)
