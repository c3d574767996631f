"""Wrong PINs are counted before they are looked at, and nothing shortens the wait that follows: no restart, no kill."""

import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kiosk.staff.errors import StaffLocked, StaffStateUnusable
from kiosk.staff.lock import FREE_TRIES, LONGEST_WAIT_S, StaffLock, wait_after
from kiosk.staff.pin import set_pin
from kiosk.staff.switch import OUT_OF_SERVICE, ServiceSwitch


def test_the_wait_doubles_from_fifteen_seconds_to_an_hour() -> None:
    assert [wait_after(n) for n in range(13)] == [0, 0, 0, 15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert wait_after(10**9) == LONGEST_WAIT_S


class Killed(BaseException):
    """The process died while the PIN was looked at."""


class Tries(RuleBasedStateMachine):
    """A kiosk that is tried at, left alone, killed and switched off. `powered` only ever grows: time with power on."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.clock = 1000.0
        self.powered = 1000.0
        self.wrong = 0
        self.last_look = -1e9
        self.start()

    def teardown(self) -> None:
        self._folder.cleanup()

    def start(self) -> None:
        self.lock = StaffLock(Path(self._folder.name) / "state", lambda: self.clock)

    @rule(seconds=st.floats(0, 4000))
    def wait(self, seconds: float) -> None:
        self.clock += seconds
        self.powered += seconds

    @rule(off=st.booleans(), up=st.floats(0, 90))
    def restart(self, off: bool, up: float) -> None:
        """The process begins again; after a power cut its clock begins at nought as well."""
        if off:
            self.clock = up
            self.powered += up
        self.start()

    @rule(outcome=st.sampled_from(["right", "wrong", "wrong", "wrong", "killed"]))
    def attempt(self, outcome: str) -> None:
        looked = False

        def right() -> bool:
            nonlocal looked
            looked = True
            if outcome == "killed":
                raise Killed
            return outcome == "right"

        waited, due = self.powered - self.last_look, wait_after(self.wrong)
        try:
            assert self.lock.attempt(right) == (outcome == "right")
        except Killed:
            self.start()
        except StaffLocked as locked:
            assert not looked and 0 < locked.wait_s <= due
            return
        assert looked and waited >= due - 1e-3, "a PIN was looked at before the wait was over"
        self.wrong = 0 if outcome == "right" else self.wrong + 1
        self.last_look = self.powered

    @invariant()
    def told_as_it_is(self) -> None:
        told = self.lock.tries()
        assert told.wrong == self.wrong
        assert told.left == max(1, FREE_TRIES - self.wrong)
        assert told.wait_s <= wait_after(self.wrong)


TestTries = Tries.TestCase


@given(st.integers(0, 20), st.integers(0, 10**7), st.lists(st.integers(0, 600), max_size=4))
def test_an_hour_with_the_power_on_ends_any_wait(wrong: int, at: int, restarts: list[int]) -> None:
    now = at
    with TemporaryDirectory() as folder:
        lock = StaffLock(Path(folder), lambda: now)
        for _ in range(wrong):
            now += LONGEST_WAIT_S
            lock.attempt(lambda: False)
        for up in restarts:
            now = up
            lock.tries()
        now += LONGEST_WAIT_S
        assert lock.attempt(lambda: True)
        assert lock.tries().wrong == 0


def test_a_long_run_after_a_restart_brings_no_old_wait_back(tmp_path: Path) -> None:
    """The clock passes, some day, the reading at which the last try was made before the restart."""
    now = 5_000_000.0
    lock = StaffLock(tmp_path, lambda: now)
    for _ in range(12):
        now += LONGEST_WAIT_S
        lock.attempt(lambda: False)
    made_at, now = now, 10.0
    lock = StaffLock(tmp_path, lambda: now)
    assert lock.tries().wait_s == LONGEST_WAIT_S - 10
    now = made_at + 1
    assert lock.tries().wait_s == 0


_GUESS = """
import os, signal, sys
from pathlib import Path
from kiosk.staff.lock import StaffLock

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

StaffLock(Path(sys.argv[1])).attempt(killed)
"""


def test_a_process_killed_while_it_looks_has_used_its_try(tmp_path: Path) -> None:
    lock = StaffLock(tmp_path)
    for used in range(1, FREE_TRIES + 1):
        died = subprocess.run([sys.executable, "-c", _GUESS, str(tmp_path)])
        assert died.returncode == -signal.SIGKILL
        assert lock.tries().wrong == used
    with pytest.raises(StaffLocked):
        lock.attempt(lambda: True)
    again = subprocess.run([sys.executable, "-c", _GUESS, str(tmp_path)], capture_output=True, text=True)
    assert again.returncode == 1 and "StaffLocked" in again.stderr, "the next process waits as well"


def test_what_cannot_be_counted_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    looked = []
    with pytest.raises(StaffStateUnusable):
        StaffLock(tmp_path / "state").attempt(lambda: bool(looked.append(1)))
    assert not looked


@pytest.mark.parametrize(
    "content", [b"", b"{}x", b'{"wrong": -1}', b'{"wrong": 0, "at": NaN}', b'{"wrong": 0, "at": -5}', b"\xff" * 2000]
)
def test_a_damaged_count_opens_nothing_until_the_pin_is_set_anew(tmp_path: Path, content: bytes) -> None:
    lock = StaffLock(tmp_path)
    (tmp_path / "staff-tries.json").write_bytes(content)
    with pytest.raises(StaffStateUnusable):
        lock.attempt(lambda: True)
    lock.forget()
    assert lock.attempt(lambda: True)


def test_the_switch_stands_through_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert ServiceSwitch(state).code is None
    ServiceSwitch(state).put(out=False)
    ServiceSwitch(state).put(out=True)
    ServiceSwitch(state).put(out=True)
    assert ServiceSwitch(state).code == OUT_OF_SERVICE
    ServiceSwitch(state).put(out=False)
    assert ServiceSwitch(state).code is None


def test_a_switch_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StaffStateUnusable):
        ServiceSwitch(tmp_path / "state").put(out=True)


def test_only_the_owner_reads_what_is_kept(tmp_path: Path) -> None:
    set_pin(tmp_path / "staff.pin", "739184")
    StaffLock(tmp_path).attempt(lambda: False)
    ServiceSwitch(tmp_path).put(out=True)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    assert {file.name for file in tmp_path.iterdir()} == {"staff.pin", "staff-tries.json", "out-of-service"}
