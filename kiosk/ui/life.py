"""Tells the supervisor that the screen is shown, and that it lives: by frames the display took, and by nothing else."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtQuick import QQuickWindow

from kiosk import supervision


class Life(QObject):
    """Ready with the window's first frame. Then, at the supervisor's pace, a pixel is changed, and the frame that
    shows it is a sign of life: an event loop, a scene or a display that hangs gives none."""

    def __init__(self, window: QQuickWindow) -> None:
        super().__init__(window)
        self._window = window
        self._ready = False
        self._due = False
        window.frameSwapped.connect(self._on_frame)
        if (interval := supervision.watchdog_interval()) is not None:
            timer = QTimer(self)
            timer.timeout.connect(self._ask)
            timer.start(round(interval * 1000))

    def _ask(self) -> None:
        self._due = True
        self._window.setProperty("beat", not self._window.property("beat"))

    def _on_frame(self) -> None:
        if not self._ready:
            self._ready = True
            supervision.ready()
        if self._due:
            self._due = False
            supervision.alive()
