"""printer-state-reasons as printers really use them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printers.conditions import conditions, of_tray, trays_are_empty
from drivers.printers.errors import blocked_by
from drivers.printers.port import BLOCKING, Condition, PrinterStatus

EMPTY = b"type=sheetFeedAutoRemovableTray;maxcapacity=250;level=0;status=0;name=main;"
FULL = b"type=sheetFeedAutoRemovableTray;maxcapacity=250;level=250;status=0;name=main;"
UNKNOWN = b"type=sheetFeedManual;maxcapacity=1;level=-2;status=0;name=manual"
SOME_LEFT = b"type=sheetFeedManual;level=-3;name=manual"


@pytest.mark.parametrize(
    ("reason", "condition"),
    [
        ("media-empty-error", Condition.PAPER_OUT),
        ("media-empty", Condition.PAPER_OUT),
        ("media-empty-warning", Condition.PAPER_OUT),
        ("media-empty-tray1-error", Condition.PAPER_OUT),
        ("media-needed-error", Condition.PAPER_OUT),
        ("media-low-report", Condition.PAPER_LOW),
        ("media-jam-error", Condition.JAM),
        ("MEDIA-JAM-error", Condition.JAM),
        ("cover-open-error", Condition.COVER_OPEN),
        ("door-open-warning", Condition.COVER_OPEN),
        ("toner-low-report", Condition.TONER_LOW),
        ("marker-supply-empty-error", Condition.TONER_EMPTY),
        ("shutdown", Condition.OFFLINE),
        ("paused", Condition.STOPPED),
        ("stopped-partly-error", Condition.STOPPED),
        ("output-area-full-error", Condition.STOPPED),
        ("output-area-almost-full-report", Condition.OTHER),
        ("media-emptyish-error", Condition.OTHER),
        ("com.example.strange", Condition.OTHER),
        ("media-path-input-empty-error", Condition.PAPER_OUT),
        ("input-tray-missing", Condition.PAPER_OUT),
        ("input-manual-input-request-warning", Condition.PAPER_OUT),
        ("input-media-size-change-error", Condition.PAPER_WRONG),
        ("media-path-output-jam-error", Condition.JAM),
        ("input-media-tray-feed-error-error", Condition.JAM),
        ("stacker-cover-open-warning", Condition.COVER_OPEN),
        ("rear-door-open-error", Condition.COVER_OPEN),
        ("cover-open-front", Condition.COVER_OPEN),
        ("discover-open-error", Condition.OTHER),
        ("scanner-cover-open-error", Condition.OTHER),
        ("scan-media-path-jam-error", Condition.OTHER),
        ("marker-toner-cartridge-missing-error", Condition.TONER_EMPTY),
        ("marker-supply-almost-empty-report", Condition.TONER_LOW),
        ("marker-waste-toner-receptacle-full-error", Condition.STOPPED),
        ("marker-waste-toner-receptacle-almost-full-warning", Condition.OTHER),
        ("spool-area-full-warning", Condition.STOPPED),
        ("power-down", Condition.OFFLINE),
        ("laser-failure-error", Condition.STOPPED),
        ("input-pick-roller-failure", Condition.STOPPED),
        ("fan-failure-warning", Condition.OTHER),
        ("scanner-light-failure-error", Condition.OTHER),
        ("opc-life-over-warning", Condition.OTHER),
        ("media-path-cannot-duplex-media-selected-warning", Condition.OTHER),
        ("wifi-not-configured-report", Condition.OTHER),
    ],
)
def test_keywords_are_known_by_their_beginning(reason: str, condition: Condition) -> None:
    assert conditions([reason]) == {condition}


def test_none_is_no_condition() -> None:
    assert conditions(["none"]) == frozenset()
    assert conditions([""]) == frozenset()


@pytest.mark.parametrize(
    "reason", ["media-jam-report", "cover-open-report", "media-empty-report", "toner-empty-report"]
)
def test_a_stale_report_blocks_nothing(reason: str) -> None:
    assert PrinterStatus(True, conditions([reason])).ready


def test_trays_confirm_a_report_of_no_paper() -> None:
    assert conditions(["media-empty-report"], [UNKNOWN, EMPTY]) == {Condition.PAPER_OUT}
    assert conditions(["media-empty-report"], [FULL, EMPTY]) == {Condition.OTHER}
    assert conditions(["media-jam-report"], [EMPTY]) == {Condition.OTHER}
    assert conditions(["none"], [EMPTY]) == frozenset()


def test_a_warning_of_no_paper_does_not_count_against_a_tray_that_has_some() -> None:
    assert conditions(["media-empty-warning"], [FULL, EMPTY]) == {Condition.OTHER}
    assert conditions(["media-empty-warning"], [EMPTY, SOME_LEFT]) == {Condition.OTHER}
    assert conditions(["media-empty-warning"], [UNKNOWN]) == {Condition.PAPER_OUT}
    assert conditions(["media-empty-error"], [FULL]) == {Condition.PAPER_OUT}
    assert conditions(["media-jam-warning"], [FULL]) == {Condition.JAM}


def test_the_values_of_one_tray() -> None:
    assert of_tray([EMPTY, UNKNOWN], "manual") == (UNKNOWN,)
    assert of_tray([EMPTY, UNKNOWN], "man") == ()
    assert of_tray([EMPTY, UNKNOWN], "") == (EMPTY, UNKNOWN)


def test_trays() -> None:
    assert not trays_are_empty([])
    assert not trays_are_empty([UNKNOWN])
    assert not trays_are_empty([EMPTY, SOME_LEFT])
    assert not trays_are_empty([b"level=x;", b"\xff\xfe"])
    assert trays_are_empty([EMPTY, EMPTY, UNKNOWN])


@given(st.lists(st.text()), st.lists(st.binary()))
def test_any_words_and_octets_are_taken(reasons: list[str], trays: list[bytes]) -> None:
    assert conditions(reasons, trays) <= set(Condition)


@given(st.lists(st.text().map(lambda s: s + "-report")))
def test_reports_alone_never_block(reasons: list[str]) -> None:
    assert not conditions(reasons) & BLOCKING


@given(st.frozensets(st.sampled_from(Condition)))
def test_every_blocking_condition_has_its_error(found: frozenset[Condition]) -> None:
    assert (blocked_by(found) is not None) == bool(found & BLOCKING)
