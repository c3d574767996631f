"""A kiosk's real processes through changes of configuration: same process, between visits, and up whatever comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kiosk.session.control import ControlClient, Health, SessionAway
from kiosk.simulation.townhall import TownHall
from tests.supervisor import Supervisor

pytestmark = pytest.mark.slow

PATIENCE_S = 60


class Screen:
    """The other end of the session's socket, reading and writing as the screen process does."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE_S)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")
        self.shown: dict[str, Any] = {}

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not (self.shown and wanted(self.shown)):
            self.shown = json.loads(self._lines.readline())
        return self.shown

    def on(self, screen: str) -> dict[str, Any]:
        return self.until(lambda shown: shown["screen"] == screen)

    def open(self) -> dict[str, Any]:
        """The attract screen of a kiosk that serves."""
        return self.until(lambda shown: shown["screen"] == "attract" and shown["data"]["unavailable"] is None)

    def closed(self) -> str:
        shown = self.until(lambda shown: shown["screen"] == "attract" and shown["data"]["unavailable"] is not None)
        return str(shown["data"]["unavailable"])

    def say(self, name: str, **value: str) -> None:
        message = {"v": 1, "seq": self.shown["seq"], "name": name, "value": value}
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@pytest.fixture(scope="module")
def hall() -> Iterator[TownHall]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder, TownHall(Path(folder)) as hall:
        hall.start("signer")
        yield hall


@pytest.fixture
def fleet(hall: TownHall) -> Iterator[Callable[[dict[str, dict[str, object]]], int]]:
    """Publishes a release on this machine and returns its number; afterwards there is none in force."""
    folder = hall.folder / "fleet"

    def publish(sections: dict[str, dict[str, object]]) -> int:
        number = 1 + max((int(path.name) for path in (folder / "releases").glob("*")), default=0)
        release = folder / "releases" / str(number)
        release.mkdir(parents=True)
        text = "".join(
            f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in section.items())
            for name, section in sections.items()
        )
        (release / "kiosk.toml").write_text(text)
        (folder / "new").symlink_to(f"releases/{number}")
        (folder / "new").replace(folder / "current")
        return number

    yield publish
    (folder / "current").unlink(missing_ok=True)


@contextmanager
def session(hall: TownHall) -> Iterator[Screen]:
    hall.start("session")
    screen = Screen(hall.folder / "session.sock")
    try:
        yield screen
    finally:
        screen.close()
        hall.stop("session")


def control(hall: TownHall) -> ControlClient:
    return ControlClient(hall.folder / "session-control.sock")


def health(hall: TownHall) -> Health:
    return asyncio.run(control(hall).health())


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_the_session_is_ready_and_alive_and_tells_its_health(hall: TownHall, monkeypatch: pytest.MonkeyPatch) -> None:
    with Supervisor(hall.folder) as supervisor:
        for name, value in supervisor.environment.items():
            monkeypatch.setenv(name, value)
        with session(hall) as screen:
            assert supervisor.until("READY=1") == []
            supervisor.alive()
            screen.open()
            told = health(hall)
            assert (told.release, told.between_visits) == (None, True)
            assert not any(told.parts.values()), told
            screen.close()
            until(lambda: health(hall).parts["screen"] == "E-KIOSK-SCREEN-AWAY")
        supervisor.until("STOPPING=1")


SESSION = """
import asyncio, sys
from pathlib import Path
from config.current import Configuration
from kiosk.session import events, service
from kiosk.session.counter import Counter

def carry_out(self, command):
    if isinstance(command, events.AwaitCard):
        Path(sys.argv[2]).read_bytes()      # a fifo: a command that does not come back
    real(self, command)

real, Counter.carry_out = Counter.carry_out, carry_out
asyncio.run(service.serve(Configuration(Path(sys.argv[1]))))
"""


