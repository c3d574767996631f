"""Dates as the files of a card write them: two-digit years, and parts that nobody knows."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from drivers.smartcard.errors import MalformedData

_EXPIRY_YEARS_BACK = 50
_DIGITS = re.compile(r"[0-9]+")
_UNKNOWN = frozenset(("<<", "00"))


@dataclass(frozen=True, slots=True, repr=False)
class PartialDate:
    """A date as far as it is known: a day without a month there is not, nor a month without a year."""

    year: int | None
    month: int | None = None
    day: int | None = None

    @property
    def whole(self) -> dt.date | None:
        """The day, or None where a part of it is not known."""
        if self.year is None or self.month is None or self.day is None:
            return None
        return dt.date(self.year, self.month, self.day)

    @property
    def parts(self) -> int:
        """How many of year, month and day are known."""
        return sum(part is not None for part in (self.year, self.month, self.day))

    def agrees_but_for_century(self, other: PartialDate) -> bool:
        """Whether nothing that both know differs, years by their last two digits."""
        ours, theirs = self._shortened(), other._shortened()
        return all(a is None or b is None or a == b for a, b in zip(ours, theirs, strict=True))

    def _shortened(self) -> tuple[int | None, ...]:
        return (None if self.year is None else self.year % 100), self.month, self.day


def _known(year: int | None, month: str, day: str) -> PartialDate:
    """Month and day of two characters, either unknown as `<<` or `00`."""
    if month in _UNKNOWN:
        if day not in _UNKNOWN:
            raise MalformedData("a date with a day and no month")
        return PartialDate(year)
    if not (_DIGITS.fullmatch(month) and 1 <= int(month) <= 12):
        raise MalformedData("a date that is not in the calendar")
    if year is None:
        raise MalformedData("a date with a month and no year")
    if day in _UNKNOWN:
        return PartialDate(year, int(month))
    if not _DIGITS.fullmatch(day):
        raise MalformedData("a date is not written in digits")
    return _calendar(year, month, day)


def _calendar(year: int, month: str, day: str) -> PartialDate:
    try:
        date = dt.date(year, int(month), int(day))
    except ValueError as error:
        raise MalformedData("a date that is not in the calendar") from error
    return PartialDate(date.year, date.month, date.day)


def _six(text: str) -> None:
    if len(text) != 6 or not set(text) <= set("0123456789<"):
        raise MalformedData("a date is not written in digits")


def birth_as_known(text: str, today: dt.date) -> PartialDate:
    """YYMMDD of a birth: the latest year in which it is not after `today`.

    Month and day, or all, are fillers for people whose birthday is not known (ICAO 9303-3 §4.8); some issuers
    write zeros. Raises MalformedData.
    """
    _six(text)
    if text[:2] == "<<":
        return _known(None, text[2:4], text[4:])
    if "<" in text[:2]:
        raise MalformedData("a date is not written in digits")
    year = today.year - (today.year - int(text[:2])) % 100
    known = _known(year, text[2:4], text[4:])
    if (year, known.month or 0, known.day or 0) > (today.year, today.month, today.day):
        return _known(year - 100, text[2:4], text[4:])
    return known


def birth(text: str, today: dt.date) -> dt.date | None:
    """The same where the whole day is known, else None. Raises MalformedData."""
    return birth_as_known(text, today).whole


def expiry(text: str, today: dt.date) -> dt.date:
    """YYMMDD of an expiry: the year from 50 before to 49 after `today`. Raises MalformedData."""
    _six(text)
    if "<" in text:
        raise MalformedData("a date is not written in digits")
    first = today.year - _EXPIRY_YEARS_BACK
    year = first + (int(text[:2]) - first) % 100
    whole = _calendar(year, text[2:4], text[4:]).whole
    assert whole is not None  # noqa: S101 - a day of the calendar
    return whole


def full_as_known(text: str) -> PartialDate:
    """CCYYMMDD, as in DG11; parts that are zeros or fillers are not known. Raises MalformedData."""
    if len(text) != 8 or not set(text) <= set("0123456789<"):
        raise MalformedData("a date is not written in digits")
    if text[:4] in ("0000", "<<<<"):
        return _known(None, text[4:6], text[6:])
    if "<" in text[:4]:
        raise MalformedData("a date is not written in digits")
    return _known(int(text[:4]), text[4:6], text[6:])


def full(text: str) -> dt.date | None:
    """The same where the whole day is known, else None. Raises MalformedData."""
    return full_as_known(text).whole
