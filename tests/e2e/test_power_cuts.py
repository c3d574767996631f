"""`kill -9` of every process of a kiosk, at every moment that matters, on the real ones.

Whatever dies: no second original, every grant settled, ledger, registry, status list and tray agree, and the
next citizen gets a paper. `PowerTown.books` holds all of that to account.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from power_cut import kill
from power_processes import PATIENCE
from power_town import PowerTown

from kiosk.issuance.ledger import Ledger
from kiosk.session.service import ledger_path
from kiosk.simulation.townhall import TownHall
from signing.client import SignedDocument, SignerClient
from signing.errors import GrantUsed

STEPS = ("requested", "granted", "signed", "submitting", "submitted", "evidence", "settled")
MOMENTS = [f"{side} {step}" for step in STEPS for side in ("before", "after")]
ON_PAPER = ("before evidence", "after evidence", "before settled", "after settled")
"""By then the page has come out: the restart must find that out, and must not print it again."""
FAST = ("before evidence",)


@pytest.fixture(scope="module")
def hall() -> Iterator[PowerTown]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder, TownHall(Path(folder)) as made:
        made.start("signer")
        yield PowerTown(made)


@pytest.fixture
def town(hall: PowerTown) -> Iterator[PowerTown]:
    """Where the test has killed and restarted what it wanted, the next citizen is served and the books are right."""
    try:
        yield hall
        before = hall.books()
        hall.visit()
        assert hall.books().since(before) == ["PRINTED"]
    finally:
        hall.close()


# --- the session ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", [pytest.param(m, marks=[] if m in FAST else pytest.mark.slow) for m in MOMENTS])
def test_a_session_killed_between_two_steps_makes_no_second_original(town: PowerTown, moment: str) -> None:
    before, papers = town.books(), town.papers
    town.open(cut=moment)
    town.sit_down()
    assert town.go("take_paper") is None
    town.reopen()
    if moment not in ("before requested", "after settled"):
        town.session.said("recovered", grants=1)
    assert town.papers - papers == (moment in ON_PAPER)
    outcomes = [] if moment == "before requested" else ["PRINTED" if moment in ON_PAPER else "VOIDED"]
    assert town.books().since(before) == outcomes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("after signed", "before failed"),
        ("after signed", "after failed"),
        ("before submitted", "after submitted"),
        ("after submitted", "before evidence"),
        ("before evidence", "after evidence"),
        ("after evidence", "before settled"),
        ("after evidence", "after settled"),
    ],
)
def test_a_power_cut_in_the_middle_of_a_recovery(town: PowerTown, first: str, second: str) -> None:
    before, papers = town.books(), town.papers
    town.open(cut=first)
    town.sit_down()
    assert town.go("take_paper") is None
    town.reopen(cut=second)
    town.reopen()
    if second != "after settled":
        town.session.said("recovered", grants=1)
    printed = first.endswith("evidence")
    assert town.papers - papers == printed
    assert town.books().since(before) == ["PRINTED" if printed else "VOIDED"]


@pytest.mark.slow
def test_what_the_printer_still_holds_does_not_come_out_behind_a_citizens_back(town: PowerTown) -> None:
    """Killed while the job waits for paper: paper that is brought later must not bring the page."""
    before, papers = town.books(), town.papers
    town.open(cut="after submitted", victim="pause")
    town.sit_down()
    assert town.go("printing") is not None
    assert town.go("take_card") is not None
    town.hall.remove()
    session = town.session.process.pid
    assert os.waitid(os.P_PID, session, os.WSTOPPED | os.WNOWAIT) is not None
    town.hall.printer.paper_out()
    os.kill(session, signal.SIGCONT)
    assert town.go(lambda snapshot: snapshot["data"].get("conditions") == ["paper-out"]) is not None
    town.session.kill()
    town.reopen()
    town.session.said("recovered", grants=1)
    town.hall.printer.paper_in()
    assert town.papers == papers
    assert town.books().since(before) == ["VOIDED"]


# --- the signer -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_signer_killed_between_grant_and_signature(town: PowerTown) -> None:
    before, papers = town.books(), town.papers
    town.open(cut="after granted", victim=town.signer)
    town.sit_down()
    _trouble(town, "E-SIGN-UNREACHABLE")
    town.start_signer()
    town.leave()
    assert town.papers == papers
    assert town.books().since(before) == ["VOIDED"]
    # Nothing was signed, so nothing is used up; but what is signed for a voided grant is worth nothing.
    assert town.verdict(_brought_again(town).pdf).verdict == "not_current"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before chain", "after chain"])
def test_a_signer_killed_right_after_signing(town: PowerTown, moment: str) -> None:
    before, papers = town.books(), town.papers
    kill(town.signer)
    dying = town.start_signer(cut=moment)
    town.open(cut="never")
    town.sit_down()
    _trouble(town, "E-SIGN-UNREACHABLE")
    assert dying.process.wait(PATIENCE) == -signal.SIGKILL
    town.start_signer()
    town.leave()
    assert town.papers == papers
    assert town.books().since(before) == ["VOIDED"]
    if moment == "after chain":
        with pytest.raises(GrantUsed):
            _brought_again(town)
    else:
        assert town.verdict(_brought_again(town).pdf).verdict == "not_current"


@pytest.mark.slow
def test_a_signer_killed_when_it_has_answered_costs_nobody_a_visit(town: PowerTown) -> None:
    before = town.books()
    town.open(cut="before signed", victim=town.signer)
    town.sit_down()
    assert town.go("take_paper") is not None
    town.leave()
    assert town.books().since(before) == ["PRINTED"]
    assert town.closed() == "E-SIGN-UNREACHABLE"
    town.start_signer()
    with pytest.raises(GrantUsed):
        _brought_again(town)


def _brought_again(town: PowerTown) -> SignedDocument:
    """What the signer answers to whoever brings it the same grant and act."""
    act, grant = json.loads(town.kept.read_text())
    return asyncio.run(SignerClient(town.settings.signer.socket, PATIENCE).issue(act, grant))


# --- the screen -------------------------------------------------------------------------------------------


def test_the_newest_screen_takes_over_where_the_visit_is(town: PowerTown) -> None:
    """At every screen where the visit waits; the screen before hangs, and does not know that it is dead."""
    town.open()
    town.sit_down()
    for place in ("language", "can", "pin", "choice", "preview", "take_card", "take_paper"):
        seen = town.go(place)
        hanging = town.screen
        assert seen is not None and hanging is not None
        town.sit_down(leaving=hanging)
        assert town.go(place) == seen
        assert list(hanging.snapshots()) == []
        hanging.close()
    town.leave()


@pytest.mark.slow
def test_a_killed_screen_takes_the_visit_with_it(town: PowerTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stands before the next screen may be somebody else: it asks for the card to be taken, and for no more."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    town.open()
    town.sit_down()
    before = town.books()
    assert town.go("choice") is not None
    town.hall.start("screen")
    town.session.said("screen-link", times=2, state="connected")
    town.hall.child("screen").kill()
    town.session.said("screen-link", times=2, state="lost")
    town.sit_down()
    next_seen = town.go("take_card")
    assert next_seen is not None and "name_ar" not in next_seen["data"]
    town.leave()
    assert town.books() == before
    town.stand_up()
    town.visit()


@pytest.mark.slow
def test_a_visit_goes_on_without_a_screen(town: PowerTown) -> None:
    before = town.books()
    town.open()
    town.sit_down()
    assert town.go("take_card") is not None
    town.stand_up()
    town.session.said("screen-link", state="lost")
    town.hall.remove()
    town.session.said("paper", outcome="printed")
    assert town.books().since(before) == ["PRINTED"]
    town.sit_down()
    assert town.go("take_paper") is not None
    town.leave()


# --- the card service -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("place", ["can", "pin", "choice", "preview"])
def test_pcscd_killed_while_the_citizen_thinks(town: PowerTown, place: str) -> None:
    before = town.books()
    town.open()
    town.sit_down()
    assert town.go(place) is not None
    kill(town.pcscd)
    _trouble(town, "E-READER-PCSC", answering=False)
    town.session.said("card", state="pcscd-gone")
    town.leave()
    assert town.closed() == "E-READER-PCSC"
    _reader_back(town)
    assert town.books() == before


@pytest.mark.slow
def test_pcscd_killed_while_a_grant_is_asked_for(town: PowerTown) -> None:
    before = town.books()
    town.open(cut="after requested", victim=town.pcscd)
    town.sit_down()
    _trouble(town, "E-READER-PCSC", "E-CARD-REMOVED")  # whether the card or the watch hears of it first
    _reader_back(town)
    town.leave()
    assert town.books().since(before) == ["VOIDED"]


@pytest.mark.slow
def test_pcscd_killed_after_the_grant_does_not_cost_the_citizen_the_paper(town: PowerTown) -> None:
    before = town.books()
    town.open(cut="after granted", victim=town.pcscd)
    town.sit_down()
    assert town.go("take_paper") is not None
    _reader_back(town)
    town.leave()
    assert town.books().since(before) == ["PRINTED"]


def _reader_back(town: PowerTown) -> None:
    town.hall.hand.reader_down()  # it is dead; this is how the hand hears of it
    town.hall.hand.reader_up()
    town.session.said("card", state="pcscd-back")


# --- the registry -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_settlement_waits_for_a_killed_registry_and_is_delivered_once(town: PowerTown) -> None:
    before, heads = town.books(), len(town.told("heads", "head"))
    town.open(cut="after evidence", victim=town.registry)
    _settlement_waits(town)
    town.start_registry()
    _delivered_between_visits(town)
    assert town.books().since(before) == ["PRINTED", "PRINTED"]
    assert len(town.told("heads", "head")) == heads + 2


@pytest.mark.slow
def test_a_settlement_whose_answer_was_lost_is_told_again_and_stands_once(town: PowerTown) -> None:
    before, heads = town.books(), len(town.told("heads", "head"))
    kill(town.registry)
    town.start_registry(cut="after settle")
    town.open()
    _settlement_waits(town)
    assert len(town.told("heads", "head")) == heads + 1
    town.start_registry()
    _delivered_between_visits(town)
    assert town.books().since(before) == ["PRINTED", "PRINTED"]
    assert len(town.told("heads", "head")) == heads + 2


def _settlement_waits(town: PowerTown) -> None:
    """The citizen has the paper and is gone; the registry cannot be told."""
    town.sit_down()
    assert town.go("take_paper") is not None
    assert _open_grants(town) == 1
    town.leave()
    town.session.said("settlement-waits", grants=1, code="E-REGISTRY-UNREACHABLE")


def _delivered_between_visits(town: PowerTown) -> None:
    """Not in the middle of the next visit: when it is over."""
    assert town.go("take_paper") is not None
    assert _open_grants(town) == 1
    town.leave()
    town.session.said("recovered", grants=1)


def _open_grants(town: PowerTown) -> int:
    with Ledger.view(ledger_path(town.settings)) as ledger:
        return len(ledger.open_grants())


def _trouble(town: PowerTown, *codes: str, answering: bool = True) -> None:
    """The visit comes to the trouble screen, which says one of these, and that no paper came."""
    seen: Any = town.go("trouble") if answering else town.watch("trouble")
    assert seen is not None and seen["data"]["code"] in codes and seen["data"]["outcome"] == "none"
