"""The technician's two screens: how he gets in, what he types and where it is not, and what he reads and touches."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from kiosk.diagnostics import names
from kiosk.ui.words import LANGUAGES, words
from tests.kiosk.ui.conftest import Kiosk, wait_until
from tests.kiosk.ui.session import ALL_FAILED, CHECKS, TOWN
from tests.kiosk.ui.test_answers import everything_said


def asked(**changed: object) -> dict[str, object]:
    return {"asked": {"left": 3, "wait_s": 0, "wrong": False, "code": None, **changed}}


def read(kiosk: Kiosk) -> str:
    return "\n".join(i.property("text") for i in kiosk.items() if i.inherits("QQuickText"))


@pytest.mark.parametrize("closed", [None, "E-CARD-NO-READER"])
@pytest.mark.parametrize("language", ["ar", "fr"])
def test_the_emblem_held_for_three_seconds_lets_staff_in(kiosk: Kiosk, language: str, closed: str | None) -> None:
    seq = kiosk.show("attract", language, data={**TOWN, "unavailable": closed})
    at = kiosk.middle("emblem")
    kiosk.press(at)
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": "staff", "value": {}}
    kiosk.release(at)


def test_an_emblem_only_touched_is_a_picture(kiosk: Kiosk) -> None:
    kiosk.show("attract", data={**TOWN, "unavailable": None})
    kiosk.tap("emblem")
    at = kiosk.middle("emblem")
    kiosk.press(at)
    kiosk.slide(at + QPoint(0, 600))
    kiosk.release(at + QPoint(0, 600))
    kiosk.tap("primary")
    assert kiosk.hears()["name"] == "start", "nothing was heard before it"


@pytest.mark.parametrize("digits", ["739184", "739184265018"])
def test_the_pin_is_nowhere_once_it_is_sent(kiosk: Kiosk, digits: str) -> None:
    seq = kiosk.show("staff_pin", "ar", data=asked())
    kiosk.tap(*(f"key-{key}" for key in digits))
    assert digits in everything_said(kiosk), "or this test would look in the wrong places"
    assert digits not in read(kiosk)
    kiosk.tap("primary")
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": "staff_pin", "value": {"pin": digits}}
    assert digits not in everything_said(kiosk)


def test_a_pin_half_typed_is_gone_with_its_screen(kiosk: Kiosk) -> None:
    kiosk.show("staff_pin", data=asked())
    kiosk.tap(*(f"key-{key}" for key in "73918"), "primary")
    kiosk.show("attract", data={**TOWN, "unavailable": None})
    assert "73918" not in everything_said(kiosk)
    assert kiosk.session.heard == [], "five digits are no PIN"


def test_no_key_shows_its_press(kiosk: Kiosk) -> None:
    kiosk.show("staff_pin", data=asked())
    before = kiosk.opened.window.grabWindow()
    kiosk.press(kiosk.middle("key-5"))
    assert kiosk.opened.window.grabWindow() == before
    kiosk.release(kiosk.middle("key-5"))


def test_a_wait_is_told_counted_down_and_then_over(kiosk: Kiosk) -> None:
    kiosk.show("staff_pin", data=asked(left=1, wait_s=3600, wrong=True))
    assert kiosk.item("primary").property("ready") is False
    assert "\u206860\u2069 min \u20680\u2069 s" in read(kiosk)
    wait_until(lambda: "\u206859\u2069 min" in read(kiosk))
    kiosk.show("staff_pin", data=asked(left=1, wait_s=1, wrong=True))
    kiosk.tap(*(f"key-{key}" for key in "739184"))
    wait_until(lambda: kiosk.item("primary").property("ready") is True)
    kiosk.tap("primary")
    assert kiosk.hears()["value"] == {"pin": "739184"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("code", "said"), [("E-STAFF-PIN-NONE", "none"), ("E-STAFF-STATE", "unusable")])
def test_without_a_pin_there_is_nothing_to_type(kiosk: Kiosk, language: str, code: str, said: str) -> None:
    kiosk.show("staff_pin", language, data={"asked": {"code": code}})
    assert words(language)["staff_pin"][said] in read(kiosk) and code in read(kiosk)
    assert kiosk.seen("key-1") is None and kiosk.seen("primary") is None
    kiosk.tap("back")
    assert kiosk.hears()["name"] == "back"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_check_there_is_has_its_name_in_words(language: str) -> None:
    named = words(language)["checks"]
    assert not set(names(installing=True)) - set(named)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_part_is_told_by_a_sign_a_word_a_code_and_a_remedy(kiosk: Kiosk, language: str) -> None:
    kiosk.show("diagnostics", language, data={"checks": CHECKS})
    said, table = read(kiosk), words(language)
    for check in CHECKS:
        assert table["checks"][check["name"]] in said and table["diagnostics"][check["status"]] in said
        for part in (check["code"], check["detail"], check["remedy"]):
            assert part is None or part in said
    signs = {i.property("source").fileName() for i in kiosk.items() if i.inherits("QQuickImage")}
    assert {f"check-{check['status']}.svg" for check in CHECKS} <= signs


@pytest.mark.parametrize(
    ("data", "item", "name", "value"),
    [
        ({}, "primary", "check_again", {}),
        ({}, "service", "service", {"out": "yes"}),
        ({"out_of_service": True}, "service", "service", {"out": "no"}),
        ({}, "back", "back", {}),
        ({}, "switch-language", "language", {"language": "ar"}),
    ],
)
def test_each_button_is_an_event(
    kiosk: Kiosk, data: dict[str, object], item: str, name: str, value: dict[str, str]
) -> None:
    seq = kiosk.show("diagnostics", data={"checks": CHECKS, **data})
    kiosk.tap(item)
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": name, "value": value}


def test_while_the_checks_run_they_cannot_be_begun_again(kiosk: Kiosk) -> None:
    kiosk.show("diagnostics", data={"checks": CHECKS[:1], "running": True})
    kiosk.tap("primary", "service")
    assert kiosk.hears()["name"] == "service"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_table_is_pushed_up_and_stays_where_it_was_as_more_arrives(kiosk: Kiosk, language: str) -> None:
    kiosk.show("diagnostics", language, data={"checks": ALL_FAILED[:-1], "running": True})
    table = kiosk.item("table")

    def push(way: int) -> None:
        kiosk.push("table", way * 320)
        wait_until(lambda: not table.property("moving"))

    push(-1)
    before = table.property("contentY")
    assert before > 0
    kiosk.show("diagnostics", language, data={"checks": ALL_FAILED, "running": False})
    assert table.property("contentY") == before and kiosk.item("table") == table
    push(1)
    assert table.property("contentY") < before
    for _ in range(40):
        QTest.keyClick(kiosk.opened.window, Qt.Key.Key_Down)
    last = words(language)["checks"][ALL_FAILED[-1]["name"]]
    frame = table.mapRectToScene(table.boundingRect())
    shown = next(i for i in kiosk.items() if i.inherits("QQuickText") and i.property("text") == last)
    assert frame.contains(shown.mapRectToScene(shown.boundingRect())), "the last part was reached"
