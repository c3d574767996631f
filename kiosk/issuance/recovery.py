"""Closing what was left open: by a crash, by a cancelled visit, or because the registry was away.

    grants = await decide(ledger, stations)              # here: what became of each paper
    recovered = await bring(ledger, registry, grants)    # and there: told to the registry

From the records of a grant alone `rules.next_action` says what is missing. Nothing here prints. A grant
whose document may have gone to a printer is looked for there, its job is cancelled if it still runs, the
printer is cleared, and only a job that completed counts as printed. Where nobody knows, it is `unknown`.
Whatever is not printed is voided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass

from drivers.printers.errors import PrinterError
from drivers.printers.port import Printer
from kiosk.catalogue.codes import code_of
from kiosk.issuance.errors import Interrupted, PaperUnknown, SettlementContradicted
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.ports import FindsJobs, PaperOutcome, Registry, Signer
from kiosk.issuance.records import (
    Answer,
    Evidence,
    Failed,
    Granted,
    Outcome,
    PaperEvidence,
    Settled,
    SettledAs,
    Submitted,
)
from kiosk.issuance.rules import Abandon, AskPrinter, Settle, job_title, next_action, outcome_of
from kiosk.issuance.station import Station
from printing.job import resume
from registry.errors import Conflict, RegistryAbsent, RegistryError
from registry.models import Settlement
from signing.errors import SigningError


@dataclass(frozen=True, slots=True)
class Closed:
    """A grant that was open and is settled. `reference` is None where the registry had given none."""

    grant_id: str
    reference: str | None
    outcome: Outcome
    settled_as: SettledAs
    code: str | None = None
    """E-ISSUANCE-SETTLEMENT where the registry holds another settlement."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """`waiting` grants stay open; `code` says why the last of them does, None where nobody was asked."""

    closed: tuple[Closed, ...]
    waiting: int
    code: str | None


async def recover(
    ledger: Ledger,
    registry: Registry,
    stations: Iterable[Station],
    *,
    signer: Signer | None = None,
    live: Set[str] = frozenset(),
) -> Recovered:
    """Bring every open grant that is not `live` (in the hands of a visit) to its end. Raises LedgerError."""
    return await bring(ledger, registry, await decide(ledger, stations, signer=signer, live=live))


async def decide(
    ledger: Ledger,
    stations: Iterable[Station],
    *,
    signer: Signer | None = None,
    live: Set[str] = frozenset(),
    at_printer: asyncio.Lock | None = None,
) -> tuple[str, ...]:
    """Find out what became of every open grant that is not `live`; returns them, all to be settled.

    Printers are asked, and cleared, under `at_printer`: nobody prints meanwhile. Where the printer that got the
    job is no longer there, that paper is `unknown`. Raises LedgerError.
    """
    by_digest = {station.digest(ledger.keeper): station for station in stations}
    grants = tuple(grant_id for grant_id in ledger.open_grants() if grant_id not in live)
    for grant_id in grants:
        await _decide(ledger, grant_id, by_digest, at_printer or asyncio.Lock())
        await forget(signer, grant_id)
    return grants


async def bring(ledger: Ledger, registry: Registry, grants: Sequence[str]) -> Recovered:
    """Tell the registry of decided grants. While it gives no answer they wait for the next call. Raises LedgerError."""
    closed: list[Closed] = []
    code: str | None = None
    for grant_id in grants:
        try:
            await settle(ledger, registry, grant_id)
        except RegistryError as error:
            code = code_of(error)
            if isinstance(error, RegistryAbsent):
                break
        else:
            closed.append(_closed(ledger, grant_id))
    return Recovered(tuple(closed), len(grants) - len(closed), code)


async def _decide(ledger: Ledger, grant_id: str, stations: Mapping[str, Station], at_printer: asyncio.Lock) -> None:
    match next_action(ledger.records(grant_id)):
        case Abandon():
            ledger.append(grant_id, Failed(code=Interrupted.code))
        case AskPrinter() as asked:
            station = stations.get(asked.printer)
            printer = station.printer if station else None
            async with at_printer:
                ledger.append(grant_id, await _ask_printer(ledger, grant_id, asked, printer))
                if printer is not None:
                    with suppress(PrinterError):  # one that cannot be cleared gets no document before it can
                        await printer.clear()


async def _ask_printer(ledger: Ledger, grant_id: str, asked: AskPrinter, printer: Printer | None) -> PaperEvidence:
    """What the printer says of a job that nobody followed to its end; one that still runs is cancelled."""
    nobody_knows = PaperEvidence(outcome=Outcome.UNKNOWN, evidence=Evidence.NONE, pages=0, code=PaperUnknown.code)
    if printer is None:
        return nobody_knows
    try:
        job_id = await _find(printer, asked.job_id, job_title(grant_id))
    except PrinterError:
        return nobody_knows
    if job_id is None:
        return nobody_knows
    if asked.job_id is None:
        ledger.append(grant_id, Submitted(job_id=job_id))
    return evidence_of(await resume(printer, job_id, expected=asked.pages))


async def _find(printer: Printer, job_id: int | None, title: str) -> int | None:
    if not isinstance(printer, FindsJobs):
        return job_id
    # A printer that lost its memory numbers jobs anew: the number counts only with the title.
    found = await printer.find(title)
    return found if job_id in (None, found) else None


def evidence_of(paper: PaperOutcome) -> PaperEvidence:
    """The printing room's word as a record. `printed` without a page, `failed` with one: not believed."""
    pages = min(max(paper.pages, 0), 999)
    if paper.outcome == "printed" and paper.evidence != "none" and pages >= 1:
        return PaperEvidence(outcome=Outcome.PRINTED, evidence=Evidence(paper.evidence), pages=pages)
    outcome = Outcome.FAILED if paper.outcome == "failed" and pages == 0 else Outcome.UNKNOWN
    code = code_of(paper.error or PaperUnknown())
    return PaperEvidence(outcome=outcome, evidence=Evidence.NONE, pages=pages, code=code)


async def settle(ledger: Ledger, registry: Registry, grant_id: str) -> None:
    """Tell the registry how a decided grant ended, and record its answer.

    The settlement is made from the ledger alone, so that one sent twice is the same twice. Raises
    RegistryError when it was not taken (the grant stays open), LedgerError.
    """
    action = next_action(ledger.records(grant_id))
    if not isinstance(action, Settle):
        return
    answer = Answer.ACCEPTED
    seq, head = ledger.last_entry(grant_id)
    try:
        await registry.settle(
            grant_id,
            Settlement(outcome=action.outcome.value, evidence=action.evidence.value, ledger_seq=seq, ledger_head=head),
        )
    except Conflict:
        answer = Answer.CONTRADICTED
    if isinstance(next_action(ledger.records(grant_id)), Settle):  # unless another told it meanwhile
        ledger.append(grant_id, Settled(outcome=action.outcome, evidence=action.evidence, answer=answer))


async def forget(signer: Signer | None, grant_id: str) -> None:
    """Let the signer drop the document. A signer that does not answer forgets when it is restarted."""
    if signer is not None:
        with suppress(SigningError):
            await signer.forget(grant_id)


def _closed(ledger: Ledger, grant_id: str) -> Closed:
    records = ledger.records(grant_id)
    settled = records[-1]
    outcome = outcome_of(records)
    assert isinstance(settled, Settled) and outcome is not None  # noqa: S101 - settle() has just recorded it
    return Closed(
        grant_id,
        next((r.reference for r in records if isinstance(r, Granted)), None),
        outcome,
        settled.outcome,
        SettlementContradicted.code if settled.answer is Answer.CONTRADICTED else None,
    )
