"""The ledger's file: an SQLite database that only grows, and SQLite's failures in the room's own words."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from kiosk.issuance.chain import START, Entry, Row, record_text
from kiosk.issuance.checkpoints import Checkpoint, believe_checkpoint
from kiosk.issuance.errors import (
    LedgerBusy,
    LedgerDamaged,
    LedgerError,
    LedgerFull,
    LedgerMissing,
    LedgerReadOnly,
    LedgerUnavailable,
)

APPLICATION_ID = 0x5348424B
VERSION = 2
_SCHEMA = f"""
BEGIN;
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, subject TEXT NOT NULL, record TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE INDEX entry_subject ON entry (subject);
CREATE TABLE checkpoint (
    number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL, head TEXT NOT NULL, state TEXT NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER entry_remains BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER checkpoint_stays BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER checkpoint_remains BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
COMMIT;
"""
_WRITING = ("trusted_schema = OFF", "journal_mode = WAL", "synchronous = FULL")
_BY_RESULT: dict[int, type[LedgerError]] = {
    sqlite3.SQLITE_FULL: LedgerFull,
    sqlite3.SQLITE_IOERR_SHMSIZE: LedgerFull,  # the log's index could not grow: the disk has no room for it
    sqlite3.SQLITE_READONLY: LedgerReadOnly,
    sqlite3.SQLITE_PERM: LedgerReadOnly,
    sqlite3.SQLITE_CANTOPEN: LedgerReadOnly,  # it is there, and not ours to open
    sqlite3.SQLITE_CANTOPEN_ISDIR: LedgerUnavailable,
    sqlite3.SQLITE_BUSY: LedgerBusy,
    sqlite3.SQLITE_LOCKED: LedgerBusy,
    sqlite3.SQLITE_CORRUPT: LedgerDamaged,
    sqlite3.SQLITE_NOTADB: LedgerDamaged,
    sqlite3.SQLITE_ERROR: LedgerDamaged,
}

_BY_ERRNO: dict[int, type[LedgerError]] = {
    errno.ENOSPC: LedgerFull,
    errno.EDQUOT: LedgerFull,
    errno.EROFS: LedgerReadOnly,
    errno.EACCES: LedgerReadOnly,
}


@contextlib.contextmanager
def own_errors() -> Iterator[None]:
    """SQLite's failures (by extended, else primary result code) and the system's become LedgerError subclasses."""
    try:
        yield
    except sqlite3.Error as error:
        result = getattr(error, "sqlite_errorcode", -1)
        kind = _BY_RESULT.get(result) or _BY_RESULT.get(result & 0xFF, LedgerUnavailable)
        raise kind(f"the ledger's database says: {error}") from error
    except UnicodeDecodeError as error:
        raise LedgerDamaged("the ledger's database holds bytes that are no text") from error
    except OSError as error:
        kind = _BY_ERRNO.get(error.errno or 0, LedgerUnavailable)
        raise kind(f"the ledger's folder: {error.strerror}") from error


def lock(path: Path) -> int:
    """Take the one writer's place; the returned descriptor holds it until it is closed. Raises LedgerBusy."""
    with own_errors():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _as_the_folder(path.with_name(path.name + ".lock"))
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            raise LedgerBusy("another process issues from this ledger") from None
    return held


def _as_the_folder(path: Path) -> None:
    """What root made for the session must be the session's."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def create(path: Path, first: Entry | None = None) -> None:
    """Make a ledger, empty or with its first entry. It appears under its name only when whole, so that an empty
    file is a damaged one. Raises LedgerDamaged where the log of a vanished file would be taken for the new one's.
    """
    draft = path.with_name(path.name + ".new")
    with own_errors():
        if log_of(path).exists():
            raise LedgerDamaged("the ledger's file is gone, and its log is still there")
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            # Not later: a power cut on the way to the log would leave a journal that a reader may not play back.
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.executescript(_SCHEMA)
            if first is not None:
                insert(connection, first)
        _as_the_folder(draft)
        draft.rename(path)
        sync_folder(path.parent)


def put_aside(path: Path, name: str) -> Path | None:
    """Move a ledger and its log into the new folder `retired-NAME` beside it; None where there is neither.

    Should it be cut short, the log without its file is what `create` refuses: it is never taken for another's.
    """
    with own_errors():
        there = [file for file in (path, log_of(path), path.with_name(path.name + "-shm")) if file.exists()]
        if not there:
            return None
        folder = path.with_name(f"retired-{name}")
        folder.mkdir(mode=0o700)
        _as_the_folder(folder)
        for file in there:
            file.rename(folder / file.name)
        sync_folder(folder)
        sync_folder(path.parent)
    return folder


def log_of(path: Path) -> Path:
    """SQLite's write-ahead log of a database."""
    return path.with_name(path.name + "-wal")


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def connect(path: Path) -> sqlite3.Connection:
    """For the one writer: every commit is on the disk when it returns (WAL, synchronous=FULL).

    Raises LedgerUnavailable when SQLite does not promise that, LedgerReadOnly.
    """
    with own_errors():
        connection = sqlite3.connect(_uri(path, "mode=rw"), uri=True, isolation_level=None, timeout=5)
        try:
            for pragma in _WRITING:
                connection.execute(f"PRAGMA {pragma}").fetchall()
            # Where the disk does not allow it SQLite keeps the old mode and says nothing.
            promised = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
            if promised != ["wal", 2]:
                raise LedgerUnavailable(f"the ledger's database does not write through: {promised}")
        except (sqlite3.Error, LedgerError):
            connection.close()
            raise
    return connection


def connect_to_read(path: Path) -> sqlite3.Connection:
    """For anybody who may read the file, also while the writer writes. Raises LedgerMissing, LedgerDamaged."""
    with own_errors():
        if not is_there(path):
            raise LedgerMissing("there is no ledger here yet")
        if not path.stat().st_size:
            # SQLite would take it for a new database and delete its log, even when it may only read.
            raise LedgerDamaged("the ledger's file is empty")
        # Without a log beside it and without leave to make one, nobody is writing: the file stands alone.
        alone = not log_of(path).exists() and not os.access(path.parent, os.W_OK)
        mode = "immutable=1" if alone else "mode=ro"
        connection = sqlite3.connect(_uri(path, mode), uri=True, isolation_level=None, timeout=5)
        try:
            _recognise(connection)
        except (sqlite3.Error, LedgerDamaged):
            connection.close()
            raise
    return connection


def _recognise(connection: sqlite3.Connection) -> None:
    # What is no text any more must reach the chain, which refuses it; U+FFFD is in no canonical record.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    connection.execute("PRAGMA trusted_schema = OFF")
    identity = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    if identity != [APPLICATION_ID, VERSION]:
        raise LedgerDamaged("the file is not a ledger that this version knows")


def check_pages(connection: sqlite3.Connection) -> None:
    """Read every page. Raises LedgerDamaged."""
    with own_errors():
        if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
            raise LedgerDamaged("the pages of the ledger's database do not hold together")


def is_there(path: Path) -> bool:
    """Raises LedgerReadOnly where the folder may not be looked into."""
    with own_errors():
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True


def identity(path: Path) -> tuple[int, int] | None:
    """Which file stands there; None for none."""
    with own_errors():
        if not is_there(path):
            return None
        found = path.stat()
        return found.st_dev, found.st_ino


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[None]:
    """All of it or nothing. What SQLite raises is to be put in our words around it."""
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # After some failures SQLite has rolled back by itself; after the others it is done here.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def rows(connection: sqlite3.Connection, where: str = "", values: tuple[object, ...] = ()) -> Iterator[Row]:
    """Stored entries in order. `where` is a constant of the caller's, never data."""
    with own_errors():
        found = connection.execute(f"SELECT seq, at, subject, record, hash FROM entry {where} ORDER BY seq", values)  # noqa: S608
        for row in found:
            yield Row(*row)


def checkpoints(connection: sqlite3.Connection, order: Literal["ASC", "DESC"] = "ASC") -> Iterator[Checkpoint]:
    """Stored checkpoints, in the order in which they were made or against it. Raises LedgerDamaged."""
    with own_errors():
        for values in connection.execute(
            f"SELECT seq, at, head, state, signature FROM checkpoint ORDER BY number {order}"  # noqa: S608
        ):
            yield believe_checkpoint(values)


def last(connection: sqlite3.Connection) -> tuple[object, object]:
    """Number and hash of the newest entry, believed as they stand."""
    found = connection.execute("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    return (found[0], found[1]) if found else (START.seq, START.hash)


def insert(connection: sqlite3.Connection, entry: Entry) -> None:
    values = (entry.seq, entry.at, entry.subject, record_text(entry.record), entry.hash)
    connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", values)


def insert_checkpoint(connection: sqlite3.Connection, made: Checkpoint) -> None:
    values = (made.seq, made.at, made.head, made.state, made.signature)
    connection.execute("INSERT INTO checkpoint VALUES (NULL, ?, ?, ?, ?, ?)", values)


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?{mode}"
