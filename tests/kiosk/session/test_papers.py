"""Which printer a document comes from, and what becomes of a paper that no printer vouches for: whole visits."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from config.schema import Printing
from drivers.printers.port import Condition
from kiosk.catalogue import log
from kiosk.issuance.errors import LedgerFull
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Answered, Loaded, Settled, StationName, Submitting, paper_of
from kiosk.session.protocol import Snapshot
from kiosk.staff.lock import StaffLock
from registry.models import LedgerHead
from tests.kiosk.session.paper_town import PIN, WRONG, PaperTown, paper_town

OUT = frozenset({Condition.PAPER_OUT})
Test = Callable[[PaperTown], Awaitable[None]]


@pytest.fixture
def in_town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    log.configure(io.StringIO())

    def run(test: Test, printing: Printing | None = None) -> None:
        async def whole() -> None:
            async with paper_town(tmp_path, monkeypatch, printing) as town:
                await test(town)

        asyncio.run(asyncio.wait_for(whole(), 60))

    return run


def laser_runs_out(town: PaperTown, _: Snapshot) -> None:
    town.laser.conditions = OUT


def settled(town: PaperTown) -> list[tuple[str, str]]:
    return [(s.outcome, s.evidence) for records in town.books() for s in records if isinstance(s, Settled)]


def stations(town: PaperTown) -> list[str]:
    return [s.station.value for records in town.books() for s in records if isinstance(s, Submitting)]


# --- which printer ----------------------------------------------------------------------------------


def test_the_preferred_printer_gives_the_paper_that_was_shown(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        citizen = await town.visit()
        assert citizen.ended.result() is None
        forms = [citizen.last(screen)["form"] for screen in ("preview", "printing", "take_paper")]
        assert forms == ["a4"] * 3 and town.renderer.set == ["a4"]
        assert citizen.last("choice")["papers"][0]["form"] == "a4"
        assert (len(town.laser.papers), len(town.thermal.papers)) == (1, 0)

    in_town(test)


def test_the_order_is_the_settings(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        citizen = await town.visit()
        assert citizen.last("choice")["papers"][0]["form"] == citizen.last("take_paper")["form"] == "ticket"
        assert (len(town.laser.papers), len(town.thermal.papers)) == (0, 1)

    in_town(test, Printing(order=("thermal", "laser")))


def test_without_paper_in_the_one_the_other_is_shown_and_prints(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"choice": laser_runs_out})
        assert citizen.ended.result() is None
        assert town.renderer.set == ["ticket"] and stations(town) == ["thermal"]
        assert not citizen.last("preview")["other_form"], "nothing else had been shown before"

    in_town(test)


def test_a_printer_lost_after_the_preview_has_the_other_form_shown_before_the_grant(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"preview": laser_runs_out})
        assert citizen.ended.result() is None
        assert town.renderer.set == ["a4", "ticket"] and citizen.last("preview")["other_form"]
        assert stations(town) == ["thermal"] and len(town.registry.granted) == 1

    in_town(test)


def test_after_the_grant_there_is_no_other_printer(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"take_card": laser_runs_out})
        assert citizen.ended.result() == "E-PRINTER-PAPER-OUT" and citizen.last("trouble")["outcome"] == "none"
        assert town.thermal.papers == town.laser.papers == []
        assert settled(town) == [("VOIDED", "none")]

    in_town(test)


def test_with_no_printer_ready_nothing_is_granted(in_town: Any) -> None:
    def both_run_out(town: PaperTown, _: Snapshot) -> None:
        town.laser.conditions, town.thermal.conditions = OUT, frozenset({Condition.COVER_OPEN})

    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"choice": both_run_out})
        assert citizen.ended.result() == "E-PRINTER-PAPER-OUT", "of the printer it would have come from"
        assert town.books() == [] and town.registry.granted == []

    in_town(test)


def test_a_document_of_sheets_only_is_shown_as_not_to_be_had(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        town.runner.availability.set("laser", "E-PRINTER-JAM")
        town.laser.conditions = frozenset({Condition.JAM})
        citizen = await town.visit()
        assert citizen.last("choice")["papers"][0]["form"] is None
        assert citizen.ended.result() == "E-PRINTER-JAM" and town.registry.granted == []

    in_town(test, Printing(sheets_only=("birth-extract",)))


def test_what_closes_the_kiosk_in_mid_visit_does_not_end_the_visit(in_town: Any) -> None:
    def closing_time(town: PaperTown, _: Snapshot) -> None:
        town.runner.availability.set("hours", "E-KIOSK-CLOSED")

    async def test(town: PaperTown) -> None:
        assert (await town.visit({"can": closing_time})).ended.result() is None

    in_town(test)


# --- a paper of which nobody knows ------------------------------------------------------------------


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
        assert settled(town) == [("PRINTED", "operator-confirmed")]
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
        assert settled(town) == [("VOIDED", "none")]

    in_town(test)


def test_a_wrong_staff_pin_counts_and_confirms_nothing(in_town: Any) -> None:
    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit(came_out=True, staff_pin=WRONG)
        assert citizen.screens[-1] == "stray" and settled(town) == [("VOIDED", "none")]
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
        assert settled(town) == [("VOIDED", "none"), ("PRINTED", "ipp-completed")]
        assert len(set(town.registry.granted)) == 2

    in_town(test)


def test_while_the_registry_does_not_know_no_other_is_offered(in_town: Any) -> None:
    def cut(town: PaperTown, _: Snapshot) -> None:
        town.registry.away = True

    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"ask_paper": cut}, came_out=False, again=True)
        assert citizen.screens[-1] == "stray" and not citizen.last("stray")["again"]
        assert settled(town) == []
        town.registry.away = False
        await town.issuance.deliver()
        assert settled(town) == [("VOIDED", "none")]

    in_town(test)


def test_without_a_printer_no_other_is_offered(in_town: Any) -> None:
    def both_run_out(town: PaperTown, _: Snapshot) -> None:
        town.laser.conditions = town.thermal.conditions = OUT

    @unsure
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"ask_paper": both_run_out}, came_out=False)
        assert not citizen.last("stray")["again"] and settled(town) == [("VOIDED", "none")]

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
        assert settled(town) == [("VOIDED", "none")]

    in_town(test)


# --- the ledger -------------------------------------------------------------------------------------


def test_a_ledger_older_than_the_registry_knows_issues_nothing(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        town.registry.head = LedgerHead(seq=7, head="cd" * 32)
        town.counter.between_visits()
        await town.counter.settled()
        citizen = await town.visit()
        assert citizen.ended.result() == "E-LEDGER-ROLLED-BACK" and citizen.screens == ["attract"]
        assert town.books() == [] and town.registry.granted == []

    in_town(test)


def test_it_is_found_out_before_the_first_grant_where_it_could_not_be_before(in_town: Any) -> None:
    def back(town: PaperTown, _: Snapshot) -> None:
        town.registry.away = False

    async def test(town: PaperTown) -> None:
        town.registry.away, town.registry.head = True, LedgerHead(seq=7, head="cd" * 32)
        citizen = await town.visit({"can": back})
        assert citizen.ended.result() == "E-LEDGER-ROLLED-BACK" and citizen.screens[-1] == "trouble"
        assert town.books() == [] and town.registry.granted == []

    in_town(test)


def test_the_head_is_asked_again_after_the_registry_was_away(in_town: Any) -> None:
    def cut(town: PaperTown, _: Snapshot) -> None:
        town.registry.away = True

    async def test(town: PaperTown) -> None:
        assert (await town.visit({"take_card": cut})).ended.result() is None
        town.registry.away, town.registry.head = False, LedgerHead(seq=7, head="cd" * 32)
        town.counter.between_visits()
        await town.counter.settled()
        assert town.runner.availability.codes["ledger"] == "E-LEDGER-ROLLED-BACK"
        assert town.registry.settled == {}, "of a ledger put back nothing is told"

    in_town(test)


def test_damage_found_beside_the_work_closes_the_kiosk_and_nothing_opens_it(
    in_town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def damaged(ledger: Ledger) -> Any:
        class Verdict:
            code = "E-LEDGER-DAMAGED"

        return Verdict()

    monkeypatch.setattr(Ledger, "verify_in_background", damaged)

    async def test(town: PaperTown) -> None:
        town.counter.between_visits()
        await town.counter.settled()
        assert town.runner.availability.codes["ledger"] == "E-LEDGER-DAMAGED"

    in_town(test)


# --- the staff's screen -----------------------------------------------------------------------------


def test_staff_sees_how_long_the_paper_will_do_and_says_that_some_was_put_in(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        async with town.technician() as staff:
            shown = await staff.sees(lambda shown: bool(shown.data.get("paper")))
            assert [(left["station"], left["documents"]) for left in shown.data["paper"]] == [
                ("laser", None),
                ("thermal", None),
            ]
            staff.says("paper_put_in", station="laser")
            await staff.sees(lambda shown: shown.data["paper"][0]["documents"] == 250)
            staff.says("paper_put_in", station="cellar")
            staff.says("paper_put_in", station="thermal")
            shown = await staff.sees(lambda shown: shown.data["paper"][1]["documents"] is not None)
            assert shown.data["paper"][1]["documents"] == 80_000 // 350 and shown.data["code"] is None

    in_town(test)


def test_paper_that_cannot_be_written_down_is_told(in_town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(ledger: Ledger, subject: str, record: Any) -> Any:
        raise LedgerFull("no room on the disk")

    async def test(town: PaperTown) -> None:
        async with town.technician() as staff:
            await staff.sees(lambda shown: bool(shown.data.get("paper")))
            monkeypatch.setattr(Ledger, "append", full)
            staff.says("paper_put_in", station="laser")
            shown = await staff.sees(lambda shown: shown.data["code"] is not None)
            assert shown.data["code"] == "E-LEDGER-FULL" and shown.data["paper"][0]["documents"] is None

    in_town(test)


def test_paper_that_is_nearly_used_up_is_marked(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        town.ledger.append(paper_of(StationName.LASER), Loaded(units=20))
        town.ledger.append(paper_of(StationName.THERMAL), Loaded(units=6999))
        async with town.technician() as staff:
            shown = await staff.sees(lambda shown: bool(shown.data.get("paper")))
            assert [(left["documents"], left["low"]) for left in shown.data["paper"]] == [(20, False), (19, True)]

    in_town(test)