def test_a_command_that_blocks_silences_the_session_until_it_returns(hall: TownHall, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with Supervisor(hall.folder) as supervisor:
        command = [sys.executable, "-c", SESSION, hall.configuration, fifo]
        with subprocess.Popen(command, env=supervisor.environment, stderr=subprocess.DEVNULL) as process:
            try:
                supervisor.until("READY=1")
                screen = Screen(hall.folder / "session.sock")
                screen.open()
                screen.say("start")
                screen.on("language")
                supervisor.alive()
                screen.say("language", language="fr")
                supervisor.until_silent()
                with pytest.raises(SessionAway):
                    asyncio.run(ControlClient(hall.folder / "session-control.sock", deadline=0.1).health())
                fifo.open("wb").close()
                supervisor.alive()
                screen.on("card")
                screen.close()
            finally:
                process.terminate()
            assert process.wait(PATIENCE_S) == 0


def test_a_release_changes_the_kiosk_without_a_restart_and_after_the_visit(
    hall: TownHall, fleet: Callable[..., int]
) -> None:
    with session(hall) as screen:
        pid = hall.child("session").process.pid
        assert screen.open()["data"]["town_fr"] == "Alger-Centre"
        screen.say("start")
        screen.on("language")
        number = fleet({"town": {"commune_fr": "Bab El Oued"}, "session": {"languages": ["fr"]}})
        until(lambda: "configuration" in hall.child("session").log.read_text())
        assert health(hall).release is None
        screen.say("language", language="ar")
        screen.on("card")
        screen.say("cancel")
        screen.on("goodbye")
        screen.until(lambda shown: shown["data"].get("town_fr") == "Bab El Oued")
        screen.open()
        until(lambda: health(hall).release == number)
        screen.say("start")
        assert screen.on("language")["data"]["languages"] == ["fr"]
        assert hall.child("session").process.pid == pid


def test_while_it_is_held_nobody_begins(hall: TownHall) -> None:
    async def hold(screen: Screen) -> None:
        async with control(hall).hold():
            assert await asyncio.to_thread(screen.closed) == "E-KIOSK-CONFIG-SWITCH"
            screen.say("start")
            assert (await control(hall).health()).between_visits

    with session(hall) as screen:
        screen.open()
        asyncio.run(hold(screen))
        screen.open()
        screen.say("start")
        screen.on("language")


def test_a_release_that_cannot_be_served_with_closes_the_kiosk_until_the_next(
    hall: TownHall, fleet: Callable[..., int]
) -> None:
    with session(hall) as screen:
        screen.open()
        broken = fleet({"documents": {"render_deadline": "soon"}})
        screen.until(lambda shown: shown["data"].get("unavailable") == "E-CONFIG-INVALID")
        assert health(hall).parts["session"] == "E-CONFIG-INVALID"
        good = fleet({"town": {"commune_fr": "Hussein Dey"}})
        assert screen.open()["data"]["town_fr"] == "Hussein Dey"
        assert (health(hall).release, good) == (broken + 1, broken + 1)


def test_a_first_start_that_fails_stays_up_says_why_and_comes_to_life(hall: TownHall) -> None:
    ledger = hall.folder / "state" / "ledger.sqlite"
    for file in ledger.parent.glob("ledger.sqlite*"):
        file.unlink()
    ledger.mkdir(parents=True)
    with session(hall) as screen:
        code = screen.closed()
        assert code.startswith("E-LEDGER-")
        assert health(hall).parts["session"] == code
        ledger.rmdir()
        screen.open()
        assert health(hall).parts["session"] is None


def belongings(pid: int) -> tuple[int, int, int]:
    """Open files, threads and children of a process."""
    proc = Path(f"/proc/{pid}")
    children: set[str] = set()
    for task in (proc / "task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            children.update((task / "children").read_text().split())
    return len(list((proc / "fd").iterdir())), len(list((proc / "task").iterdir())), len(children)


def test_fifty_switches_leave_nothing_behind(hall: TownHall, fleet: Callable[..., int]) -> None:
    with session(hall) as screen:
        screen.open()
        counts = []
        for n in range(50):
            number = fleet({"town": {"commune_fr": f"Town {n}"}})
            screen.until(lambda shown, n=n: shown["data"].get("town_fr") == f"Town {n}")  # type: ignore[misc]
            screen.open()
            assert health(hall).release == number
            counts.append(belongings(hall.child("session").process.pid))
        # The looks at the parts come and go: what is held at rest is at most what the first ten switches ever held.
        most = [max(held) for held in zip(*counts[:10], strict=True)]
        most[1] += min(32, (os.cpu_count() or 1) + 4)  # asyncio's own threads come one by one, as they are needed
        until(
            lambda: all(
                now <= then for now, then in zip(belongings(hall.child("session").process.pid), most, strict=True)
            )
        )
