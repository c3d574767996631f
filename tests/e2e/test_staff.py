"""A technician at a real kiosk's screen: held off by wrong PINs and restarts, let in by the right one, with touches."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from config import load
from config.schema import Screen
from drivers.simulated.reader import VirtualReader
from kiosk.diagnostics import names
from kiosk.simulation.townhall import TownHall
from kiosk.ui.app import open_screen
from tests.kiosk.ui.conftest import Kiosk, application, quiet_qt, said_by_qt, wait_until
from tests.kiosk.ui.session import ScriptedSession

pytestmark = pytest.mark.slow

__all__ = ["application", "quiet_qt", "said_by_qt"]

PIN, WRONG = "739184", "739185"
OUT = "E-KIOSK-OUT-OF-SERVICE"


class Technician:
    """Looks at the screen of a running session and touches it."""

    def __init__(self, hall: TownHall, screen: Kiosk) -> None:
        self.hall = hall
        self.screen = screen

    @property
    def on(self) -> str:
        return self.screen.opened.visit.shown[0]

    @property
    def facts(self) -> dict[str, object]:
        return self.screen.opened.visit.shown[2]

    def sees(self, screen: str, true: Callable[[], bool] = lambda: True) -> None:
        window = self.screen.opened.window
        wait_until(lambda: self.on == screen and true() and bool(window.property("settled")), 60)

    def asks(self) -> None:
        """Hold the emblem until the kiosk asks who it is."""
        self.sees("attract")
        at = self.screen.middle("emblem")
        self.screen.press(at)
        self.sees("staff_pin", lambda: self.facts["asked"] is not None)
        self.screen.release(at)

    def types(self, pin: str) -> None:
        self.screen.tap(*(f"key-{key}" for key in pin), "primary")

    def restart(self) -> None:
        """The session dies as in a power cut, and begins again."""
        self.hall.child("session").process.kill()
        self.sees("away")
        self.hall.stop("session")
        self.hall.start("session")

    def set_pin(self, pin: str) -> None:
        command = [sys.executable, "-m", "kiosk", "keys", "staff-pin", "-", "--config", str(self.hall.configuration)]
        subprocess.run(command, input=pin + "\n", text=True, check=True, stdout=subprocess.DEVNULL)

    def log(self) -> list[dict[str, object]]:
        text = (self.hall.folder / "session.log").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture
def technician(
    application: QApplication, quiet_qt: None, use_reader: Callable[[VirtualReader], None]
) -> Iterator[Technician]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder, TownHall(Path(folder)) as hall:
        hall.start("signer", "session")
        opened = open_screen(load(hall.configuration).settings.session.socket, Screen(), still=True)
        silent = ScriptedSession(Path(folder) / "nobody")
        try:
            yield Technician(hall, Kiosk(opened, silent))
        finally:
            opened.close()
            silent.close()


def test_a_technician_comes_in(technician: Technician) -> None:
    kiosk = technician.screen
    technician.asks()
    assert technician.facts["asked"]["code"] == "E-STAFF-PIN-NONE", "no PIN is set up: there is no staff mode"
    kiosk.tap("back")
    technician.set_pin(PIN)

    # Three wrong tries begin a wait, and a session that was killed and restarted still waits.
    technician.asks()
    for left in (2, 1):
        technician.types(WRONG)
        technician.sees("staff_pin", lambda left=left: technician.facts["asked"]["left"] == left)
    technician.types(WRONG)
    technician.sees("staff_pin", lambda: technician.facts["asked"]["wait_s"] > 0)
    technician.restart()
    technician.asks()
    assert technician.facts["asked"]["wait_s"] > 0 and kiosk.item("primary").property("ready") is False
    technician.set_pin(PIN)
    kiosk.tap("back")

    # The right one: every part is looked at, by the session itself.
    technician.asks()
    technician.types(PIN)
    technician.sees("diagnostics", lambda: not technician.facts["running"])
    checks = technician.facts["checks"]
    assert [check["name"] for check in checks] == names()
    assert [check for check in checks if check["status"] == "failed"] == []
    kiosk.tap("primary")
    technician.sees("diagnostics", lambda: bool(technician.facts["running"]))

    # Out of service, through a restart, and back.
    kiosk.tap("service")
    technician.sees("diagnostics", lambda: bool(technician.facts["out_of_service"]))
    kiosk.tap("back")
    technician.sees("attract", lambda: technician.facts["unavailable"] == OUT)
    technician.restart()
    technician.sees("attract", lambda: technician.facts["unavailable"] == OUT)
    technician.asks()
    technician.types(PIN)
    technician.sees("diagnostics", lambda: bool(technician.facts["out_of_service"]))
    kiosk.tap("service")
    technician.sees("diagnostics", lambda: not technician.facts["out_of_service"])
    kiosk.tap("back")
    technician.sees("attract", lambda: technician.facts["unavailable"] is None)

    told = [(line["state"], line["wrong"]) for line in technician.log() if line["event"] == "staff"]
    assert told[:3] == [("refused", 1), ("refused", 2), ("locked", 3)]
    assert [state for state, _ in told[3:]] == ("entered out-of-service left entered in-service left".split())
    kept = "".join(repr({**line, "timestamp": ""}) for line in technician.log())
    assert PIN not in kept and WRONG not in kept
    left = [file.read_bytes() for file in (technician.hall.folder / "state").iterdir() if file.is_file()]
    assert not any(PIN.encode() in content or WRONG.encode() in content for content in left)
