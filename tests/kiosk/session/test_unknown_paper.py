"""What becomes of a paper that no printer vouches for: the citizen is asked, then staff, else it is void."""

from __future__ import annotations

from typing import Any

import pytest

from config.schema import Session
from drivers.printers.port import Condition
from kiosk.issuance.errors import LedgerFull
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Answered
from kiosk.session.protocol import Snapshot
from kiosk.staff.lock import StaffLock
from tests.kiosk.session.paper_town import PIN, WRONG, PaperTown, Test

OUT = frozenset({Condition.PAPER_OUT})


def unsure(test: Test) -> Test:
    async def run(town: PaperTown) -> None:
        town.laser.sure = False
        await test(town)

    return run


def test_staff_who_holds_the_paper_makes_it_printed(in_town: Any) -> None:
    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit(came_out=True, staff_pin=PIN)
        assert citizen.ended.result() is None and citizen.screens[-1] == "take_paper"
        assert town.steps()[0][-4:] == ["evidence", "answered", "confirmed", "settled"]
        assert town.settled() == [("PRINTED", "operator-confirmed")]
        assert town.counter.ending is not None and town.counter.ending.evidence == "operator-confirmed"

    in_town(test)


@pytest.mark.parametrize(("came_out", "said"), [(True, "yes"), (None, "silent"), (False, "no")])
def test_what_nobody_confirms_is_void(in_town: Any, came_out: bool | None, said: str) -> None:
    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit(came_out=came_out)
        assert citizen.ended.result() == "E-PRINTER-PAPER-UNKNOWN" and citizen.screens[-1] == "stray"
        assert ("confirm" in citizen.screens) == (came_out is not False)
        (answered,) = [s for records in town.books() for s in records if isinstance(s, Answered)]
        assert answered.came_out == said
        assert town.settled() == [("VOIDED", "none")]

    in_town(test)


def test_a_wrong_staff_pin_counts_and_confirms_nothing(in_town: Any) -> None:
    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit(came_out=True, staff_pin=WRONG)
        assert citizen.screens[-1] == "stray" and town.settled() == [("VOIDED", "none")]
        assert StaffLock(town.settings.kiosk.state).tries().wrong == 1

    in_town(test)


def test_nothing_of_the_citizen_is_shown_while_others_are_fetched(in_town: Any) -> None:
    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit(came_out=True, staff_pin=PIN)
        shown = [s.data for s in citizen.seen if s.screen in ("ask_paper", "confirm", "settling", "stray")]
        assert shown and "Amina" not in repr(shown) and "أمينة" not in repr(shown)

    in_town(test)


def test_another_is_offered_once_the_registry_has_taken_the_void_and_is_a_grant_of_its_own(in_town: Any) -> None:
    def sure_again(town: PaperTown, _: Snapshot) -> None:
        town.laser.sure = True

    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"stray": sure_again}, came_out=False, again=True)
        assert citizen.ended.result() is None
        assert citizen.screens.count("can") == citizen.screens.count("pin") == 2, "card and code, as ever"
        assert town.settled() == [("VOIDED", "none"), ("PRINTED", "ipp-completed")]
        assert len(set(town.registry.granted)) == 2

    in_town(test)


def test_while_the_registry_does_not_know_no_other_is_offered(in_town: Any) -> None:
    def cut(town: PaperTown, _: Snapshot) -> None:
        town.registry.away = True

    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"ask_paper": cut}, came_out=False, again=True)
        assert citizen.screens[-1] == "stray" and not citizen.last("stray")["again"]
        assert town.settled() == []
        town.registry.away = False
        await town.issuance.deliver()
        assert town.settled() == [("VOIDED", "none")]

    in_town(test)


def test_without_a_printer_no_other_is_offered(in_town: Any) -> None:
    def both_run_out(town: PaperTown, _: Snapshot) -> None:
        town.laser.conditions = town.thermal.conditions = OUT

    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"ask_paper": both_run_out}, came_out=False)
        assert not citizen.last("stray")["again"] and town.settled() == [("VOIDED", "none")]

    in_town(test)


def test_an_answer_that_cannot_be_written_down_is_told_as_unknown(
    in_town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Ledger.append

    def full(ledger: Ledger, subject: str, record: Any) -> Any:
        if record.step == "answered":
            raise LedgerFull("no room on the disk")
        return append(ledger, subject, record)

    @unsure
    async def test(town: PaperTown) -> None:
        monkeypatch.setattr(Ledger, "append", full)
        citizen = await town.visit(came_out=True)
        assert citizen.ended.result() == "E-LEDGER-FULL" and citizen.last("trouble")["outcome"] == "unknown"
        assert town.settled() == [("VOIDED", "none")]

    in_town(test)


def test_a_closing_kiosk_offers_no_other(in_town: Any) -> None:
    def closing_time(town: PaperTown, _: Snapshot) -> None:
        town.runner.availability.set("hours", "E-KIOSK-CLOSED")

    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"settling": closing_time}, came_out=False)
        assert not citizen.last("stray")["again"] and town.settled() == [("VOIDED", "none")]

    in_town(test)


@pytest.mark.parametrize("leaves", ["ask_paper", "confirm"])
def test_whoever_leaves_without_a_word_leaves_a_kiosk_that_serves_the_next(
    in_town: Any, monkeypatch: pytest.MonkeyPatch, leaves: str
) -> None:
    for name in ("CONFIRM_S", "TROUBLE_S", "GOODBYE_S"):
        monkeypatch.setattr(f"kiosk.session.runner.{name}", 0.05)

    @unsure
    async def test(town: PaperTown) -> None:
        quick = Session.model_construct(**{**Session().model_dump(), "idle": 0.05, "idle_warning": 0})
        town.runner.go_by(town.settings.model_copy(update={"session": quick}))
        citizen = await town.visit(leaves=leaves, came_out=True)
        assert citizen.screens[-4:] == ["settling", "stray", "goodbye", "attract"]
        assert town.settled() == [("VOIDED", "none")]

    in_town(test)
