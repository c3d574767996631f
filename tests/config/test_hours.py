"""Opening hours follow the town's wall clock, also on the days on which somebody moves it."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import ConfigInvalid, load
from config.hours import Week, spans
from config.schema import Hours

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OFFICE = {day: "08:00-12:00, 13:00-16:30" for day in ("sunday", "monday", "tuesday", "wednesday", "thursday")}
ZONES = (
    "Africa/Algiers",
    "Africa/Casablanca",
    "Europe/Paris",
    "Asia/Beirut",
    "America/St_Johns",
    "Australia/Lord_Howe",
)
MINUTE = dt.timedelta(minutes=1)


def week(zone: str = "Africa/Algiers", **days: str) -> Week:
    return Week.of(Hours(time_zone=zone, **{**dict.fromkeys(DAYS, ""), **days}))


def at(text: str, zone: str = "Africa/Algiers") -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def change(week: Week, moment: dt.datetime) -> str | None:
    turn = week.next_change(moment)
    return None if turn is None else turn.isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("moment", "is_open", "turn"),
    [
        ("2026-11-23T07:59:59.9", False, "2026-11-23T08:00+01:00"),  # a Monday
        ("2026-11-23T08:00", True, "2026-11-23T12:00+01:00"),
        ("2026-11-23T11:59:59.9", True, "2026-11-23T12:00+01:00"),
        ("2026-11-23T12:00", False, "2026-11-23T13:00+01:00"),
        ("2026-11-26T16:30", False, "2026-11-29T08:00+01:00"),  # Thursday's end: the next day is Sunday
    ],
)
def test_an_office_week(moment: str, is_open: bool, turn: str) -> None:
    office = week(**OFFICE)
    assert office.is_open(at(moment)) is is_open
    assert change(office, at(moment)) == turn


def test_midnight_is_no_closing_time() -> None:
    through = week(monday="20:00-24:00", tuesday="00:00-02:00")
    assert change(through, at("2026-11-23T21:00")) == "2026-11-24T02:00+01:00"
    assert through.is_open(at("2026-11-24T00:00"))


@pytest.mark.parametrize("day", ["00:00-24:00", "00:00-08:00, 08:00-24:00", ""])
def test_always_and_never_do_not_change(day: str) -> None:
    whole = week(**dict.fromkeys(DAYS, day))
    assert whole.is_open(at("2026-11-23T03:00")) is bool(day)
    assert whole.next_change(at("2026-11-23T03:00")) is None


def test_once_a_week_is_found_a_week_ahead() -> None:
    assert change(week(friday="14:00-15:00"), at("2026-11-27T14:30")) == "2026-11-27T15:00+01:00"
    assert change(week(friday="14:00-15:00"), at("2026-11-27T15:00")) == "2026-12-04T14:00+01:00"


def test_a_time_that_the_clock_skips_is_the_jump() -> None:
    """Paris, 29 March 2026: two o'clock is three o'clock."""
    opens = week("Europe/Paris", sunday="02:30-05:00")
    assert change(opens, at("2026-03-29T00:00", "Europe/Paris")) == "2026-03-29T03:00+02:00"
    closes = week("Europe/Paris", sunday="01:00-02:30")
    assert change(closes, at("2026-03-29T01:30", "Europe/Paris")) == "2026-03-29T03:00+02:00"
    inside = week("Europe/Paris", sunday="02:10-02:50")
    assert change(inside, at("2026-03-29T00:00", "Europe/Paris")) == "2026-04-05T02:10+02:00"


def test_a_time_that_comes_twice_is_the_first() -> None:
    """Paris, 25 October 2026: three o'clock is two o'clock again."""
    closes = week("Europe/Paris", sunday="01:00-02:30")
    again = at("2026-10-25T02:15", "Europe/Paris").replace(fold=1)
    assert change(closes, at("2026-10-25T01:30", "Europe/Paris")) == "2026-10-25T02:30+02:00"
    assert not closes.is_open(again)


MARKS = st.lists(st.integers(0, 24 * 60), min_size=2, max_size=8, unique=True).map(sorted)


def written(marks: list[int]) -> str:
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs)


WEEKS = st.builds(
    lambda zone, days: week(zone, **{day: written(marks) for day, marks in zip(DAYS, days, strict=True)}),
    st.sampled_from(ZONES),
    st.lists(st.one_of(st.just([]), MARKS), min_size=7, max_size=7),
)
MOMENTS = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2035, 12, 31), timezones=st.just(dt.UTC))
"""Any; and, because few are, the nights on which clocks are moved."""
NIGHTS = st.builds(
    lambda date, minutes: dt.datetime.combine(date, dt.time(), dt.UTC) + minutes * MINUTE,
    st.sampled_from([dt.date(2026, 3, 28), dt.date(2026, 10, 24), dt.date(2026, 2, 14), dt.date(2026, 4, 4)]),
    st.integers(0, 48 * 60),
)


@given(WEEKS, st.one_of(MOMENTS, NIGHTS))
def test_it_is_open_when_the_clock_on_the_wall_says_so(hours: Week, moment: dt.datetime) -> None:
    wall = moment.astimezone(hours.time_zone)
    second_time = wall.fold == 1
    minute = wall.hour * 60 + wall.minute
    if not second_time:
        assert hours.is_open(moment) == any(start <= minute < end for start, end in hours.days[wall.weekday()])


@given(WEEKS, st.one_of(MOMENTS, NIGHTS))
def test_nothing_changes_before_the_next_change_and_then_it_does(hours: Week, moment: dt.datetime) -> None:
    turn = hours.next_change(moment)
    now = hours.is_open(moment)
    if turn is None:
        assert all(hours.is_open(moment + n * dt.timedelta(minutes=37)) == now for n in range(300))
        return
    turn = turn.astimezone(dt.UTC)  # a second before it is another moment on a wall clock that jumped
    assert turn > moment
    assert hours.is_open(turn) != now
    assert hours.is_open(turn - dt.timedelta(seconds=1)) == now or turn - moment <= dt.timedelta(seconds=1)
    steps = (turn - moment) / 40
    assert all(hours.is_open(moment + n * steps) == now for n in range(40))


@given(st.text(max_size=40))
def test_any_text_is_hours_or_is_refused_by_name(text: str) -> None:
    try:
        Hours(monday=text)
    except ValueError as error:
        assert "monday" in str(error)


@pytest.mark.parametrize(
    ("line", "key", "reason"),
    [
        ('monday = "12:00-08:00"', "hours.monday", "a span ends before it begins"),
        ('monday = "08:00-08:00"', "hours.monday", "a span ends before it begins"),
        ('friday = "08:00-12:00, 11:59-14:00"', "hours.friday", "the spans overlap"),
        ('friday = "13:00-14:00, 08:00-12:00"', "hours.friday", "the spans overlap, or are not in the order"),
        ('time_zone = "Africa/Atlantis"', "hours.time_zone", "no such time zone"),
        ('time_zone = "Africa"', "hours.time_zone", "no such time zone"),
        ('time_zone = "../../etc/passwd"', "hours.time_zone", "no such time zone"),
        ('time_zone = "/etc/passwd"', "hours.time_zone", "no such time zone"),
        ('time_zone = "a\\u0000b"', "hours.time_zone", "no such time zone"),
    ],
)
def test_hours_that_make_no_sense_are_refused_with_key_and_reason(
    tmp_path: Path, line: str, key: str, reason: str
) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(f'profile = "demo"\n[hours]\n{line}\n')
    with pytest.raises(ConfigInvalid) as refused:
        load(file)
    (problem,) = refused.value.problems
    assert (problem.line, problem.key) == (3, key)
    assert reason in problem.reason


def test_spans_may_touch() -> None:
    assert spans("08:00-12:00,12:00-16:00") == ((480, 720), (720, 960))
