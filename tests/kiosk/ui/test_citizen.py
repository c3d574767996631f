"""The citizen walks a whole visit over the real screens; the session here is a table of what follows what."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication, QPushButton

from kiosk.simulation.citizen_script import citizen_script
from kiosk.simulation.control import ControlSocket
from kiosk.simulation.control_link import ControlLink
from kiosk.simulation.dock import BUTTONS, Dock
from tests.kiosk.ui.conftest import wait_until
from tests.kiosk.ui.session import ScriptedSession, scenes

FACTS = {screen: (step, data) for name, screen, step, data in reversed(scenes())}


class LeadingSession(ScriptedSession):
    """Answers each event of the citizen with the screen that follows it."""

    def __init__(self, path: Path, can: str) -> None:
        super().__init__(path)
        self._can = can
        self._language = "ar"
        self.now = "attract"

    def _lead(self, *screens: str, **changed: Any) -> None:
        self.now = screens[-1]
        lines = b""
        for screen in screens:
            step, data = FACTS[screen]
            lines += self.line(screen, self._language, step=step, data={**data, **changed})
        self.raw(lines)

    def arrive(self) -> None:
        self._lead("attract")

    def answer(self, event: dict[str, Any]) -> None:
        if event["seq"] != self.seq:
            return
        match (self.now, event["name"]):
            case ("attract", "start"):
                self._lead("language")
            case ("language", "language"):
                self._language = event["value"]["language"]
                self._lead("card")
            case ("can", "password"):
                right = event["value"] == {"can": self._can}
                self._lead("opening", "pin") if right else self._lead("opening", "can", wrong=True)
            case ("pin", "pin"):
                self._lead("reading", "choice")
            case ("choice", "choose"):
                self._lead("preparing", "preview")
            case ("preview", "confirm"):
                self._lead("take_card")
            case ("take_paper", "taken"):
                self._lead("goodbye")
            case ("goodbye", "start"):
                self._lead("attract")

    def insert(self) -> None:
        self._lead("opening", "can")

    def remove(self) -> None:
        self._lead("printing", "take_paper")


def walk(tmp_path: Path, script: dict[str, Any], *more: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    session = LeadingSession(tmp_path / "s", can="123456")
    file = tmp_path / "script.json"
    file.write_text(json.dumps(script))
    with ControlSocket(tmp_path / "c", {"insert": session.insert, "remove": session.remove}):
        command = [sys.executable, "-m", "kiosk.simulation.citizen", "--socket", str(session.path)]
        command += ["--screens", str(tmp_path / "screens"), "--script", str(file), "--control", str(tmp_path / "c")]
        process = subprocess.Popen([*command, *more], stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: session.connected, 60)
            session.arrive()
            _, said = process.communicate(timeout=120)
        finally:
            process.kill()
    session.close()
    done = subprocess.CompletedProcess(command, process.returncode, "", said)
    return done, sorted(p.name for p in (tmp_path / "screens").iterdir())


def test_a_whole_visit_with_one_wrong_number(application: QApplication, tmp_path: Path) -> None:
    script = citizen_script(language="fr", can="123456", pin="4321", document="birth-extract")
    script["can"] = [[{"type": "000000"}, {"tap": "primary"}], [{"type": "123456"}, {"tap": "primary"}]]
    done, pictures = walk(tmp_path, script)
    assert done.returncode == 0, done.stderr
    names = [name.split("-", 1)[1].removesuffix(".png") for name in pictures]
    wanted = "attract language card can can pin choice preview take-card take-paper goodbye".split()
    assert [name for name in names if name in wanted] == wanted
    assert done.stderr == "", "not one warning of QML"
    assert all((tmp_path / "screens" / name).stat().st_size > 5000 for name in pictures)


def test_a_script_that_asks_for_what_is_not_there_fails(application: QApplication, tmp_path: Path) -> None:
    done, _ = walk(tmp_path, {"attract": [{"tap": "sesame"}]})
    assert done.returncode == 1
    assert "sesame" in done.stderr


def test_a_visit_that_ends_otherwise_fails(application: QApplication, tmp_path: Path) -> None:
    script = citizen_script(language="ar", can="123456", pin="4321", document="birth-extract")
    done, _ = walk(tmp_path, script, "--until", "trouble")
    assert done.returncode == 1
    assert "without trouble" in done.stderr


def test_each_button_of_the_dock_is_a_word_to_the_town_hall(application: QApplication, tmp_path: Path) -> None:
    done: list[str] = []

    def failing() -> None:
        raise OSError

    actions = {name: (lambda n=name: done.append(n)) for name, _ in BUTTONS} | {"remove": failing}
    with ControlSocket(tmp_path / "c", actions):
        dock = Dock(ControlLink(tmp_path / "c"))
        for name, _ in BUTTONS:
            dock.findChild(QPushButton, name).click()
            wait_until(lambda: "…" not in dock.said.text())
            assert dock.said.text() == ("remove: OSError" if name == "remove" else f"{name}: done")
    assert done == [name for name, _ in BUTTONS if name != "remove"]
    dock.findChild(QPushButton, "insert").click()
    wait_until(lambda: "…" not in dock.said.text())
    assert dock.said.text() == "insert: not there"
