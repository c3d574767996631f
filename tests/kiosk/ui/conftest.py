from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PySide6.QtCore import (
    QCoreApplication,
    QDeadlineTimer,
    QEvent,
    QEventLoop,
    QPoint,
    QPointF,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from config.schema import Screen
from kiosk.ui.app import OpenScreen, open_screen, prepare_application
from kiosk.ui.errors import ScreenError
from tests.application import the_application
from tests.kiosk.ui.session import TOWN, ScriptedSession

os.environ["QT_QPA_PLATFORM"] = "offscreen"


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = QDeadlineTimer(int(seconds * 1000))
    while not true():
        if deadline.hasExpired():
            raise AssertionError("waited in vain")
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@dataclass
class Kiosk:
    """An open screen, the session it talks to, and whatever was refused."""

    opened: OpenScreen
    session: ScriptedSession
    refused: list[ScreenError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._touch = QTest.createTouchDevice()

    def show(self, screen: str, language: str = "fr", **more: object) -> int:
        seq = self.session.say(screen, language, **more)
        self.settle(seq)
        return seq

    def settle(self, seq: int) -> None:
        wait_until(lambda: self.opened.visit.seq == seq)
        wait_until(lambda: bool(self.opened.window.property("settled")))

    def items(self) -> list[QQuickItem]:
        """Every item of the window that can be seen."""
        found: list[QQuickItem] = []
        queue = [self.opened.window.contentItem()]
        while queue:
            item = queue.pop()
            if item.isVisible():
                found.append(item)
                queue += item.childItems()
        return found

    def seen(self, name: str) -> QQuickItem | None:
        return next((i for i in self.items() if i.objectName() == name), None)

    def item(self, name: str) -> QQuickItem:
        found = self.seen(name)
        assert found is not None, f"{name} is not on the screen"
        return found

    def middle(self, name: str) -> QPoint:
        item = self.item(name)
        return item.mapToScene(QPointF(item.width() / 2, item.height() / 2)).toPoint()

    def press(self, at: QPoint) -> None:
        QTest.touchEvent(self.opened.window, self._touch).press(0, at, self.opened.window).commit()

    def slide(self, at: QPoint) -> None:
        QTest.touchEvent(self.opened.window, self._touch).move(0, at, self.opened.window).commit()

    def release(self, at: QPoint) -> None:
        QTest.touchEvent(self.opened.window, self._touch).release(0, at, self.opened.window).commit()

    def push(self, name: str, way: int) -> None:
        """A finger that goes `way` pixels down (up, where it is negative), seen on its way: Qt hands movements
        on with the next frame."""
        at = self.middle(name)
        self.press(at)
        for step in range(1, 21):
            self.slide(at + QPoint(0, way * step // 20))
            self.frame()
        self.release(at + QPoint(0, way))
        self.frame()

    def frame(self) -> None:
        """Returns when the window has been drawn again."""
        drawn: list[bool] = []

        def swapped() -> None:
            drawn.append(True)

        self.opened.window.frameSwapped.connect(swapped)
        self.opened.window.update()
        wait_until(lambda: bool(drawn))
        self.opened.window.frameSwapped.disconnect(swapped)

    def tap(self, *names: str) -> None:
        for name in names:
            at = self.middle(name)
            self.press(at)
            self.release(at)

    def hears(self) -> dict[str, object]:
        """The one event that the session hears next."""
        wait_until(lambda: bool(self.session.heard))
        return self.session.heard.pop(0)


@pytest.fixture(scope="session")
def application() -> QApplication:
    application = the_application()
    prepare_application([])
    return application


@pytest.fixture(scope="session")
def said_by_qt() -> Iterator[list[str]]:
    """Everything that Qt or QML warns of."""
    said: list[str] = []

    def keep(kind: QtMsgType, _context: object, message: str) -> None:
        if kind != QtMsgType.QtDebugMsg:
            said.append(message)

    previous = qInstallMessageHandler(keep)
    yield said
    qInstallMessageHandler(previous)


@pytest.fixture(autouse=True)
def quiet_qt(said_by_qt: list[str]) -> Iterator[None]:
    """No test passes over a warning of QML."""
    said_by_qt.clear()
    yield
    assert said_by_qt == []


@contextmanager
def open_kiosk(folder: Path, screen: Screen) -> Iterator[Kiosk]:
    session = ScriptedSession(folder / "s")
    opened = open_screen(session.path, screen, still=True)
    kiosk = Kiosk(opened, session)
    opened.visit.refused.connect(kiosk.refused.append)
    wait_until(lambda: session.connected)
    yield kiosk
    opened.close()
    session.close()


@pytest.fixture
def kiosk(application: QApplication, quiet_qt: None, tmp_path: Path) -> Iterator[Kiosk]:
    with open_kiosk(tmp_path, Screen()) as kiosk:
        yield kiosk


@pytest.fixture(scope="module", params=[344.0, 260.0], ids=["344mm", "260mm"])
def hall(
    request: pytest.FixtureRequest, application: QApplication, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kiosk]:
    """A kiosk that stands through all tests of a module, on a screen of each size."""
    with open_kiosk(tmp_path_factory.mktemp("hall"), Screen(millimetres=request.param)) as kiosk:
        for language in ("ar", "fr"):
            kiosk.show("attract", language, data={**TOWN, "unavailable": None})
        yield kiosk
