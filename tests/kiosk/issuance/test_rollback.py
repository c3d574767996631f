"""A ledger put back from an older copy, and what takes its place."""

import json
import shutil
import stat
from itertools import islice
from pathlib import Path

import pytest
from histories import steps
from keeper_of_tests import KEEPER

from kiosk.issuance.errors import (
    LedgerBusy,
    LedgerDamaged,
    LedgerReadOnly,
    LedgerRolledBack,
    LedgerSound,
    RecordRefused,
)
from kiosk.issuance.exports import verify_export
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import LEDGER, Begun, Loaded, StationName
from kiosk.issuance.retirement import retire
from kiosk.issuance.rollback import check_against
from kiosk.issuance.summary import lines
from registry.models import LedgerHead

NOBODY_TOLD = LedgerHead(seq=0, head=None)


def now() -> float:
    return 1_800_000_000.0


def write(path: Path, first: int, last: int) -> LedgerHead:
    """Entries of one history, in one session; what the registry was told at its end."""
    with Ledger.open(path, KEEPER) as ledger:
        for subject, record in islice(steps(1), first - 1, last):
            entry = ledger.append(subject, record)
    return LedgerHead(seq=entry.seq, head=entry.hash)


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "state" / "ledger.sqlite"


def check(path: Path, told: LedgerHead) -> None:
    with Ledger.open(path, KEEPER) as ledger:
        check_against(ledger, told)
    with Ledger.view(path) as ledger:
        check_against(ledger, told)


def test_a_ledger_that_went_on_holds_what_the_registry_knows(path: Path) -> None:
    told = write(path, 1, 20)
    check(path, told)
    write(path, 21, 30)
    check(path, told)
    check(path, NOBODY_TOLD)


def test_an_older_copy_put_back_shows(path: Path) -> None:
    write(path, 1, 20)
    shutil.copy(path, path.with_name("copy"))
    told = write(path, 21, 30)
    path.with_name("copy").replace(path)
    with pytest.raises(LedgerRolledBack) as raised:
        check(path, told)
    assert raised.value.code == "E-LEDGER-ROLLED-BACK"
    with Ledger.open(path, KEEPER) as ledger:  # as many entries, of another history
        while ledger.append("paper:laser", Loaded(units=250)).seq < told.seq:
            pass
    with pytest.raises(LedgerRolledBack):
        check(path, told)


def test_a_ledger_that_was_lost_shows(path: Path) -> None:
    told = write(path, 1, 20)
    shutil.rmtree(path.parent)
    with pytest.raises(LedgerRolledBack):
        check(path, told)


# -- retired


def rolled_back(path: Path) -> LedgerHead:
    write(path, 1, 20)
    shutil.copy(path, path.with_name("copy"))
    told = write(path, 21, 30)
    path.with_name("copy").replace(path)
    return told


def test_a_new_one_begins_where_the_registry_knows_it(path: Path) -> None:
    told = rolled_back(path)
    with Ledger.view(path) as ledger:
        old, head, grants = ledger.export(), ledger.head(), ledger.open_grants()
    retired = retire(path, told, clock=now)
    assert (retired.why, retired.seq, retired.head, retired.open) == ("E-LEDGER-ROLLED-BACK", 20, head, grants)
    assert grants
    with Ledger.open(path, KEEPER) as ledger:
        check_against(ledger, told)
        begun = Begun(retired_seq=20, retired_head=head, told_seq=30, told_head=told.head)
        assert ledger.begun() == begun and [entry.seq for entry in ledger.entries()] == [31]
        assert ledger.open_grants() == () and not ledger.paper()[StationName.LASER].kept
        for subject, record in islice(steps(3), 300):
            ledger.append(subject, record)
        verdict = ledger.verify(KEEPER.is_own)
        assert (verdict.valid, verdict.entries, verdict.seq, verdict.is_signed) == (True, 301, 331, True)
        assert len(lines(ledger.entries())) > 1
        later = LedgerHead(seq=331, head=ledger.head())
        assert verify_export(json.loads(json.dumps(ledger.export()))).valid
    check(path, later)
    with pytest.raises(LedgerRolledBack):
        check(path, LedgerHead(seq=30, head="0" * 64))
    assert retired.folder is not None
    with Ledger.view(retired.folder / path.name) as ledger:
        assert ledger.export() == old
    assert stat.S_IMODE(retired.folder.stat().st_mode) == 0o700


