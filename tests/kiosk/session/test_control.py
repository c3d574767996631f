"""The session's control socket: how it is, and the pause between two visits, over the real socket."""

import asyncio
import io
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.schema import Settings
from drivers.printers.port import Condition, PrinterStatus
from kiosk.catalogue import log
from kiosk.catalogue.codes import code_of
from kiosk.issuance.errors import LedgerFull
from kiosk.issuance.records import Counted, Loaded, PaperRecord, Spoiled, SpoiledBy, StationName
from kiosk.issuance.stock import PaperAccount, Stock
from kiosk.session import events as e
from kiosk.session.control import (
    MAX_CLIENTS,
    MAX_LINE,
    PARTS,
    ControlClient,
    ControlRefused,
    ControlServer,
    Health,
    NotBooked,
    SessionAway,
)
from kiosk.session.protocol import Snapshot
from kiosk.session.runner import CONFIG_SWITCH, NoHands, Runner


@dataclass
class Kiosk:
    """A runner with nobody's hands, and its control socket."""

    path: Path
    runner: Runner = field(default_factory=lambda: Runner(Settings(profile="demo")))
    shown: Snapshot | None = None
    screen: bool = False
    release: int | None = None
    stock: Stock = field(default_factory=dict)
    refuses: Exception | None = None

    def show(self, snapshot: Snapshot) -> None:
        self.shown = snapshot

    def books(self, station: StationName | None, record: PaperRecord | None) -> Stock:
        if self.refuses is not None:
            raise self.refuses
        if station is not None and record is not None:
            self.stock[station] = self.stock.get(station, PaperAccount()).plus(record)
        return self.stock

    @property
    def client(self) -> ControlClient:
        return ControlClient(self.path)

    def health(self) -> Health:
        runner = self.runner
        return Health.of(
            runner.availability, release=self.release, between_visits=runner.between_visits, screen=self.screen
        )

    async def turn(self, *events: e.Event) -> str:
        """The screen once the runner has taken these events, one after the other."""
        done = asyncio.Event()
        for event in events:
            self.runner.post(event)
        self.runner.pulse(done.set)
        await done.wait()
        assert self.shown is not None
        return self.shown.screen


@asynccontextmanager
async def a_kiosk(folder: Path) -> AsyncIterator[Kiosk]:
    kiosk = Kiosk(folder / "run" / "control.sock")
    kiosk.runner.use(NoHands())
    kiosk.runner.attach(kiosk)
    server = ControlServer(kiosk.path, kiosk.health, kiosk.runner.held, kiosk.books)
    await server.start()
    running = asyncio.create_task(kiosk.runner.run())
    try:
        yield kiosk
    finally:
        running.cancel()
        await server.stop()
        assert not kiosk.path.exists()


def run(test: Callable[[Kiosk], Awaitable[None]], folder: Path) -> None:
    async def all_of_it() -> None:
        async with a_kiosk(folder) as kiosk:
            await test(kiosk)

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


@pytest.fixture(autouse=True)
def said() -> io.StringIO:
    stream = io.StringIO()
    log.configure(stream)
    return stream


def test_health_tells_each_part_of_the_machine_and_nothing_of_the_network(tmp_path: Path) -> None:
    async def test(kiosk: Kiosk) -> None:
        well = await kiosk.client.health()
        assert (well.release, well.between_visits) == (None, True)
        assert {part for part, code in well.parts.items() if code} == {"screen"}
        kiosk.screen, kiosk.release = True, 7
        kiosk.runner.availability.set("signer", "E-SIGN-TOKEN")
        kiosk.runner.availability.set("registry", "E-REGISTRY-UNREACHABLE")
        kiosk.runner.availability.set("hours", "E-KIOSK-CLOSED")
        ill = await kiosk.client.health()
        assert ill.release == 7
        assert {part: code for part, code in ill.parts.items() if code} == {"signer": "E-SIGN-TOKEN"}

    run(test, tmp_path)


def test_health_tells_what_can_be_had_and_what_the_printers_say(tmp_path: Path) -> None:
    both = {"laser": {"uri": "ipp://localhost/ipp/print"}, "thermal": {"address": "tcp://127.0.0.1:9100"}}

    async def test(kiosk: Kiosk) -> None:
        kiosk.runner.go_by(Settings.model_validate({"profile": "demo", **both}))
        low = PrinterStatus(True, frozenset({Condition.PAPER_LOW}), "M" * 200)
        kiosk.runner.availability.set("thermal", None, low)
        well = await kiosk.client.health()
        assert well.forms == ("a4", "ticket")
        assert {part: (told.model, told.conditions) for part, told in well.printers.items()} == {
            "thermal": ("M" * 100, (Condition.PAPER_LOW,))
        }
        kiosk.runner.availability.set("thermal", "E-PRINTER-CUTTER")
        kiosk.runner.availability.set("certificate", "E-CERTIFICATE-EXPIRED")
        ill = await kiosk.client.health()
        assert (ill.forms, ill.printers) == ((), {})
        assert ill.parts["thermal"] == "E-PRINTER-CUTTER" and ill.parts["certificate"] == "E-CERTIFICATE-EXPIRED"

    run(test, tmp_path)


