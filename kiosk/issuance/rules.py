"""The rules of the ledger: what may follow what, and what is to be done next.

    requested → granted → signed → submitting → submitted → evidence → settled
        └──────────┴─────────┴──→ failed → settled   └───────────↗  └→ (answered) → (confirmed) → settled

1. `submitting` is durable before a byte goes to the printer and stands at most once: whatever comes
   later, nobody can send the document a second time.
2. `printed` needs `submitted` and evidence; PRINTED at the registry needs `printed`.
3. Of `unknown` the citizen is asked (`answered`) and a member of staff may say that the whole paper came out
   (`confirmed`); a citizen's "no" stands.
4. The step `failed` says that nothing went to the printer. After `submitting` only `evidence` can tell:
   printed, failed (the printer is sure that no page came out) or unknown.
5. Paper loaded, spoiled and counted stands beside the grants and follows nothing.
6. `begun` is a ledger's first entry or none.

Pure: no clock, no file, no socket.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.issuance.errors import StepRefused
from kiosk.issuance.records import (
    Answered,
    Begun,
    CameOut,
    Confirmed,
    Counted,
    Evidence,
    Failed,
    Granted,
    Loaded,
    Outcome,
    PaperEvidence,
    PaperRecord,
    Record,
    Requested,
    Settled,
    SettledAs,
    Signed,
    Spoiled,
    StationName,
    Submitted,
    Submitting,
)

FOLLOWS: dict[str | None, frozenset[str]] = {
    None: frozenset({"requested"}),
    "requested": frozenset({"granted", "failed"}),
    "granted": frozenset({"signed", "failed"}),
    "signed": frozenset({"submitting", "failed"}),
    "submitting": frozenset({"submitted", "evidence"}),
    "submitted": frozenset({"evidence"}),
    "evidence": frozenset({"answered", "confirmed", "settled"}),
    "answered": frozenset({"confirmed", "settled"}),
    "confirmed": frozenset({"settled"}),
    "failed": frozenset({"settled"}),
    "settled": frozenset(),
}


def check_next(history: Sequence[Record], record: Record) -> None:
    """Raises StepRefused unless `record` may follow `history` (the records of one grant, oldest first)."""
    last = history[-1] if history else None
    if isinstance(record, PaperRecord):
        if not isinstance(last, PaperRecord | None):
            raise StepRefused("paper is no step of a grant")
        return
    if isinstance(record, Begun) and last is None:
        return
    if record.step not in FOLLOWS.get(last.step if last else None, ()):
        raise StepRefused(f"{record.step} cannot follow {last.step if last else 'nothing'}")
    if isinstance(record, PaperEvidence) and record.outcome is Outcome.PRINTED and not isinstance(last, Submitted):
        raise StepRefused("nothing is printed that the printer did not take")
    if isinstance(record, Answered | Confirmed) and outcome_of(history) is not Outcome.UNKNOWN:
        raise StepRefused("only of what is unknown anybody is asked")
    if isinstance(record, Confirmed) and isinstance(last, Answered) and last.came_out is CameOut.NO:
        raise StepRefused("the citizen has said that the paper did not come out")
    if isinstance(record, Settled) and (record.outcome, record.evidence) != _verdict(history):
        raise StepRefused("the settlement says otherwise than the evidence")


# -- what is to be done next


@dataclass(frozen=True, slots=True)
class Abandon:
    """Nothing went to the printer: record `failed`, then settle."""


@dataclass(frozen=True, slots=True)
class AskPrinter:
    """Up to `pages` may have gone to the printer of this digest: look for the job, cancel it, record `evidence`."""

    station: StationName
    printer: str
    pages: int
    job_id: int | None


@dataclass(frozen=True, slots=True)
class Settle:
    """Tell the registry."""

    outcome: SettledAs
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Nothing:
    """Settled: no further step exists."""


Action = Abandon | AskPrinter | Settle | Nothing


def next_action(history: Sequence[Record]) -> Action:
    """What an interrupted issuance still needs, from the records of its grant alone."""
    match history[-1]:
        case Requested() | Granted() | Signed():
            return Abandon()
        case Submitting(station=station, printer=printer, pages=pages):
            return AskPrinter(station, printer, pages, None)
        case Submitted(job_id=job_id):
            sent = next(record for record in history if isinstance(record, Submitting))
            return AskPrinter(sent.station, sent.printer, sent.pages, job_id)
        case PaperEvidence() | Answered() | Confirmed() | Failed():
            return Settle(*_verdict(history))
        case Settled() | Loaded() | Spoiled() | Counted() | Begun():
            return Nothing()


def _verdict(history: Sequence[Record]) -> tuple[SettledAs, Evidence]:
    last = history[-1]
    if isinstance(last, Confirmed):
        return SettledAs.PRINTED, Evidence.OPERATOR_CONFIRMED
    if isinstance(last, PaperEvidence) and last.outcome is Outcome.PRINTED:
        return SettledAs.PRINTED, last.evidence
    return SettledAs.VOIDED, Evidence.NONE


def outcome_of(history: Sequence[Record]) -> Outcome | None:
    """`printed`, `failed` or `unknown`; None while it is not decided."""
    for record in reversed(history):
        match record:
            case Confirmed():
                return Outcome.PRINTED
            case PaperEvidence():
                return record.outcome
            case Failed():
                return Outcome.FAILED
    return None


def evidence_in(history: Sequence[Record]) -> Evidence:
    """What stands behind `outcome_of`."""
    for record in reversed(history):
        match record:
            case Confirmed():
                return Evidence.OPERATOR_CONFIRMED
            case PaperEvidence():
                return record.evidence
    return Evidence.NONE


def pages_in(history: Sequence[Record]) -> int:
    """Pages that came out, by the last who counted."""
    return next((r.pages for r in reversed(history) if isinstance(r, Confirmed | PaperEvidence)), 0)


def job_title(grant_id: str) -> str:
    """The name of the grant's print job: as random as the id, without telling it or the reference."""
    return "shubbak-" + hashlib.sha256(b"shubbak/job/1\0" + grant_id.encode()).hexdigest()[:24]
