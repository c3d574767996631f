"""A document as it stands between signature and paper, and as it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.printers.port import Condition
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Evidence, Outcome, Settled, StationName, code_in
from kiosk.issuance.rules import evidence_in, outcome_of, pages_in
from printing.job import PaperSize
from registry.models import Grant


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed document, made out for one station. The PDF is the citizen's and lives as long as the visit."""

    grant: Grant
    station: StationName
    pdf: bytes = field(repr=False)
    size: PaperSize

    @property
    def grant_id(self) -> str:
        return self.grant.grant_id

    @property
    def reference(self) -> str:
        return self.grant.reference


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a document. `code` is None for `printed`; `settled` is False while the registry waits to hear."""

    reference: str
    document_type: str
    outcome: Outcome
    evidence: Evidence
    pages: int
    code: str | None
    conditions: frozenset[Condition]
    settled: bool


def ending_of(ledger: Ledger, issued: Issued, conditions: frozenset[Condition]) -> Ending:
    """What the ledger has of a document whose end is decided."""
    records = ledger.records(issued.grant_id)
    outcome, evidence = outcome_of(records), evidence_in(records)
    assert outcome is not None  # noqa: S101 - it has just been recorded
    return Ending(
        reference=issued.reference,
        document_type=issued.grant.document_type,
        outcome=outcome,
        evidence=evidence,
        pages=pages_in(records),
        code=None if outcome is Outcome.PRINTED else next(c for r in reversed(records) if (c := code_in(r))),
        conditions=conditions,
        settled=isinstance(records[-1], Settled),
    )
