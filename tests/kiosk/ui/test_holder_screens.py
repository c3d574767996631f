"""The clerk's two screens, and those that say that a scanner is there."""

from __future__ import annotations

import pytest

from kiosk.ui.words import words
from tests.kiosk.ui.conftest import Kiosk, wait_until
from tests.kiosk.ui.session import HOLDER, page_png

ASKED = {"asked": {"left": 3, "wait_s": 0, "wrong": False, "code": None}}


def said(kiosk: Kiosk, name: str) -> str:
    return str(kiosk.item(name).property("text"))


def heard(kiosk: Kiosk) -> dict[str, object]:
    return kiosk.session.heard[-1]


def test_the_clerk_types_the_staff_pin_and_may_be_refused(kiosk: Kiosk) -> None:
    kiosk.show("clerk", step=(5, 8), data=ASKED)
    kiosk.tap(*(f"key-{key}" for key in "739184"), "primary")
    wait_until(lambda: bool(kiosk.session.heard))
    assert heard(kiosk)["name"] == "staff_pin" and heard(kiosk)["value"] == {"pin": "739184"}
    kiosk.show("clerk", step=(5, 8), data={"asked": {**ASKED["asked"], "wrong": True, "left": 2}})
    assert words("fr")["staff_pin"]["wrong"] in said(kiosk, "notice")


@pytest.mark.parametrize(("button", "name"), [("primary", "vouch"), ("not-holder", "not_holder")])
def test_the_clerk_says_yes_or_no(kiosk: Kiosk, button: str, name: str) -> None:
    kiosk.show("compare", step=(5, 8), data=HOLDER)
    assert kiosk.seen("portrait") is None, "no picture that nobody asked for"
    assert "14 / 03 / 1986" in said(kiosk, "born") and "0018" in said(kiosk, "number")
    kiosk.tap(button)
    wait_until(lambda: bool(kiosk.session.heard))
    assert heard(kiosk)["name"] == name


def test_a_portrait_is_shown_with_the_machines_hint_and_gone_with_the_screen(kiosk: Kiosk) -> None:
    kiosk.show("compare", step=(5, 8), data={**HOLDER, "picture": page_png(), "likeness": "not-alike"})
    assert kiosk.item("portrait").height() > 100
    assert said(kiosk, "notice") == words("fr")["compare"]["not-alike"]
    assert kiosk.opened.pictures.held == 1
    kiosk.show("reading", step=(5, 8), data={"steps": []})
    assert kiosk.opened.pictures.held == 0


@pytest.mark.parametrize("screen", ["can", "mrz"])
def test_a_scanner_is_spoken_of_only_where_there_is_one(kiosk: Kiosk, screen: str) -> None:
    scan = words("fr")[screen]["scan" if screen == "can" else "scan_hint"]
    kiosk.show(screen, step=(3, 8), data={"wrong": False, "scanner": True})
    assert scan in said(kiosk, "hint")
    kiosk.show(screen, step=(3, 8), data={"wrong": False})
    assert scan not in said(kiosk, "hint")


def test_a_number_longer_than_its_field_on_the_card_can_be_typed(kiosk: Kiosk) -> None:
    kiosk.show("mrz", step=(3, 8), data={"wrong": False})
    kiosk.tap(*(f"key-{key}" for key in "D23145890"))
    kiosk.tap("field-document")
    kiosk.tap(*(f"key-{key}" for key in "7341234567890"))
    shown = kiosk.item("field-document").property("shown")
    assert shown == "D231458907341234567890", "twenty-two at most, all of them seen"
    kiosk.tap(*["key-erase"] * 10)
    kiosk.tap("field-birth", *(f"key-{key}" for key in "12071934"), *(f"key-{key}" for key in "12071995"), "primary")
    wait_until(lambda: bool(kiosk.session.heard))
    assert heard(kiosk)["value"] == {
        "document_number": "D23145890734",
        "date_of_birth": "340712",
        "date_of_expiry": "950712",
    }
