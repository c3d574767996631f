"""The folder of the ledger is somebody else's, or goes away: nothing is issued, and what is there stays."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from keeper_of_tests import KEEPER

from kiosk.issuance.errors import LedgerBusy, LedgerDamaged, LedgerError, LedgerUnavailable
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Loaded, StationName
from kiosk.issuance.retirement import retire
from registry.models import LedgerHead

LOADED = Loaded(units=250)
NOBODY = 65534


@pytest.fixture
def path(folder: Path) -> Path:
    folder.chmod(0o755)
    path = folder / "state" / "ledger.sqlite"
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append("paper:laser", LOADED)
    return path


def as_somebody_else(work: Callable[[], object]) -> str:
    """The code that it raises in a process without leave of its own; "done" for none."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        said = "crashed"
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            work()
            said = "done"
        except LedgerError as error:
            said = error.code
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as told:
        return told.read()


def open_and_write(path: Path) -> None:
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append("paper:laser", LOADED)


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "view"),
    [
        (0o000, 0o600, "E-LEDGER-READ-ONLY"),
        (0o755, 0o000, "E-LEDGER-READ-ONLY"),
        (0o555, 0o444, "done"),
    ],
    ids=["closed-folder", "closed-file", "read-only"],
)
def test_a_ledger_of_another_owner(path: Path, folder_mode: int, file_mode: int, view: str) -> None:
    before = path.read_bytes()
    lock = path.with_name(path.name + ".lock")
    path.chmod(file_mode)
    lock.chmod(0o666)
    path.parent.chmod(folder_mode)
    opened = as_somebody_else(lambda: open_and_write(path))
    viewed = as_somebody_else(lambda: Ledger.view(path).verify())
    path.parent.chmod(0o700)
    path.chmod(0o600)
    assert (opened, viewed) == ("E-LEDGER-READ-ONLY", view)
    assert path.read_bytes() == before


@pytest.mark.parametrize("how", ["deleted", "moved", "another put in its place"])
def test_a_file_taken_away_while_the_session_runs(path: Path, how: str) -> None:
    """SQLite would go on writing into a file that nobody finds again."""
    aside = path.parent.with_name("aside")
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append("paper:laser", LOADED)
        if how == "deleted":
            shutil.rmtree(path.parent)
        else:
            path.parent.rename(aside)
        if how.startswith("another"):
            shutil.copytree(aside, path.parent)
        for _ in range(2):
            with pytest.raises(LedgerUnavailable, match="no longer where it was"):
                ledger.append("paper:laser", LOADED)
    if how != "deleted":
        with Ledger.open(aside / path.name, KEEPER) as ledger:
            assert ledger.verify().entries == 2


def test_a_log_without_its_file_is_not_taken_for_the_next_ones(path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append("paper:laser", LOADED)
        kept = log.read_bytes()
        path.unlink()
    log.write_bytes(kept)
    with pytest.raises(LedgerDamaged, match="its log"):
        Ledger.open(path, KEEPER)
    assert log.read_bytes() == kept


def test_an_emptied_file_keeps_its_log(path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    path.write_bytes(b"")
    log.write_bytes(b"the newest entries")
    for opening in (lambda: Ledger.open(path, KEEPER), lambda: Ledger.view(path)):
        with pytest.raises(LedgerDamaged):
            opening()
    assert log.read_bytes() == b"the newest entries"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_does_for_the_session_leaves_it_the_sessions(folder: Path) -> None:
    state = folder / "state"
    state.mkdir()
    folder.chmod(0o755)
    os.chown(state, NOBODY, NOBODY)
    path = state / "ledger.sqlite"
    told = LedgerHead(seq=9, head="9" * 64)
    open_and_write(path)
    retired = retire(path, told)
    assert retired.folder is not None
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append("paper:laser", LOADED)
        there = [*state.iterdir(), *retired.folder.iterdir()]
        assert {(file.stat().st_uid, file.stat().st_gid) for file in there} == {(NOBODY, NOBODY)}
        with pytest.raises(LedgerBusy):
            retire(path, told)
    assert as_somebody_else(lambda: open_and_write(path)) == "done"
    with Ledger.view(path) as ledger:
        assert ledger.paper()[StationName.LASER].expected == 250 and ledger.verify().entries == 3
