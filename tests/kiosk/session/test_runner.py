"""The session over its real socket: snapshots down, events up, silence, rubbish, and a screen that dies."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from config.schema import Session, Settings
from kiosk.catalogue import log
from kiosk.session import events as e
from kiosk.session import holder_events as holder
from kiosk.session import staff_events as staff
from kiosk.session.protocol import MAX_EVENT_BYTES
from kiosk.session.runner import Runner
from kiosk.session.screen_link import ScreenLink


class RecordedHands:
    """Keeps the commands; the test says what comes of them."""

    def __init__(self) -> None:
        self.commands: list[e.Command] = []
        self.pauses = 0

    def carry_out(self, command: e.Command) -> None:
        self.commands.append(command)

    def between_visits(self) -> None:
        self.pauses += 1


class Screen:
    """The other end of the wire, reading and writing as the screen process does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.shown: dict[str, Any] = {}

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not (self.shown and wanted(self.shown)):
            self.shown = json.loads(await asyncio.wait_for(self.reader.readline(), 10))
        return self.shown

    async def screen(self, name: str) -> dict[str, Any]:
        return await self.until(lambda shown: shown["screen"] == name)

    def say(self, name: str, seq: int | None = None, **value: str) -> None:
        message = {"v": 1, "seq": self.shown["seq"] if seq is None else seq, "name": name, "value": value}
        self.writer.write(json.dumps(message).encode() + b"\n")


@asynccontextmanager
async def a_session(folder: Path, **session: float) -> AsyncIterator[tuple[Runner, RecordedHands, Path]]:
    settings = Settings(profile="demo", session=Session.model_construct(**{**Session().model_dump(), **session}))
    runner, hands = Runner(settings), RecordedHands()
    runner.use(hands)
    link = ScreenLink(folder / "s.sock", runner.from_screen)
    runner.attach(link)
    await link.start()
    running = asyncio.create_task(runner.run())
    try:
        yield runner, hands, folder / "s.sock"
    finally:
        running.cancel()
        await link.stop()


async def connect(path: Path) -> Screen:
    return Screen(*await asyncio.open_unix_connection(path, limit=1 << 20))


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


@pytest.fixture(autouse=True)
def quiet() -> io.StringIO:
    stream = io.StringIO()
    log.configure(stream)
    return stream


def test_touches_walk_the_visit(tmp_path: Path) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (runner, hands, path):
            screen = await connect(path)
            await screen.screen("attract")
            screen.say("start")
            await screen.screen("language")
            screen.say("language", language="fr")
            assert (await screen.screen("card"))["language"] == "fr"
            for event in (e.CardIn(), e.AsksCan()):
                runner.post(event)
            await screen.screen("can")
            screen.say("password", can="123456")
            await screen.screen("opening")
            assert hands.commands[-1] == e.Open({"can": "123456"})

    run(visit)


def test_a_tap_meant_for_one_question_never_answers_the_next(tmp_path: Path) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (_, hands, path):
            screen = await connect(path)
            first = (await screen.screen("attract"))["seq"]
            screen.say("start")
            await screen.screen("language")
            screen.say("language", seq=first, language="fr")
            screen.say("cancel")
            await screen.screen("take_card")
            assert not any(isinstance(c, e.AwaitCard) for c in hands.commands), "the visit never left the question"

    run(visit)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b"\xff\xfe\n",
        b'{"v":1,"seq":1,"name":"pin","value":{"pin":"12"}}\n',
        b'{"v":1,"seq":1,"name":"explode","value":{}}\n',
        b'{"v":1,"seq":1,"name":"start","value":{"a":"' + b"x" * 100 + b'"}}\n',
        b"[" * 2000 + b"\n",
    ],
)
def test_rubbish_from_the_screen_changes_nothing(tmp_path: Path, line: bytes) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (_, hands, path):
            screen = await connect(path)
            await screen.screen("attract")
            screen.writer.write(line)
            screen.say("start")
            await screen.screen("language")
            assert hands.commands == []

    run(visit)


def test_an_endless_line_costs_the_connection_only(tmp_path: Path) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (_, _hands, path):
            screen = await connect(path)
            await screen.screen("attract")
            screen.writer.write(b"x" * (3 * MAX_EVENT_BYTES))
            assert await asyncio.wait_for(screen.reader.read(), 10) == b""
            again = await connect(path)
            assert (await again.screen("attract"))["screen"] == "attract"

    run(visit)


def test_a_new_screen_is_shown_where_the_visit_is(tmp_path: Path) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (_, _hands, path):
            first = await connect(path)
            await first.screen("attract")
            first.say("start")
            await first.screen("language")
            first.writer.close()
            assert (await (await connect(path)).until(lambda shown: True))["screen"] == "language"

    run(visit)


def test_silence_is_asked_about_and_then_ends_the_visit(tmp_path: Path) -> None:
    async def visit() -> None:
        async with a_session(tmp_path, idle=0.05, idle_warning=1) as (_, hands, path):
            screen = await connect(path)
            await screen.screen("attract")
            screen.say("start")
            warned = await screen.until(lambda shown: shown["idle_seconds"] is not None)
            assert warned["screen"] == "language"
            screen.say("still_here")
            await screen.until(lambda shown: shown["idle_seconds"] is None)
            assert (await screen.screen("trouble"))["data"]["code"] == "E-KIOSK-IDLE"
            assert isinstance(hands.commands[-1], e.Wipe)

    run(visit)


