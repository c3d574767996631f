"""Numbers, dates and hours in words, as acts write them (ordonnance 70-20, art. 8: no date in figures).

The words are data (`words/ar.toml`, `words/fr.toml`), with a table of month names for each country;
what stands here is the grammar that joins them.

Arabic: a number agrees in gender with what it counts, and three to ten by contrast; dates and hours are
governed by a preposition or by سنة, hence the oblique. French: in a year, `mil` before another number,
and neither `cent` nor `quatre-vingt` takes an s.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from printing.errors import WordingError
from registry.models import Language

Gender = Literal["masculine", "feminine"]
Case = Literal["nominative", "oblique"]
LARGEST = 9999


def number_in_words(number: int, language: Language, gender: Gender = "masculine", case: Case = "nominative") -> str:
    """0 to 9999 in words; `gender` is that of what is counted, `case` matters in Arabic only.

    Raises WordingError outside that range.
    """
    if not 0 <= number <= LARGEST:
        raise WordingError(f"a number outside 0 to {LARGEST} has no words here")
    return _arabic(number, gender, case) if language == "ar" else _french(number, gender)


def date_in_words(date: dt.date, language: Language, country: str) -> str:
    """E.g. `quatorze mars mil neuf cent quatre-vingt-six`, `الرابع عشر من شهر مارس سنة ألف وتسعمائة وست وثمانين`.

    Raises WordingError when the country has no table of months.
    """
    words = _words(language)["date"]
    month = month_name(date.month, language, country)
    if language == "ar":
        day, year = words["days"][date.day - 1], _arabic(date.year, "feminine", "oblique")
    else:
        day = words["first_day"] if date.day == 1 else _french(date.day, "masculine")
        year = _french_year(date.year)
    return str(words["pattern"].format(day=day, month=month, year=year))


def time_in_words(time: dt.time, language: Language) -> str:
    """Hours and minutes on the 24-hour clock; Arabic as it follows الساعة, French whole (`dix heures`)."""
    words = _words(language)["time"]
    if language == "ar":
        hour = str(words["hours"][time.hour])
        return hour if time.minute == 0 else f"{hour} و{_arabic_minutes(time.minute, words)}"
    hours = f"{_french(time.hour, 'feminine')} {words['hours' if time.hour > 1 else 'hour']}"
    if time.minute == 0:
        return hours
    return f"{hours} {_french(time.minute, 'feminine')} {words['minutes' if time.minute > 1 else 'minute']}"


def month_name(month: int, language: Language, country: str) -> str:
    """The month (1 to 12) as the country names it. Raises WordingError for a country without a table."""
    months = _words(language)["date"]["months"].get(country)
    if months is None:
        raise WordingError(f"no month names for country {country!r}")
    return str(months[month - 1])


@cache
def _words(language: Language) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words" / f"{language}.toml").read_text("utf-8"))


def _arabic(number: int, gender: Gender, case: Case) -> str:
    words = _words("ar")
    if number == 0:
        return str(words["zero"])
    thousands, rest = divmod(number, 1000)
    hundreds, below = divmod(rest, 100)
    parts: list[str] = []
    if thousands > 2:
        parts.append(f"{words['masculine'][case][thousands - 1]} {words['thousands']['plural']}")
    elif thousands:
        parts.append(words["thousands"][case][thousands - 1])
    if hundreds:
        parts.append(words["hundreds"][case][hundreds - 1])
    if below:
        parts.append(_arabic_below_hundred(below, words[gender], words["tens"], case))
    return " و".join(parts)


def _arabic_below_hundred(number: int, units: dict[str, Any], tens: dict[str, Any], case: Case) -> str:
    if number <= 10:
        return str(units[case][number - 1])
    if number < 20:
        return str(units[f"teens_{case}"][number - 11])
    ten, unit = divmod(number, 10)
    if unit == 0:
        return str(tens[case][ten - 2])
    first = units["one_before_tens"] if unit == 1 else units[case][unit - 1]
    return f"{first} و{tens[case][ten - 2]}"


def _arabic_minutes(minutes: int, words: dict[str, Any]) -> str:
    if minutes == 1:
        return str(words["one_minute"])
    if minutes == 2:
        return str(words["two_minutes"])
    if minutes == 8:
        return str(words["eight_minutes"])
    noun = words["few_minutes"] if minutes <= 10 else words["many_minutes"]
    return f"{_arabic(minutes, 'feminine', 'oblique')} {noun}"


def _french(number: int, gender: Gender) -> str:
    words = _words("fr")
    thousands, rest = divmod(number, 1000)
    hundreds, below = divmod(rest, 100)
    parts: list[str] = []
    if thousands:
        parts += [_french_below_hundred(thousands, "masculine")] if thousands > 1 else []
        parts.append(words["thousand"])
    if hundreds:
        parts += [_french_below_hundred(hundreds, "masculine")] if hundreds > 1 else []
        parts.append(words["hundred"] + ("s" if hundreds > 1 and not below else ""))
    if below or not parts:
        ending = "s" if below == 80 else ""
        parts.append(_french_below_hundred(below, gender) + ending)
    return " ".join(parts)


def _french_year(year: int) -> str:
    """A year counts as an ordinal: `mil neuf cent`, `deux mille quatre-vingt`, without the plural's s."""
    words = _words("fr")
    text = _french(year, "masculine")
    if year % 100 in (0, 80) and text.endswith("s") and year % 1000:
        text = text.removesuffix("s")
    if 1000 < year < 2000:
        text = words["thousand_of_years"] + text.removeprefix(words["thousand"])
    return text


def _french_below_hundred(number: int, gender: Gender) -> str:
    words = _words("fr")
    units: list[str] = words["units"]
    if number < 20:
        return str(words["feminine_one"]) if number == 1 and gender == "feminine" else units[number]
    ten, unit = divmod(number, 10)
    stem = str(words["tens"][ten - 2])
    if ten in (7, 9):
        unit += 10
    if unit == 0:
        return stem
    one = str(words["feminine_one"]) if unit == 1 and gender == "feminine" else units[unit]
    joined_by_and = unit in (1, 11) and ten < 8
    return f"{stem} {words['and']} {one}" if joined_by_and else f"{stem}-{one}"
