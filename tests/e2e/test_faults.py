"""When things go wrong: each ends in plain words with a code, in the log with the remedy, in the ledger as what
is true, and the kiosk is ready for the next citizen."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from kiosk.catalogue.codes import entry
from kiosk.issuance.errors import LedgerFull
from kiosk.issuance.ledger import Ledger


def ends_in(town: Any, code: str, **visit: Any) -> Any:
    """The visit ends on the trouble screen with this code, its sentence, and its remedy in the log."""
    ended = town.visit(**visit)
    assert ended.code == code, ended.log
    shown = ended.data["trouble"]
    assert shown["sentence_ar"] == entry(code).citizen["ar"] and shown["sentence_fr"] == entry(code).citizen["fr"]
    lines = [json.loads(line) for line in ended.log.splitlines()]
    assert any(line.get("code") == code and line["remedy"] == entry(code).remedy for line in lines)
    return ended


def turned_away(town: Any, code: str, part: str) -> Any:
    """No visit begins: the attract screen says which part it is, and no card is asked for in vain."""
    refused = town.visit()
    assert refused.code == code, refused.log
    assert refused.screens == ["attract"] and refused.data["attract"]["part"] == part
    lines = [json.loads(line) for line in refused.log.splitlines()]
    assert any(line.get("code") == code and line["remedy"] == entry(code).remedy for line in lines)
    return refused


def when(screen: str, act: Callable[[], object]) -> Callable[[str], None]:
    """Do `act` the first time this screen appears."""
    done: list[object] = []

    def on_screen(name: str) -> None:
        if name == screen and not done:
            done.append(True)
            act()

    return on_screen


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("pulled", "E-CARD-REMOVED"),
        ("mute", "E-CARD-MUTE"),
        ("garbled", "E-CARD-DATA"),
        ("wrong-mac", "E-CARD-CHANNEL"),
        ("yes-card", "E-CARD-COPY"),
        ("altered-dg", "E-CARD-ALTERED"),
        ("foreign-csca", "E-CARD-FOREIGN"),
        ("unknown-csca", "E-CARD-ISSUER-UNKNOWN"),
        ("revoked-ds", "E-CARD-SIGNER-REVOKED"),
    ],
)
def test_a_card_in_bad_order_gets_nothing(town: Any, fault: str, code: str) -> None:
    before = len(town.ledger())
    ends_in(town, code, fault=fault)
    assert len(town.ledger()) == before


def test_a_card_blocked_in_the_register_is_told_before_any_pin_is_asked(town: Any) -> None:
    """Asked while the chip is still proving itself."""

    def stands(status: str) -> None:
        with sqlite3.connect(town.hall.folder / "registry" / "registry.sqlite", timeout=20) as books:
            sql = "UPDATE cards SET body = json_set(body, '$.status', ?) WHERE number = ?"
            books.execute(sql, (status, town.hall.cards["amina"].document_number))

    stands("blocked")
    try:
        visit = ends_in(town, "E-REGISTRY-CARD-BLOCKED")
        assert "pin" not in visit.screens
    finally:
        stands("valid")
    assert town.visit().code is None


def test_a_yes_card_is_never_told_a_pin(town: Any) -> None:
    """The copy signs with another key: found out before the citizen's PIN goes to it."""
    town.visit(fault="yes-card", pin="0001")
    visit = town.visit()
    assert visit.code is None
    assert visit.data["pin"]["tries_left"] == 3


def test_three_wrong_numbers_end_the_visit(town: Any) -> None:
    wrong = ("password", {"can": "000000"})
    visit = ends_in(town, "E-CARD-WRONG-PASSWORD", says={"can": [wrong, wrong, wrong]})
    assert visit.screens.count("can") == 3


def test_a_wrong_number_may_be_corrected(town: Any) -> None:
    right = town.hall.cards["amina"].can
    visit = town.visit(says={"can": [("password", {"can": "000000"}), ("password", {"can": right})]})
    assert visit.screens.count("can") == 2 and visit.code is None