def test_the_wire_is_one_object_a_line(tmp_path: Path) -> None:
    async def test(kiosk: Kiosk) -> None:
        reader, writer = await asyncio.open_unix_connection(kiosk.path)
        writer.write(b'{"op":"health"}\n{"op":"health"}\n{"op":"hold"}\n')
        answers = [json.loads(await reader.readline()) for _ in range(3)]
        assert answers[0] == answers[1]
        assert answers[0] == {
            "release": None,
            "between_visits": True,
            "forms": ["a4"],
            "parts": {**dict.fromkeys(PARTS), "screen": "E-KIOSK-SCREEN-AWAY"},
            "printers": {},
        }
        assert answers[2] == {"held": True}
        writer.close()

    run(test, tmp_path)


def test_the_socket_is_for_its_group_only(tmp_path: Path) -> None:
    async def test(kiosk: Kiosk) -> None:
        assert stat.S_IMODE(kiosk.path.stat().st_mode) == 0o660

    run(test, tmp_path)


def test_while_held_nobody_begins_and_afterwards_somebody_can(tmp_path: Path) -> None:
    async def test(kiosk: Kiosk) -> None:
        async with kiosk.client.hold():
            assert await kiosk.turn(e.Start()) == "attract"
            assert kiosk.shown and kiosk.shown.data["unavailable"] == CONFIG_SWITCH
            assert (await kiosk.client.health()).between_visits
        await until_open(kiosk)
        assert await kiosk.turn(e.Start()) == "language"

    run(test, tmp_path)


def test_a_touch_that_was_under_way_when_the_hold_came_begins_nothing(tmp_path: Path) -> None:
    async def test(kiosk: Kiosk) -> None:
        kiosk.runner.post(e.Start())
        async with kiosk.runner.held():
            assert await kiosk.turn() == "attract"

    run(test, tmp_path)


def test_a_hold_waits_for_the_visit_in_progress(tmp_path: Path) -> None:
    async def test(kiosk: Kiosk) -> None:
        await kiosk.turn(e.Start())
        held = asyncio.Event()

        async def hold() -> None:
            async with kiosk.client.hold():
                held.set()
                await asyncio.Event().wait()

        holding = asyncio.create_task(hold())
        await waits(kiosk)
        assert await kiosk.turn(e.ChooseLanguage("fr"), e.Cancel(), e.CardOut()) == "goodbye"
        assert not held.is_set()
        assert not (await kiosk.client.health()).between_visits
        await kiosk.turn(e.TimeOut())
        await held.wait()
        assert await kiosk.turn(e.Start()) == "attract"
        holding.cancel()
        await until_open(kiosk)

    run(test, tmp_path)


@pytest.mark.parametrize("in_a_visit", [False, True])
def test_a_client_that_dies_lets_go(tmp_path: Path, in_a_visit: bool) -> None:
    async def test(kiosk: Kiosk) -> None:
        if in_a_visit:
            await kiosk.turn(e.Start())
        reader, writer = await asyncio.open_unix_connection(kiosk.path)
        writer.write(b'{"op":"hold"}\n')
        if in_a_visit:
            await waits(kiosk)
        else:
            assert await reader.readline() == b'{"held":true}\n'
        writer.transport.abort()
        await until_open(kiosk)

    run(test, tmp_path)


def test_two_holds_end_with_the_second(tmp_path: Path) -> None:
    async def test(kiosk: Kiosk) -> None:
        async with kiosk.client.hold():
            async with kiosk.client.hold():
                pass
            await kiosk.client.health()
            assert kiosk.runner.availability.codes["configuration"] == CONFIG_SWITCH
        await until_open(kiosk)

    run(test, tmp_path)


def test_a_hold_ends_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.session.control.HOLD_S", 0.05)

    async def test(kiosk: Kiosk) -> None:
        reader, writer = await asyncio.open_unix_connection(kiosk.path)
        writer.write(b'{"op":"hold"}\n')
        assert await reader.readline() == b'{"held":true}\n'
        assert await reader.read() == b"", "the holder is told by the end of the connection"
        await until_open(kiosk)
        writer.close()

    run(test, tmp_path)


def test_what_happened_to_the_paper_goes_into_the_books(tmp_path: Path) -> None:
    async def test(kiosk: Kiosk) -> None:
        assert await kiosk.client.paper() == {}
        laser = (await kiosk.client.paper(StationName.LASER, Loaded(units=250)))[StationName.LASER]
        assert (laser.expected, laser.kept) == (250, True)
        spoiled = Spoiled(units=2, reason=SpoiledBy.JAM)
        assert (await kiosk.client.paper(StationName.LASER, spoiled))[StationName.LASER].expected == 248
        assert (await kiosk.client.paper(StationName.THERMAL, Counted(units=9000))).keys() == set(StationName)
        assert await kiosk.client.paper() == kiosk.stock

    run(test, tmp_path)


