"""What the entries come to, one after another: the newest, the grants not settled, and the paper. Pure.

books = Books()
entries = list(follow(rows, books))   # each checked against the one before, and against the rules
state = books.state()                 # what they come to, as a checkpoint says it
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kiosk.issuance.chain import START, Entry, Row, Tip, believe
from kiosk.issuance.errors import LedgerDamaged, StepRefused
from kiosk.issuance.records import Begun, GrantId, GrantRecord, PaperRecord, Record, StationName
from kiosk.issuance.rules import check_next
from kiosk.issuance.stock import PaperAccount, Stock, used


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class OpenGrant(_Closed):
    """A grant that is not settled, and every step it has come."""

    grant: GrantId
    records: Annotated[tuple[Annotated[GrantRecord, Field(discriminator="step")], ...], Field(min_length=1)]


class State(_Closed):
    """What must be known to go on from an entry without those before it; grants in the order of their first."""

    open: tuple[OpenGrant, ...]
    paper: dict[StationName, PaperAccount]


class Books:
    """Begins empty, or where a checkpoint stands."""

    def __init__(self, tip: Tip = START, state: State | None = None) -> None:
        self.tip = tip
        self._open: dict[str, list[GrantRecord]] = {g.grant: list(g.records) for g in state.open} if state else {}
        self._paper: Stock = dict(state.paper) if state else {}

    @property
    def open(self) -> tuple[str, ...]:
        """Grants not settled, in the order of their first entry."""
        return tuple(self._open)

    @property
    def paper(self) -> Stock:
        """An account for every station."""
        return {station: self._paper.get(station, PaperAccount()) for station in StationName}

    def steps_of(self, grant_id: str) -> tuple[GrantRecord, ...]:
        """The steps of an open grant, oldest first; empty for any other."""
        return tuple(self._open.get(grant_id, ()))

    def check(self, subject: str, record: Record) -> None:
        """Raises StepRefused unless the record may come next. Of settled grants the books know nothing."""
        check_next(self._open.get(subject, ()), record)

    def add(self, entry: Entry) -> None:
        """An entry that was checked."""
        record = entry.record
        self.tip = entry.tip
        if isinstance(record, PaperRecord):
            station = StationName(entry.subject.removeprefix("paper:"))
            self._paper[station] = self._account(station).plus(record)
        elif not isinstance(record, Begun):
            self._step(entry.subject, record)

    def _step(self, grant_id: str, record: GrantRecord) -> None:
        history = self._open.setdefault(grant_id, [])
        if (sent := used(history, record)) is not None:
            self._paper[sent.station] = self._account(sent.station).plus_document(sent.length)
        if record.step == "settled":
            del self._open[grant_id]
        else:
            history.append(record)

    def _account(self, station: StationName) -> PaperAccount:
        return self._paper.get(station, PaperAccount())

    def copy(self) -> Books:
        return Books(self.tip, self.state())

    def state(self) -> State:
        listed = (OpenGrant(grant=grant, records=tuple(records)) for grant, records in self._open.items())
        return State(open=tuple(listed), paper=self._paper)


def follow(rows: Iterable[Row], books: Books) -> Iterator[Entry]:
    """The entries that rows say after those in the books, which take each of them.

    Raises LedgerDamaged at the first that does not hold.
    """
    settled: set[str] = set()
    for row in rows:
        entry = believe(row, books.tip)
        if entry.subject in settled:
            raise LedgerDamaged(f"entry {entry.seq} reopens a settled grant", at=entry.seq)
        try:
            books.check(entry.subject, entry.record)
        except StepRefused as error:
            raise LedgerDamaged(f"entry {entry.seq}: {error}", at=entry.seq) from error
        books.add(entry)
        if entry.record.step == "settled":
            settled.add(entry.subject)
        yield entry
