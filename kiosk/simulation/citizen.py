"""The headless citizen: looks at the real screens, photographs them, and touches what it means to touch.

    python -m kiosk.simulation.citizen --socket S --screens DIR --script FILE.json --control SOCK --until goodbye

The script says what to do on which screen, one action after the other:

    {"attract": [{"tap": "primary"}],
     "language": [{"tap": "language-ar"}],
     "card": [{"do": "insert"}],
     "can": [[{"type": "000000"}, {"tap": "primary"}], [{"type": "123456"}, {"tap": "primary"}]]}

`tap` touches the item of that objectName in its middle; `type` taps one key after the other; `do` goes to the
control socket as `{"do": NAME}` (an object goes as it is). A list of lists is for a screen that comes more than
once: first time, second time, and the last list from then on. A screen without a script is only looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, QPointF, QTimer, Signal
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from config.schema import Screen
from kiosk.simulation.citizen_script import Action, Script
from kiosk.simulation.control_link import Answered, ControlLink
from kiosk.ui.app import OpenScreen, open_screen, prepare_application
from kiosk.ui.visit import AWAY

Do = Callable[[dict[str, object], Answered], None]
Until = Literal["goodbye", "trouble"]

_PACE_MS = 30
_PROGRESS = frozenset({"steps", "stage", "page", "of"})
"""Facts that change while a screen stands, and ask nothing new of the citizen."""


@dataclass
class Seen:
    """What the citizen saw: the screens in order, and the pictures taken of them."""

    screens: list[str] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)


class Citizen(QObject):
    """Plays a script on an open screen. `finished(reached)` once the visit is over and the kiosk waits again."""

    finished = Signal(bool)
    failed = Signal(str)

    def __init__(self, opened: OpenScreen, script: Script, screens: Path, do: Do, until: Until) -> None:
        super().__init__()
        self.seen = Seen()
        self._opened = opened
        self._script = script
        self._folder = screens
        self._do = do
        self._until = until
        self._reached = False
        self._over = False
        self._times: Counter[str] = Counter()
        self._face: object = None
        self._todo: list[Action] = []
        self._asking = False
        screens.mkdir(parents=True, exist_ok=True)
        self._touch = QTest.createTouchDevice()
        self._pace = QTimer(self)
        self._pace.setInterval(_PACE_MS)
        self._pace.timeout.connect(self._live)
        self._pace.start()

    def _live(self) -> None:
        """One look: first at whether the screen is a new one, then at what is still to be done on it."""
        visit = self._opened.visit
        screen = visit.shown[0]
        if self._over or screen == AWAY or not self._opened.window.property("settled"):
            return
        face = self._looks_like()
        if face != self._face:
            self._face = face
            self._meet(screen)
        elif self._todo and not self._asking:
            self._act(self._todo.pop(0))

    def _looks_like(self) -> object:
        """Equal for two looks at the same question: an answer to it was not yet heard, or only progress was made."""
        visit = self._opened.visit
        screen, language, known = visit.shown
        facts = {key: value for key, value in known.items() if key not in _PROGRESS}
        asked_again = visit.seq if facts.get("wrong") else 0
        return (screen, language, facts, asked_again)

    def _meet(self, screen: str) -> None:
        if screen == "attract" and self.seen.screens[-1:] not in ([], ["attract"]):
            self._over = True
            self._pace.stop()
            self.finished.emit(self._reached)
            return
        self._reached = self._reached or screen == self._until
        self.seen.screens.append(screen)
        self._photograph(screen)
        planned = self._script.get(screen, [])
        if planned and isinstance(planned[0], list):
            planned = planned[min(self._times[screen], len(planned) - 1)]
        self._times[screen] += 1
        self._todo = [dict(action) for action in planned if isinstance(action, dict)]

    def _photograph(self, screen: str) -> None:
        path = self._folder / f"{len(self.seen.pictures) + 1:02d}-{screen.replace('_', '-')}.png"
        if not self._opened.window.grabWindow().save(str(path)):
            self._fail(f"the picture {path.name} could not be written")
        self.seen.pictures.append(path)

    def _act(self, action: Action) -> None:
        match action:
            case {"tap": str(name)}:
                self._tap(name)
            case {"type": str(text)}:
                self._todo[:0] = [{"tap": f"key-{key}"} for key in text]
            case {"do": str(name)}:
                self._ask({"do": name})
            case {"do": dict(message)}:
                self._ask(message)
            case _:
                self._fail("the script has an action that is none")

    def _ask(self, message: dict[str, object]) -> None:
        self._asking = True
        self._do(message, self._answered)

    def _answered(self, reply: dict[str, object]) -> None:
        self._asking = False
        if reply.get("ok") is False:
            self._fail(f"the town hall said no: {reply.get('error', '')}")

    def _tap(self, name: str) -> None:
        item = find_item(self._opened, name)
        if item is None:
            self._fail(f"there is no {name} to touch on the screen {self._opened.visit.shown[0]}")
            return
        middle = item.mapToScene(QPointF(item.width() / 2, item.height() / 2)).toPoint()
        window = self._opened.window
        QTest.touchEvent(window, self._touch).press(0, middle, window).commit()
        QTest.touchEvent(window, self._touch).release(0, middle, window).commit()

    def _fail(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._pace.stop()
            self.failed.emit(why)


def find_item(opened: OpenScreen, name: str) -> QQuickItem | None:
    """The item of that objectName that can be seen and touched now."""
    queue = [opened.window.contentItem()]
    while queue:
        item = queue.pop()
        if item.objectName() == name and item.isVisible() and item.isEnabled():
            return item
        queue += item.childItems()
    return None


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0: the screen of --until was reached and the kiosk waits for the next citizen."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.simulation.citizen", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--socket", type=Path, required=True, help="the session's socket")
    parser.add_argument("--screens", type=Path, required=True, metavar="DIR", help="where the pictures go")
    parser.add_argument("--script", type=Path, required=True, metavar="FILE", help="what to do on which screen")
    parser.add_argument("--control", type=Path, metavar="SOCKET", help="the virtual town hall's socket")
    parser.add_argument("--until", choices=("goodbye", "trouble"), default="goodbye", help="how the visit should end")
    parser.add_argument("--deadline", type=float, default=120.0, metavar="SECONDS", help="longest visit")
    screen = Screen()
    parser.add_argument("--width", type=int, default=screen.width)
    parser.add_argument("--height", type=int, default=screen.height)
    parser.add_argument("--millimetres", type=float, default=screen.millimetres)
    given = parser.parse_args(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = prepare_application(sys.argv[:1])
    settings = Screen(width=given.width, height=given.height, millimetres=given.millimetres)
    opened = open_screen(given.socket, settings, still=True)
    citizen = Citizen(opened, _read_script(given.script), given.screens, _doer(given.control), given.until)
    status = 1
    why = ""

    def end(reached: bool, reason: str) -> None:
        nonlocal status, why
        status, why = (0, "") if reached else (1, reason)
        application.quit()

    citizen.finished.connect(lambda reached: end(reached, f"the visit ended without {given.until}"))
    citizen.failed.connect(lambda reason: end(False, reason))
    QTimer.singleShot(int(given.deadline * 1000), lambda: end(False, f"too long on {opened.visit.shown[0]}"))
    application.exec()
    opened.close()
    if why:
        sys.stderr.write(f"citizen: {why}; saw {', '.join(citizen.seen.screens)}\n")
    return status


def _read_script(path: Path) -> Script:
    script: Script = json.loads(path.read_text(encoding="utf-8"))
    return script


def _doer(control: Path | None) -> Do:
    if control is None:
        return lambda _message, answered: answered({"ok": False, "error": "there is no control socket"})
    return ControlLink(control).ask


if __name__ == "__main__":
    sys.exit(main())
