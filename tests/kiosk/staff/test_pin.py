"""The technicians' PIN and the command that sets it: the file tells a right one from a wrong one and holds neither."""

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.staff.errors import PinFileUnusable, PinNotSet, PinWeak
from kiosk.staff.lock import StaffLock
from kiosk.staff.pin import check_pin, load_pin, set_pin

GOOD, OTHER = "739184", "739185"


def test_the_right_pin_matches_and_no_other_does(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "staff.pin"
    set_pin(file, GOOD)
    stored = load_pin(file)
    assert stored.matches(GOOD)
    assert not any(stored.matches(wrong) for wrong in (OTHER, GOOD + "0", GOOD[:-1], ""))
    assert GOOD not in file.read_text() and GOOD not in repr(stored)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_same_pin_is_never_stored_the_same(tmp_path: Path) -> None:
    set_pin(tmp_path / "one", GOOD)
    set_pin(tmp_path / "two", GOOD)
    assert load_pin(tmp_path / "one").key != load_pin(tmp_path / "two").key


def test_a_new_pin_takes_the_old_ones_place_and_leaves_no_draft(tmp_path: Path) -> None:
    set_pin(tmp_path / "staff.pin", GOOD)
    set_pin(tmp_path / "staff.pin", OTHER)
    assert load_pin(tmp_path / "staff.pin").matches(OTHER)
    assert [file.name for file in tmp_path.iterdir()] == ["staff.pin"]


@pytest.mark.parametrize(
    "pin",
    (
        ",12345,1234567890123,abcdef,73918a,73918४,739184\n, 739184,111111,000000000000,123456,654321,456789,890123"
        ",210987,135791,121212,123123,739739,12341234"
    ).split(","),
)
def test_a_pin_that_anybody_would_try_is_refused(tmp_path: Path, pin: str) -> None:
    with pytest.raises(PinWeak) as refused:
        set_pin(tmp_path / "staff.pin", pin)
    assert not pin.strip() or pin.strip() not in str(refused.value)
    assert not (tmp_path / "staff.pin").exists()


@given(st.integers(0, 9), st.integers(0, 9), st.integers(6, 12))
def test_no_row_of_digits_is_a_pin(first: int, step: int, length: int) -> None:
    with pytest.raises(PinWeak):
        check_pin("".join(str((first + step * n) % 10) for n in range(length)))


@given(st.text("0123456789", min_size=1, max_size=6), st.integers(2, 6))
def test_no_repetition_is_a_pin(part: str, times: int) -> None:
    with pytest.raises(PinWeak):
        check_pin(part * times)


@given(st.text(max_size=14))
def test_whatever_is_typed_is_taken_or_refused(text: str) -> None:
    try:
        check_pin(text)
    except PinWeak:
        return
    assert text.isascii() and text.isdecimal() and 6 <= len(text) <= 12


def test_without_a_file_there_is_no_pin(tmp_path: Path) -> None:
    with pytest.raises(PinNotSet):
        load_pin(tmp_path / "staff.pin")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    set_pin(tmp_path / "staff.pin", GOOD)
    (tmp_path / "staff.pin").chmod(mode)
    with pytest.raises(PinFileUnusable):
        load_pin(tmp_path / "staff.pin")


@pytest.mark.parametrize(
    "changed",
    [
        {"n": 2**30},
        {"n": 1000},
        {"p": 10**9},
        {"r": 0},
        {"salt": ""},
        {"key": "zz"},
        {"more": 1},
        {"v": 2},
        {"n": "32768"},
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    file = tmp_path / "staff.pin"
    set_pin(file, GOOD)
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))
    with pytest.raises(PinFileUnusable):
        load_pin(file)


@given(content=st.binary(max_size=2000))
def test_rubbish_in_the_file_is_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("pin") / "staff.pin"
    file.touch(0o600)
    file.write_bytes(content)
    with pytest.raises(PinFileUnusable):
        load_pin(file)


def test_a_folder_that_takes_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PinFileUnusable):
        set_pin(tmp_path / "file" / "staff.pin", GOOD)


# --- the command ---------------------------------------------------------------------------------------


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "kiosk.toml"
    file.write_text('profile = "demo"\n[staff]\npin_file = "staff.pin"\n')
    return file


def command(configuration: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "kiosk", "keys", "staff-pin", *more, "--config", str(configuration)]


def test_the_command_reads_standard_input_and_ends_a_wait(configuration: Path, tmp_path: Path) -> None:
    lock = StaffLock(tmp_path / "state")
    for _ in range(3):
        lock.attempt(lambda: False)
    assert lock.tries().wait_s > 0
    done = subprocess.run(command(configuration, "-"), input=GOOD + "\n", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert load_pin(tmp_path / "staff.pin").matches(GOOD)
    assert lock.tries().wait_s == 0
    assert GOOD not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("more", "typed", "code"),
    [
        (["-"], "123456\n", "E-STAFF-PIN-WEAK"),
        (["-"], "", "E-STAFF-PIN-WEAK"),
        ([GOOD], "", "E-KIOSK-USAGE"),
        ([], GOOD + "\n", "E-KIOSK-USAGE"),
    ],
)
def test_the_command_takes_no_weak_pin_and_none_among_its_arguments(
    configuration: Path, tmp_path: Path, more: list[str], typed: str, code: str
) -> None:
    done = subprocess.run(command(configuration, *more), input=typed, capture_output=True, text=True)
    assert (done.returncode, done.stderr.split(":")[0]) == (2, f"error {code}")
    assert done.stderr.count("\n") == 1 and GOOD not in done.stderr and "123456" not in done.stderr
    assert not (tmp_path / "staff.pin").exists()


@pytest.mark.parametrize(("again", "status"), [(GOOD, 0), (OTHER, 2)])
def test_the_command_asks_twice_and_shows_nothing(configuration: Path, tmp_path: Path, again: str, status: int) -> None:
    """On a terminal of its own: what it shows is what somebody behind the technician sees."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, command(configuration))
    seen = b""
    for question, answer in ((b"PIN: ", GOOD), (b"again: ", again)):
        while not seen.endswith(question):
            seen += os.read(terminal, 1024)
        os.write(terminal, answer.encode() + b"\n")
    try:
        while chunk := os.read(terminal, 1024):
            seen += chunk
    except OSError:  # the terminal closed with the command
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == status
    assert GOOD.encode() not in seen and OTHER.encode() not in seen
    assert (tmp_path / "staff.pin").exists() == (status == 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_sets_belongs_to_the_session(configuration: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 4711, 4712)
    subprocess.run(command(configuration, "-"), input=GOOD + "\n", text=True, check=True)
    found = (tmp_path / "staff.pin").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (4711, 4712, 0o600)