def test_what_waits_is_delivered_between_visits(tmp_path: Path) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (runner, hands, path):
            screen = await connect(path)
            await screen.screen("attract")
            assert hands.pauses == 1
            screen.say("start")
            await screen.screen("language")
            screen.say("cancel")
            await screen.screen("take_card")
            runner.post(e.CardOut())
            await screen.screen("goodbye")
            screen.say("start")
            await screen.screen("attract")
            assert hands.pauses == 2

    run(visit)


def test_what_waits_is_tried_again_while_nobody_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.session.runner.BETWEEN_S", 0.02)

    async def visit() -> None:
        async with a_session(tmp_path) as (_, hands, path):
            screen = await connect(path)
            await screen.until(lambda shown: hands.pauses >= 3)
            assert screen.shown["screen"] == "attract"

    run(visit)


def test_a_closed_kiosk_lets_nobody_begin(tmp_path: Path) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (runner, _, path):
            screen = await connect(path)
            await screen.until(lambda shown: shown["data"].get("unavailable") is None)
            runner.availability.set("ledger", "E-LEDGER-FULL")
            await screen.until(lambda shown: shown["data"].get("unavailable") == "E-LEDGER-FULL")
            screen.say("start")
            screen.writer.close()
            screen = await connect(path)
            assert (await screen.until(lambda shown: True))["screen"] == "attract", (
                "the touch is heard, and does nothing"
            )
            runner.availability.set("ledger", None)
            await screen.until(lambda shown: shown["data"]["unavailable"] is None)
            screen.say("start")
            await screen.screen("language")

    run(visit)


def test_the_log_of_a_visit_holds_no_digit_the_citizen_typed(tmp_path: Path, quiet: io.StringIO) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (runner, _hands, path):
            screen = await connect(path)
            await screen.screen("attract")
            screen.say("start")
            await screen.screen("language")
            screen.say("language", language="ar")
            await screen.screen("card")
            for event in (e.CardIn(), e.AsksCan()):
                runner.post(event)
            await screen.screen("can")
            screen.say("password", can="987654")
            await screen.screen("opening")
            runner.post(e.Opened())
            runner.post(holder.AsksPin(3))
            await screen.screen("pin")
            screen.say("pin", pin="24681")
            await screen.screen("reading")

    run(visit)
    logged = [json.loads(line) for line in quiet.getvalue().splitlines()]
    said = repr([{key: value for key, value in line.items() if key != "timestamp"} for line in logged])
    assert logged and "987654" not in said and "24681" not in said


def test_staff_comes_in_while_the_kiosk_is_closed_and_keeps_a_hold_waiting(tmp_path: Path) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (runner, hands, path):
            desk = RecordedHands()
            runner.also(desk)
            runner.availability.set("ledger", "E-LEDGER-FULL")
            screen = await connect(path)
            await screen.screen("attract")
            screen.say("staff")
            await screen.screen("staff_pin")
            assert desk.commands == hands.commands == [staff.AskStaff()]
            held = asyncio.create_task(hold_once(runner))
            screen.say("start")
            screen.say("staff_pin", pin="739184")
            runner.post(staff.StaffAdmitted(out=False))
            await screen.screen("diagnostics")
            assert not held.done(), "staff is in: the configuration waits"
            screen.say("back")
            await screen.screen("attract")
            await held

    run(visit)


def test_staff_does_not_come_in_while_the_session_is_held(tmp_path: Path) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (runner, hands, path):
            screen = await connect(path)
            await screen.screen("attract")
            async with runner.held():
                await screen.until(lambda shown: shown["data"].get("unavailable") == "E-KIOSK-CONFIG-SWITCH")
                runner.post(staff.Staff())
                await pulse(runner)
                assert hands.commands == []
            await screen.until(lambda shown: shown["data"].get("unavailable") is None)
            screen.say("staff")
            await screen.screen("staff_pin")

    run(visit)


@pytest.mark.parametrize("value", [{"pin": "12345"}, {"pin": "1234567890123"}, {"pin": "abcdef"}, {}])
def test_what_cannot_be_a_staff_pin_is_not_looked_at(tmp_path: Path, value: dict[str, str]) -> None:
    async def visit() -> None:
        async with a_session(tmp_path) as (_, hands, path):
            screen = await connect(path)
            await screen.screen("attract")
            screen.say("staff")
            await screen.screen("staff_pin")
            screen.say("staff_pin", **value)
            screen.say("staff_pin", pin="739184")
            screen.say("back")
            await screen.screen("attract")
            assert hands.commands == [staff.AskStaff(), staff.CheckPin("739184"), e.Wipe()]

    run(visit)


async def hold_once(runner: Runner) -> None:
    async with runner.held():
        return


async def pulse(runner: Runner) -> None:
    """Return when the runner has come to everything posted so far."""
    passed = asyncio.Event()
    runner.pulse(passed.set)
    await passed.wait()
