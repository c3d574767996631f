"""A new configuration is taken up between two visits, in order; what cannot be opened leaves the kiosk closed."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from config.current import Configuration
from config.schema import Settings
from kiosk.catalogue import log
from kiosk.issuance.errors import LedgerError
from kiosk.session import events as e
from kiosk.session.protocol import Snapshot
from kiosk.session.reload import Reloader
from kiosk.session.runner import CONFIG_SWITCH, NoHands, Runner

DEFAULT, BROKEN = 8, 2
"""The registry's deadline names the configuration; with BROKEN the parts cannot be opened."""


class Refused(LedgerError):
    code = "E-LEDGER-FULL"


@dataclass
class Kiosk:
    folder: Path
    log: io.StringIO
    happened: list[str] = field(default_factory=list)
    failing: Callable[[Settings], Exception | None] = lambda settings: None
    closing: Exception | None = None
    shown: Snapshot | None = None

    def __post_init__(self) -> None:
        self.file = self.folder / "kiosk.toml"
        self.file.write_text('profile = "demo"\n')
        configuration = Configuration(self.file)
        self.runner = Runner(configuration.load().settings)
        self.runner.attach(self)
        self.reloader = Reloader(configuration, self.runner, self.parts)

    def show(self, snapshot: Snapshot) -> None:
        self.shown = snapshot

    @asynccontextmanager
    async def parts(self, settings: Settings, runner: Runner) -> AsyncIterator[None]:
        name = f"{settings.registry.deadline:.0f}"
        if (error := self.failing(settings)) is not None:
            self.happened.append(f"fail {name}")
            raise error
        assert runner is self.runner
        runner.use(NoHands())
        runner.go_by(settings)
        self.happened.append(f"open {name}")
        try:
            yield
        finally:
            self.happened.append(f"close {name}")
        if self.closing is not None:
            raise self.closing

    def release(self, number: int, deadline: float, *, text: str = "") -> None:
        """Publish a release and make it the current one."""
        folder = self.folder / "fleet" / "releases" / str(number)
        folder.mkdir(parents=True)
        (folder / "kiosk.toml").write_text(
            text or f"[registry]\ndeadline = {deadline}\n[town]\ncommune_fr = '{number}'\n"
        )
        self.switch(number)

    def switch(self, number: int) -> None:
        new = self.folder / "fleet" / "new"
        new.symlink_to(f"releases/{number}")
        new.replace(new.with_name("current"))

    async def until(self, true: Callable[[], bool]) -> None:
        while not true():
            await asyncio.sleep(0.001)

    @property
    def code(self) -> str | None:
        return self.runner.availability.code

    @property
    def town(self) -> str:
        assert self.shown is not None
        return str(self.shown.data.get("town_fr"))


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kiosk:
    monkeypatch.setattr("config.current.LOOK_S", 0.005)
    stream = io.StringIO()
    log.configure(stream)
    return Kiosk(tmp_path, stream)


def run(kiosk: Kiosk, test: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        keeping = asyncio.create_task(kiosk.reloader.run())
        await kiosk.reloader.tried.wait()
        running = asyncio.create_task(kiosk.runner.run())
        await test()
        running.cancel()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(asyncio.wait_for(all_of_it(), 60))


def test_a_release_is_taken_up_and_the_old_parts_are_closed_first(kiosk: Kiosk) -> None:
    async def test() -> None:
        assert kiosk.reloader.release is None
        kiosk.release(1, 11)
        await kiosk.until(lambda: kiosk.happened[-1] == "open 11" and kiosk.code is None)
        assert kiosk.reloader.release == 1
        assert kiosk.town == "1", "the screen has the new town's name without a reconnection"

    run(kiosk, test)
    assert kiosk.happened == ["open 8", "close 8", "open 11", "close 11"]
    taken = [json.loads(line) for line in kiosk.log.getvalue().splitlines() if "taken-up" in line]
    assert [line["release"] for line in taken] == [0, 1]


def test_the_visit_in_progress_ends_before_and_none_begins_meanwhile(kiosk: Kiosk) -> None:
    async def test() -> None:
        kiosk.runner.post(e.Start())
        await kiosk.until(lambda: kiosk.shown is not None and kiosk.shown.screen == "language")
        kiosk.release(1, 11)
        await kiosk.until(lambda: kiosk.code == CONFIG_SWITCH)
        kiosk.runner.post(e.ChooseLanguage("fr"))
        await kiosk.until(lambda: kiosk.shown is not None and kiosk.shown.screen == "card")
        assert kiosk.happened == ["open 8"]
        for event in (e.Cancel(), e.CardOut(), e.TimeOut(), e.Start()):
            kiosk.runner.post(event)
        await kiosk.until(lambda: kiosk.happened[-1] == "open 11" and kiosk.code is None)
        assert kiosk.shown is not None and kiosk.shown.screen == "attract"

    run(kiosk, test)


def test_the_first_start_that_fails_leaves_the_process_up_and_the_sign_out(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.session.reload.RETRY_S", 0.01)
    ill = [Refused("full"), Refused("full"), ValueError("somebody's name"), None]
    kiosk.failing = lambda settings: ill.pop(0) if len(ill) > 1 else ill[0]

    async def test() -> None:
        await kiosk.until(lambda: kiosk.code == "E-LEDGER-FULL")
        await kiosk.until(lambda: kiosk.code == "E-KIOSK-UNEXPECTED")
        await kiosk.until(lambda: kiosk.code is None)

    run(kiosk, test)
    assert kiosk.happened == ["fail 8", "fail 8", "fail 8", "open 8", "close 8"]
    said = kiosk.log.getvalue()
    assert said.count("E-LEDGER-FULL") == 1, "a failure that goes on is told once"
    assert "ValueError" in said and "somebody" not in said


def test_a_release_whose_parts_cannot_be_opened_is_left_for_the_one_before(kiosk: Kiosk) -> None:
    kiosk.failing = lambda settings: Refused("full") if settings.registry.deadline == BROKEN else None

    async def test() -> None:
        kiosk.release(1, 11)
        await kiosk.until(lambda: kiosk.happened[-1] == "open 11")
        kiosk.release(2, BROKEN)
        await kiosk.until(lambda: kiosk.code == "E-LEDGER-FULL")
        assert kiosk.reloader.release == 2
        kiosk.switch(1)
        await kiosk.until(lambda: kiosk.code is None)
        assert kiosk.reloader.release == 1

    run(kiosk, test)
    assert kiosk.happened[-4:] == ["close 11", "fail 2", "open 11", "close 11"]


def test_a_release_that_cannot_be_read_is_said_and_left(kiosk: Kiosk) -> None:
    async def test() -> None:
        kiosk.release(1, 0, text="[registry]\ndeadline = 'soon'\n")
        await kiosk.until(lambda: kiosk.code == "E-CONFIG-INVALID")
        assert kiosk.reloader.release is None
        assert kiosk.happened == ["open 8", "close 8"]
        kiosk.release(2, 22)
        await kiosk.until(lambda: kiosk.code is None)

    run(kiosk, test)
    assert kiosk.happened[-2:] == ["open 22", "close 22"]


def test_parts_that_cannot_be_closed_in_order_do_not_keep_the_new_ones_out(kiosk: Kiosk) -> None:
    async def test() -> None:
        kiosk.closing = Refused("full")
        kiosk.release(1, 11)
        await kiosk.until(lambda: kiosk.happened[-1] == "open 11" and kiosk.code is None)
        kiosk.closing = None

    run(kiosk, test)
