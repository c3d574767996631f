"""What the kiosk stands on: this machine's clock, and the disk its records go to.

check_clock(now, floor_of(settings.fleet.folder), there)     # raises ClockBehind, ClockSkewed
free = check_disk(settings.kiosk.state, least=settings.kiosk.free)
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import os
import tempfile
from pathlib import Path

from config.clock import TOLERANCE, Floor
from config.errors import ClockBehind, ConfigError
from config.status import read_state
from config.store import Store
from kiosk.errors import ClockSkewed, DiskDenied, DiskFault, DiskFull, DiskReadOnly, KioskError

SKEW_S = 120.0
"""With the clock further than this from the registry's, a date on a document would be in doubt."""
MEGABYTE = 10**6
_TRIAL = bytes(4096)
_BY_ERRNO: dict[int, type[KioskError]] = {
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EROFS: DiskReadOnly,
    errno.EACCES: DiskDenied,
    errno.EPERM: DiskDenied,
}


def check_clock(now: dt.datetime, floor: dt.datetime, there: dt.datetime | None) -> float | None:
    """How far our clock is ahead of the registry's, in seconds; None where `there`, its time, is not known.

    `floor` is the newest time ever signed. Raises ClockBehind, ClockSkewed.
    """
    if now < floor - TOLERANCE:
        raise ClockBehind(f"it is {_words(now)} here; {_words(floor)} was signed already")
    if there is None:
        return None
    skew = (now - there).total_seconds()
    if abs(skew) > SKEW_S:
        raise ClockSkewed(f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the registry's")
    return skew


def floor_of(fleet: Path) -> dt.datetime:
    """The newest signed time: as kept for the configuration agent alone, or as the agent tells everybody."""
    store = Store(fleet)
    kept = Floor(store.tuf / "floor.json").time
    with contextlib.suppress(ConfigError):  # what is wrong with that file, the check of the configuration tells
        state = read_state(store)
        if state is not None and state.floor is not None:
            return max(kept, state.floor)
    return kept


def check_disk(folder: Path, least: int) -> int:
    """The bytes free on the folder's disk, which took a trial and has `least` MB left.

    Waits for the disk. Raises DiskFull, DiskReadOnly, DiskDenied, DiskFault.
    """
    try:
        room = os.statvfs(folder)
        free = room.f_bavail * room.f_frsize
        with tempfile.TemporaryFile(dir=folder) as trial:  # it has no name: a power cut leaves nothing
            trial.write(_TRIAL)
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        kind = _BY_ERRNO.get(error.errno or 0, DiskFault)
        raise kind(f"the state folder: {error.strerror}") from None
    if free < least * MEGABYTE:
        raise DiskFull(f"{free // MEGABYTE} MB free for the ledger, {least} at least are needed")
    return free


def _words(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
