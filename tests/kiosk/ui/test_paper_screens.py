"""The screens of paper: which form and which slot, what keeps it waiting, and what is asked when nobody is sure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from config.schema import Screen
from kiosk.ui.words import LANGUAGES, words
from tests.kiosk.ui.conftest import Kiosk, open_kiosk, wait_until
from tests.kiosk.ui.session import PAPER, page_png, ticket_png
from tests.kiosk.ui.test_answers import everything_said

ASKED = {"asked": {"left": 3, "wait_s": 0, "wrong": False, "code": None}}
STRAY = {"code": "E-PRINTER-PAPER-UNKNOWN", "form": "a4", "again": True}


@pytest.fixture(scope="module")
def kiosk(application: QApplication, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    """One that stands through all of them."""
    with open_kiosk(tmp_path_factory.mktemp("kiosk"), Screen()) as kiosk:
        yield kiosk


def read(kiosk: Kiosk) -> str:
    return "\n".join(i.property("text") for i in kiosk.items() if i.inherits("QQuickText"))


def pictures(kiosk: Kiosk) -> set[str]:
    return {i.property("source").fileName() for i in kiosk.items() if i.inherits("QQuickImage")}


@pytest.mark.parametrize(
    ("screen", "data", "item", "name"),
    [
        ("ask_paper", {"papers": 1, "form": "a4"}, "whole", "whole"),
        ("ask_paper", {"papers": 1, "form": "ticket"}, "not-whole", "not_whole"),
        ("confirm", ASKED, "not-whole", "not_whole"),
        ("confirm", {"asked": {"code": "E-STAFF-PIN-NONE"}}, "not-whole", "not_whole"),
        ("stray", STRAY, "again", "again"),
        ("stray", STRAY, "primary", "done"),
        ("stray", {**STRAY, "again": False}, "primary", "done"),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_answer_is_an_event(
    kiosk: Kiosk, language: str, screen: str, data: dict[str, object], item: str, name: str
) -> None:
    seq = kiosk.show(screen, language, step=(8, 8), data=data)
    kiosk.tap(item)
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": name, "value": {}}


@pytest.mark.parametrize(
    ("form", "whole", "part"), [("a4", "sheet", "sheet-part"), ("ticket", "ticket", "ticket-part")]
)
def test_the_answers_can_be_told_by_their_pictures(kiosk: Kiosk, form: str, whole: str, part: str) -> None:
    kiosk.show("ask_paper", step=(8, 8), data={"papers": 1, "form": form})
    assert {f"{whole}.svg", f"{part}.svg"} <= pictures(kiosk)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["a4", "ticket"])
def test_the_slot_is_the_one_the_paper_comes_from(kiosk: Kiosk, language: str, form: str) -> None:
    said = words(language)
    for screen, data in (("take_paper", {"papers": 1}), ("printing", {"stage": "printing"})):
        kiosk.show(screen, language, step=(8, 8), data={**data, "form": form})
        assert ("ticket.svg" in pictures(kiosk)) == (form == "ticket")
        hint = said[screen]["hint_ticket" if form == "ticket" else "hint"]
        assert hint.split("{")[0] in read(kiosk)
    kiosk.show("take_paper", language, step=(8, 8), data={"papers": 1, "form": form})
    kiosk.tap("help")
    assert said["take_paper"]["help_ticket" if form == "ticket" else "help"] in read(kiosk)
    kiosk.tap("help-close")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (["paper-out", "stopped"], "paper-out"),
        (["cover-open", "paper-out"], "cover-open"),
        (["jam"], "jam"),
        (["cutter", "offline"], "cutter"),
        (["toner-empty", "toner-low"], "toner-empty"),
        (["offline"], "offline"),
        (["something-new"], "other"),
    ],
)
def test_what_keeps_the_paper_waiting_is_said_and_whom_to_call(
    kiosk: Kiosk, language: str, conditions: list[str], said: str
) -> None:
    kiosk.show("printing", language, step=(8, 8), data={"stage": "printing", "conditions": conditions})
    table = words(language)["printing"]
    assert kiosk.item("notice").property("text") == table[said]
    assert kiosk.item("question").property("text") == table["waits"], "no paper is said to be coming"


def test_what_is_only_low_keeps_nothing_waiting(kiosk: Kiosk) -> None:
    kiosk.show("printing", step=(8, 8), data={"stage": "printing", "conditions": ["paper-low", "toner-low"]})
    assert kiosk.seen("notice") is None
    assert kiosk.item("question").property("text") == words("fr")["printing"]["question"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_ticket_is_pushed_up_to_its_seal_and_a_sheet_stays_whole(kiosk: Kiosk, language: str) -> None:
    titles = {"title_ar": PAPER["title_ar"], "title_fr": PAPER["title_fr"]}
    kiosk.show("preview", language, step=(7, 8), data={**titles, "pages": [ticket_png()], "form": "ticket"})
    frame = kiosk.item("preview")
    assert frame.property("interactive")
    before = kiosk.opened.window.grabWindow()
    kiosk.push("preview", -400)
    wait_until(lambda: not frame.property("moving"))
    assert frame.property("contentY") > 0 and kiosk.opened.window.grabWindow() != before
    kiosk.tap("primary")
    assert kiosk.hears()["name"] == "confirm"
    kiosk.show("preview", language, step=(7, 8), data={**titles, "pages": [page_png()], "form": "a4"})
    assert not kiosk.item("preview").property("interactive")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["a4", "ticket"])
def test_another_form_than_was_shown_is_said_to_be_one(kiosk: Kiosk, language: str, form: str) -> None:
    data = {"title_ar": "", "title_fr": "", "pages": [page_png()], "form": form, "other_form": True}
    kiosk.show("preview", language, step=(7, 8), data=data)
    assert kiosk.item("notice").property("text") == words(language)["preview"][f"other_{form}"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_printed_is_shown_and_not_offered(kiosk: Kiosk, language: str) -> None:
    papers = [{**PAPER, "form": "ticket"}, {**PAPER, "type": "birth-copy", "form": None}]
    kiosk.show("choice", language, step=(6, 8), data={"papers": papers})
    assert kiosk.seen("choose-birth-extract-fr") is not None and kiosk.seen("choose-birth-copy-fr") is None
    said = words(language)["choice"]
    assert kiosk.item("form-birth-extract").property("text") == said["on_ticket"]
    assert kiosk.item("form-birth-copy").property("text") == said["unavailable"]


def test_the_staff_pin_typed_to_confirm_is_nowhere_once_it_is_sent(kiosk: Kiosk) -> None:
    seq = kiosk.show("confirm", "ar", step=(8, 8), data=ASKED)
    kiosk.tap(*(f"key-{key}" for key in "739184"))
    assert "739184" in everything_said(kiosk), "or this test would look in the wrong places"
    assert "739184" not in read(kiosk)
    kiosk.tap("primary")
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": "staff_pin", "value": {"pin": "739184"}}
    assert "739184" not in everything_said(kiosk)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stray_paper_is_said_to_be_worth_nothing_whether_or_not_another_can_be_had(
    kiosk: Kiosk, language: str
) -> None:
    said = words(language)["stray"]
    for again in (True, False):
        kiosk.show("stray", language, data={**STRAY, "again": again})
        assert kiosk.item("sentence").property("text") == said["sentence"]
        assert kiosk.item("outcome").property("text") == said["again_hint" if again else "later"]
        assert (kiosk.seen("again") is not None) == again
        assert STRAY["code"] in read(kiosk)


@pytest.mark.parametrize("language", LANGUAGES)
def test_staff_sees_how_long_the_paper_will_do_and_says_that_it_was_filled_up(kiosk: Kiosk, language: str) -> None:
    paper = [{"station": "laser", "documents": 228}, {"station": "thermal", "documents": None}]
    seq = kiosk.show("diagnostics", language, data={"paper": paper})
    assert "228" in kiosk.item("paper-left-laser").property("text")
    said = words(language)["diagnostics"]
    assert kiosk.item("paper-left-thermal").property("text") == said["unknown_thermal"]
    kiosk.tap("full-thermal")
    assert kiosk.hears() == {"v": 1, "seq": seq, "name": "paper_put_in", "value": {"station": "thermal"}}
