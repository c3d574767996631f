"""Putting a ledger aside that cannot be used any more, and beginning one in its place.

    retired = retire(state / "ledger.sqlite", await registry.ledger_head())

Nothing is deleted: the files are moved into a folder beside. The new ledger's first entry names the last entry
that held, and the newest the registry was told of, and its numbers go on from there; so the registry knows it
again, and an auditor who has both files sees that nothing is missing between them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from kiosk.issuance import storage
from kiosk.issuance.books import Books, follow
from kiosk.issuance.chain import START, link
from kiosk.issuance.errors import LedgerDamaged, LedgerMissing, LedgerRolledBack, LedgerSound
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import LEDGER, Begun
from kiosk.issuance.rollback import check_against
from registry.models import LedgerHead


@dataclass(frozen=True, slots=True)
class Retired:
    """`folder` holds what was put aside, None where there was nothing any more; `why` is the code it was refused with.

    `open` grants were not settled in what could be read of it: the registry's operator has to close them.
    """

    folder: Path | None
    why: str
    seq: int
    head: str | None
    open: tuple[str, ...]


def retire(path: Path, told: LedgerHead, *, clock: Callable[[], float] = time.time) -> Retired:
    """Put the ledger aside and begin a new one. `told` is what the registry knows of it.

    Raises LedgerSound when it can be used, LedgerBusy while a session runs, LedgerReadOnly, LedgerFull and
    LedgerUnavailable.
    """
    lock = storage.lock(path)
    try:
        why = _trouble(path, told)
        books = _readable(path)
        head = books.tip.hash if books.tip != START else None
        begun = Begun(retired_seq=books.tip.seq, retired_head=head, told_seq=told.seq, told_head=told.head)
        first = link(START, at=int(clock()), subject=LEDGER, record=begun)
        folder = storage.put_aside(path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(clock())))
        storage.create(path, first)
    finally:
        os.close(lock)
    return Retired(folder, why, books.tip.seq, head, books.open)


def _trouble(path: Path, told: LedgerHead) -> str:
    """The code of why it cannot be used. Raises LedgerSound."""
    try:
        with Ledger.view(path) as ledger:
            if not (verdict := ledger.verify()).valid:
                return verdict.CODE
            check_against(ledger, told)
    except LedgerMissing as error:
        if told.head is None:
            raise LedgerSound("there is no ledger, and the registry knows of none") from None
        return error.code
    except (LedgerDamaged, LedgerRolledBack) as error:
        return error.code
    raise LedgerSound("the ledger holds, and the registry knows nothing that is not in it")


def _readable(path: Path) -> Books:
    """What the entries come to, up to the first in doubt."""
    books = Books()
    with suppress(LedgerDamaged, LedgerMissing), closing(storage.connect_to_read(path)) as reading:
        for _ in follow(storage.rows(reading), books):
            pass
    return books
