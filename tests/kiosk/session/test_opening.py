"""Outside its hours the kiosk is closed and says when it opens; a visit that is under way is finished."""

import asyncio
import datetime as dt
import io
from collections.abc import Awaitable, Callable

import pytest

from config.hours import Week
from config.schema import Hours, Settings
from kiosk.catalogue import log
from kiosk.session import events as e
from kiosk.session import opening
from kiosk.session.opening import OpeningHours
from kiosk.session.protocol import Snapshot
from kiosk.session.runner import NoHands, Runner
from kiosk.ui.facts import read_facts

ALGIERS = dt.timezone(dt.timedelta(hours=1))
OFFICE = Hours(
    **{day: "08:00-12:00" for day in ("sunday", "monday", "tuesday", "wednesday", "thursday")}, friday="", saturday=""
)
NEVER = Hours(**dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), ""))


class Counter:
    """A kiosk with hours, and a clock the test moves."""

    def __init__(self, hours: Hours, now: str) -> None:
        self.runner = Runner(Settings(profile="demo"))
        self.runner.use(NoHands())
        self.runner.attach(self)
        self.set_clock(now)
        self.hours = OpeningHours(Week.of(hours), self.runner.availability, lambda: self.now)
        self.snapshots: list[Snapshot] = []

    def set_clock(self, now: str) -> None:
        self.now = dt.datetime.fromisoformat(now).replace(tzinfo=ALGIERS)

    def show(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    async def until(self, wanted: Callable[[Snapshot], bool]) -> Snapshot:
        while not (self.snapshots and wanted(self.snapshots[-1])):
            await asyncio.sleep(0.001)
        return self.snapshots[-1]


def run(counter: Callable[[], Counter], test: Callable[[Counter], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        kiosk = counter()
        running = asyncio.create_task(kiosk.runner.run())
        kiosk.hours.start()
        await test(kiosk)
        kiosk.hours.stop()
        running.cancel()

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LOOK_S", 0.005)
    log.configure(io.StringIO())


def closed(snapshot: Snapshot) -> bool:
    return snapshot.data.get("unavailable") == "E-KIOSK-CLOSED"


def test_it_opens_and_closes_with_the_clock() -> None:
    async def day(kiosk: Counter) -> None:
        sign = await kiosk.until(closed)
        assert read_facts(sign)["opens_at"] == "2026-11-23T08:00"
        kiosk.set_clock("2026-11-23T08:00")
        now_open = await kiosk.until(lambda shown: not closed(shown))
        assert now_open.data["opens_at"] is None
        kiosk.set_clock("2026-11-26T12:00")
        sign = await kiosk.until(closed)
        assert sign.data["opens_at"] == "2026-11-29T08:00"

    run(lambda: Counter(OFFICE, "2026-11-23T07:59"), day)


def test_the_timer_rings_at_the_change_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "LOOK_S", 3600)

    async def morning(kiosk: Counter) -> None:
        await kiosk.until(closed)
        kiosk.now += dt.timedelta(seconds=10)
        await kiosk.until(lambda shown: not closed(shown))

    run(lambda: Counter(OFFICE, "2026-11-23T07:59:59.95"), morning)


def test_a_visit_under_way_at_closing_time_is_finished() -> None:
    async def noon(kiosk: Counter) -> None:
        kiosk.runner.post(e.Start())
        await kiosk.until(lambda shown: shown.screen == "language")
        kiosk.set_clock("2026-11-23T12:00")
        while "hours" not in kiosk.runner.availability.codes:
            await asyncio.sleep(0.001)
        kiosk.runner.post(e.ChooseLanguage("fr"))
        await kiosk.until(lambda shown: shown.screen == "card")
        kiosk.runner.post(e.Cancel())
        kiosk.runner.post(e.CardOut())
        kiosk.runner.post(e.TimeOut())
        sign = await kiosk.until(lambda shown: shown.screen == "attract")
        assert closed(sign)

    run(lambda: Counter(OFFICE, "2026-11-23T11:59"), noon)


def test_a_kiosk_that_never_opens_says_no_hour() -> None:
    async def look(kiosk: Counter) -> None:
        assert (await kiosk.until(closed)).data["opens_at"] is None

    run(lambda: Counter(NEVER, "2026-11-23T11:59"), look)


def test_a_graver_reason_is_told_without_an_hour() -> None:
    async def look(kiosk: Counter) -> None:
        await kiosk.until(closed)
        kiosk.runner.availability.set("laser", "E-PRINTER-PAPER-OUT")
        sign = await kiosk.until(lambda shown: not closed(shown))
        assert sign.data["opens_at"] is None

    run(lambda: Counter(OFFICE, "2026-11-27T11:59"), look)
