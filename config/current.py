"""The configuration in force, for a process that takes up a new one without ending.

    configuration = Configuration(Path("/etc/shubbak/kiosk.toml"))
    settings = configuration.load().settings
    await configuration.changed()              # `current` names another release than was loaded
    settings = configuration.load().settings

What is watched is the target of one symbolic link, `current` in `fleet.folder`: the agent sets it when a whole
release lies there. A change of the local file is taken up along with it, or at the next start.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from config.load import Loaded, load

LOOK_S = 1.0
"""Time between two looks at the link: one readlink(2) each."""


class Configuration:
    """The local file `path`, and the release that `current` names, if any."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._link: Path | None = None
        self._seen: Path | None = None

    def load(self) -> Loaded:
        """Read it anew. Raises ConfigError."""
        if self._link is None:
            self._link = load(self._path).settings.fleet.folder / "current"
        self._seen = _target(self._link)  # before it is read: what comes while we read is seen as a change
        return load(self._path)

    async def changed(self, within: float | None = None) -> bool:
        """Returns True once another release is named than was loaded, False when `within` seconds are over."""
        try:
            async with asyncio.timeout(within):
                while self._link is None or _target(self._link) == self._seen:  # noqa: ASYNC110 - a link tells nobody
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            return False
        return True


def _target(link: Path) -> Path | None:
    try:
        return link.readlink()
    except OSError:
        return None
