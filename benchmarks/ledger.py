"""Opening a ledger of 100,000 entries, as after a power cut, over reading its file."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.measure import Stage, same
from kiosk.issuance import storage
from kiosk.issuance.books import Books
from kiosk.issuance.chain import link
from kiosk.issuance.checkpoints import EVERY, make
from kiosk.issuance.keeper import DeviceKeeper, Keeper
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import (
    Answer,
    DocumentType,
    Evidence,
    Granted,
    Language,
    Outcome,
    PaperEvidence,
    Record,
    Requested,
    Settled,
    SettledAs,
    Signed,
    StationName,
    Submitted,
    Submitting,
)

ENTRIES = 100_000
"""160 of them after the newest checkpoint: 127 are there on average, 255 at most."""
_SINCE = 1_800_000_000


def measure(rounds: int, entries: int = ENTRIES) -> Stage:
    """Each round finds the ledger as a session left it that lost its power."""
    with tempfile.TemporaryDirectory(prefix="shubbak-ledger-") as folder:
        left, path = Path(folder) / "left.sqlite", Path(folder) / "ledger.sqlite"
        keeper = DeviceKeeper(ec.generate_private_key(ec.SECP256R1()), b"")
        head = fill(left, keeper, entries)
        stage = Stage("ledger", f"opening {entries:,} entries", "reading the file's bytes")
        for _ in range(rounds + 1):
            shutil.copyfile(left, path)
            with stage.floor.measured():
                size = len(path.read_bytes())
            with stage.ours.measured():
                ledger = Ledger.open(path, keeper)
            same(ledger.head(), head, "the newest entry")
            ledger.close()
        stage.counts.update(entries=entries, bytes=size)
        return stage.set_first_apart()


def fill(path: Path, keeper: Keeper, entries: int) -> str:
    """A ledger of whole issuances, checkpoints where the kiosk makes them; its head."""
    storage.create(path)
    books = Books()
    history = _issuances()
    with closing(storage.connect(path)) as connection, storage.transaction(connection):
        for number in range(entries):
            subject, record = next(history)
            entry = link(books.tip, at=_SINCE + number, subject=subject, record=record)
            books.add(entry)
            storage.insert(connection, entry)
            if entry.seq % EVERY == 0:
                storage.insert_checkpoint(connection, make(books, entry.at, keeper.sign))
    return books.tip.hash


def _issuances() -> Iterator[tuple[str, Record]]:
    number = 0
    while True:
        number += 1
        grant, digest = secrets.token_hex(16), secrets.token_hex(32)
        steps: tuple[Record, ...] = (
            Requested(document_type=DocumentType.BIRTH_EXTRACT, language=Language.AR),
            Granted(reference=f"DZ-2026-1601-{number:07d}"),
            Signed(document=digest),
            Submitting(station=StationName.LASER, printer=digest, pages=1, length=1),
            Submitted(job_id=number),
            PaperEvidence(outcome=Outcome.PRINTED, evidence=Evidence.IPP_COMPLETED, pages=1),
            Settled(outcome=SettledAs.PRINTED, evidence=Evidence.IPP_COMPLETED, answer=Answer.ACCEPTED),
        )
        for step in steps:
            yield grant, step