def test_pin_tries_are_counted_and_the_last_is_asked_about(town: Any) -> None:
    wrong = ("pin", {"pin": "9999"})
    visit = town.visit(says={"pin": [wrong, wrong], "pin_last": [("cancel", {})]})
    assert visit.screens.count("pin") == 2 and "pin_last" in visit.screens
    again = town.visit(says={"pin_last": [("continue", {})]})
    assert again.code is None and again.screens.index("pin_last") < again.screens.index("pin")
    assert town.visit().data["pin"]["tries_left"] == 3


def test_a_stolen_card_gets_no_paper(town: Any) -> None:
    """The thief reads the number off its face and opens it, guesses twice, and stops before the last try."""
    papers, ledger = town.papers, town.ledger()
    wrong = ("pin", {"pin": "9999"})
    visit = town.visit(says={"pin": [wrong, wrong], "pin_last": [("cancel", {})]})
    assert "reading" in visit.screens and not {"clerk", "choice", "printing"} & set(visit.screens)
    assert (town.papers, town.ledger()) == (papers, ledger)
    assert town.visit(says={"pin_last": [("continue", {})]}).code is None


def test_no_reader(town: Any) -> None:
    try:
        visit = town.visit(card_in=False, on_screen=when("language", town.hall.hand.reader_down))
        assert visit.code in ("E-READER-PCSC", "E-READER-NONE") and "trouble" in visit.screens
        visit = town.visit(card_in=False)
        assert visit.code == "E-READER-PCSC" and visit.screens == ["attract"]
        assert visit.data["attract"]["part"] == "reader"
    finally:
        town.hall.hand.reader_up()
    assert town.visit().code is None


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("down", "E-REGISTRY-UNREACHABLE"),
        ("slow", "E-REGISTRY-TIMEOUT"),
        ("nonsense", "E-REGISTRY-NONSENSE"),
        ("huge", "E-REGISTRY-NONSENSE"),
        ("altered-act", "E-REGISTRY-SIGNATURE"),
    ],
)
def test_a_registry_in_bad_order(town: Any, fault: str, code: str) -> None:
    try:
        ends_in(town, code, on_screen=when("language", lambda: town.hall.registry.fault(fault)))
        if fault != "altered-act":
            turned_away(town, code, "registry")
    finally:
        town.hall.registry.fault("up")


def test_an_altered_grant_is_not_signed(town: Any) -> None:
    town.hall.registry.fault("altered-grant")
    try:
        ends_in(town, "E-REGISTRY-SIGNATURE")
    finally:
        town.hall.registry.fault("up")
    assert town.ledger()[-1]["steps"] == ["requested", "failed", "settled"]
    assert town.ledger()[-1]["outcome"] == "VOIDED"


def test_a_registry_lost_at_the_grant(town: Any) -> None:
    papers = town.papers
    try:
        ends_in(town, "E-REGISTRY-UNREACHABLE", on_screen=when("preview", lambda: town.hall.registry.fault("down")))
        assert town.ledger()[-1]["steps"] == ["requested", "failed"]
    finally:
        town.hall.registry.fault("up")
    assert town.visit().code is None
    assert [g["outcome"] for g in town.ledger()[-2:]] == ["VOIDED", "PRINTED"]
    assert town.papers == papers + 1


def test_a_registry_lost_before_the_settlement_hears_of_it_later(town: Any) -> None:
    try:
        visit = town.visit(on_screen=when("take_card", lambda: town.hall.registry.fault("down")))
        assert visit.code is None and not visit.ending.settled
        assert town.ledger()[-1]["steps"][-1] == "evidence"
    finally:
        town.hall.registry.fault("up")
    town.visit()
    assert [g["outcome"] for g in town.ledger()[-2:]] == ["PRINTED", "PRINTED"]


def test_no_signer(town: Any) -> None:
    try:
        ends_in(town, "E-SIGN-UNREACHABLE", on_screen=when("language", lambda: town.hall.stop("signer")))
        turned_away(town, "E-SIGN-UNREACHABLE", "signer")
    finally:
        town.hall.start("signer")


