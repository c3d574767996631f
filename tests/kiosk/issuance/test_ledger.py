"""The ledger's file: durable, ordered, only growing; refused when it does not hold, and then left untouched."""

import asyncio
import hashlib
import json
import random
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeper_of_tests import KEEPER

from kiosk.issuance.chain import GENESIS
from kiosk.issuance.errors import (
    LedgerBusy,
    LedgerDamaged,
    LedgerError,
    LedgerMissing,
    LedgerReadOnly,
    LedgerUnavailable,
    RecordRefused,
    StepRefused,
)
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Failed, Granted, Record, Signed, StationName, Submitted, Submitting, parse_record

SHA = "cd" * 32
REQUESTED = parse_record('{"step": "requested", "document_type": "birth-extract", "language": "ar"}')
PRINTED = parse_record('{"step": "evidence", "outcome": "printed", "evidence": "ipp-completed", "pages": 1}')
SETTLED = parse_record('{"step": "settled", "outcome": "PRINTED", "evidence": "ipp-completed", "answer": "accepted"}')
WHOLE: tuple[Record, ...] = (
    REQUESTED,
    Granted(reference="DZ-2026-1601-0000001"),
    Signed(document=SHA),
    Submitting(station=StationName.LASER, printer=SHA, pages=1, length=1),
    Submitted(job_id=3),
    PRINTED,
    SETTLED,
)
FIRST, SECOND = "1" * 32, "2" * 32


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "state" / "ledger.sqlite"


def fill(path: Path) -> str:
    """A whole issuance and an open one; the head."""
    with Ledger.open(path, KEEPER, clock=lambda: 1_800_000_000) as ledger:
        for record in WHOLE:
            ledger.append(FIRST, record)
        for record in WHOLE[:5]:
            ledger.append(SECOND, record)
        return ledger.head()


def tamper(path: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER entry_stays")
        connection.execute("DROP TRIGGER entry_remains")
        connection.execute(statement, values)
    connection.close()


def test_what_was_written_is_there_after_a_restart(path: Path) -> None:
    head = fill(path)
    with Ledger.open(path, KEEPER) as ledger:
        assert ledger.records(FIRST) == WHOLE and ledger.records(SECOND) == WHOLE[:5]
        assert ledger.records("3" * 32) == ()
        assert ledger.open_grants() == (SECOND,)
        assert ledger.head() == head
        assert [entry.seq for entry in ledger.entries()] == list(range(1, 13))
        assert ledger.append(SECOND, PRINTED).previous == head


def test_an_empty_ledger_holds(path: Path) -> None:
    with Ledger.open(path, KEEPER) as ledger:
        verdict = ledger.verify()
        assert (verdict.valid, verdict.entries, verdict.head) == (True, 0, GENESIS)
        with pytest.raises(RecordRefused):
            ledger.last_entry(FIRST)


def test_others_of_this_machine_cannot_read_it(path: Path) -> None:
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append(FIRST, REQUESTED)
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file.name
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_export_can_be_checked_by_anybody(path: Path) -> None:
    head = fill(path)
    with Ledger.view(path) as ledger:
        exported = json.loads(json.dumps(ledger.export()))
    previous = exported["genesis"]
    for entry in exported["entries"]:
        claimed = entry.pop("hash")
        text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        assert entry["previous"] == previous
        assert hashlib.sha256(text.encode()).hexdigest() == claimed
        previous = claimed
    assert previous == exported["head"] == head and len(exported["entries"]) == 12


def test_steps_out_of_order_are_refused_and_leave_nothing(path: Path) -> None:
    fill(path)
    with Ledger.open(path, KEEPER) as ledger:
        head = ledger.head()
        for grant_id, record in ((FIRST, REQUESTED), (FIRST, SETTLED), (SECOND, WHOLE[3]), (SECOND, SETTLED)):
            with pytest.raises(StepRefused):
                ledger.append(grant_id, record)
        with pytest.raises(RecordRefused):
            ledger.append("109860316001234567", REQUESTED)
        assert ledger.head() == head
        ledger.append(SECOND, PRINTED)


def test_one_process_issues_others_may_read(path: Path) -> None:
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append(FIRST, REQUESTED)
        with pytest.raises(LedgerBusy):
            Ledger.open(path, KEEPER)
        with Ledger.view(path) as reading:
            assert reading.verify().entries == 1
            ledger.append(FIRST, WHOLE[1])
            assert reading.records(FIRST) == WHOLE[:2] and reading.open_grants() == (FIRST,)
            with pytest.raises(LedgerReadOnly):
                reading.append(FIRST, WHOLE[2])
    with Ledger.open(path, KEEPER) as ledger:
        assert ledger.records(FIRST) == WHOLE[:2]


def test_reading_needs_a_ledger(path: Path) -> None:
    with pytest.raises(LedgerMissing):
        Ledger.view(path)
    assert not path.parent.exists()


def test_a_clock_out_of_bounds_is_no_time(path: Path) -> None:
    for wrong in (-1, 109_860_316_001_234_567):
        with Ledger.open(path, KEEPER, clock=lambda wrong=wrong: wrong) as ledger, pytest.raises(RecordRefused):
            ledger.append(FIRST, REQUESTED)


def test_the_file_itself_refuses_to_forget(path: Path) -> None:
    fill(path)
    connection = sqlite3.connect(path)
    for statement in ("DELETE FROM entry", "UPDATE entry SET at = 0 WHERE seq = 1"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "values", "at"),
    [
        ("UPDATE entry SET at = at + 1 WHERE seq = ?", (4,), 4),
        ("UPDATE entry SET subject = ? WHERE seq = 9", ("3" * 32,), 9),
        ("UPDATE entry SET record = replace(record, '0000001', '0000002') WHERE seq = ?", (2,), 2),
        ("UPDATE entry SET record = replace(record, ':', ': ') WHERE seq = ?", (2,), 2),
        ('UPDATE entry SET record = \'{"step":"granted","reference":"Amina Benali"}\' WHERE seq = ?', (2,), 2),
        ("UPDATE entry SET hash = ? WHERE seq = 5", ("0" * 64,), 5),
        ("DELETE FROM entry WHERE seq = ?", (3,), 3),
        ("DELETE FROM entry WHERE seq = ?", (1,), 1),
        ("UPDATE entry SET seq = -seq WHERE seq = ?", (8,), 1),
        ("UPDATE entry SET record = (SELECT record FROM entry WHERE seq = 7) WHERE seq = ?", (6,), 6),
        ("INSERT INTO entry SELECT 13, at, subject, record, hash FROM entry WHERE seq = ?", (12,), 13),
    ],
)
def test_an_entry_changed_taken_out_moved_or_put_in_shows(
    path: Path, statement: str, values: tuple[object, ...], at: int
) -> None:
    fill(path)
    tamper(path, statement, *values)
    before = path.read_bytes()
    with Ledger.view(path) as ledger:
        verdict = ledger.verify()
        assert (verdict.valid, verdict.at, verdict.entries) == (False, at, at - 1)
        assert verdict.reason and "Amina" not in verdict.reason
        with pytest.raises(LedgerDamaged):
            ledger.export()
    # Opening begins at the checkpoint of the close: what is before it is found beside the work, and ends it.
    try:
        opened = Ledger.open(path, KEEPER)
    except LedgerDamaged as error:
        assert error.at == at
    else:
        with opened as ledger:
            verdict = asyncio.run(ledger.verify_in_background())
            assert (verdict.code, verdict.at) == ("E-LEDGER-DAMAGED", at)
            with pytest.raises(LedgerDamaged):
                ledger.append(SECOND, PRINTED)
    assert path.read_bytes() == before


