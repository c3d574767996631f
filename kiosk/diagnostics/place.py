"""What every check is given: the settings, the clock, and how to ask the running session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from config.schema import Settings
from kiosk.session.control import Health


class Session(Protocol):
    """The running session, asked over its control socket or, from within it, directly."""

    async def health(self) -> Health: ...
    def hold(self) -> AbstractAsyncContextManager[None]:
        """Inside, no visit is going on and none begins."""
        ...


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """`root` is where /proc, /sys and /etc are looked for. `firmware` keeps what readers told, by name: asking
    keeps visits away for a moment, so it is done once."""

    settings: Settings
    session: Session
    now: Callable[[], dt.datetime] = utc_now
    installing: bool = False
    root: Path = Path("/")
    firmware: dict[str, str | None] = field(default_factory=dict)
