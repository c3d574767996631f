"""The ledger: what the kiosk did about each grant, durable step by step, in a file that only grows.

    with Ledger.open(state / "ledger.sqlite", keeper) as ledger:   # the one process that issues
        ledger.append(grant_id, Requested(document_type=…, language=…))
    with Ledger.view(state / "ledger.sqlite") as ledger:           # anybody, any time
        ledger.verify()

Opening to issue checks the whole chain first; a ledger that does not hold is refused and left untouched.
The rules are in `rules`, the chain in `chain`, SQLite in `storage`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from kiosk.catalogue.codes import entries as catalogue
from kiosk.issuance import storage
from kiosk.issuance.chain import GENESIS, Entry, Row, follow, link, record_text
from kiosk.issuance.errors import LedgerDamaged, LedgerError, LedgerReadOnly, LedgerUnavailable, RecordRefused
from kiosk.issuance.keeper import Keeper
from kiosk.issuance.records import PaperRecord, Record, code_in, parse_record, parse_subject
from kiosk.issuance.rules import check_next


def _now() -> int:
    return int(time.time())


class _Tally:
    """Where a walk through the entries has come to: the newest, and the grants not settled in order."""

    def __init__(self) -> None:
        self.last: Entry | None = None
        self.open: dict[str, None] = {}

    def add(self, entry: Entry) -> None:
        self.last = entry
        if entry.record.step == "requested":
            self.open[entry.subject] = None
        elif entry.record.step == "settled":
            del self.open[entry.subject]


@dataclass(frozen=True, slots=True)
class _Writer:
    """What only the process that issues has: the lock, a clock, and the whole ledger walked once."""

    lock: int
    keeper: Keeper
    clock: Callable[[], int]
    tally: _Tally


@dataclass(frozen=True, slots=True)
class Verdict:
    """`entries` that hold; `open` grants not settled; `at` and `reason` of the first in doubt, where not valid."""

    valid: bool
    entries: int
    open: int
    head: str
    at: int | None = None
    reason: str | None = None

    @classmethod
    def unreadable(cls, error: LedgerDamaged) -> Self:
        """The verdict on a file of which nothing could be read."""
        return cls(False, 0, 0, GENESIS, error.at, str(error))


class Ledger:
    """One connection to the file. `append` is for the process that issues; the rest is for all.

    Every method raises LedgerError subclasses only.
    """

    def __init__(self, connection: sqlite3.Connection, writer: _Writer | None) -> None:
        self._connection = connection
        self._writer = writer
        self._failure: LedgerError | None = None

    @classmethod
    def open(cls, path: Path, keeper: Keeper, *, clock: Callable[[], int] = _now) -> Self:
        """To issue: creates the file on the first run, takes the lock, checks every entry.

        Raises LedgerBusy, LedgerDamaged, LedgerFull, LedgerReadOnly, LedgerUnavailable.
        """
        lock = storage.lock(path)
        try:
            if not path.exists():
                storage.create(path)
            # The check reads only: a damaged file must not be changed by so much as a checkpoint.
            with closing(storage.connect_to_read(path)) as reading:
                tally = _Tally()
                for entry in follow(storage.rows(reading)):
                    tally.add(entry)
            return cls(storage.connect(path), _Writer(lock, keeper, clock, tally))
        except LedgerError:
            os.close(lock)
            raise

    @classmethod
    def view(cls, path: Path) -> Self:
        """To read, also while another process issues. Raises LedgerMissing, LedgerDamaged, LedgerUnavailable."""
        return cls(storage.connect_to_read(path), None)

    def close(self) -> None:
        self._connection.close()
        if self._writer is not None:
            os.close(self._writer.lock)
            self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def keeper(self) -> Keeper:
        """Whose ledger it is. Raises LedgerReadOnly where it was opened to be read."""
        if self._writer is None:
            raise LedgerReadOnly("this ledger was opened to be read")
        return self._writer.keeper

    # -- writing

    def append(self, subject: str, record: Record) -> Entry:
        """Add one step; it is on the disk when this returns, and not in the ledger when this raises.

        Raises RecordRefused, StepRefused (nothing was written), LedgerFull, LedgerReadOnly (nothing was
        written), LedgerDamaged, LedgerUnavailable (every later append is refused until it is opened again).
        """
        if self._writer is None:
            raise LedgerReadOnly("this ledger was opened to be read")
        if self._failure is not None:
            raise self._failure
        if (code := code_in(record)) is not None and code not in catalogue():
            raise RecordRefused("a code that is not in the catalogue")
        check_next(() if isinstance(record, PaperRecord) else self.records(subject), record)
        entry = link(self._writer.tally.last, at=self._writer.clock(), subject=subject, record=record)
        try:
            with storage.own_errors():
                self._write(entry)
        except (LedgerDamaged, LedgerUnavailable) as error:
            self._failure = error
            raise
        self._writer.tally.add(entry)
        return entry

    def _write(self, entry: Entry) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            found = execute("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
            if (found or (0, GENESIS)) != (entry.seq - 1, entry.previous):
                raise LedgerDamaged("the file changed under the ledger", at=entry.seq)
            execute(
                "INSERT INTO entry VALUES (?, ?, ?, ?, ?)",
                (entry.seq, entry.at, entry.subject, record_text(entry.record), entry.hash),
            )
            execute("COMMIT")
        finally:
            # After some failures SQLite has rolled back by itself; after the others it is done here.
            if self._connection.in_transaction:
                execute("ROLLBACK")

    # -- reading

    def entries(self) -> Iterator[Entry]:
        """Every entry, oldest first, checked as it is read. Raises LedgerDamaged at the first in doubt."""
        return follow(storage.rows(self._connection))

    def records(self, grant_id: str) -> tuple[Record, ...]:
        """The steps of one grant, oldest first; empty for one that is not in the ledger."""
        return tuple(_record(row) for row in self._rows_of(grant_id))

    def last_entry(self, grant_id: str) -> tuple[int, str]:
        """Number and hash of a grant's newest entry. Raises RecordRefused for a grant that is not in the ledger."""
        found = [(row.seq, row.hash) for row in self._rows_of(grant_id)]
        if not found:
            raise RecordRefused("no entry of that grant")
        seq, head = found[-1]
        return int(str(seq)), str(head)

    def open_grants(self) -> tuple[str, ...]:
        """Grants not settled, in the order of their first entry."""
        if self._writer is not None:
            return tuple(self._writer.tally.open)
        tally = _Tally()
        for entry in self.entries():
            tally.add(entry)
        return tuple(tally.open)

    def head(self) -> str:
        """The hash of the newest entry: it stands for the whole ledger."""
        with storage.own_errors():
            found = self._connection.execute("SELECT hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        return str(found[0]) if found else GENESIS

    def verify(self) -> Verdict:
        """Check the chain and the rules from the first entry to the last. Never raises for a damaged ledger."""
        tally = _Tally()
        damage: LedgerDamaged | None = None
        try:
            for entry in self.entries():
                tally.add(entry)
        except LedgerDamaged as error:
            damage = error
        count, head = (tally.last.seq, tally.last.hash) if tally.last else (0, GENESIS)
        if damage is None:
            return Verdict(True, count, len(tally.open), head)
        return Verdict(False, count, len(tally.open), head, damage.at or count + 1, str(damage))

    def export(self) -> dict[str, object]:
        """The whole ledger as JSON values, enough to check it elsewhere (see `chain`). Raises LedgerDamaged."""
        listed = [entry.as_json() for entry in self.entries()]
        return {"ledger": 1, "genesis": GENESIS, "head": self.head(), "entries": listed}

    def _rows_of(self, subject: str) -> Iterator[Row]:
        return storage.rows(self._connection, "WHERE subject = ?", (parse_subject(subject),))


def _record(row: Row) -> Record:
    try:
        return parse_record(str(row.record))
    except RecordRefused as error:
        raise LedgerDamaged("an entry is not a record of this ledger") from error
