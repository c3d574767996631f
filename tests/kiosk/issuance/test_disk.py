"""A real disk that is full, or becomes read-only: a small file system of its own, mounted for one process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("on_small_disk.py")


def on_small_disk(folder: Path, what: str) -> list[str]:
    """Run one part of `on_small_disk.py` where `folder` is a disk of 256 kB; the lines it prints."""
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    mount = 'mount -t tmpfs -o size=256k tmpfs "$1" && exec "$2" "$3" "$1" "$4"'
    done = subprocess.run(
        [*unshare, "sh", "-c", mount, "sh", str(folder), sys.executable, str(SCRIPT), what],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_full_disk_refuses_and_keeps_what_is_there(folder: Path) -> None:
    written, code, later, again = on_small_disk(folder, "fill")
    assert code == "E-LEDGER-FULL"
    assert int(written) > 10
    assert later == f"valid {written}"
    assert again == "goes on"  # once there is room


def test_a_visit_on_a_full_disk_asks_the_registry_for_nothing(folder: Path) -> None:
    assert on_small_disk(folder, "visit") == ["E-LEDGER-FULL", "grants 0", "papers 0"]


def test_a_disk_that_fills_during_a_visit_stops_it_before_the_printer(folder: Path) -> None:
    lines = on_small_disk(folder, "visit-fills")
    assert lines[0] == "E-LEDGER-FULL"
    assert lines[1:] == ["grants 1", "papers 0", "VOIDED"]


@pytest.mark.parametrize("opener", ["open", "view"])
def test_a_read_only_disk(folder: Path, opener: str) -> None:
    expected = {"open": ["E-LEDGER-READ-ONLY"], "view": ["valid 1"]}
    assert on_small_disk(folder, f"read-only-{opener}") == expected[opener]
