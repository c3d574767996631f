"""The chain that ties the ledger's entries, and its check. Pure.

An entry's hash is SHA-256 over canonical JSON (keys sorted, no spaces, ASCII) of the object
`{"at", "previous", "record", "seq", "subject"}`; `previous` is the hash before it, `GENESIS` for the
first. So an entry that was changed, taken out, moved or put in shows, and the head (the last hash), which
the registry receives with every settlement, shows a ledger cut short or put back from an older copy.

Numbers count from 1; those of a ledger that begins after a retired one go on where that one, or what the
registry was told of it, ended.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from kiosk.issuance.errors import LedgerDamaged, RecordRefused
from kiosk.issuance.records import LEDGER, Begun, Counted, Loaded, Record, Spoiled, parse_record, parse_subject

GENESIS = hashlib.sha256(b"shubbak/ledger/2").hexdigest()
_LATEST = 1 << 40


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest entry of a chain, by number and hash."""

    seq: int
    hash: str


START = Tip(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is seconds since 1970 by the kiosk's clock, which may have been wrong."""

    seq: int
    at: int
    subject: str
    record: Record
    previous: str
    hash: str

    @property
    def tip(self) -> Tip:
        return Tip(self.seq, self.hash)

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


def link(tip: Tip, *, at: int, subject: str, record: Record) -> Entry:
    """The entry after `tip`. Raises RecordRefused for a subject, a time or a beginning out of place."""
    return _link(tip, at, subject, record, record_text(record))


def _link(tip: Tip, at: int, subject: str, record: Record, text: str) -> Entry:
    if not 0 <= at < _LATEST:
        raise RecordRefused("not a time")
    if not _fits(parse_subject(subject), record):
        raise RecordRefused("not a record of that subject")
    seq = tip.seq + 1
    if isinstance(record, Begun):
        if tip != START:
            raise RecordRefused("a ledger begins once")
        seq = max(record.retired_seq, record.told_seq) + 1
    return Entry(seq, at, subject, record, tip.hash, _hash(seq, at, subject, text, tip.hash))


def _fits(subject: str, record: Record) -> bool:
    match record:
        case Begun():
            return subject == LEDGER
        case Loaded() | Spoiled() | Counted():
            return subject.startswith("paper:")
        case _:
            return subject != LEDGER and not subject.startswith("paper:")


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


def believe(row: Row, tip: Tip) -> Entry:
    """The entry that a row says comes after `tip`. Raises LedgerDamaged."""
    seq = tip.seq + 1
    if not (
        isinstance(row.at, int)
        and isinstance(row.subject, str)
        and isinstance(row.record, str)
        and isinstance(row.hash, str)
    ):
        raise LedgerDamaged(f"entry {seq} is not an entry", at=seq)
    try:
        entry = _link(tip, row.at, row.subject, *_read(row.record))
    except RecordRefused as error:
        raise LedgerDamaged(f"entry {seq}: {error}", at=seq) from error
    if row.seq != entry.seq:
        raise LedgerDamaged(f"entry {seq} is missing", at=seq)
    if entry.hash != row.hash:
        raise LedgerDamaged(f"entry {seq} was altered, or one before it", at=seq)
    return entry


@lru_cache(maxsize=64)  # every second entry says what another has said
def _read(text: str) -> tuple[Record, str]:
    """A stored record and its text. Raises RecordRefused, also for another spelling: it could hide something."""
    record = parse_record(text)
    if record_text(record) != text:
        raise RecordRefused("not spelled as a record is")
    return record, text
