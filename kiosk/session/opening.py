"""Keeps the kiosk closed outside its opening hours."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable

from config.hours import Week
from kiosk.session.availability import Availability

CLOSED = "E-KIOSK-CLOSED"
LOOK_S = 30.0
"""The longest sleep: the clock on the wall may be set while we sleep, and no timer would notice."""
Clock = Callable[[], dt.datetime]


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class OpeningHours:
    """From `start` to `stop` the source "hours" of `availability` follows the week."""

    def __init__(self, week: Week, availability: Availability, clock: Clock = now) -> None:
        self._week = week
        self._availability = availability
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        moment = self._clock()
        change = self._week.next_change(moment)
        if self._week.is_open(moment):
            self._availability.set("hours", None)
        else:
            self._availability.opens_at = change
            self._availability.set("hours", CLOSED)
        if change is not None:
            left = (change - moment).total_seconds()
            self._timer = asyncio.get_running_loop().call_later(min(left, LOOK_S), self.start)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._availability.set("hours", None)
