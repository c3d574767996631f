"""Words against a reckoning of their own: read back by summing what each word is worth."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printing.errors import WordingError
from printing.wording import date_in_words, month_name, number_in_words, time_in_words

DATES = st.dates(dt.date(1850, 1, 1), dt.date(2100, 12, 31))

FRENCH_WORTH = {
    "zéro": 0, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8,
    "neuf": 9, "dix": 10, "onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16,
    "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
}  # fmt: skip


def read_french(text: str) -> int:
    """Sums words; `quatre-vingt` multiplies, as do `cent` and `mille`."""
    thousands, hundreds, below = 0, 0, 0
    for word in text.replace("-", " ").split():
        if word == "et":
            continue
        if word in ("mille", "mil"):
            thousands, hundreds, below = (hundreds + below or 1) * 1000, 0, 0
        elif word in ("cent", "cents"):
            hundreds, below = (below or 1) * 100, 0
        elif word in ("vingt", "vingts") and below == 4:
            below = 80
        else:
            below += FRENCH_WORTH[word]
    return thousands + hundreds + below


ARABIC_ROOTS = {
    "صفر": 0, "واحد": 1, "احد": 1, "احدى": 1, "اثن": 2, "ثلاث": 3, "اربع": 4, "خمس": 5, "ست": 6, "سبع": 7,
    "ثمان": 8, "تسع": 9,
}  # fmt: skip
ARABIC_TENS = {
    "عشر": 20, "ثلاث": 30, "اربع": 40, "خمس": 50, "ست": 60, "سبع": 70, "ثمان": 80, "تسع": 90,
}  # fmt: skip


def arabic_word(word: str) -> int:
    bare = word.replace("أ", "ا").replace("إ", "ا")
    if bare in ("مائة", "مائتان", "مائتين"):
        return 100 if bare == "مائة" else 200
    if bare.endswith("مائة"):
        return 100 * ARABIC_ROOTS[bare.removesuffix("مائة")]
    if bare in ("عشر", "عشرة"):
        return 10
    for ending in ("ون", "ين"):
        if bare.endswith(ending) and bare.removesuffix(ending) in ARABIC_TENS:
            return ARABIC_TENS[bare.removesuffix(ending)]
    for ending in ("", "ة", "ية", "ان", "ين", "تان", "تين", "ا", "ي", "تا", "تي"):
        if ending and not bare.endswith(ending):
            continue
        if bare.removesuffix(ending) in ARABIC_ROOTS:
            return ARABIC_ROOTS[bare.removesuffix(ending)]
    raise AssertionError(f"unread: {word}")


def read_arabic(text: str) -> int:
    total = 0
    for part in text.split(" و"):
        words = part.split()
        if words[-1] == "آلاف":
            total += 1000 * arabic_word(words[0])
        elif words[-1] in ("ألف", "ألفان", "ألفين"):
            total += 1000 if words[-1] == "ألف" else 2000
        else:
            total += sum(arabic_word(word) for word in words)
    return total


@pytest.mark.parametrize("gender", ["masculine", "feminine"])
def test_every_number_reads_back_in_french(gender: str) -> None:
    for number in range(10_000):
        assert read_french(number_in_words(number, "fr", gender)) == number  # type: ignore[arg-type]


@pytest.mark.parametrize("gender", ["masculine", "feminine"])
@pytest.mark.parametrize("case", ["nominative", "oblique"])
def test_every_number_reads_back_in_arabic(gender: str, case: str) -> None:
    for number in range(10_000):
        assert read_arabic(number_in_words(number, "ar", gender, case)) == number  # type: ignore[arg-type]


@given(DATES)
def test_a_date_reads_back_in_french(date: dt.date) -> None:
    day, month, *year = (
        date_in_words(date, "fr", "dz")
        .replace("vingt et un ", "vingt-et-un ")
        .replace("trente et un ", "trente-et-un ")
        .split(" ")
    )
    assert (1 if day == "premier" else read_french(day)) == date.day
    assert month == month_name(date.month, "fr", "dz")
    assert read_french(" ".join(year)) == date.year


@given(DATES)
def test_a_date_reads_back_in_arabic(date: dt.date) -> None:
    day, rest = date_in_words(date, "ar", "dz").split(" من شهر ")
    month, year = rest.split(" سنة ")
    assert month == month_name(date.month, "ar", "dz")
    assert read_arabic(year) == date.year
    assert ORDINALS.index(day) + 1 == date.day


ORDINALS = (
    "الأول|الثاني|الثالث|الرابع|الخامس|السادس|السابع|الثامن|التاسع|العاشر|الحادي عشر|الثاني عشر|الثالث عشر|الرابع عشر|"
    "الخامس عشر|السادس عشر|السابع عشر|الثامن عشر|التاسع عشر|العشرين|الحادي والعشرين|الثاني والعشرين|الثالث والعشرين|"
    "الرابع والعشرين|الخامس والعشرين|السادس والعشرين|السابع والعشرين|الثامن والعشرين|التاسع والعشرين|الثلاثين|"
    "الحادي والثلاثين"
).split("|")


@pytest.mark.parametrize(
    ("date", "french", "arabic"),
    [
        ((1986, 3, 14), "quatorze mars mil neuf cent quatre-vingt-six",
         "الرابع عشر من شهر مارس سنة ألف وتسعمائة وست وثمانين"),
        ((1980, 1, 1), "premier janvier mil neuf cent quatre-vingt", "الأول من شهر جانفي سنة ألف وتسعمائة وثمانين"),
        ((2000, 8, 21), "vingt et un août deux mille", "الحادي والعشرين من شهر أوت سنة ألفين"),
        ((2012, 4, 12), "douze avril deux mille douze", "الثاني عشر من شهر أفريل سنة ألفين واثنتي عشرة"),
        ((1871, 12, 31), "trente et un décembre mil huit cent soixante et onze",
         "الحادي والثلاثين من شهر ديسمبر سنة ألف وثمانمائة وإحدى وسبعين"),
        ((2100, 6, 2), "deux juin deux mille cent", "الثاني من شهر جوان سنة ألفين ومائة"),
    ],
)  # fmt: skip
def test_dates_as_an_officer_writes_them(date: tuple[int, int, int], french: str, arabic: str) -> None:
    assert date_in_words(dt.date(*date), "fr", "dz") == french
    assert date_in_words(dt.date(*date), "ar", "dz") == arabic


@pytest.mark.parametrize(
    ("time", "french", "arabic"),
    [
        ((0, 0), "zéro heure", "الصفر"),
        ((1, 1), "une heure une minute", "الواحدة ودقيقة واحدة"),
        ((8, 8), "huit heures huit minutes", "الثامنة وثماني دقائق"),
        ((12, 2), "douze heures deux minutes", "الثانية عشرة ودقيقتين"),
        ((21, 21), "vingt et une heures vingt et une minutes", "الحادية والعشرين وإحدى وعشرين دقيقة"),
        ((10, 42), "dix heures quarante-deux minutes", "العاشرة واثنتين وأربعين دقيقة"),
    ],
)
def test_hours_as_an_officer_writes_them(time: tuple[int, int], french: str, arabic: str) -> None:
    assert time_in_words(dt.time(*time), "fr") == french
    assert time_in_words(dt.time(*time), "ar") == arabic


@pytest.mark.parametrize(
    ("number", "words"),
    [(80, "quatre-vingts"), (81, "quatre-vingt-un"), (200, "deux cents"), (280, "deux cent quatre-vingts"),
     (71, "soixante et onze"), (91, "quatre-vingt-onze"), (1000, "mille"), (2200, "deux mille deux cents")],
)  # fmt: skip
def test_the_plurals_of_french_numbers(number: int, words: str) -> None:
    assert number_in_words(number, "fr") == words


@pytest.mark.parametrize("language", ["ar", "fr"])
@pytest.mark.parametrize("number", [-1, 10_000])
def test_numbers_outside_the_tables_are_refused(language: str, number: int) -> None:
    with pytest.raises(WordingError):
        number_in_words(number, language)  # type: ignore[arg-type]


def test_a_country_without_month_names_is_refused() -> None:
    with pytest.raises(WordingError):
        date_in_words(dt.date(2026, 1, 1), "ar", "xx")
