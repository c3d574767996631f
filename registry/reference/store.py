"""The reference registry's tables: who and what there is, and everything asked and granted.

SQLite, one connection, one writer at a time. Statements live here and nowhere else; the rules that
decide what to write are the registrar's. Times are stored as seconds since 1970, in whole numbers.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from registry.errors import SetupError
from registry.models import BirthAct, Settlement
from registry.reference.population import Card, Person
from registry.status import CAPACITY

_SCHEMA = """
CREATE TABLE IF NOT EXISTS persons (nin TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS cards (number TEXT PRIMARY KEY, nin TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS acts (nin TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS challenges
  (id TEXT PRIMARY KEY, kiosk TEXT NOT NULL, nonce BLOB NOT NULL, expires INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS presentations
  (id TEXT PRIMARY KEY, kiosk TEXT NOT NULL, nin TEXT NOT NULL, card TEXT NOT NULL, card_expires TEXT NOT NULL,
   key BLOB, hash TEXT, card_proof TEXT NOT NULL, holder_proof TEXT NOT NULL, expires INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS served
  (presentation TEXT NOT NULL, sha256 TEXT NOT NULL, version INTEGER NOT NULL,
   PRIMARY KEY (presentation, sha256)) STRICT;
CREATE TABLE IF NOT EXISTS grants
  (id TEXT PRIMARY KEY, kiosk TEXT NOT NULL, request TEXT NOT NULL, requester TEXT NOT NULL, type TEXT NOT NULL,
   list TEXT NOT NULL, idx INTEGER NOT NULL, jws TEXT NOT NULL, UNIQUE (list, idx)) STRICT;
CREATE TABLE IF NOT EXISTS settlements
  (id TEXT PRIMARY KEY, kiosk TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS heads
  (kiosk TEXT NOT NULL, seq INTEGER NOT NULL, head TEXT NOT NULL, at INTEGER NOT NULL,
   PRIMARY KEY (kiosk, seq, head)) STRICT;
CREATE TABLE IF NOT EXISTS serials (series TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
"""
_VERSION = 3


@dataclass(frozen=True)
class PresentationRow:
    """A card that was shown; `card_expires` is the ISO date DG1 bears. `key` is the SubjectPublicKeyInfo it signs
    with and `hash` what that key hashes by, None where the key says it (RSA), or where the card signs nothing."""

    kiosk: str
    nin: str
    card: str
    card_expires: str
    key: bytes | None
    hash: str | None
    card_proof: str
    holder_proof: str
    expires: int


@dataclass(frozen=True)
class GrantRow:
    """`request` is the request's canonical JSON, by which a repeated one is known."""

    kiosk: str
    request: str
    requester: str
    type: str
    list: str
    idx: int
    jws: str


class Store:
    """Opens (and lays out) the database. Raises SetupError when it cannot."""

    def __init__(self, database: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
            if self._one("SELECT 1 FROM sqlite_master LIMIT 1") and self._one("PRAGMA user_version") != (_VERSION,):
                raise SetupError("the registry's database is another version's: keep it, and take another file")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(f"{_SCHEMA}PRAGMA user_version = {_VERSION};")
        except sqlite3.Error as error:
            raise SetupError(f"the registry's database cannot be opened: {error}") from None

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; others wait."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # -- the population ------------------------------------------------------------------------------

    def is_empty(self) -> bool:
        return self._one("SELECT 1 FROM persons LIMIT 1") is None

    def settle_in(self, people: Iterable[Person]) -> None:
        """Adds persons with their cards and acts."""
        with self.transaction():
            for person in people:
                bare = person.model_copy(update={"act": None, "card": None})
                self._db.execute("INSERT INTO persons VALUES (?, ?)", (person.nin, bare.model_dump_json()))
                if person.card:
                    self.put_card(person.nin, person.card)
                if person.act:
                    self.put_act(person.act)

    def put_card(self, nin: str, card: Card) -> None:
        self._write("INSERT OR REPLACE INTO cards VALUES (?, ?, ?)", card.document_number, nin, card.model_dump_json())

    def put_act(self, act: BirthAct) -> None:
        body = act.model_dump_json(by_alias=True)
        self._write("INSERT OR REPLACE INTO acts VALUES (?, ?)", act.subject.nin, body)

    def remove_act(self, nin: str) -> None:
        """As if it had never been digitised."""
        self._write("DELETE FROM acts WHERE nin = ?", nin)

    def person(self, nin: str) -> Person | None:
        row = self._one("SELECT body FROM persons WHERE nin = ?", nin)
        return Person.model_validate_json(row[0]) if row else None

    def card(self, number: str) -> tuple[str, Card] | None:
        """The holder's NIN and the card."""
        row = self._one("SELECT nin, body FROM cards WHERE number = ?", number)
        return (row[0], Card.model_validate_json(row[1])) if row else None

    def birth_act(self, nin: str) -> BirthAct | None:
        row = self._one("SELECT body FROM acts WHERE nin = ?", nin)
        return BirthAct.model_validate_json(row[0]) if row else None

    # -- challenges and presentations ----------------------------------------------------------------

    def add_challenge(self, challenge_id: str, kiosk: str, nonce: bytes, expires: int) -> None:
        self._write("INSERT INTO challenges VALUES (?, ?, ?, ?)", challenge_id, kiosk, nonce, expires)

    def take_challenge(self, challenge_id: str, kiosk: str, now: int) -> bytes | None:
        """The nonce, once: the row is gone afterwards. None when unknown, used, expired or another kiosk's."""
        with self.transaction():
            self._db.execute("DELETE FROM challenges WHERE expires < ?", (now,))
            row = self._one("DELETE FROM challenges WHERE id = ? AND kiosk = ? RETURNING nonce", challenge_id, kiosk)
        return row[0] if row else None

    def add_presentation(self, presentation_id: str, row: PresentationRow, now: int) -> None:
        with self.transaction():
            gone = "SELECT id FROM presentations WHERE expires < ?"
            self._db.execute(f"DELETE FROM served WHERE presentation IN ({gone})", (now,))  # noqa: S608  no input in it
            self._db.execute("DELETE FROM presentations WHERE expires < ?", (now,))
            self._write(
                "INSERT INTO presentations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", presentation_id, *astuple(row)
            )

    def presentation(self, presentation_id: str) -> PresentationRow | None:
        columns = "kiosk, nin, card, card_expires, key, hash, card_proof, holder_proof, expires"
        row = self._one(f"SELECT {columns} FROM presentations WHERE id = ?", presentation_id)  # noqa: S608
        return PresentationRow(*row) if row else None

    def add_served(self, presentation_id: str, sha256: str, version: int) -> None:
        """Notes that this very payload was given to this presentation."""
        self._write("INSERT OR REPLACE INTO served VALUES (?, ?, ?)", presentation_id, sha256, version)

    def served_version(self, presentation_id: str, sha256: str) -> int | None:
        row = self._one("SELECT version FROM served WHERE presentation = ? AND sha256 = ?", presentation_id, sha256)
        return row[0] if row else None

    # -- grants --------------------------------------------------------------------------------------

    def grant(self, grant_id: str) -> GrantRow | None:
        columns = "kiosk, request, requester, type, list, idx, jws"
        row = self._one(f"SELECT {columns} FROM grants WHERE id = ?", grant_id)  # noqa: S608
        return GrantRow(*row) if row else None

    def add_grant(self, grant_id: str, row: GrantRow) -> None:
        values = (row.kiosk, row.request, row.requester, row.type, row.list, row.idx, row.jws)
        self._write("INSERT INTO grants VALUES (?, ?, ?, ?, ?, ?, ?, ?)", grant_id, *values)

    def copies(self, requester: str, document_type: str) -> int:
        """How many copies of that document this requester was granted before."""
        return int(
            self._one("SELECT count(*) FROM grants WHERE requester = ? AND type = ?", requester, document_type)[0]
        )

    def next_serial(self, series: str) -> int:
        sql = "INSERT INTO serials VALUES (?, 1) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last"
        return int(self._one(sql, series)[0])

    def free_index(self) -> tuple[str, int]:
        """A list and an index nobody has, drawn at random: an index must not tell who came after whom."""
        granted = int(self._one("SELECT count(*) FROM grants")[0])
        # Half full is where a list ends, so that two draws find a free place on average.
        name = f"dz-{1 + granted // (CAPACITY // 2)}"
        while True:
            index = secrets.randbelow(CAPACITY)
            if self._one("SELECT 1 FROM grants WHERE list = ? AND idx = ?", name, index) is None:
                return name, index

    # -- settlements ---------------------------------------------------------------------------------

    def settlement(self, grant_id: str) -> tuple[str, Settlement] | None:
        """The kiosk that settled, and how."""
        row = self._one("SELECT kiosk, body FROM settlements WHERE id = ?", grant_id)
        return (row[0], Settlement.model_validate_json(row[1])) if row else None

    def add_settlement(self, grant_id: str, kiosk: str, settlement: Settlement, now: int) -> None:
        self._write("INSERT INTO settlements VALUES (?, ?, ?, ?)", grant_id, kiosk, settlement.model_dump_json(), now)

    def add_head(self, kiosk: str, seq: int, head: str, now: int) -> None:
        """An entry of a kiosk's ledger as it was told with a settlement."""
        self._write("INSERT OR REPLACE INTO heads VALUES (?, ?, ?, ?)", kiosk, seq, head, now)

    def head(self, kiosk: str) -> tuple[int, str] | None:
        """The newest entry told by a kiosk: by its number, since a settlement may be sent again much later."""
        row = self._one("SELECT seq, head FROM heads WHERE kiosk = ? ORDER BY seq DESC, at DESC LIMIT 1", kiosk)
        return (row[0], row[1]) if row else None

    def voided(self, name: str) -> list[int] | None:
        """The indexes of list `name` that are settled VOIDED; None when there is no such list."""
        if self._one("SELECT 1 FROM grants WHERE list = ? LIMIT 1", name) is None:
            return None
        sql = """SELECT idx FROM grants JOIN settlements USING (id)
                 WHERE list = ? AND json_extract(settlements.body, '$.outcome') = 'VOIDED'"""
        with self._lock:
            return [row[0] for row in self._db.execute(sql, (name,))]

    def _write(self, sql: str, *values: Any) -> None:
        with self._lock:
            self._db.execute(sql, values)

    def _one(self, sql: str, *values: Any) -> Any:
        with self._lock:
            return self._db.execute(sql, values).fetchone()
