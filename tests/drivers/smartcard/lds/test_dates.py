"""Dates with two-digit years and unknown parts."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.smartcard import MalformedData
from drivers.smartcard.emrtd import dates
from drivers.smartcard.emrtd.dates import PartialDate

TODAY = dt.date(2026, 6, 15)


@given(st.dates(dt.date(TODAY.year - 99, 1, 1), TODAY))
@example(TODAY)
@example(TODAY.replace(year=TODAY.year - 100) + dt.timedelta(days=1))
def test_a_birth_is_never_in_the_future(born: dt.date) -> None:
    assert dates.birth(born.strftime("%y%m%d"), TODAY) == born


@given(st.dates(dt.date(1976, 1, 1), dt.date(2075, 12, 31)))
def test_an_expiry_is_within_fifty_years(expires: dt.date) -> None:
    assert dates.expiry(expires.strftime("%y%m%d"), TODAY) == expires


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("50<<<<", PartialDate(1950)),
        ("500000", PartialDate(1950)),
        ("5003<<", PartialDate(1950, 3)),
        ("500300", PartialDate(1950, 3)),
        ("2607<<", PartialDate(1926, 7)),
        ("26<<<<", PartialDate(2026)),
        ("2606<<", PartialDate(2026, 6)),
        ("260600", PartialDate(2026, 6)),
        ("<<<<<<", PartialDate(None)),
    ],
)
def test_a_presumed_birthday_is_not_made_up(written: str, known: PartialDate) -> None:
    assert dates.birth_as_known(written, TODAY) == known
    assert dates.birth(written, TODAY) is None


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("19500312", PartialDate(1950, 3, 12)),
        ("19500000", PartialDate(1950)),
        ("195003<<", PartialDate(1950, 3)),
        ("00000000", PartialDate(None)),
    ],
)
def test_a_full_date_may_be_known_in_part(written: str, known: PartialDate) -> None:
    assert dates.full_as_known(written) == known


@pytest.mark.parametrize(
    "bad", ["861314", "8603", "86031a", "000230", "٨٦٠٣١٤", "86<<14", "8<0314", "<<0314", "8603<4"]
)
def test_no_date_that_is_none(bad: str) -> None:
    with pytest.raises(MalformedData):
        dates.birth(bad, TODAY)


@pytest.mark.parametrize("bad", ["19861314", "1986031", "19<60314", "00000314", "19860014", "2023022９"])
def test_no_full_date_that_is_none(bad: str) -> None:
    with pytest.raises(MalformedData):
        dates.full(bad)


@pytest.mark.parametrize("bad", ["3205<<", "<<<<<<", "320532", ""])
def test_an_expiry_is_a_whole_day(bad: str) -> None:
    with pytest.raises(MalformedData):
        dates.expiry(bad, TODAY)


def test_what_both_know_must_agree_and_the_century_is_not_known_to_a_zone() -> None:
    whole = PartialDate(1920, 3, 14)
    assert whole.agrees_but_for_century(PartialDate(2020)) and PartialDate(2020, 3).agrees_but_for_century(whole)
    assert not whole.agrees_but_for_century(PartialDate(1921)) and not whole.agrees_but_for_century(
        PartialDate(1920, 4)
    )