def test_a_signer_lost_after_the_grant(town: Any) -> None:
    """It dies when the preview stands: its readiness is asked again before a grant is."""
    try:
        ends_in(town, "E-SIGN-UNREACHABLE", on_screen=when("preview", lambda: town.hall.stop("signer")))
    finally:
        town.hall.start("signer")


def test_no_paper_is_said_before_anything_is_granted(town: Any) -> None:
    before = len(town.ledger())
    try:
        visit = ends_in(town, "E-PRINTER-PAPER-OUT", on_screen=when("language", town.hall.printer.paper_out))
        assert "choice" in visit.screens and "preview" not in visit.screens
        turned_away(town, "E-PRINTER-PAPER-OUT", "laser")
    finally:
        town.hall.printer.paper_in()
    assert len(town.ledger()) == before


def test_no_printer(town: Any) -> None:
    try:
        ends_in(town, "E-PRINTER-UNREACHABLE", on_screen=when("language", town.hall.printer.gone))
        turned_away(town, "E-PRINTER-UNREACHABLE", "laser")
    finally:
        town.hall.printer.back()


def test_paper_that_runs_out_before_the_page_is_waited_for(town: Any) -> None:
    """The citizen is told what the printer waits for; refilled, the same page comes out, once."""
    papers = town.papers

    def refill(name: str) -> None:
        if name == "take_card":
            town.hall.printer.paper_out()

    visit = town.visit(on_screen=refill, on_data=lambda data: data.get("conditions") and town.hall.printer.paper_in())
    assert visit.code is None, visit.log
    assert town.papers == papers + 1


def test_paper_that_never_comes_is_void(town: Any) -> None:
    papers = town.papers
    try:
        visit = town.visit(on_screen=when("take_card", town.hall.printer.paper_out))
        assert visit.code is not None and visit.data["trouble"]["outcome"] in ("none", "unknown")
        assert town.ledger()[-1]["outcome"] == "VOIDED"
    finally:
        town.hall.printer.paper_in()
    assert town.visit().code is None
    assert town.papers == papers + 1, "the cancelled page never comes out, not even for the next citizen"


def test_a_disk_that_fills_as_the_printer_takes_the_job_is_not_called_no_paper(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger cannot record it any more: nobody knows, the job is cancelled, the kiosk closes."""
    papers, append = town.papers, Ledger.append

    def full(ledger: Ledger, subject: str, record: Any) -> Any:
        if record.step == "submitted":
            raise LedgerFull("no room on the disk")
        return append(ledger, subject, record)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", full)
        visit = ends_in(town, "E-LEDGER-FULL")
    assert visit.data["trouble"]["outcome"] == "unknown"
    assert town.visit().code is None
    assert [g["outcome"] for g in town.ledger()[-2:]] == ["VOIDED", "PRINTED"]
    assert town.papers == papers + 1


def test_a_card_that_left_ends_the_visit(town: Any) -> None:
    before = len(town.ledger())
    looks = {"preview": [("still_here", {})]}
    ends_in(town, "E-CARD-REMOVED", on_screen=when("preview", town.hall.remove), says=looks)
    assert len(town.ledger()) == before


def test_a_card_that_leaves_as_the_citizen_confirms_gets_no_grant(town: Any) -> None:
    """The request is on its way when the card cannot sign it any more."""
    visit = ends_in(town, "E-CARD-REMOVED", on_screen=when("preview", town.hall.remove))
    assert "printing" in visit.screens
    assert town.ledger()[-1]["steps"] == ["requested", "failed", "settled"]


def test_after_all_this_the_next_citizen_is_served(town: Any) -> None:
    assert town.visit(language="fr").code is None
    assert all(g["steps"][-1] == "settled" for g in town.ledger())
    printed = [g for g in town.ledger() if g["outcome"] == "PRINTED"]
    assert town.papers == len(printed)
