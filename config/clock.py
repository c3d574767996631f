"""The floor under the machine's clock: the newest time ever seen signed, which never goes back.

A dead battery must not let expired metadata in, nor keep good metadata out. With the clock behind the floor, the floor
is the time that expiry is reckoned by; that is stricter than the clock, and a stick signed lately still works.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.repository import SIGNED_FIELD, TIME
from config.store import storing, write_durably

TOLERANCE = timedelta(minutes=5)
"""How far the administrators' clock may be ahead of this machine's."""
MOST_AHEAD = timedelta(days=30)
"""How far the online key may push the floor past what administrators signed: whoever steals it must not be able to
put the floor so far ahead that everything looks expired for good."""
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Floor:
    """The newest signed time and the highest release seen, kept in `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.time, self.release = _read(file)

    def reference(self, now: datetime) -> datetime:
        """The time by which expiry is reckoned."""
        return max(now, self.time)

    def trusts(self, now: datetime) -> bool:
        """Whether the machine's clock can be right."""
        return now >= self.time - TOLERANCE

    def raised(
        self, now: datetime, release: int, by_administrators: datetime | None, online: datetime | None
    ) -> tuple[datetime, int]:
        """Time and release of the floor after verified metadata said this: when either role signed, if it tells."""
        time = max(self.time, by_administrators or self.time)
        if online is not None:
            time = max(time, min(online, max(now, time) + MOST_AHEAD))
        return time, max(release, self.release)

    def keep(self, time: datetime, release: int) -> None:
        """On the disk, and from now on; raises StoreFailed."""
        with storing():
            write_durably(self._file, json.dumps({"time": time.strftime(TIME), "release": release}).encode(), 0o600)
        self.time, self.release = time, release


def signed_time(fields: dict[str, object], expires: datetime) -> datetime | None:
    """When metadata says it was signed (UTC); None when it does not say, or says something after its own end."""
    try:
        time = datetime.strptime(str(fields.get(SIGNED_FIELD)), TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    return time if time <= expires else None


def _read(file: Path) -> tuple[datetime, int]:
    try:
        values = json.loads(file.read_bytes())
        return datetime.strptime(values["time"], TIME).replace(tzinfo=UTC), int(values["release"])
    except FileNotFoundError:
        return _BEGINNING, 0
    except (OSError, ValueError, TypeError, KeyError):
        return _BEGINNING, 0  # TUF's own files still guard against a rollback; the next look writes it anew
