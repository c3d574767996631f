"""Wrong tries at the technicians' PIN: counted on the disk, and answered with ever longer waits.

    lock = StaffLock(settings.kiosk.state)
    lock.attempt(lambda: stored.matches(pin))       # True, False, or raises StaffLocked

A try counts as wrong before the PIN is looked at, so that cutting the power in between gains nothing.

Waits are measured on the clock that runs from power-on (CLOCK_BOOTTIME): nobody sets it, neither forwards
nor back. After a restart it stands below the time of the last try; the wait then counts from the restart.
So setting the clock or pulling the plug never shortens a wait, and an hour with the power on ends any.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kiosk.staff.errors import StaffLocked, StaffStateUnusable
from kiosk.staff.files import remove, write_whole

FREE_TRIES = 3
"""The last of them, when wrong too, begins the first wait."""
FIRST_WAIT_S, LONGEST_WAIT_S = 15, 3600
_DOUBLINGS = 8
_MAX_FILE = 1024


def wait_after(wrong: int) -> int:
    """Seconds that no PIN is looked at after that many wrong tries: 0, 0, 0, 15, 30, 60, … 3600."""
    if wrong < FREE_TRIES:
        return 0
    return min(FIRST_WAIT_S << min(wrong - FREE_TRIES, _DOUBLINGS), LONGEST_WAIT_S)


@dataclass(frozen=True, slots=True)
class Tries:
    """`left` tries until the next wait, at least 1; `wait_s` until a PIN is looked at again, rounded up."""

    wrong: int
    left: int
    wait_s: int


class _Counted(BaseModel):
    """`at`: seconds after power-on of the last try."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    v: Literal[1] = 1
    wrong: int = Field(0, ge=0)
    at: float = Field(0.0, ge=0, allow_inf_nan=False)


def _since_power_on() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class StaffLock:
    """`folder` is the one of the ledger. `clock` gives seconds since the machine was switched on."""

    def __init__(self, folder: Path, clock: Callable[[], float] = _since_power_on) -> None:
        self._path = folder / "staff-tries.json"
        self._clock = clock
        self._one_at_a_time = threading.Lock()

    def tries(self) -> Tries:
        """Where things stand. Raises StaffStateUnusable."""
        counted = self._read()
        rest = wait_after(counted.wrong) - (self._clock() - counted.at)
        return Tries(counted.wrong, max(1, FREE_TRIES - counted.wrong), max(0, math.ceil(rest)))

    def attempt(self, right: Callable[[], bool]) -> bool:
        """Count a try, then ask `right`; the count ends with a right one.

        Raises StaffLocked (and asks nothing), StaffStateUnusable (nothing is asked that cannot be counted).
        """
        with self._one_at_a_time:
            before = self.tries()
            if before.wait_s > 0:
                raise StaffLocked(before.wait_s)
            self._write(_Counted(wrong=before.wrong + 1, at=self._clock()))
            if not right():
                return False
            self.forget()
            return True

    def forget(self) -> None:
        """No try was wrong. Raises StaffStateUnusable."""
        try:
            remove(self._path)
        except OSError as error:
            raise _unusable(error) from None

    def _read(self) -> _Counted:
        try:
            with self._path.open("rb") as file:
                counted = _Counted.model_validate_json(file.read(_MAX_FILE))
        except FileNotFoundError:
            return _Counted()
        except OSError as error:
            raise _unusable(error) from None
        except ValidationError:
            raise StaffStateUnusable("the count of wrong staff PINs is damaged; setting the PIN anew ends it") from None
        if self._clock() < counted.at:  # written before the machine was last switched on
            counted = counted.model_copy(update={"at": 0.0})
            self._write(counted)
        return counted

    def _write(self, counted: _Counted) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self._path, counted.model_dump_json().encode())
        except OSError as error:
            raise _unusable(error) from None


def _unusable(error: OSError) -> StaffStateUnusable:
    return StaffStateUnusable(f"the count of wrong staff PINs cannot be kept: {error.strerror}")