def test_a_ledger_cut_short_shows_by_its_checkpoint(path: Path) -> None:
    fill(path)
    tamper(path, "DELETE FROM entry WHERE seq = ?", 12)
    with Ledger.view(path) as ledger:
        assert (ledger.verify().valid, ledger.verify().at) == (False, 12)
    with pytest.raises(LedgerDamaged):
        Ledger.open(path, KEEPER)


def test_a_chain_made_anew_against_the_rules_shows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who can compute the hashes still cannot make a history that the rules forbid."""
    with monkeypatch.context() as lawless, Ledger.open(path, KEEPER) as ledger:
        lawless.setattr("kiosk.issuance.books.check_next", lambda history, record: None)
        for record in (*WHOLE[:5], WHOLE[3]):
            ledger.append(FIRST, record)
    with Ledger.view(path) as ledger:
        assert ledger.verify().at == 6


def test_a_file_changed_under_the_ledger_stops_it(path: Path) -> None:
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append(FIRST, REQUESTED)
        tamper(path, "DELETE FROM entry WHERE seq = ?", 1)
        with pytest.raises(LedgerError):
            ledger.append(FIRST, WHOLE[1])


@pytest.mark.parametrize("content", [b"", b"not a ledger", b"SQLite format 3\0" + bytes(84)])
def test_a_file_that_is_no_ledger_is_refused_and_kept(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged):
        Ledger.open(path, KEEPER)
    with pytest.raises(LedgerDamaged):
        Ledger.view(path)
    assert path.read_bytes() == content


def test_another_database_is_not_taken_for_a_ledger(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE entry (seq, at, grant_id, record, hash)")
    connection.close()
    with pytest.raises(LedgerDamaged):
        Ledger.open(path, KEEPER)


def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(LedgerUnavailable):
        Ledger.open(path, KEEPER)


def test_a_creation_cut_short_is_begun_again(path: Path) -> None:
    path.parent.mkdir()
    path.with_name("ledger.sqlite.new").write_bytes(b"SQLite for")
    fill(path)
    with Ledger.view(path) as ledger:
        assert ledger.verify().entries == 12


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(seed=st.integers(min_value=0, max_value=2**32), cut=st.booleans())
def test_any_damage_is_refused_or_leaves_what_was_written(path: Path, seed: int, cut: bool) -> None:
    good = path.with_name("good.sqlite")
    if not good.exists():
        fill(path)
        shutil.copy(path, good)
    with Ledger.view(good) as ledger:
        written = ledger.export()
    noise = random.Random(seed)
    damaged = bytearray(good.read_bytes())
    where = noise.randrange(len(damaged))
    if cut:
        del damaged[where:]
    else:
        damaged[where] ^= 1 << noise.randrange(8)
    path.write_bytes(damaged)
    try:
        opened = Ledger.open(path, KEEPER)
    except LedgerError:
        assert path.read_bytes() == damaged
        return
    with opened as ledger:
        if asyncio.run(ledger.verify_in_background()).valid:
            assert ledger.export()["entries"] == written["entries"]
        else:
            with pytest.raises(LedgerError):
                ledger.append("3" * 32, REQUESTED)


def test_a_code_is_recorded_with_a_failure(path: Path) -> None:
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append(FIRST, REQUESTED)
        ledger.append(FIRST, Failed(code="E-ISSUANCE-INTERRUPTED"))
        assert ledger.last_entry(FIRST)[1] == ledger.head()
