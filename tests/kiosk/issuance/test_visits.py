"""Visits that run to their end: what each fault leaves in the ledger, at the registry and on the tray."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from issuance_town import FAULTS, CardGone, Town, check_books, nobody_looks, others_go_on, run_recovery, run_visit

from kiosk.issuance.errors import IssuanceError, LedgerFull, StepRefused
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Ending, Issued
from kiosk.issuance.records import StationName
from printing.job import Progress
from registry.errors import RegistryError
from signing.errors import SigningError

# fault → outcome and code of the ending, or the code of what is raised
PAPER = {
    None: ("printed", None),
    "settle-down": ("printed", None),
    "settle-answer-lost": ("printed", None),
    "prints-at-once": ("printed", None),
    "printer-forgets": ("printed", None),
    "submit-answer-lost": ("printed", None),
    "printer-gone": ("failed", "E-PRINTER-UNREACHABLE"),
    "paper-out": ("failed", "E-PRINTER-PAPER-OUT"),
    "submit-refused": ("failed", "E-PRINTER-REFUSED"),
    "job-aborts": ("failed", "E-PRINTER-ABORTED"),
    "job-stuck": ("failed", "E-PRINTER-CANCELED"),
    "job-jams": ("unknown", "E-PRINTER-PAPER-UNKNOWN"),
    "printer-mute": ("unknown", "E-PRINTER-PAPER-UNKNOWN"),
    "cancel-too-late": ("unknown", "E-PRINTER-PAPER-UNKNOWN"),
}
RAISED = {
    "grant-refused": "E-REGISTRY-CARD-BLOCKED",
    "grant-answer-lost": "E-REGISTRY-TIMEOUT",
    "registry-down": "E-REGISTRY-UNREACHABLE",
    "signer-down": "E-SIGN-UNREACHABLE",
    "signer-answer-lost": "E-SIGN-DEADLINE",
    "pdf-altered": "E-ISSUANCE-DOCUMENT",
    "card-gone": "E-CARD-REMOVED",
}


def test_every_fault_is_tried() -> None:
    assert {*PAPER, *RAISED} == {None, *FAULTS}


@pytest.mark.parametrize(("fault", "expected"), PAPER.items())
def test_what_the_citizen_is_told_is_what_happened(
    folder: Path, fault: str | None, expected: tuple[str, str | None]
) -> None:
    town = Town(folder, frozenset({fault} if fault else ()))
    ending = run_visit(town)
    assert isinstance(ending, Ending)
    assert (ending.outcome, ending.code) == expected
    settled = fault not in ("settle-down", "settle-answer-lost")
    assert ending.settled == (settled and ending.outcome != "unknown")  # of an unknown paper the citizen is asked
    check_books(town, all_settled=settled)


@pytest.mark.parametrize(("fault", "code"), RAISED.items())
def test_what_fails_before_the_printer_is_raised_recorded_and_voided(folder: Path, fault: str, code: str) -> None:
    town = Town(folder, frozenset({fault}))
    with pytest.raises(Exception) as raised:
        run_visit(town)
    assert raised.value.code == code  # type: ignore[attr-defined]
    run_recovery(Town(folder))
    check_books(town)
    assert town.tray() == []
    assert {grant["settlement"]["outcome"] for grant in town.grants().values()} == {"VOIDED"}


def test_a_visit_that_ends_after_signing_is_voided(folder: Path) -> None:
    town = Town(folder)
    issued = run_visit(town, ends="void")
    assert isinstance(issued, Issued)
    check_books(town)
    assert town.tray() == []
    assert town.grants()[issued.grant_id]["settlement"]["outcome"] == "VOIDED"


def test_nothing_is_put_on_paper_twice_or_after_it_was_voided(folder: Path) -> None:
    town = Town(folder)

    async def twice(ledger: Ledger) -> None:
        issuance = town.issuance(ledger)
        issued = await town.prepare(issuance)

        async def between_visits() -> None:
            while ledger.records(issued.grant_id)[-1].step != "settled":
                assert (await issuance.deliver()).closed == ()
                await others_go_on()

        first, second, _ = await asyncio.gather(
            issuance.put_on_paper(issued, nobody_looks),
            issuance.put_on_paper(issued, nobody_looks),
            between_visits(),
            return_exceptions=True,
        )
        assert isinstance(first, Ending) and first.outcome == "printed" and isinstance(second, StepRefused)
        assert not await issuance.void(issued) or town.grants()[issued.grant_id]["settlement"]["outcome"] == "PRINTED"
        gone = await town.prepare(issuance)
        await issuance.void(gone)
        with pytest.raises(StepRefused):
            await issuance.put_on_paper(gone, nobody_looks)

    with town.open_ledger() as ledger:
        asyncio.run(twice(ledger))
    assert len(town.tray()) == 1
    check_books(town)


def test_a_settlement_that_waited_is_delivered_once(folder: Path) -> None:
    town = Town(folder, frozenset({"settle-down"}))
    ending = run_visit(town)
    assert isinstance(ending, Ending) and not ending.settled
    waiting = run_recovery(town)
    assert (waiting.closed, waiting.waiting, waiting.code) == ((), 1, "E-REGISTRY-UNREACHABLE")
    delivered = run_recovery(Town(folder))
    assert [(c.reference, c.outcome, c.settled_as) for c in delivered.closed] == [
        (ending.reference, "printed", "PRINTED")
    ]
    assert run_recovery(Town(folder)).closed == ()
    check_books(town)


def test_a_lost_answer_is_asked_for_again_in_the_same_words(folder: Path) -> None:
    town = Town(folder, frozenset({"settle-answer-lost"}))
    run_visit(town)
    before = town.grants()
    run_visit(town)  # the ledger grows: its head is another now
    run_recovery(Town(folder))
    after = town.grants()
    assert all(after[grant_id]["settlement"] == before[grant_id]["settlement"] for grant_id in before)
    check_books(town)


def test_a_registry_that_settled_otherwise_is_believed_and_reported(folder: Path) -> None:
    town = Town(folder, frozenset({"settle-down"}))
    run_visit(town)
    (grant_id,) = town.grants()
    path = folder / "registry" / f"{grant_id}.json"
    path.write_text(path.read_text().replace("null", '{"outcome": "VOIDED"}'))
    (closed,) = run_recovery(Town(folder)).closed
    assert closed.code == "E-ISSUANCE-SETTLEMENT"
    with Ledger.view(town.ledger_path) as ledger:
        assert ledger.open_grants() == () and ledger.records(grant_id)[-1].model_dump()["answer"] == "contradicted"


def test_recovery_leaves_the_visit_in_progress_alone(folder: Path) -> None:
    town = Town(folder)

    async def meanwhile(ledger: Ledger) -> Ending:
        issuance = town.issuance(ledger)
        issued = await town.prepare(issuance)
        assert (await issuance.deliver()).closed == ()
        return await issuance.put_on_paper(issued, nobody_looks)

    with town.open_ledger() as ledger:
        assert asyncio.run(meanwhile(ledger)).outcome == "printed"
    check_books(town)


@pytest.mark.parametrize("where", ["card", "registry", "signer"])
def test_a_cancelled_preparation_is_recorded_and_voided_later(folder: Path, where: str) -> None:
    town = Town(folder)

    async def cancelled(ledger: Ledger) -> None:
        issuance = town.issuance(ledger)
        reached, never = asyncio.Event(), asyncio.Event()

        async def hang(*_: object) -> bytes:
            reached.set()
            await never.wait()
            return b""

        if where == "registry":
            issuance._registry.grant = hang  # type: ignore[method-assign,assignment]
        if where == "signer":
            issuance._signer.issue = hang  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(town.prepare(issuance, hang if where == "card" else None))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (closed,) = (await issuance.deliver()).closed
        assert (closed.outcome, closed.settled_as) == ("failed", "VOIDED")

    with town.open_ledger() as ledger:
        asyncio.run(cancelled(ledger))
    check_books(town)


def test_what_is_being_printed_is_not_voided(folder: Path) -> None:
    town = Town(folder)

    async def leaving(ledger: Ledger) -> None:
        issuance = town.issuance(ledger)
        issued = await town.prepare(issuance)

        async def on_progress(progress: Progress) -> None:
            assert not await issuance.void(issued)
            assert (await issuance.deliver()).closed == ()

        assert (await issuance.put_on_paper(issued, on_progress)).outcome == "printed"

    with town.open_ledger() as ledger:
        asyncio.run(leaving(ledger))
    check_books(town)


def test_a_screen_that_fails_while_it_prints_takes_the_job_back(folder: Path) -> None:
    town = Town(folder, frozenset({"job-stuck"}))

    async def failing(ledger: Ledger) -> None:
        issuance = town.issuance(ledger)
        issued = await town.prepare(issuance)

        async def on_progress(progress: Progress) -> None:
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await issuance.put_on_paper(issued, on_progress)
        (closed,) = (await issuance.deliver()).closed
        assert (closed.outcome, closed.settled_as) == ("failed", "VOIDED")

    with town.open_ledger() as ledger:
        asyncio.run(failing(ledger))
    check_books(town)


class PowerCut(BaseException):
    pass


def cut_off_after(town: Town, moment: str) -> None:
    """A visit that stops dead at `moment`."""

    def at(now: str) -> None:
        if now == moment:
            raise PowerCut

    with pytest.raises(PowerCut):
        run_visit(replace(town, at=at))


def test_another_printer_is_not_asked_about_the_old_ones_job(folder: Path) -> None:
    town = Town(folder)
    cut_off_after(town, "after printer submit")
    town.printer_works_on()  # the old printer finished it; the new one has a job of the same number

    async def elsewhere(ledger: Ledger) -> None:
        issuance = town.issuance(ledger)
        elsewhere_now = replace(issuance._stations[StationName.LASER], address="ipp://other.example/ipp/print")
        issuance._stations = {StationName.LASER: elsewhere_now}
        (closed,) = (await issuance.deliver()).closed
        assert (closed.outcome, closed.settled_as) == ("unknown", "VOIDED")

    with town.open_ledger() as ledger:
        asyncio.run(elsewhere(ledger))


def test_a_printer_that_numbers_its_jobs_anew_is_not_believed_about_anothers(folder: Path) -> None:
    town = Town(folder)
    cut_off_after(town, "after printer submit")
    (job,) = (folder / "jobs").iterdir()
    job.unlink()
    run_visit(town)  # takes the same number, and is printed
    (closed,) = run_recovery(town).closed
    assert (closed.outcome, closed.settled_as) == ("unknown", "VOIDED")
    check_books(town)


def test_a_registry_that_is_away_is_asked_once_for_all(folder: Path) -> None:
    away = Town(folder, frozenset({"settle-down"}))
    for _ in range(3):
        run_visit(away)
    asked: list[str] = []
    assert run_recovery(replace(away, at=asked.append)).waiting == 3
    assert asked == ["asked registry"]
    assert len(run_recovery(Town(folder)).closed) == 3


def test_the_next_citizen_is_served(folder: Path) -> None:
    for fault in FAULTS:
        broken = Town(folder, frozenset({fault}))
        with suppress(RegistryError, SigningError, IssuanceError, CardGone):
            run_visit(broken)
        run_recovery(Town(folder))
        ending = run_visit(Town(folder))
        assert isinstance(ending, Ending) and ending.outcome == "printed"
    check_books(Town(folder))


@pytest.mark.parametrize("finds", [True, False])
@pytest.mark.parametrize(
    "step", ["requested", "granted", "signed", "submitting", "submitted", "evidence", "settled", "failed"]
)
def test_when_the_ledger_refuses_nothing_more_is_done(folder: Path, step: str, finds: bool) -> None:
    def full(moment: str) -> None:
        seen.append(moment)
        if f"before ledger {step}" in seen and moment.startswith("before ledger"):
            raise LedgerFull("no room")

    seen: list[str] = []
    town = Town(folder, frozenset({"signer-down"} if step == "failed" else ()), full, finds)
    with pytest.raises(LedgerFull):
        run_visit(town)
    refused_at = seen.index(f"before ledger {step}")
    assert {moment for moment in seen[refused_at + 1 :] if "ledger" not in moment} <= {
        "before printer cancel",
        "after printer cancel",
    }
    if step == "submitted":
        assert seen[-1] == "after printer cancel"
    restarted = Town(folder, finds=finds)
    restarted.printer_works_on()
    run_recovery(restarted)
    check_books(restarted)
    assert len(restarted.tray()) == (step in ("evidence", "settled"))
