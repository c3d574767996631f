"""The power goes at any moment: what the ledger said is written is there, and the ledger opens."""

import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from issuance_town import MEMORY
from keeper_of_tests import KEEPER
from power_cuts import STRACE, replay

from kiosk.issuance import storage
from kiosk.issuance.errors import LedgerUnavailable
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Loaded

SCRIPT = Path(__file__).with_name("written_through.py")
ENTRIES = 3


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_whatever_the_disk_kept_of_what_was_not_synced(tmp_path: Path) -> None:
    """Each system call of a session's first minutes, and after it a cut; on a disk that is none but a list of them."""
    folder, trace = tmp_path / "state", tmp_path / "trace"
    folder.mkdir()
    command = [*STRACE, "-o", str(trace), sys.executable, str(SCRIPT), str(folder / "ledger.sqlite"), str(ENTRIES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "appended\n" * ENTRIES, done.stderr
    chance, moments, lost = random.Random(1), 0, 0
    for disk in replay(trace.read_text(), folder):
        for _ in range(4):
            moments += 1
            with tempfile.TemporaryDirectory(dir=MEMORY) as left:
                disk.cut(chance, Path(left))
                with Ledger.open(Path(left) / "ledger.sqlite", KEEPER) as ledger:
                    entries = list(ledger.entries())
                assert [entry.record for entry in entries] == [Loaded(units=n) for n in range(len(entries))]
                assert disk.said <= len(entries) <= disk.said + 1
                lost += len(entries) == disk.said < ENTRIES
    assert disk.said == ENTRIES and moments > 100 and lost > 10


def test_a_log_cut_anywhere_or_with_a_torn_end_leaves_what_was_whole(folder: Path) -> None:
    path, cut = folder / "ledger.sqlite", folder / "cut.sqlite"
    ends = []
    with Ledger.open(path, KEEPER) as ledger:
        for number in range(6):
            ledger.append("paper:laser", Loaded(units=number))
            ends.append(storage.log_of(path).stat().st_size)
        file, log = path.read_bytes(), storage.log_of(path).read_bytes()
    chance = random.Random(2)
    for at in [0, 1, 31, 32, 33, *ends, *(end - 1 for end in ends), *(chance.randrange(len(log)) for _ in range(40))]:
        cut.write_bytes(file)
        storage.log_of(cut).write_bytes(log[:at] + chance.randbytes(chance.choice((0, 700))))
        with Ledger.open(cut, KEEPER) as ledger:
            assert ledger.verify().entries == sum(end <= at for end in ends)
        cut.unlink()


def test_a_database_that_does_not_write_through_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that knows no shared memory: SQLite keeps the journal it had, and only says so when it is asked."""
    path = folder / "ledger.sqlite"
    storage.create(path)
    monkeypatch.setattr(storage, "_WRITING", ("trusted_schema = OFF", "journal_mode = DELETE", "synchronous = FULL"))
    with pytest.raises(LedgerUnavailable, match="write through"):
        Ledger.open(path, KEEPER)
    monkeypatch.setattr(storage, "_WRITING", ("trusted_schema = OFF", "journal_mode = WAL", "synchronous = NORMAL"))
    with pytest.raises(LedgerUnavailable, match="write through"):
        Ledger.open(path, KEEPER)
