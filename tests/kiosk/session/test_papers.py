"""Which printer a document comes from: whole visits with two of them."""

from __future__ import annotations

from typing import Any

from config.schema import Printing
from drivers.printers.port import Condition
from kiosk.session.protocol import Snapshot
from tests.kiosk.session.paper_town import PaperTown

OUT = frozenset({Condition.PAPER_OUT})


def laser_runs_out(town: PaperTown, _: Snapshot) -> None:
    town.laser.conditions = OUT


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
        assert town.renderer.set == ["ticket"] and town.stations_used() == ["thermal"]
        assert not citizen.last("preview")["other_form"], "nothing else had been shown before"

    in_town(test)


def test_a_printer_lost_after_the_preview_has_the_other_form_shown_before_the_grant(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"preview": laser_runs_out})
        assert citizen.ended.result() is None
        assert town.renderer.set == ["a4", "ticket"] and citizen.last("preview")["other_form"]
        assert town.stations_used() == ["thermal"] and len(town.registry.granted) == 1

    in_town(test)


def test_after_the_grant_there_is_no_other_printer(in_town: Any) -> None:
    async def test(town: PaperTown) -> None:
        citizen = await town.visit({"take_card": laser_runs_out})
        assert citizen.ended.result() == "E-PRINTER-PAPER-OUT" and citizen.last("trouble")["outcome"] == "none"
        assert town.thermal.papers == town.laser.papers == []
        assert town.settled() == [("VOIDED", "none")]

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
