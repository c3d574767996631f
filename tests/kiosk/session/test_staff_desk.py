"""The technician's hands: what is answered, what is logged and what is kept, with a real PIN file and a real count."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from config.schema import Kiosk, Settings, Staff
from kiosk.catalogue import log
from kiosk.diagnostics import Check
from kiosk.session import events as e
from kiosk.session import staff_events as staff
from kiosk.session.availability import Availability
from kiosk.session.control import Health
from kiosk.session.staff_desk import MAX_LINE, OwnSession, StaffDesk
from kiosk.staff.lock import StaffLock
from kiosk.staff.pin import set_pin
from kiosk.staff.switch import OUT_OF_SERVICE, ServiceSwitch

PIN, WRONG = "739184", "739185"


class Bench:
    """A desk, what it posts, what it logs, and checks that the test lets come one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stream = io.StringIO()
        log.configure(self.stream)
        self.availability = Availability()
        self.posted: asyncio.Queue[e.Event] = asyncio.Queue()
        self.found: asyncio.Queue[Check | Exception | None] = asyncio.Queue()
        self.given_up = asyncio.Event()
        self.desk = self.another()

    def another(self) -> StaffDesk:
        settings = Settings(
            profile="demo", kiosk=Kiosk(state=self.folder / "state"), staff=Staff(pin_file=self.folder / "staff.pin")
        )
        return StaffDesk(settings, self.posted.put_nowait, self.availability, self.checks)

    async def checks(self) -> AsyncIterator[Check]:
        try:
            while (check := await self.found.get()) is not None:
                if isinstance(check, Exception):
                    raise check
                yield check
        finally:
            self.given_up.set()

    async def answer(self, command: e.Command) -> e.Event:
        self.desk.carry_out(command)
        return await asyncio.wait_for(self.posted.get(), 20)

    @property
    def logged(self) -> list[tuple[str, int]]:
        lines = [json.loads(line) for line in self.stream.getvalue().splitlines()]
        return [(line["state"], line["wrong"]) for line in lines if line["event"] == "staff"]


def on_bench(tmp_path: Path, test: Callable[[Bench], Awaitable[Any]]) -> Bench:
    benches = []

    async def run() -> None:
        benches.append(Bench(tmp_path))
        await test(benches[0])

    asyncio.run(asyncio.wait_for(run(), 60))
    return benches[0]


def test_without_a_pin_file_there_is_no_staff_mode(tmp_path: Path) -> None:
    async def test(bench: Bench) -> None:
        for command in (staff.AskStaff(), staff.CheckPin(PIN)):
            assert await bench.answer(command) == staff.StaffAsked(code="E-STAFF-PIN-NONE")

    on_bench(tmp_path, test)


def test_the_right_pin_is_admitted_and_the_log_says_who_came_and_left(tmp_path: Path) -> None:
    set_pin(tmp_path / "staff.pin", PIN)

    async def test(bench: Bench) -> None:
        assert await bench.answer(staff.AskStaff()) == staff.StaffAsked(3)
        assert await bench.answer(staff.CheckPin(WRONG)) == staff.StaffAsked(2, 0, wrong=True)
        assert await bench.answer(staff.CheckPin(PIN)) == staff.StaffAdmitted(out=False)
        bench.desk.carry_out(e.Wipe())
        bench.desk.carry_out(e.Wipe())

    bench = on_bench(tmp_path, test)
    assert bench.logged == [("refused", 1), ("entered", 0), ("left", 0)]
    assert PIN not in bench.stream.getvalue() and WRONG not in bench.stream.getvalue()


def test_too_many_wrong_tries_lock_the_right_pin_out_too(tmp_path: Path) -> None:
    set_pin(tmp_path / "staff.pin", PIN)

    async def test(bench: Bench) -> None:
        for _ in range(3):
            asked = await bench.answer(staff.CheckPin(WRONG))
        assert isinstance(asked, staff.StaffAsked) and asked.wait_s in (14, 15)
        bench.desk = bench.another()
        for command in (staff.CheckPin(PIN), staff.AskStaff()):
            asked = await bench.answer(command)
            assert isinstance(asked, staff.StaffAsked) and asked.wait_s > 0 and not asked.wrong

    bench = on_bench(tmp_path, test)
    assert bench.logged == [("refused", 1), ("refused", 2), ("locked", 3), ("locked", 3)]


def test_two_pins_at_once_are_one_try(tmp_path: Path) -> None:
    set_pin(tmp_path / "staff.pin", PIN)

    async def test(bench: Bench) -> None:
        bench.desk.carry_out(staff.CheckPin(WRONG))
        bench.desk.carry_out(staff.CheckPin(WRONG))
        assert await bench.answer(staff.CheckPin(PIN)) == staff.StaffAsked(2, 0, wrong=True)

    on_bench(tmp_path, test)
    assert StaffLock(tmp_path / "state").tries().wrong == 1