@pytest.mark.parametrize("error", [LedgerFull("the disk is full"), ZeroDivisionError("a fault of ours")])
def test_what_the_books_refuse_is_told_with_its_code(tmp_path: Path, error: Exception) -> None:
    async def test(kiosk: Kiosk) -> None:
        kiosk.refuses = error
        with pytest.raises(NotBooked) as refused:
            await kiosk.client.paper(StationName.LASER, Loaded(units=250))
        assert refused.value.code == code_of(error)
        await kiosk.client.health()

    run(test, tmp_path)


RUBBISH = [
    b"\n",
    b"{}\n",
    b"null\n",
    b'{"op":"stop"}\n',
    b'{"op":"health","x":1}\n',
    b'{"op":1}\n',
    b'{"op":"paper","station":"laser"}\n',
    b'{"op":"paper","record":{"step":"loaded","units":1}}\n',
    b'{"op":"health","station":"laser","record":{"step":"loaded","units":1}}\n',
    b'{"op":"paper","station":"tray","record":{"step":"loaded","units":1}}\n',
    b'{"op":"paper","station":"laser","record":{"step":"loaded","units":-1}}\n',
    b'{"op":"paper","station":"laser","record":{"step":"settled","outcome":"PRINTED"}}\n',
    b"\xff\xfe\n",
    b"{",
]
RUBBISH += [b"x" * (3 * MAX_LINE), b"[" * 2000 + b"\n", b'{"op":"health"' + b" " * MAX_LINE + b"}\n"]


@pytest.mark.parametrize("line", RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_ends_its_own_connection_and_no_other(tmp_path: Path, line: bytes, said: io.StringIO) -> None:
    async def test(kiosk: Kiosk) -> None:
        reader, writer = await asyncio.open_unix_connection(kiosk.path)
        writer.write(line)
        writer.write_eof()
        assert await reader.readline() == b'{"error":"E-KIOSK-CONTROL"}\n'
        assert await reader.read() == b""
        writer.close()
        await kiosk.client.health()

    run(test, tmp_path)
    assert json.loads(said.getvalue().splitlines()[-1])["source"] == "control"


@given(st.binary(max_size=200))
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_leave_the_session_serving(tmp_path: Path, sent: bytes) -> None:
    async def test(kiosk: Kiosk) -> None:
        reader, writer = await asyncio.open_unix_connection(kiosk.path)
        writer.write(sent)
        writer.write_eof()
        await reader.read()
        writer.close()
        await kiosk.client.health()

    run(test, tmp_path)


def test_too_many_clients_are_refused_and_the_others_served(tmp_path: Path) -> None:
    async def test(kiosk: Kiosk) -> None:
        held = [await asyncio.open_unix_connection(kiosk.path) for _ in range(MAX_CLIENTS)]
        for reader, writer in held:
            writer.write(b'{"op":"health"}\n')
            assert b"parts" in await reader.readline()
        with pytest.raises(ControlRefused):
            await kiosk.client.health()
        held.pop()[1].close()
        while True:
            try:
                await kiosk.client.health()
                break
            except ControlRefused:
                continue
        for _, writer in held:
            writer.close()

    run(test, tmp_path)


def test_where_nobody_listens_the_session_is_away(tmp_path: Path) -> None:
    async def ask(path: Path) -> None:
        with pytest.raises(SessionAway):
            await ControlClient(path).health()
        with pytest.raises(SessionAway):
            async with ControlClient(path).hold():
                raise AssertionError("nobody holds")

    asyncio.run(ask(tmp_path / "nothing.sock"))
    asyncio.run(ask(tmp_path / ("x" * 200)))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", SessionAway),
        (b"{}\n", ControlRefused),
        (b'{"held":true}\n', ControlRefused),
        (b'{"error":"E-KIOSK-CONTROL"}\n', ControlRefused),
        (b'{"release":-1,"between_visits":true,"parts":{}}\n', ControlRefused),
        (b'{"release":"7","between_visits":true,"parts":{}}\n', ControlRefused),
        (b'{"release":7,"between_visits":true,"parts":{"signer":"well"}}\n', ControlRefused),
        (b"x" * (2 * MAX_LINE), SessionAway),
        (None, SessionAway),
    ],
)
def test_a_session_that_talks_nonsense_or_not_at_all(
    tmp_path: Path, answer: bytes | None, error: type[Exception]
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    async def ask() -> None:
        async with await asyncio.start_unix_server(serve, tmp_path / "s"):
            with pytest.raises(error):
                await ControlClient(tmp_path / "s", deadline=0.2 if answer is None else 30).health()

    asyncio.run(asyncio.wait_for(ask(), 60))


async def waits(kiosk: Kiosk) -> None:
    """Until the session knows of a hold that it has not granted yet."""
    while "configuration" not in kiosk.runner.availability.codes:
        await asyncio.sleep(0)


async def until_open(kiosk: Kiosk) -> None:
    while kiosk.runner.availability.codes:
        await asyncio.sleep(0)