def test_numbers_go_on_where_the_damaged_one_ended(path: Path) -> None:
    told = write(path, 1, 20)
    write(path, 21, 25)
    damaged = bytearray(path.read_bytes())
    at = damaged.rindex(b'"step":"')  # somewhere in the newest rows
    damaged[at] ^= 1
    path.write_bytes(damaged)
    retired = retire(path, told, clock=now)
    assert retired.why == "E-LEDGER-DAMAGED" and retired.folder is not None
    assert (retired.folder / path.name).read_bytes() == damaged
    with Ledger.open(path, KEEPER) as ledger:
        check_against(ledger, told)
        entry = ledger.append("paper:laser", Loaded(units=250))
        assert entry.seq == max(retired.seq, told.seq) + 2


@pytest.mark.parametrize("content", [b"", b"not a ledger"])
def test_what_is_no_ledger_at_all_is_put_aside_too(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    path.with_name(path.name + "-wal").write_bytes(b"the log of another")
    retired = retire(path, NOBODY_TOLD, clock=now)
    assert (retired.seq, retired.head, retired.why) == (0, None, "E-LEDGER-DAMAGED")
    assert retired.folder is not None and (retired.folder / path.name).read_bytes() == content
    assert (retired.folder / (path.name + "-wal")).read_bytes() == b"the log of another"
    with Ledger.open(path, KEEPER) as ledger:
        assert [entry.seq for entry in ledger.entries()] == [1]


def test_one_that_was_lost_is_followed_by_one_that_says_so(path: Path) -> None:
    told = LedgerHead(seq=20, head="5" * 64)
    retired = retire(path, told, clock=now)
    assert (retired.folder, retired.why) == (None, "E-LEDGER-MISSING")
    check(path, told)


def test_one_that_can_be_used_is_not_retired(path: Path) -> None:
    with pytest.raises(LedgerSound):
        retire(path, NOBODY_TOLD)
    assert not path.exists()
    told = write(path, 1, 20)
    before = path.read_bytes()
    with pytest.raises(LedgerSound):
        retire(path, told)
    assert path.read_bytes() == before and not list(path.parent.glob("retired-*"))


def test_it_is_not_retired_while_a_session_runs(path: Path) -> None:
    told = rolled_back(path)
    with Ledger.open(path, KEEPER), pytest.raises(LedgerBusy):
        retire(path, told)
    assert not list(path.parent.glob("retired-*"))


def test_a_retirement_cut_short_is_done_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = rolled_back(path)
    path.with_name(path.name + "-wal").write_bytes(b"")
    real = Path.rename

    def one_file_only(self: Path, target: Path) -> Path:
        if self.name.endswith("-wal"):
            raise OSError(30, "the power is gone")
        return real(self, target)

    with monkeypatch.context() as cut:
        cut.setattr(Path, "rename", one_file_only)
        with pytest.raises(LedgerReadOnly):
            retire(path, told, clock=now)
    # The log alone is nobody's: it is never taken for the next ledger's.
    with pytest.raises(LedgerDamaged):
        Ledger.open(path, KEEPER)
    again = retire(path, told, clock=lambda: now() + 1)
    assert again.why == "E-LEDGER-MISSING" and again.folder is not None
    check(path, told)
    assert len(list(path.parent.glob("retired-*"))) == 2


def test_only_the_first_entry_names_a_retired_one(path: Path) -> None:
    begun = Begun(retired_seq=0, retired_head=None, told_seq=0, told_head=None)
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append("paper:laser", Loaded(units=250))
        for subject in (LEDGER, "paper:laser", "0" * 32):
            with pytest.raises(RecordRefused):
                ledger.append(subject, begun)
        with pytest.raises(RecordRefused):
            ledger.append(LEDGER, Loaded(units=1))
