"""The ledger for people: one line a grant, in the order of their first entries. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.issuance.chain import Entry
from kiosk.issuance.records import Granted, GrantRecord, Record, Requested, Settled, code_in
from kiosk.issuance.rules import evidence_in, outcome_of, pages_in


@dataclass(frozen=True, slots=True)
class Line:
    """One grant: when it was first and last written (seconds since 1970), and how far it came."""

    grant_id: str
    began: int
    changed: int
    document_type: str
    language: str
    reference: str | None
    step: str
    outcome: str | None
    evidence: str
    pages: int
    code: str | None
    settled_as: str | None


def lines(entries: Iterable[Entry]) -> list[Line]:
    grants: dict[str, list[Entry]] = {}
    for entry in entries:
        if isinstance(entry.record, GrantRecord):
            grants.setdefault(entry.subject, []).append(entry)
    return [_line(listed) for listed in grants.values()]


def _line(listed: list[Entry]) -> Line:
    records: list[Record] = [entry.record for entry in listed]
    requested = next(record for record in records if isinstance(record, Requested))
    settled = next((record for record in records if isinstance(record, Settled)), None)
    outcome = outcome_of(records)
    return Line(
        grant_id=listed[0].subject,
        began=listed[0].at,
        changed=listed[-1].at,
        document_type=requested.document_type.value,
        language=requested.language.value,
        reference=next((record.reference for record in records if isinstance(record, Granted)), None),
        step=records[-1].step,
        outcome=outcome.value if outcome else None,
        evidence=evidence_in(records).value,
        pages=pages_in(records),
        code=next((code for record in records if (code := code_in(record))), None),
        settled_as=settled.outcome.value if settled else None,
    )
