"""The screen's process: a window, the link to the session, and nothing else."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QTimer, QUrl
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtQml import QQmlApplicationEngine
from PySide6.QtQuick import QQuickWindow, QSGRendererInterface

from config.schema import Screen
from kiosk.ui.errors import ScreenError, ScreenNotStarted
from kiosk.ui.life import Life
from kiosk.ui.link import Link
from kiosk.ui.pages import PagePictures
from kiosk.ui.visit import Visit

FONTS = ["Noto Sans", "Noto Sans Arabic", "Noto Sans Tifinagh"]


@dataclass(frozen=True, slots=True)
class OpenScreen:
    """A screen that is shown. `close()` ends the link and lets the engine go before the view model."""

    engine: QQmlApplicationEngine
    window: QQuickWindow
    visit: Visit
    link: Link
    pictures: PagePictures

    def close(self) -> None:
        self.link.stop()
        self.window.close()
        self.engine.deleteLater()
        QCoreApplication.sendPostedEvents(self.engine, QEvent.Type.DeferredDelete.value)


def prepare_application(argv: list[str]) -> QGuiApplication:
    """The Qt application, drawn in software (kiosks have no graphics card worth waking) with our fonts."""
    os.environ.setdefault("QT_QUICK_BACKEND", "software")
    QQuickWindow.setGraphicsApi(QSGRendererInterface.GraphicsApi.Software)
    running = QGuiApplication.instance()
    application = running if isinstance(running, QGuiApplication) else QGuiApplication(argv)
    font = QFont()
    font.setFamilies(FONTS)
    application.setFont(font)
    return application


def open_screen(socket_path: Path, screen: Screen, *, windowed: bool = False, still: bool = False) -> OpenScreen:
    """Show the screens and connect to the session. `still` stops all movement, for pictures.

    Needs `prepare_application` first. Raises ScreenNotStarted.
    """
    link = Link(socket_path)
    pictures = PagePictures()
    visit = Visit(link, pictures)
    engine = QQmlApplicationEngine()
    engine.addImageProvider("page", pictures)
    scale = _scale_to_fit(screen) if windowed else 1.0
    engine.setInitialProperties(
        {
            "visit": visit,
            "width": round(screen.width * scale),
            "height": round(screen.height * scale),
            "pixelsPerMillimetre": screen.width * scale / screen.millimetres,
            "fullScreen": not windowed and not still,
            "still": still,
        }
    )
    engine.load(QUrl.fromLocalFile(str(files(__package__).joinpath("Main.qml"))))
    roots = engine.rootObjects()
    if not roots or not isinstance(roots[0], QQuickWindow):
        raise ScreenNotStarted("the screens could not be loaded")
    opened = OpenScreen(engine, roots[0], visit, link, pictures)
    visit.personal_ended.connect(lambda: QTimer.singleShot(0, engine, lambda: _forget(engine)))
    link.start()
    return opened


def end_on_signal(application: QCoreApplication) -> QTimer:
    """SIGTERM and SIGINT quit it. Python runs its handlers whenever some Python runs: the timer sees to that, as
    long as it lives. It may be in the midst of a window's own event, so the windows are closed after it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: QTimer.singleShot(0, application, application.quit))
    wake = QTimer()
    wake.timeout.connect(lambda: None)
    wake.start(250)
    return wake


def run_screen(
    socket_path: Path,
    screen: Screen,
    windowed: bool = False,
    report: Callable[[ScreenError], None] | None = None,
) -> int:
    """The whole life of the process; returns its exit status. `report` hears of what was refused."""
    application = prepare_application(sys.argv[:1])
    opened = open_screen(socket_path, screen, windowed=windowed)
    Life(opened.window)
    if report is not None:
        opened.visit.refused.connect(report)
    wake = end_on_signal(application)
    status = application.exec()
    wake.stop()
    opened.close()
    return status


def _scale_to_fit(screen: Screen) -> float:
    room = QGuiApplication.primaryScreen().availableSize()
    return min(1.0, room.width() * 0.95 / screen.width, room.height() * 0.92 / screen.height)


def _forget(engine: QQmlApplicationEngine) -> None:
    """Let go of what the last screens held: the objects are unreachable, their memory is not yet free."""
    engine.trimComponentCache()
    engine.collectGarbage()
    gc.collect()
