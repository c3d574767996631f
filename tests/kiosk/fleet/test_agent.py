"""`kiosk config agent` as a process: a real web server, real signatures, and a session's control socket."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from config.publish import WorkingFolder
from kiosk.session.control import PARTS, ControlServer, Health

pytestmark = pytest.mark.slow

WORDS = {"amina": "the word of amina", "karim": "the word of karim", "salima": "the word of salima"}
CLOSED = "[hours]\n" + "".join(f'{day}day = ""\n' for day in "mon tues wednes thurs fri satur sun".split())
KIOSK = [sys.executable, "-m", "kiosk", "config"]


class Session(threading.Thread):
    """Answers as a session would that takes up each release at once; its signer dislikes some."""

    def __init__(self, control: Path, fleet: Path) -> None:
        super().__init__(daemon=True)
        self._control, self._fleet = control, fleet
        self.disliked: set[int] = set()
        self.ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()

    def run(self) -> None:
        self._loop.run_until_complete(self._serve())

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self.join()

    async def _serve(self) -> None:
        server = ControlServer(self._control, self._health, self._held)
        await server.start()
        self.ready.set()
        await self._ending.wait()
        await server.stop()

    def _health(self) -> Health:
        with contextlib.suppress(OSError):
            release = int((self._fleet / "current").readlink().name)
            signer = "E-SIGN-TOKEN" if release in self.disliked else None
            return Health(release=release, between_visits=True, parts=dict.fromkeys(PARTS) | {"signer": signer})
        return Health(release=None, between_visits=True, parts=dict.fromkeys(PARTS))

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        yield


class Quietly(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


class Kiosk:
    """A kiosk's local file, its fleet's administrators and their web server."""

    def __init__(self, folder: Path, session: Session, mirror: str) -> None:
        self.folder = folder
        self.session = session
        self.public = folder / "public"
        self.administrators = WorkingFolder.create(folder / "work", WORDS)
        self.local = folder / "kiosk.toml"
        self.local.write_text(
            f'profile = "demo"\n[session]\ncontrol = "control.sock"\n'
            f'[fleet]\nmirror = "{mirror}"\nroot = "work/root.json"\nusb = "usb"\npoll = 3600\nprobation = 1\n'
        )

    def sign(self, toml: str) -> None:
        (self.administrators.release / "kiosk.toml").write_text(toml)
        for name in ("amina", "karim"):
            self.administrators.sign(name, WORDS[name])

    def publish(self, toml: str) -> int:
        self.sign(toml)
        return self.administrators.publish(self.public)

    def config(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*KIOSK, *words, "--config", self.local]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def once(self) -> subprocess.CompletedProcess[str]:
        return self.config("agent", "--once")

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.config("status", "--json").stdout))


@pytest.fixture
def kiosk() -> Iterator[Kiosk]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as name:
        folder = Path(name)
        (folder / "public").mkdir()
        (folder / "usb").mkdir()
        session = Session(folder / "control.sock", folder / "fleet")
        session.start()
        session.ready.wait()
        serve = functools.partial(Quietly, directory=folder / "public")
        with ThreadingHTTPServer(("localhost", 0), serve) as web:
            threading.Thread(target=web.serve_forever, daemon=True).start()
            yield Kiosk(folder, session, f"http://localhost:{web.server_port}")
            web.shutdown()
        session.end()


def events(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def test_a_release_is_taken_told_and_kept(kiosk: Kiosk) -> None:
    assert kiosk.publish('[hours]\nfriday = ""\n[town]\ncommune_ar = "بلدية\u200f تجريبية"\n') == 1
    done = kiosk.once()
    assert done.returncode == 0, done.stderr
    said = events(done.stderr)
    assert [(e["key"], e["old"], e["new"]) for e in said if e["event"] == "setting-changed"] == [
        ("town.commune_ar", '"الجزائر الوسطى"', '"بلدية\\u200f تجريبية"'),
        ("hours.friday", '"00:00-24:00"', '""'),
    ]
    assert [e["phase"] for e in said if e["event"] == "configuration"] == ["staged", "switching", "probation", "good"]
    status = kiosk.status()
    assert (status["release"], status["wanted"], status["phase"], status["code"]) == (1, 1, "good", None)
    assert (status["clock"], status["reasons"]) == ("trusted", [])
    shown = kiosk.config("show").stdout
    assert "over it release 1" in shown and "friday =     # release 1 kiosk.toml:2" in shown
    again = kiosk.once()
    assert (again.returncode, again.stderr) == (0, "")


def test_without_a_mirror_nothing_changes(kiosk: Kiosk) -> None:
    done = kiosk.once()
    assert done.returncode == 3 and "error E-CONFIG-MIRROR: " in done.stderr
    assert kiosk.status()["release"] is None and kiosk.status()["code"] == "E-CONFIG-MIRROR"
    text = kiosk.config("status").stdout
    assert "in force: the local file alone" in text and "E-CONFIG-MIRROR: " in text


def test_what_means_nothing_here_is_refused_with_the_reason(kiosk: Kiosk) -> None:
    kiosk.publish(CLOSED)
    done = kiosk.once()
    assert done.returncode == 1
    assert "E-FLEET-NEVER-OPEN: hours: " in done.stderr and "error E-FLEET-NEVER-OPEN: " in done.stderr
    status = kiosk.status()
    assert (status["release"], status["phase"], status["code"]) == (None, "refused", "E-FLEET-NEVER-OPEN")
    assert status["reasons"][0].startswith("E-FLEET-NEVER-OPEN: hours: ")


def test_a_release_after_which_a_part_is_worse_goes_back(kiosk: Kiosk) -> None:
    kiosk.publish('[hours]\nfriday = ""\n')
    assert kiosk.once().returncode == 0
    kiosk.session.disliked = {2}
    kiosk.publish('[signer]\ntoken = "another"\n')
    done = kiosk.once()
    assert done.returncode == 3 and "error E-SIGN-TOKEN: " in done.stderr
    status = kiosk.status()
    assert (status["release"], status["wanted"], status["phase"]) == (1, 2, "reverted")
    assert (status["code"], status["reasons"]) == ("E-SIGN-TOKEN", ["signer: E-SIGN-TOKEN"])
    assert "  signer: E-SIGN-TOKEN" in kiosk.config("status").stdout


def test_a_root_of_others_is_not_believed(kiosk: Kiosk) -> None:
    kiosk.publish('[hours]\nfriday = ""\n')
    others = WorkingFolder.create(kiosk.folder / "others", WORDS)
    shutil.copy(others.root_file, kiosk.administrators.root_file)
    done = kiosk.once()
    assert done.returncode == 1 and "error E-CONFIG-SIGNATURES: " in done.stderr
    assert kiosk.status()["release"] is None


def test_a_kiosk_begins_anew_with_other_administrators(kiosk: Kiosk) -> None:
    """The way out when too few keys are left, by hand: another root, and an empty folder."""
    for friday in ("08:00-12:00", "09:00-12:00"):
        kiosk.publish(f'[hours]\nfriday = "{friday}"\n')
    assert kiosk.once().returncode == 0 and kiosk.status()["release"] == 2
    shutil.rmtree(kiosk.public)
    shutil.rmtree(kiosk.administrators.path)
    kiosk.administrators = WorkingFolder.create(kiosk.folder / "work", WORDS)
    kiosk.publish('[hours]\nfriday = ""\n')
    assert kiosk.once().returncode != 0 and kiosk.status()["release"] == 2
    shutil.rmtree(kiosk.folder / "fleet")
    assert kiosk.once().returncode == 0 and kiosk.status()["release"] == 1


class Running:
    """The agent as its unit starts it."""

    def __init__(self, kiosk: Kiosk) -> None:
        command = [*KIOSK, "agent", "--config", kiosk.local]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def until(self, **fields: object) -> dict[str, Any]:
        """The next event that has these fields."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            event: dict[str, Any] = json.loads(line)
            if fields.items() <= event.items():
                return event
        raise AssertionError(f"the agent ended before it said {fields}")

    def end(self) -> None:
        self.process.terminate()
        self.until(event="process", state="stopped")
        assert self.process.wait() == 0


