"""The chain that ties the ledger's entries, and its check. Pure.

An entry's hash is SHA-256 over canonical JSON (keys sorted, no spaces, ASCII) of the object
`{"at", "previous", "record", "seq", "subject"}`; `previous` is the hash before it, `GENESIS` for the
first. So an entry that was changed, taken out, moved or put in shows, and the head (the last hash), which
the registry receives with every settlement, shows a ledger cut short or put back from an older copy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kiosk.issuance.errors import LedgerDamaged, RecordRefused, StepRefused
from kiosk.issuance.records import PaperRecord, Record, parse_record, parse_subject
from kiosk.issuance.rules import check_next

GENESIS = hashlib.sha256(b"shubbak/ledger/2").hexdigest()
_LATEST = 1 << 40


@dataclass(frozen=True, slots=True)
class Entry:
    """`seq` counts from 1; `at` is seconds since 1970 by the kiosk's clock, which may have been wrong."""

    seq: int
    at: int
    subject: str
    record: Record
    previous: str
    hash: str

    def as_json(self) -> dict[str, object]:
        return {
            "seq": self.seq,
            "at": self.at,
            "subject": self.subject,
            "record": self.record.model_dump(mode="json"),
            "previous": self.previous,
            "hash": self.hash,
        }


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def record_text(record: Record) -> str:
    return canonical(record.model_dump(mode="json"))


def link(previous: Entry | None, *, at: int, subject: str, record: Record) -> Entry:
    """The entry after `previous`. Raises RecordRefused for a subject or a time out of bounds."""
    if not 0 <= at < _LATEST:
        raise RecordRefused("not a time")
    if isinstance(record, PaperRecord) != subject.startswith("paper:"):
        raise RecordRefused("not a record of that subject")
    seq, before = (previous.seq + 1, previous.hash) if previous else (1, GENESIS)
    return Entry(seq, at, parse_subject(subject), record, before, _hash(seq, at, subject, record_text(record), before))


def _hash(seq: int, at: int, subject: str, record: str, previous: str) -> str:
    # Spelled out rather than dumped, since the record's text is canonical already.
    body = f'{{"at":{at},"previous":"{previous}","record":{record},"seq":{seq},"subject":"{subject}"}}'
    return hashlib.sha256(body.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is stored: nothing in it is believed yet."""

    seq: object
    at: object
    subject: object
    record: object
    hash: object


def follow(rows: Iterable[Row]) -> Iterator[Entry]:
    """The entries that rows say, each checked against the one before and against the rules.

    Raises LedgerDamaged at the first that does not hold.
    """
    previous: Entry | None = None
    open_: dict[str, list[Record]] = {}
    closed: set[str] = set()
    for row in rows:
        seq = previous.seq + 1 if previous else 1
        entry = _believe(row, previous, seq)
        if entry.subject in closed:
            raise LedgerDamaged(f"entry {seq} reopens a settled grant", at=seq)
        history = open_.setdefault(entry.subject, [])
        try:
            check_next(history, entry.record)
        except StepRefused as error:
            raise LedgerDamaged(f"entry {seq}: {error}", at=seq) from error
        if isinstance(entry.record, PaperRecord):
            history[:] = [entry.record]  # each stands for itself
        else:
            history.append(entry.record)
        if entry.record.step == "settled":
            closed.add(entry.subject)
            del open_[entry.subject]
        yield entry
        previous = entry


def _believe(row: Row, previous: Entry | None, seq: int) -> Entry:
    if not (
        row.seq == seq
        and isinstance(row.at, int)
        and isinstance(row.subject, str)
        and isinstance(row.record, str)
        and isinstance(row.hash, str)
    ):
        raise LedgerDamaged(f"entry {seq} is missing or not an entry", at=seq)
    try:
        entry = link(previous, at=row.at, subject=row.subject, record=parse_record(row.record))
    except RecordRefused as error:
        raise LedgerDamaged(f"entry {seq}: {error}", at=seq) from error
    # The text itself is compared: another spelling of the same record could hide something in it.
    if record_text(entry.record) != row.record or entry.hash != row.hash:
        raise LedgerDamaged(f"entry {seq} was altered, or one before it", at=seq)
    return entry
