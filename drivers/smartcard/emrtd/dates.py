"""Dates as a machine readable zone writes them: two-digit years, and parts that nobody knows."""

from __future__ import annotations

import datetime as dt

from drivers.smartcard.errors import MalformedData

_EXPIRY_YEARS_BACK = 50


def _date(year: int, month: str, day: str) -> dt.date:
    try:
        return dt.date(year, int(month), int(day))
    except ValueError as error:
        raise MalformedData("a date that is not in the calendar") from error


def _digits(text: str, length: int) -> None:
    if len(text) != length or not (text.isascii() and text.isdecimal()):
        raise MalformedData("a date is not written in digits")


def birth(text: str, today: dt.date) -> dt.date | None:
    """YYMMDD of a birth: the latest such day that is not after `today`.

    None where month or day are filled with `<`, as they are for people whose birthday is presumed
    (ICAO 9303-3 §4.8). Raises MalformedData.
    """
    if len(text) == 6 and text.endswith("<") and set(text) <= set("0123456789<"):
        return None
    _digits(text, 6)
    year = today.year - (today.year - int(text[:2])) % 100
    if (year, int(text[2:4]), int(text[4:])) > (today.year, today.month, today.day):
        year -= 100
    return _date(year, text[2:4], text[4:])


def expiry(text: str, today: dt.date) -> dt.date:
    """YYMMDD of an expiry: the year from 50 before to 49 after `today`. Raises MalformedData."""
    _digits(text, 6)
    first = today.year - _EXPIRY_YEARS_BACK
    year = first + (int(text[:2]) - first) % 100
    return _date(year, text[2:4], text[4:])


def full(text: str) -> dt.date | None:
    """CCYYMMDD, as in DG11; None where parts of it are zeros. Raises MalformedData."""
    _digits(text, 8)
    if text[:4] == "0000" or text[4:6] == "00" or text[6:] == "00":
        return None
    return _date(int(text[:4]), text[4:6], text[6:])
