"""Lets a screen that says what is being done stand long enough to be seen.

The machine may be done in a tenth of a second; a screen that flashes by tells nobody anything and looks like a
fault. So what follows a working screen waits its turn, in order. What ends a visit never waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer

from kiosk.session.protocol import Snapshot

WORKING = frozenset({"opening", "reading", "preparing", "printing", "settling"})
AT_ONCE = frozenset({"attract", "trouble", "goodbye"})
DWELL_MS = 500
_MOST_WAITING = 32

Facts = dict[str, Any]
Show = Callable[[Snapshot, Facts], None]


class Pace(QObject):
    """`show` is called for each snapshot offered, now or when the working screen before it has stood its time."""

    def __init__(self, show: Show, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._show = show
        self._screen = ""
        self._waiting: deque[tuple[Snapshot, Facts]] = deque(maxlen=_MOST_WAITING)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DWELL_MS)
        self._timer.timeout.connect(self._go_on)

    def offer(self, snapshot: Snapshot, facts: Facts) -> None:
        if snapshot.screen in AT_ONCE:
            self.forget()
        if self._timer.isActive() and (self._waiting or snapshot.screen != self._screen):
            self._waiting.append((snapshot, facts))
        else:
            self._pass(snapshot, facts)

    def forget(self) -> None:
        """Drop what waits: the session is away, or the visit is over."""
        self._waiting.clear()
        self._timer.stop()
        self._screen = ""

    def _pass(self, snapshot: Snapshot, facts: Facts) -> None:
        if snapshot.screen in WORKING and snapshot.screen != self._screen:
            self._timer.start()
        self._screen = snapshot.screen
        self._show(snapshot, facts)

    def _go_on(self) -> None:
        while self._waiting and not self._timer.isActive():
            self._pass(*self._waiting.popleft())
