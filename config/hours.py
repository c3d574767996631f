"""When the kiosk serves: a week of opening hours in a time zone. Pure; what time it is, the caller says.

    week = Week.of(settings.hours)
    week.is_open(now)                  # an aware datetime of any zone
    week.next_change(now)              # the moment it opens or closes next, in the week's zone; None: never

Hours are the town's wall clock. Where that clock is put forward, a time that it skips is the moment of the
jump; where it is put back, a time that comes twice is the first one. So each span is one stretch of time.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from config.schema import Hours

Span = tuple[int, int]
"""Minutes of the day: from, up to and without."""
_DAY = 24 * 60
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MINUTE = dt.timedelta(minutes=1)
_AHEAD = 15
"""Days looked ahead: a week, and one more because a span may fall whole into a jump of the clock."""


def spans(day: str) -> tuple[Span, ...]:
    """The spans of a day as the settings write it, `08:00-12:00, 13:00-16:30`.

    Raises ValueError for spans that overlap or do not run forwards.
    """
    read = tuple(_span(part.strip()) for part in day.split(",")) if day else ()
    for start, end in read:
        if start >= end:
            raise ValueError("a span ends before it begins")
    for (_, end), (start, _) in pairwise(read):
        if start < end:
            raise ValueError("the spans overlap, or are not in the order of the day")
    return read


def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError("this machine knows no such time zone") from None


@dataclass(frozen=True, slots=True)
class Week:
    """`days` counts from Monday."""

    time_zone: ZoneInfo
    days: tuple[tuple[Span, ...], ...]

    @classmethod
    def of(cls, hours: Hours) -> Self:
        return cls(zone(hours.time_zone), tuple(spans(getattr(hours, day)) for day in _DAYS))

    def is_open(self, at: dt.datetime) -> bool:
        return any(start <= at < end for start, end in self._stretches(at))

    def next_change(self, at: dt.datetime) -> dt.datetime | None:
        """The first moment after `at` at which it opens or closes."""
        if all(sum(end - start for start, end in day) == _DAY for day in self.days):
            return None
        turns = (turn for stretch in self._stretches(at) for turn in stretch)
        change = next((turn for turn in turns if turn > at), None)
        return None if change is None else change.astimezone(self.time_zone)

    def _stretches(self, at: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
        """Open time about `at` and ahead, in UTC and in order; what touches is one."""
        yesterday = at.astimezone(self.time_zone).date() - dt.timedelta(days=1)
        found: list[tuple[dt.datetime, dt.datetime]] = []
        for date in (yesterday + dt.timedelta(days=n) for n in range(_AHEAD + 2)):
            for start, end in self.days[date.weekday()]:
                begins, ends = self._moment(date, start), self._moment(date, end)
                if found and begins <= found[-1][1]:
                    found[-1] = (found[-1][0], max(ends, found[-1][1]))
                elif begins < ends:
                    found.append((begins, ends))
        return found

    def _moment(self, date: dt.date, minute: int) -> dt.datetime:
        """When the wall clock shows that minute of that date, in UTC."""
        wall = dt.datetime.combine(date, dt.time()) + minute * _MINUTE
        moment = wall.replace(tzinfo=self.time_zone).astimezone(dt.UTC)
        if moment.astimezone(self.time_zone).replace(tzinfo=None) == wall:
            return moment
        before = wall.replace(tzinfo=self.time_zone, fold=1).astimezone(dt.UTC)  # PEP 495: fold=1 is before a gap
        offset = moment.astimezone(self.time_zone).utcoffset()
        skipped = range((moment - before) // _MINUTE)
        jump = bisect_left(
            skipped, True, key=lambda n: (before + n * _MINUTE).astimezone(self.time_zone).utcoffset() == offset
        )
        return before + jump * _MINUTE


def _span(text: str) -> Span:
    start, _, end = text.partition("-")
    return _minutes(start), _minutes(end)


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
