"""Histories that the rules allow, for whoever needs a ledger with something in it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

from kiosk.issuance.books import Books
from kiosk.issuance.chain import Entry, Row, link, record_text
from kiosk.issuance.records import (
    Answer,
    Answered,
    CameOut,
    Confirmed,
    Counted,
    DocumentType,
    Evidence,
    Failed,
    Granted,
    Language,
    Loaded,
    Outcome,
    PaperEvidence,
    Record,
    Requested,
    Settled,
    SettledAs,
    Signed,
    Spoiled,
    SpoiledBy,
    StationName,
    Submitted,
    Submitting,
    paper_of,
)

SHA = "cd" * 32
SILENT = PaperEvidence(outcome=Outcome.UNKNOWN, evidence=Evidence.NONE, pages=0, code="E-ISSUANCE-PAPER-UNKNOWN")
DRY = PaperEvidence(outcome=Outcome.FAILED, evidence=Evidence.NONE, pages=0, code="E-PRINTER-REFUSED")
VOIDED = Settled(outcome=SettledAs.VOIDED, evidence=Evidence.NONE, answer=Answer.ACCEPTED)
SEEN = Settled(outcome=SettledAs.PRINTED, evidence=Evidence.OPERATOR_CONFIRMED, answer=Answer.ACCEPTED)


def whole(station: StationName, length: int, ending: str) -> list[Record]:
    """The records of one grant, up to its settlement. `ending`: printed, confirmed, unknown, dry or abandoned."""
    begin: list[Record] = [
        Requested(document_type=DocumentType.BIRTH_EXTRACT, language=Language.FR),
        Granted(reference="DZ-2026-1601-0000001"),
        Signed(document=SHA),
    ]
    if ending == "abandoned":
        return [*begin, Failed(code="E-ISSUANCE-ABANDONED"), VOIDED]
    sent = [*begin, Submitting(station=station, printer=SHA, pages=1, length=length), Submitted(job_id=1)]
    word = Evidence.IPP_COMPLETED if station is StationName.LASER else Evidence.ESCPOS_ECHO
    printed = PaperEvidence(outcome=Outcome.PRINTED, evidence=word, pages=1)
    settled = Settled(outcome=SettledAs.PRINTED, evidence=word, answer=Answer.ACCEPTED)
    return {
        "printed": [*sent, printed, settled],
        "confirmed": [*sent, SILENT, Answered(came_out=CameOut.YES), Confirmed(pages=1), SEEN],
        "unknown": [*sent, SILENT, VOIDED],
        "dry": [*sent, DRY, VOIDED],
    }[ending]


ENDINGS = ("printed", "printed", "confirmed", "unknown", "dry", "abandoned")


def steps(seed: int) -> Iterator[tuple[str, Record]]:
    """Subjects and records without end: up to four grants under way at once, and paper in between."""
    chance = random.Random(seed)
    under_way: list[tuple[str, list[Record]]] = []
    while True:
        if chance.random() < 0.1:
            station = chance.choice(list(StationName))
            units = chance.randrange(90_000)
            record = chance.choice([Loaded(units=units), Counted(units=units), Spoiled(units=3, reason=SpoiledBy.JAM)])
            yield paper_of(station), record
        elif len(under_way) < 4 and chance.random() < 0.3:
            station, length = chance.choice([(StationName.LASER, 1), (StationName.THERMAL, chance.randrange(100, 600))])
            under_way.append((f"{chance.getrandbits(128):032x}", whole(station, length, chance.choice(ENDINGS))))
        elif under_way:
            grant, records = chance.choice(under_way)
            yield grant, records.pop(0)
            if not records:
                under_way.remove((grant, records))


def entries_of(count: int, seed: int) -> list[Entry]:
    """The first entries of the history of that seed."""
    books, listed = Books(), []
    for number, (subject, record) in enumerate(islice(steps(seed), count)):
        books.check(subject, record)
        listed.append(link(books.tip, at=number, subject=subject, record=record))
        books.add(listed[-1])
    return listed


def rows_of(entries: list[Entry]) -> list[Row]:
    return [Row(e.seq, e.at, e.subject, record_text(e.record), e.hash) for e in entries]


def books_of(entries: list[Entry]) -> Books:
    books = Books()
    for entry in entries:
        books.add(entry)
    return books
