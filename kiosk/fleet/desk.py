"""A release folder judged at an administrator's desk, where no kiosk is."""

from __future__ import annotations

from pathlib import Path

from config import ConfigInvalid, Settings, release
from kiosk.fleet.meaning import desk_problems


def release_problems(folder: Path) -> list[str]:
    """Every problem in words, none when kiosks could take it: files, keys and values first, then what they mean.

    A printer's and a registry's address are tried by each kiosk, from where it stands. Raises ReleaseUnreadable.
    """
    try:
        after = release.check(folder)
    except ConfigInvalid as error:
        return [str(problem) for problem in error.problems]
    return desk_problems(Settings(profile="demo"), after)
