"""The paper's books: what should be left, and what is missing."""

from histories import ENDINGS, whole
from hypothesis import given
from hypothesis import strategies as st

from kiosk.issuance.books import Books
from kiosk.issuance.chain import link
from kiosk.issuance.records import (
    Counted,
    Loaded,
    PaperRecord,
    Record,
    Spoiled,
    SpoiledBy,
    StationName,
    paper_of,
)
from kiosk.issuance.stock import PaperAccount

SPOILED = Spoiled(units=2, reason=SpoiledBy.JAM)
UNITS = st.integers(0, 100_000)
PAPER = st.one_of(
    st.builds(Loaded, units=UNITS),
    st.builds(Counted, units=UNITS),
    st.builds(Spoiled, units=UNITS, reason=st.sampled_from(SpoiledBy)),
    st.integers(1, 999),
)
"""An integer stands for a document of that length."""


def account_of(*records: PaperRecord | int) -> PaperAccount:
    account = PaperAccount()
    for record in records:
        account = account.plus_document(record) if isinstance(record, int) else account.plus(record)
    return account


def test_what_was_loaded_less_what_was_used_is_left() -> None:
    account = account_of(Loaded(units=250), 1, 1, SPOILED)
    assert (account.loaded, account.printed, account.spoiled, account.expected) == (250, 2, 2, 246)
    assert (account.documents_left(1), account.documents_left(4)) == (246, 61)


def test_a_count_shows_what_went_away_unseen() -> None:
    account = account_of(Loaded(units=250), 1, Counted(units=240), 1)
    assert (account.difference, account.counted, account.expected) == (-9, 240, 239)
    assert account_of(Loaded(units=10), Counted(units=12)).difference == 2


def test_a_tray_filled_up_holds_what_was_said_and_keeps_the_difference() -> None:
    account = account_of(Loaded(units=250), 1, 1, Counted(units=200), Loaded(units=250))
    assert (account.expected, account.loaded, account.difference) == (250, 300, -48)


def test_nobody_knows_how_much_there_is_before_somebody_said() -> None:
    assert account_of(1, SPOILED).documents_left(1) is None
    first = account_of(1, Counted(units=100))
    assert (first.documents_left(1), first.difference) == (100, 0)
    assert account_of(Loaded(units=0)).documents_left(1) == 0


def test_no_document_is_promised_on_paper_that_is_not_there() -> None:
    assert account_of(Loaded(units=1), 3).documents_left(1) == 0


def test_a_document_takes_what_documents_took() -> None:
    assert PaperAccount().usual(350) == 350
    assert account_of(300, 301).usual(350) == 301


@given(st.lists(PAPER, max_size=30))
def test_the_books_balance_whatever_happens(records: list[PaperRecord | int]) -> None:
    account = account_of(*records)
    assert account.expected == account.loaded - account.printed - account.spoiled + account.difference
    said = [n for n, record in enumerate(records) if isinstance(record, Loaded | Counted)]
    assert account.kept == bool(said)
    if said:
        since = records[said[-1] + 1 :]
        used = sum(record if isinstance(record, int) else record.units for record in since)
        stated = records[said[-1]]
        assert isinstance(stated, Loaded | Counted) and account.expected == stated.units - used
    assert PaperAccount.model_validate_json(account.model_dump_json(), strict=True) == account


@given(st.lists(st.tuples(st.sampled_from(StationName), st.sampled_from(sorted(set(ENDINGS)))), max_size=12))
def test_what_may_have_come_out_counts_as_used(endings: list[tuple[StationName, str]]) -> None:
    books = Books()
    length = {StationName.LASER: 1, StationName.THERMAL: 317}

    def add(subject: str, record: Record) -> None:
        books.check(subject, record)
        books.add(link(books.tip, at=1, subject=subject, record=record))

    for station in StationName:
        add(paper_of(station), Loaded(units=10_000))
    for number, (station, ending) in enumerate(endings):
        for record in whole(station, length[station], ending):
            add(f"{number:032x}", record)
    for station in StationName:
        used = sum(1 for at, ending in endings if at is station and ending in ("printed", "confirmed", "unknown"))
        account = books.paper[station]
        assert (account.documents, account.printed) == (used, used * length[station])
        assert account.expected == 10_000 - used * length[station]
