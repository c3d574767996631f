"""The whole ledger checked from its first entry, here or far from the kiosk, with its checkpoints.

Each entry is held against the one before and against the rules, each checkpoint against the entries; which
checkpoints are signed by a known device key is counted.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import ClassVar, Self

from kiosk.issuance import storage
from kiosk.issuance.books import Books, follow
from kiosk.issuance.chain import START, Row
from kiosk.issuance.checkpoints import EVERY, Checkpoint, Comparison, IsSigned
from kiosk.issuance.errors import LedgerDamaged


def nobody(_body: bytes, _signature: bytes) -> bool:
    """No key is known."""
    return False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`entries` that hold, up to number `seq`; `open` grants not settled; `at` and `reason` of the first in doubt.

    `checkpoints` hold; `signed_up_to` is the newest entry that a known device key has signed for, 0 for none.
    """

    valid: bool
    entries: int
    open: int
    seq: int
    head: str
    at: int | None = None
    reason: str | None = None
    checkpoints: int = 0
    signed_up_to: int = 0

    CODE: ClassVar[str] = LedgerDamaged.code

    @property
    def code(self) -> str | None:
        """What to show: None for a ledger that holds."""
        return None if self.valid else self.CODE

    @property
    def is_signed(self) -> bool:
        """Whether signatures reach as far as a device's own always do, if it only lost its power at the end."""
        return self.entries < EVERY or self.signed_up_to > self.seq - EVERY

    @classmethod
    def unreadable(cls, error: LedgerDamaged) -> Self:
        """The verdict on a file of which nothing could be read."""
        return cls(False, 0, 0, START.seq, START.hash, error.at, str(error))


def verify(
    rows: Iterable[Row],
    checkpoints: Iterable[Checkpoint],
    *,
    is_signed: IsSigned = nobody,
) -> Verdict:
    """Never raises for a damaged ledger."""
    books, entries = Books(), 0
    damage: LedgerDamaged | None = None
    compared: Comparison | None = None
    try:
        compared = Comparison(checkpoints, is_signed)
        for _ in follow(rows, books):
            compared.at(books)
            entries += 1
        compared.end(books)
    except LedgerDamaged as error:
        damage = error
    return Verdict(
        valid=damage is None,
        entries=entries,
        open=len(books.open),
        seq=books.tip.seq,
        head=books.tip.hash,
        at=(damage.at or books.tip.seq + 1) if damage else None,
        reason=str(damage) if damage else None,
        checkpoints=compared.count if compared else 0,
        signed_up_to=compared.signed_up_to if compared else 0,
    )


def verify_file(path: Path, is_signed: IsSigned = nobody, leave: threading.Event | None = None) -> Verdict:
    """The verdict on a ledger's file, its pages included; worthless once `leave` is set, and then soon there.

    Raises LedgerMissing, LedgerReadOnly, LedgerUnavailable.
    """
    try:
        with closing(storage.connect_to_read(path)) as reading:
            return verify_opened(reading, is_signed, leave)
    except LedgerDamaged as error:
        return Verdict.unreadable(error)


def verify_opened(
    reading: sqlite3.Connection, is_signed: IsSigned = nobody, leave: threading.Event | None = None
) -> Verdict:
    """The same on a connection."""
    # One transaction, so that entries and checkpoints are of the same moment.
    with storage.own_errors(), storage.transaction(reading, "DEFERRED"):
        rows = takewhile(lambda _: leave is None or not leave.is_set(), storage.rows(reading))
        verdict = verify(rows, storage.checkpoints(reading), is_signed=is_signed)
        if not verdict.valid:
            return verdict
        try:
            storage.check_pages(reading)
        except LedgerDamaged as error:
            return replace(verdict, valid=False, at=0, reason=str(error))
    return verdict
