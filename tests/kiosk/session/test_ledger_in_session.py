"""What the session does about its ledger: older than the registry knows, damaged, and the paper in its books."""

from __future__ import annotations

from typing import Any

import pytest

from kiosk.issuance.errors import LedgerFull
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Loaded, StationName, paper_of
from kiosk.session.protocol import Snapshot
from registry.models import LedgerHead
from tests.kiosk.session.paper_town import PaperTown


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


def test_a_registry_that_is_away_is_not_told_again_and_again_and_told_all_once_it_answers(in_town: Any) -> None:
    def cut(town: PaperTown, _: Snapshot) -> None:
        town.registry.away = True

    async def test(town: PaperTown) -> None:
        await town.visit({"take_card": cut})
        await town.leave()
        refused = town.registry.refused
        for _ in range(5):
            town.counter.between_visits()
            await town.counter.settled()
        assert town.registry.refused == refused, "nobody waits for it, and it is left alone"
        town.registry.away = False
        await town.visit()
        await town.leave()
        assert town.settled() == [("PRINTED", "ipp-completed")] * 2, "that it took one says that it takes the other"

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
