"""The ledger: what the kiosk did about each grant, durable step by step, in a file that only grows.

    with Ledger.open(state / "ledger.sqlite", keeper) as ledger:   # the one process that issues
        verdict = await ledger.verify_in_background()
        ledger.append(grant_id, Requested(document_type=…, language=…))
    with Ledger.view(state / "ledger.sqlite") as ledger:           # anybody, any time
        ledger.verify()

Opening to issue checks the entries after the newest signed checkpoint, and the whole is checked beside the work; a
ledger that does not hold is refused and left untouched. The rules are in `rules`, the chain in `chain`, the running
state in `books`, SQLite in `storage`.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from kiosk.catalogue.codes import entries as catalogue
from kiosk.issuance import storage
from kiosk.issuance.books import Books, follow
from kiosk.issuance.chain import Entry, Row, link
from kiosk.issuance.checkpoints import EVERY, Checkpoint, IsSigned, make
from kiosk.issuance.errors import (
    LedgerDamaged,
    LedgerError,
    LedgerReadOnly,
    LedgerUnavailable,
    RecordRefused,
    StepRefused,
)
from kiosk.issuance.exports import exported
from kiosk.issuance.keeper import Keeper
from kiosk.issuance.records import Begun, Record, Requested, code_in, parse_record, parse_subject
from kiosk.issuance.stock import Stock
from kiosk.issuance.verification import Verdict as Verdict
from kiosk.issuance.verification import nobody, verify_file, verify_opened


def _now() -> int:
    return int(time.time())


@dataclass(slots=True)
class _Writer:
    """What only the process that issues has: the lock, the file it holds, a clock, and the books so far.

    `covered` is the newest entry that a checkpoint of ours stands for.
    """

    lock: int
    path: Path
    file: tuple[int, int] | None
    keeper: Keeper
    clock: Callable[[], int]
    books: Books
    covered: int


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
        """To issue: creates the file on the first run, takes the lock, checks what is newer than the last checkpoint.

        Where no checkpoint is this keeper's, every entry is checked and a new one made. Raises LedgerBusy,
        LedgerDamaged, LedgerFull, LedgerReadOnly, LedgerUnavailable.
        """
        with ExitStack() as undo:
            lock = storage.lock(path)
            undo.callback(os.close, lock)
            if not storage.is_there(path):
                storage.create(path)
            # The check reads only: a damaged file must not be changed by so much as a byte.
            with closing(storage.connect_to_read(path)) as reading:
                books, covered = _resume(reading, keeper)
            connection = undo.enter_context(closing(storage.connect(path)))
            ledger = cls(connection, _Writer(lock, path, storage.identity(path), keeper, clock, books, covered))
            if not covered or books.tip.seq - covered >= EVERY:
                ledger._cover()
            undo.pop_all()
            return ledger

    @classmethod
    def view(cls, path: Path) -> Self:
        """To read, also while another process issues. Raises LedgerMissing, LedgerDamaged, LedgerUnavailable."""
        return cls(storage.connect_to_read(path), None)

    def close(self) -> None:
        """Signs for what was written since the last checkpoint, where it still can."""
        if self._writer is not None and self._failure is None:
            with suppress(LedgerError):
                self._cover()
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
        writer = self._writer
        if writer is None:
            raise LedgerReadOnly("this ledger was opened to be read")
        if self._failure is not None:
            raise self._failure
        if (code := code_in(record)) is not None and code not in catalogue():
            raise RecordRefused("a code that is not in the catalogue")
        entry = link(writer.books.tip, at=writer.clock(), subject=subject, record=record)
        writer.books.check(subject, record)
        if isinstance(record, Requested) and self.records(subject):
            raise StepRefused("that grant was settled before")  # the books know only the open ones
        checkpoint: Checkpoint | None = None
        if entry.seq % EVERY == 0:
            after = writer.books.copy()
            after.add(entry)
            checkpoint = make(after, entry.at, writer.keeper.sign)
        self._write(writer, entry, checkpoint)
        writer.books.add(entry)
        return entry

    def _cover(self) -> None:
        """A checkpoint for the newest entry, unless it has one of ours."""
        writer = self._writer
        if writer is not None and writer.books.tip.seq > writer.covered:
            self._write(writer, None, make(writer.books, max(0, writer.clock()), writer.keeper.sign))

    def _write(self, writer: _Writer, entry: Entry | None, checkpoint: Checkpoint | None) -> None:
        """Both or neither, after what the books say stands last."""
        try:
            with storage.own_errors(), storage.transaction(self._connection):
                if storage.identity(writer.path) != writer.file:
                    raise LedgerUnavailable("the ledger's file is no longer where it was")
                tip = writer.books.tip
                if storage.last(self._connection) != (tip.seq, tip.hash):
                    raise LedgerDamaged("the file changed under the ledger", at=tip.seq + 1)
                if entry is not None:
                    storage.insert(self._connection, entry)
                if checkpoint is not None:
                    storage.insert_checkpoint(self._connection, checkpoint)
        except (LedgerDamaged, LedgerUnavailable) as error:
            self._failure = error
            raise
        if checkpoint is not None:
            writer.covered = checkpoint.seq

    # -- reading

    def entries(self) -> Iterator[Entry]:
        """Every entry, oldest first, checked as it is read. Raises LedgerDamaged at the first in doubt."""
        return follow(storage.rows(self._connection), Books())

    def records(self, grant_id: str) -> tuple[Record, ...]:
        """The steps of one grant, oldest first; empty for one that is not in the ledger."""
        known = self._writer.books.steps_of(grant_id) if self._writer else ()
        return known or tuple(_record(row) for row in self._rows_of(grant_id))

    def last_entry(self, grant_id: str) -> tuple[int, str]:
        """Number and hash of a grant's newest entry. Raises RecordRefused for a grant that is not in the ledger."""
        found = [(row.seq, row.hash) for row in self._rows_of(grant_id)]
        if not found:
            raise RecordRefused("no entry of that grant")
        seq, head = found[-1]
        return int(str(seq)), str(head)

    def open_grants(self) -> tuple[str, ...]:
        """Grants not settled, in the order of their first entry."""
        return self._books().open

    def paper(self) -> Stock:
        """Every station's account of its paper."""
        return self._books().paper

    def head(self) -> str:
        """The hash of the newest entry: it stands for the whole ledger."""
        with storage.own_errors():
            return str(storage.last(self._connection)[1])

    def hash_at(self, seq: int) -> str | None:
        """The hash of an entry by its number; None where there is none."""
        return next((str(row.hash) for row in storage.rows(self._connection, "WHERE seq = ?", (seq,))), None)

    def begun(self) -> Begun | None:
        """How this ledger took the place of another, if it did."""
        first = next(storage.rows(self._connection, "WHERE seq = (SELECT min(seq) FROM entry)"), None)
        record = _record(first) if first else None
        return record if isinstance(record, Begun) else None

    def checkpoints(self) -> Iterator[Checkpoint]:
        """In the order in which they were made, none of them checked. Raises LedgerDamaged."""
        return storage.checkpoints(self._connection)

    def _books(self) -> Books:
        if self._writer is not None:
            return self._writer.books
        books = Books()
        for _ in follow(storage.rows(self._connection), books):
            pass
        return books

    # -- the whole of it

    def verify(self, is_signed: IsSigned = nobody) -> Verdict:
        """Check the file, the chain, the rules and the checkpoints from the first to the last. Never raises
        LedgerDamaged: the verdict says so.
        """
        return verify_opened(self._connection, is_signed)

    async def verify_in_background(self) -> Verdict:
        """`verify`, in a thread with a connection of its own; of the process that issues.

        After a verdict that is not valid every append is refused, and `verdict.code` is what to show. Raises
        LedgerError when the file cannot be read at all. Cancelled, the thread ends soon.
        """
        if self._writer is None:
            raise LedgerReadOnly("this ledger was opened to be read")
        path, is_own, leave = self._writer.path, self._writer.keeper.is_own, threading.Event()
        try:
            verdict = await asyncio.to_thread(verify_file, path, is_own, leave)
        finally:
            leave.set()
        if not verdict.valid:
            self._failure = LedgerDamaged(verdict.reason or "", at=verdict.at or 0)
        return verdict

    def export(self, certificate: bytes | None = None) -> dict[str, object]:
        """The whole ledger as JSON values, enough to check it elsewhere (see `exports`). Raises LedgerDamaged.

        `certificate` (DER) is the device's.
        """
        return exported(self.entries(), self.checkpoints(), certificate)

    def _rows_of(self, subject: str) -> Iterator[Row]:
        return storage.rows(self._connection, "WHERE subject = ?", (parse_subject(subject),))


def _resume(reading: sqlite3.Connection, keeper: Keeper) -> tuple[Books, int]:
    """The books up to the newest entry, and the entry of the checkpoint they began at, 0 for the first entry."""
    books = next(_believed(reading, keeper), Books())
    covered = books.tip.seq
    for _ in follow(storage.rows(reading, "WHERE seq > ?", (covered,)), books):
        pass
    return books, covered


def _believed(reading: sqlite3.Connection, keeper: Keeper) -> Iterator[Books]:
    """What checkpoints of this keeper's say, newest first. Raises LedgerDamaged when the entries say otherwise."""
    for checkpoint in storage.checkpoints(reading, "DESC"):
        if keeper.is_own(checkpoint.body(), checkpoint.signature):
            rows = storage.rows(reading, "WHERE seq = ?", (checkpoint.seq,))
            if [row.hash for row in rows] != [checkpoint.head]:
                message = f"the checkpoint at entry {checkpoint.seq} says otherwise than the entries"
                raise LedgerDamaged(message, at=checkpoint.seq)
            yield checkpoint.books()


def _record(row: Row) -> Record:
    try:
        return parse_record(str(row.record))
    except RecordRefused as error:
        raise LedgerDamaged("an entry is not a record of this ledger") from error
