"""Checkpoints: opening begins at the newest that holds, and one that says otherwise than the entries is damage."""

import asyncio
import shutil
import sqlite3
from itertools import islice
from pathlib import Path

import pytest
from histories import books_of, entries_of, steps
from keeper_of_tests import CERTIFICATE, KEEPER, NEXT_CERTIFICATE, NEXT_KEEPER

from kiosk.issuance import books as books_module
from kiosk.issuance.books import Books
from kiosk.issuance.chain import Entry, Row, Tip
from kiosk.issuance.checkpoints import EVERY, Checkpoint, make
from kiosk.issuance.errors import LedgerDamaged, StepRefused
from kiosk.issuance.keeper import Keeper, signed_by
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Loaded

SEED = 4711
BOTH = signed_by([CERTIFICATE, NEXT_CERTIFICATE])


def write(path: Path, first: int, last: int, keeper: Keeper = KEEPER) -> None:
    """Entries of the one history, in one session."""
    with Ledger.open(path, keeper, clock=lambda: 1_800_000_000) as ledger:
        for subject, record in islice(steps(SEED), first - 1, last):
            ledger.append(subject, record)


def stored(path: Path) -> list[Checkpoint]:
    with Ledger.view(path) as ledger:
        return list(ledger.checkpoints())


def change(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for trigger in ("entry_stays", "entry_remains", "checkpoint_stays", "checkpoint_remains"):
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        connection.execute(statement, values)
    connection.close()


def put(path: Path, checkpoint: Checkpoint) -> None:
    values = (checkpoint.seq, checkpoint.at, checkpoint.head, checkpoint.state, checkpoint.signature)
    change(path, "INSERT INTO checkpoint VALUES (NULL, ?, ?, ?, ?, ?)", *values)


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "ledger.sqlite"


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the entries that are checked from here on."""
    seen: list[int] = []
    real = books_module.believe

    def believe(row: Row, tip: Tip) -> Entry:
        seen.append(tip.seq + 1)
        return real(row, tip)

    monkeypatch.setattr(books_module, "believe", believe)
    return seen


def test_one_comes_with_every_256th_entry_and_one_at_the_close(path: Path) -> None:
    with Ledger.open(path, KEEPER) as ledger:
        for number, (subject, record) in enumerate(islice(steps(SEED), 2 * EVERY + 3), 1):
            ledger.append(subject, record)
            if number in (EVERY - 1, EVERY):
                with Ledger.view(path) as reading:
                    assert len(list(reading.checkpoints())) == number // EVERY
    assert [made.seq for made in stored(path)] == [EVERY, 2 * EVERY, 2 * EVERY + 3]
    with Ledger.view(path) as ledger:
        verdict = ledger.verify(KEEPER.is_own)
    assert (verdict.valid, verdict.checkpoints, verdict.signed_up_to) == (True, 3, 2 * EVERY + 3)


def test_a_session_that_wrote_nothing_leaves_nothing(path: Path) -> None:
    write(path, 1, 5)
    before = path.read_bytes()
    Ledger.open(path, KEEPER).close()
    assert path.read_bytes() == before and len(stored(path)) == 1


def test_opening_checks_what_is_newer_than_the_newest(path: Path, checked: list[int]) -> None:
    write(path, 1, EVERY + 10)
    with Ledger.open(path, KEEPER) as ledger:
        for subject, record in islice(steps(SEED), EVERY + 10, EVERY + 20):
            ledger.append(subject, record)
        # What a power cut leaves: the file and its log, without the close.
        left = path.with_name("left.sqlite")
        for name in ("", "-wal"):
            shutil.copy(f"{path}{name}", f"{left}{name}")
    checked.clear()
    with Ledger.open(left, KEEPER) as ledger:
        assert checked == list(range(EVERY + 11, EVERY + 21))
        whole = books_of(list(ledger.entries()))
        assert ledger.open_grants() == whole.open and ledger.paper() == whole.paper
        assert [ledger.records(grant) for grant in whole.open] == [whole.steps_of(grant) for grant in whole.open]


def test_another_device_key_checks_everything_and_signs_anew(path: Path, checked: list[int]) -> None:
    write(path, 1, 30)
    with Ledger.open(path, NEXT_KEEPER):
        assert checked == list(range(1, 31))
        assert [(made.seq, NEXT_KEEPER.is_own(made.body(), made.signature)) for made in stored(path)] == [
            (30, False),
            (30, True),
        ]
    with Ledger.view(path) as ledger:
        assert ledger.verify(BOTH).checkpoints == 2
    checked.clear()
    Ledger.open(path, NEXT_KEEPER).close()
    assert checked == []


def test_where_the_newest_does_not_hold_an_older_one_does(path: Path, checked: list[int]) -> None:
    write(path, 1, 20)
    write(path, 21, 30)
    change(path, "UPDATE checkpoint SET signature = x'3006020101020101' WHERE seq = 30")
    checked.clear()
    with Ledger.open(path, KEEPER) as ledger:
        assert checked == list(range(21, 31))
        assert asyncio.run(ledger.verify_in_background()).valid


def test_where_none_holds_every_entry_is_checked(path: Path, checked: list[int]) -> None:
    write(path, 1, 20)
    change(path, "DELETE FROM checkpoint")
    checked.clear()
    Ledger.open(path, KEEPER).close()
    assert checked == list(range(1, 21)) and [made.seq for made in stored(path)] == [20]


@pytest.mark.parametrize("seq", [10, 31])
def test_a_signed_one_of_other_entries_is_damage(path: Path, seq: int) -> None:
    """A copy put back from before the checkpoint, or entries put in others' place: the device has signed otherwise."""
    write(path, 1, 30)
    other = books_of(entries_of(seq, 1))
    put(path, make(other, 7, KEEPER.sign))
    before = path.read_bytes()
    with pytest.raises(LedgerDamaged, match="otherwise than the entries") as raised:
        Ledger.open(path, KEEPER)
    assert raised.value.at == seq and path.read_bytes() == before
    with Ledger.view(path) as ledger:
        assert not ledger.verify().valid


@pytest.mark.parametrize("keeper", [KEEPER, NEXT_KEEPER], ids=["own", "other"])
def test_one_whose_state_the_entries_do_not_come_to_is_found_beside_the_work(path: Path, keeper: Keeper) -> None:
    write(path, 1, 30)
    books = books_of(entries_of(30, SEED))
    state = books.state().model_copy(update={"open": ()})
    with Ledger.view(path) as ledger:
        tip = Tip(30, ledger.head())
    put(path, make(Books(tip, state), 7, keeper.sign))
    with Ledger.open(path, KEEPER) as ledger:
        verdict = asyncio.run(ledger.verify_in_background())
        assert (verdict.code, verdict.at) == ("E-LEDGER-DAMAGED", 30)
        with pytest.raises(LedgerDamaged):
            ledger.append("paper:laser", Loaded(units=1))


def test_a_state_that_is_none_is_damage(path: Path) -> None:
    write(path, 1, 30)
    newest = stored(path)[-1]
    for state in ("{}", '{"open":[],"paper":{},"name":"Amina"}', '{"open":[{"grant":"x","records":[]}],"paper":{}}'):
        body = Checkpoint(newest.seq, newest.at, newest.head, state, b"").body()
        bad = path.with_name(f"{len(state)}.sqlite")
        shutil.copy(path, bad)
        put(bad, Checkpoint(newest.seq, newest.at, newest.head, state, KEEPER.sign(body)))
        with pytest.raises(LedgerDamaged) as raised:
            Ledger.open(bad, KEEPER)
        assert "Amina" not in str(raised.value)


def test_the_file_itself_refuses_to_forget_them(path: Path) -> None:
    write(path, 1, 5)
    connection = sqlite3.connect(path)
    for statement in ("DELETE FROM checkpoint", "UPDATE checkpoint SET at = 0"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
    connection.close()


def test_an_entry_without_its_checkpoint_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, 1, EVERY - 1)
    with Ledger.open(path, KEEPER) as ledger:
        head, (subject, record) = ledger.head(), next(islice(steps(SEED), EVERY - 1, EVERY))
        with monkeypatch.context() as failing:
            failing.setattr("kiosk.issuance.storage.insert_checkpoint", _full)
            with pytest.raises(StepRefused):
                ledger.append(subject, record)
        assert ledger.head() == head
        ledger.append(subject, record)
        assert ledger.verify(KEEPER.is_own).signed_up_to == EVERY


def _full(*_: object) -> None:
    raise StepRefused("as if the disk were full now")


def test_a_settled_grant_is_not_begun_again_though_the_books_have_forgotten_it(path: Path) -> None:
    write(path, 1, 60)
    with Ledger.open(path, KEEPER) as ledger:
        settled = next(entry.subject for entry in ledger.entries() if entry.record.step == "settled")
        first = ledger.records(settled)[0]
        with pytest.raises(StepRefused):
            ledger.append(settled, first)


def test_a_cancelled_check_lets_go_of_the_file(path: Path) -> None:
    write(path, 1, 300)

    async def cancelled(ledger: Ledger) -> None:
        checking = asyncio.ensure_future(ledger.verify_in_background())
        await asyncio.sleep(0)
        checking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checking

    with Ledger.open(path, KEEPER) as ledger:
        asyncio.run(cancelled(ledger))
        for subject, record in islice(steps(SEED), 300, 305):
            ledger.append(subject, record)


def test_entries_written_during_the_check_are_no_damage(path: Path) -> None:
    write(path, 1, EVERY - 2)

    async def while_writing(ledger: Ledger) -> None:
        checking = asyncio.ensure_future(ledger.verify_in_background())
        for subject, record in islice(steps(SEED), EVERY - 2, EVERY + 40):
            ledger.append(subject, record)
            await asyncio.sleep(0)
        verdict = await checking
        assert verdict.valid and verdict.entries >= EVERY - 2

    with Ledger.open(path, KEEPER) as ledger:
        asyncio.run(while_writing(ledger))