@pytest.fixture
def running(kiosk: Kiosk) -> Iterator[Running]:
    agent = Running(kiosk)
    agent.until(event="process", state="started")
    agent.until(event="configuration-trouble", code="E-CONFIG-MIRROR")  # nothing is published: the next look is far
    try:
        yield agent
    finally:
        agent.process.kill()
        agent.process.communicate()


def test_a_hangup_makes_it_look_at_once(kiosk: Kiosk, running: Running) -> None:
    kiosk.publish('[hours]\nfriday = ""\n')
    running.process.send_signal(signal.SIGHUP)
    running.until(event="configuration", phase="good", release=1)
    running.end()


def test_a_stick_is_looked_at_when_it_comes(kiosk: Kiosk, running: Running) -> None:
    kiosk.sign('[hours]\nfriday = ""\n')
    kiosk.administrators.publish(kiosk.folder / "elsewhere")
    kiosk.administrators.bundle(kiosk.folder / "stick" / "shubbak", 14)
    (kiosk.folder / "stick").rename(kiosk.folder / "usb" / "stick")
    running.until(event="configuration", phase="good", release=1)
    running.end()


def test_there_is_one_agent(kiosk: Kiosk, running: Running) -> None:
    done = kiosk.once()
    assert done.returncode == 1 and "error E-CONFIG-AGENT-RUNNING: " in done.stderr
    running.end()


def test_it_waits_for_no_session_that_is_away(kiosk: Kiosk) -> None:
    """Nobody is served where no session runs; and a release that no session ran proves nothing."""
    kiosk.publish('[hours]\nfriday = ""\n')
    kiosk.session.end()
    kiosk.session = Session(kiosk.folder / "control.sock", kiosk.folder / "fleet")
    agent = Running(kiosk)
    try:
        agent.until(event="configuration", phase="probation", release=1)
        kiosk.session.start()  # it comes up meanwhile, and runs what is in force
        agent.until(event="configuration", phase="good", release=1)
        agent.end()
    finally:
        agent.process.kill()
        agent.process.communicate()