def test_who_left_while_the_pin_was_looked_at_is_not_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        looking, go_on = threading.Event(), threading.Event()

        def matches(self, pin: str) -> bool:
            self.looking.set()
            return self.go_on.wait(20)

    slow = Slow()
    monkeypatch.setattr("kiosk.session.staff_desk.load_pin", lambda file: slow)

    async def test(bench: Bench) -> None:
        bench.desk.carry_out(staff.CheckPin(PIN))
        await asyncio.to_thread(slow.looking.wait, 20)
        bench.desk.carry_out(e.Wipe())
        slow.go_on.set()
        assert await bench.answer(staff.CheckPin(PIN)) == staff.StaffAdmitted(out=False)
        assert bench.posted.empty()

    bench = on_bench(tmp_path, test)
    assert bench.logged == [("entered", 0)], "the second one, not the first"


def test_a_count_that_cannot_be_kept_lets_nobody_in(tmp_path: Path) -> None:
    set_pin(tmp_path / "staff.pin", PIN)
    (tmp_path / "state").touch()

    async def test(bench: Bench) -> None:
        assert await bench.answer(staff.CheckPin(PIN)) == staff.StaffAsked(code="E-STAFF-STATE")
        bench.desk.begin()
        assert bench.availability.codes == {"staff": "E-STAFF-STATE"}

    on_bench(tmp_path, test)


def test_the_checks_come_as_they_are_found_and_are_given_up_with_the_screen(tmp_path: Path) -> None:
    async def test(bench: Bench) -> None:
        long = Check(name="printer", status="failed", code="E-PRINTER-JAM", detail="x" * 900, remedy="y" * 900)
        bench.found.put_nowait(Check(name="reader", status="ok", detail="a reader"))
        assert await bench.answer(staff.RunChecks()) == staff.Checked("reader", "ok", None, "a reader", None)
        bench.found.put_nowait(long)
        shown = await bench.posted.get()
        assert shown == staff.Checked("printer", "failed", "E-PRINTER-JAM", "x" * MAX_LINE, "y" * MAX_LINE)
        bench.desk.carry_out(e.Wipe())
        await bench.given_up.wait()
        assert bench.posted.empty()
        bench.found.put_nowait(None)
        assert isinstance(await bench.answer(staff.RunChecks()), staff.ChecksDone)

    on_bench(tmp_path, test)


def test_checks_that_break_are_a_finding(tmp_path: Path) -> None:
    async def test(bench: Bench) -> None:
        bench.found.put_nowait(RuntimeError("BENALI Amina"))
        broke = await bench.answer(staff.RunChecks())
        assert broke == staff.Checked("diagnostics", "failed", "E-KIOSK-UNEXPECTED", "RuntimeError", None)
        assert isinstance(await bench.posted.get(), staff.ChecksDone)

    bench = on_bench(tmp_path, test)
    assert "BENALI" not in bench.stream.getvalue()


def test_out_of_service_closes_the_kiosk_until_it_is_put_back(tmp_path: Path) -> None:
    async def test(bench: Bench) -> None:
        bench.desk.begin()
        assert bench.availability.code is None
        assert await bench.answer(staff.SetService(out=True)) == staff.ServicePut(out=True)
        assert bench.availability.codes == {"staff": OUT_OF_SERVICE}
        bench.availability.set("staff", None)
        bench.desk = bench.another()
        bench.desk.begin()
        assert bench.availability.codes == {"staff": OUT_OF_SERVICE}, "the switch is remembered"
        assert await bench.answer(staff.SetService(out=False)) == staff.ServicePut(out=False)
        assert bench.availability.code is None

    bench = on_bench(tmp_path, test)
    assert bench.logged == [("out-of-service", 0), ("in-service", 0)]


def test_a_switch_that_cannot_be_moved_is_told(tmp_path: Path) -> None:
    ServiceSwitch(tmp_path / "state").put(out=True)
    (tmp_path / "state" / "out-of-service").unlink()
    (tmp_path / "state" / "out-of-service.new").mkdir()

    async def test(bench: Bench) -> None:
        assert await bench.answer(staff.SetService(out=True)) == staff.ServicePut(out=False, code="E-STAFF-STATE")
        assert bench.availability.code is None

    on_bench(tmp_path, test)


def test_the_session_that_checks_itself_holds_nobody_up(tmp_path: Path) -> None:
    async def test(bench: Bench) -> None:
        own = OwnSession(lambda: Health(release=7, between_visits=False, parts={}))
        async with own.hold():
            assert (await own.health()).between_visits and (await own.health()).release == 7

    on_bench(tmp_path, test)


@pytest.mark.parametrize("command", [e.Probe(), e.Print(), e.Void(), e.AwaitCard()], ids=lambda c: type(c).__name__)
def test_a_visits_commands_are_not_the_desks(tmp_path: Path, command: e.Command) -> None:
    async def test(bench: Bench) -> None:
        bench.desk.carry_out(command)
        assert bench.posted.empty()

    on_bench(tmp_path, test)
