"""Bugs planted on purpose: the model must catch each, and with the right words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from model_history import wander
from model_kiosk import PATIENCE, Kiosk, WatchedLedger
from model_printers import Laser, Thermal
from model_world import PDF

from kiosk.issuance import recovery, rules
from kiosk.issuance.records import Evidence, Outcome, PaperEvidence, SettledAs, Submitted, Submitting
from printing import job
from printing.job import PaperOutcome, print_document

ENOUGH = 400
"""Histories tried before a bug is held to be overlooked."""
Plant = Callable[[pytest.MonkeyPatch], type[Kiosk]]


def submits_again_when_unsure(patch: pytest.MonkeyPatch) -> type[Kiosk]:
    async def insistent(printer: Any, pdf: bytes, **how: Any) -> PaperOutcome:
        outcome = await print_document(printer, pdf, **how)
        if outcome.outcome != "unknown":
            return outcome
        return await print_document(printer, pdf, title=how["title"], deadline=PATIENCE, on_submitted=_deaf)

    class Insistent(Kiosk):
        print_document = staticmethod(insistent)

    return Insistent


async def _deaf(job_id: int) -> None:
    return None


def writes_down_too_late(patch: pytest.MonkeyPatch) -> type[Kiosk]:
    """`submitting` stands in the ledger only with the evidence."""

    class Late(WatchedLedger):
        def __init__(self, *how: Any) -> None:
            super().__init__(*how)
            self.owed: list[tuple[str, Any]] = []

        def append(self, subject: str, record: Any) -> Any:
            if isinstance(record, Submitting | Submitted):
                self.owed.append((subject, record))
                if isinstance(record, Submitting):
                    self.world.began(subject, record.station.value)
                return None
            while self.owed:
                super().append(*self.owed.pop(0))
            return super().append(subject, record)

    class Forgetful(Kiosk):
        ledger_kind = Late

    return Forgetful


def prints_again_after_recovery(patch: pytest.MonkeyPatch) -> type[Kiosk]:
    ask = recovery._ask_printer

    async def asked_again(ledger: Any, grant_id: str, asked: Any, printer: Any) -> PaperEvidence:
        found = await ask(ledger, grant_id, asked, printer)
        if found.outcome is Outcome.PRINTED or printer is None:
            return found
        pdf = PDF["a4" if asked.station == "laser" else "ticket"] + grant_id.encode()
        title = rules.job_title(grant_id)
        again = await print_document(printer, pdf, title=title, deadline=PATIENCE, on_submitted=_deaf)
        return replace_outcome(found, again)

    patch.setattr(recovery, "_ask_printer", asked_again)
    return Kiosk


def replace_outcome(found: PaperEvidence, again: PaperOutcome) -> PaperEvidence:
    return found if again.outcome == "printed" else recovery.evidence_of(again)


def clears_nothing(patch: pytest.MonkeyPatch) -> type[Kiosk]:
    class DirtyLaser(Laser):
        async def clear(self) -> None:
            pass

    class DirtyThermal(Thermal):
        async def clear(self) -> None:
            pass

        async def cancel(self, job_id: int) -> Any:
            await Thermal.clear(self)
            return await self.job(job_id)

    class Dirty(Kiosk):
        laser_kind = DirtyLaser
        thermal_kind = DirtyThermal

    return Dirty


def settles_unknown_as_printed(patch: pytest.MonkeyPatch) -> type[Kiosk]:
    verdict = rules._verdict

    def hopeful(history: Any) -> tuple[SettledAs, Evidence]:
        last = history[-1]
        if isinstance(last, PaperEvidence) and last.outcome is Outcome.UNKNOWN:
            return SettledAs.PRINTED, Evidence.OPERATOR_CONFIRMED
        return verdict(history)

    patch.setattr(rules, "_verdict", hopeful)
    return Kiosk


def believes_a_job_number_alone(patch: pytest.MonkeyPatch) -> type[Kiosk]:
    find = recovery._find

    async def by_number(printer: Any, job_id: int | None, title: str) -> int | None:
        return job_id or await find(printer, job_id, title)

    patch.setattr(recovery, "_find", by_number)
    return Kiosk


def calls_a_cancelled_job_failed(patch: pytest.MonkeyPatch) -> type[Kiosk]:
    """Whatever it had put on paper before."""
    verdict = job._Watch.verdict

    def hasty(watch: Any, job_id: int, seen: Any, why: Any = frozenset()) -> PaperOutcome:
        if seen.state.value in ("canceled", "aborted"):
            seen = replace(seen, pages=0, counted=True)
        return verdict(watch, job_id, seen, why)

    patch.setattr(job._Watch, "verdict", hasty)
    return Kiosk


def holds_what_no_visit_holds(patch: pytest.MonkeyPatch) -> type[Kiosk]:
    class Greedy(set[str]):
        def discard(self, element: str) -> None:
            pass

    class Holding(Kiosk):
        def __init__(self, world: Any) -> None:
            super().__init__(world)
            self.issuance._live = Greedy()

    return Holding


def recovers_in_the_middle_of_printing(patch: pytest.MonkeyPatch) -> type[Kiosk]:
    class Open(asyncio.Lock):
        __aenter__ = nullcontext.__aenter__  # type: ignore[assignment]
        __aexit__ = nullcontext.__aexit__  # type: ignore[assignment]
        enter_result = None

    class Careless(Kiosk):
        def __init__(self, world: Any) -> None:
            super().__init__(world)
            self.issuance._at_printer = Open()

    return Careless


PLANTED: list[tuple[Plant, str, tuple[str, ...]]] = [
    (submits_again_when_unsure, "on paper twice", ("jams", "line-lost", "mute")),
    (writes_down_too_late, "failed, and it is on paper", ("prints-at-once", "echo-lost")),
    (prints_again_after_recovery, "on paper twice", ("stuck", "echo-lost")),
    (clears_nothing, "another citizen's paper", ("mute", "line-lost", "paper-out-mid")),
    (settles_unknown_as_printed, "settled otherwise", ("jams", "echo-lost")),
    (believes_a_job_number_alone, "printed, and no whole paper", ("power-lost",)),
    (calls_a_cancelled_job_failed, "failed, and it is on paper", ("jams", "echo-lost")),
    (holds_what_no_visit_holds, "a lost outcome", ("screen-dies", "full submitting")),
    (recovers_in_the_middle_of_printing, "nothing is wrong, and no paper", ("screen-dies", "stuck")),
]
"""Each with the words in which it is caught, and the faults that bring it to light."""

RARE = (believes_a_job_number_alone, recovers_in_the_middle_of_printing)
"""Hundreds of histories are needed to meet them."""


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patched:
        yield patched


@pytest.mark.parametrize(
    ("plant", "words", "faults"),
    [
        pytest.param(*planted, id=planted[0].__name__, marks=[pytest.mark.slow] if planted[0] in RARE else [])
        for planted in PLANTED
    ],
)
def test_a_planted_bug_is_caught(patch: pytest.MonkeyPatch, plant: Plant, words: str, faults: tuple[str, ...]) -> None:
    kiosk = plant(patch)
    said = ""
    for seed in range(ENOUGH):
        try:
            wander(seed, kiosk, faults)
        except AssertionError as caught:
            said = str(caught)
            if words in said:
                return
    pytest.fail(f"overlooked; the last that was said: {said or 'nothing'}")
