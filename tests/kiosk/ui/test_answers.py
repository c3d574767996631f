"""What the citizen touches and types, what the session hears of it, and what is left of it on the screen: nothing."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from tests.kiosk.ui.conftest import Kiosk, wait_until
from tests.kiosk.ui.session import PAPER, page_png

CHOICE = {"name_ar": "أمينة بن يوسف", "name_latin": "Amina BENYOUCEF", "papers": [PAPER]}


def values(thing: QObject) -> list[str]:
    found = []
    meta = thing.metaObject()
    for at in range(meta.propertyCount()):
        try:
            value = thing.property(meta.property(at).name())
        except RuntimeError:  # an enumeration of Qt's that Python has no type for
            continue
        found.append(str(value.toVariant() if hasattr(value, "toVariant") else value))
    return found


def everything_said(kiosk: Kiosk) -> str:
    """Every property of every object of the screen, QML's own and Python's, as one text.

    Without addresses and fractions: nobody typed those, and any four digits turn up in them some day.
    """
    opened = kiosk.opened
    found = [repr(vars(thing)) for thing in (opened.visit, opened.link, opened.pictures)]
    met: set[QObject] = set()
    queue: list[QObject] = [opened.window, opened.window.contentItem(), opened.visit, opened.link, opened.engine]
    while queue:
        thing = queue.pop()
        if thing in met:
            continue
        met.add(thing)
        found += values(thing)
        queue += thing.children()
        queue += thing.childItems() if isinstance(thing, QQuickItem) else []
    return re.sub(r"0x[0-9a-f]+|\d+\.\d+", "", "\n".join(found))


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_the_digits_of_the_card(kiosk: Kiosk, language: str) -> None:
    seq = kiosk.show("can", language, step=(3, 8), data={"wrong": False})
    kiosk.tap("key-1", "key-2", "key-9", "key-erase", "key-3", "key-4", "key-5")
    kiosk.tap("primary")  # five digits: not yet
    kiosk.tap("key-6", "key-7", "primary")
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": "password", "value": {"can": "123456"}}
    assert kiosk.session.heard == []


def test_a_keyboard_of_the_machine_types_as_well(kiosk: Kiosk) -> None:
    kiosk.show("can", step=(3, 8), data={"wrong": False})
    for key in ("6", "5", "4", "3", "9", Qt.Key.Key_Backspace, "2", "1", Qt.Key.Key_Return):
        QTest.keyClick(kiosk.opened.window, key)
    assert kiosk.hears()["value"] == {"can": "654321"}


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_the_three_fields_of_the_machine_readable_zone(kiosk: Kiosk, language: str) -> None:
    kiosk.show("mrz", language, step=(3, 8), data={"wrong": False})
    kiosk.tap(*(f"key-{key}" for key in "AB1234567"))
    assert kiosk.seen("key-A") is None, "the next field is a date: letters make room for digits"
    kiosk.tap(*(f"key-{key}" for key in "14031986"))
    kiosk.tap(*(f"key-{key}" for key in "31022032"), "primary")
    assert kiosk.session.heard == [], "there is no such day"
    kiosk.tap("field-expiry", *["key-erase"] * 8, *(f"key-{key}" for key in "01052032"), "primary")
    assert kiosk.hears()["value"] == {
        "document_number": "AB1234567",
        "date_of_birth": "860314",
        "date_of_expiry": "320501",
    }
    left = everything_said(kiosk)
    assert "AB1234567" not in left and "14031986" not in left and "860314" not in left


@pytest.mark.parametrize("digits", ["7391", "739184", "73918426"])
def test_the_code_is_nowhere_once_it_is_sent(kiosk: Kiosk, digits: str) -> None:
    seq = kiosk.show("pin", "ar", step=(4, 8), data={"tries_left": 3, "wrong": False})
    kiosk.tap(*(f"key-{key}" for key in digits))
    assert digits in everything_said(kiosk), "or this test would look in the wrong places"
    shown = [i.property("text") for i in kiosk.items() if i.inherits("QQuickText")]
    assert not any(digits in text for text in shown)
    kiosk.tap("primary")
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": "pin", "value": {"pin": digits}}
    assert digits not in everything_said(kiosk)
    kiosk.show("reading", "ar", step=(5, 8), data={"steps": []})
    assert digits not in everything_said(kiosk)


def test_no_key_shows_its_press_while_the_code_is_typed(kiosk: Kiosk) -> None:
    kiosk.show("pin", step=(4, 8), data={"tries_left": 3, "wrong": False})
    before = kiosk.opened.window.grabWindow()
    kiosk.press(kiosk.middle("key-5"))
    assert kiosk.opened.window.grabWindow() == before
    kiosk.release(kiosk.middle("key-5"))
    kiosk.show("can", step=(3, 8), data={"wrong": False})
    before = kiosk.opened.window.grabWindow()
    kiosk.press(kiosk.middle("key-5"))
    assert kiosk.opened.window.grabWindow() != before, "elsewhere a key answers the finger"
    kiosk.release(kiosk.middle("key-5"))


@pytest.mark.parametrize(
    ("screen", "data", "item", "name", "value"),
    [
        ("attract", {}, "primary", "start", {}),
        ("language", {"languages": ["ar", "fr"]}, "language-fr", "language", {"language": "fr"}),
        ("card", {}, "cancel", "cancel", {}),
        ("pin_last", {}, "continue", "continue", {}),
        ("pin_last", {}, "primary", "cancel", {}),
        ("choice", CHOICE, "choose-birth-extract-fr", "choose", {"type": "birth-extract", "language": "fr"}),
        ("choice", CHOICE, "switch-language", "language", {"language": "fr"}),
        ("preview", {"pages": [page_png()]}, "primary", "confirm", {}),
        ("preview", {"pages": [page_png()]}, "back", "back", {}),
        ("take_paper", {"papers": 1}, "primary", "taken", {}),
        ("goodbye", {}, "anywhere", "start", {}),
        ("trouble", {"code": "E-X-Y", "sentence_ar": "آ", "sentence_fr": "a"}, "primary", "done", {}),
    ],
)
def test_each_answer_is_an_event_with_the_number_of_its_question(
    kiosk: Kiosk, screen: str, data: dict[str, object], item: str, name: str, value: dict[str, str]
) -> None:
    seq = kiosk.show(screen, "ar", step=(2, 8), data=data)
    kiosk.tap(item)
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": name, "value": value}


def test_a_finger_that_slides_off_answers_nothing(kiosk: Kiosk) -> None:
    kiosk.show("take_paper", data={"papers": 1})
    at = kiosk.middle("primary")
    kiosk.press(at)
    kiosk.slide(at - QPoint(0, 400))
    kiosk.release(at - QPoint(0, 400))
    seq = kiosk.show("trouble", data={"code": "E-X-Y", "sentence_ar": "آ", "sentence_fr": "a"})
    kiosk.tap("primary")
    assert kiosk.hears()["seq"] == seq


def test_a_second_tap_does_not_answer_a_question_nobody_has_seen(kiosk: Kiosk) -> None:
    kiosk.show("preview", step=(7, 8), data={"pages": [page_png()]})
    at = kiosk.middle("primary")
    seq = kiosk.session.say("take_paper", data={"papers": 1})
    wait_until(lambda: kiosk.opened.visit.seq == seq)
    assert not kiosk.opened.window.property("settled")
    kiosk.press(at)
    kiosk.release(at)
    kiosk.settle(seq)
    assert kiosk.session.heard == []
    kiosk.tap("primary")
    assert kiosk.hears()["name"] == "taken"


def test_what_was_typed_stays_while_the_clock_counts_down(kiosk: Kiosk) -> None:
    kiosk.show("can", step=(3, 8), data={"wrong": False})
    kiosk.tap(*(f"key-{key}" for key in "123"))
    kiosk.show("can", step=(3, 8), idle_seconds=20, data={"wrong": False})
    kiosk.show("can", step=(3, 8), idle_seconds=19, data={"wrong": False})
    assert kiosk.seen("still-here") is not None
    seq = kiosk.show("can", step=(3, 8), data={"wrong": False})
    assert kiosk.seen("still-here") is None
    kiosk.tap(*(f"key-{key}" for key in "456"), "primary")
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": "password", "value": {"can": "123456"}}


@pytest.mark.parametrize("end", ["goodbye", "trouble", "attract", "away"])
def test_nothing_personal_outlives_the_visit(kiosk: Kiosk, end: str) -> None:
    page = page_png()
    kiosk.show("choice", "fr", step=(6, 8), data=CHOICE)
    assert "BENYOUCEF" in everything_said(kiosk)
    kiosk.show("preview", "fr", step=(7, 8), data={"pages": [page], "title_fr": "Amina BENYOUCEF"})
    assert kiosk.opened.pictures.held == 1
    kiosk.show("choice", "fr", step=(6, 8), data=CHOICE)
    if end == "away":
        kiosk.session.close()
        wait_until(lambda: kiosk.opened.visit.shown[0] == "away" and bool(kiosk.opened.window.property("settled")))
    else:
        kiosk.show(
            end, "fr", data={"code": "E-X-Y", "sentence_ar": "آ", "sentence_fr": "a"} if end == "trouble" else {}
        )
    left = everything_said(kiosk)
    assert "BENYOUCEF" not in left and "أمينة" not in left and page[:60] not in left
    assert kiosk.opened.pictures.held == 0


def test_the_words_stand_in_every_language(repository: Path) -> None:
    tables = {
        language: tomllib.loads((repository / f"kiosk/ui/strings/{language}.toml").read_text())
        for language in ("ar", "fr")
    }
    keys = {language: {(t, k) for t, words in table.items() for k in words} for language, table in tables.items()}
    assert keys["ar"] == keys["fr"]
    for table, words in tables["fr"].items():
        for key, sentence in words.items():
            assert sentence.strip() and tables["ar"][table][key].strip()
            assert sentence.count("{") == tables["ar"][table][key].count("{"), (table, key)
            if key == "question":
                assert len(tables["ar"][table][key].split()) <= 8


def test_qt_keeps_its_hands_off_true_and_none(kiosk: Kiosk) -> None:
    """PySide6 6.12.0 on Python 3.11 drops a reference to True with each signal: the process dies within minutes."""
    timer = QTimer()
    before = sys.getrefcount(True), sys.getrefcount(None)
    for _ in range(2000):
        kiosk.opened.visit.changed.emit()
        timer.start(1000)
        timer.stop()
    after = sys.getrefcount(True), sys.getrefcount(None)
    assert all(now > then - 500 for then, now in zip(before, after, strict=True))
