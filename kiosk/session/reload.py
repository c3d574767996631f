"""Keeps the session's parts those of the configuration in force, within the same process.

When the configuration becomes another: no new visit begins, the one in progress ends, the parts are closed in
order, read anew and opened. What cannot be opened leaves the kiosk closed, with the code on its sign, and is
tried again when the configuration changes, or after RETRY_S. The screen and its link see none of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from config.current import Configuration
from config.schema import Settings
from kiosk.catalogue import events as logged
from kiosk.catalogue.codes import UNKNOWN, code_of
from kiosk.catalogue.log import say, say_unexpected
from kiosk.session.runner import NoHands, Runner

RETRY_S = 10.0
OpenParts = Callable[[Settings, Runner], AbstractAsyncContextManager[object]]


class Reloader:
    """`release` is the one last read, None for the local file alone; `tried` is set once the first was, well or not."""

    def __init__(self, configuration: Configuration, runner: Runner, open_parts: OpenParts) -> None:
        self._configuration = configuration
        self._runner = runner
        self._open_parts = open_parts
        self._failed = False
        self.release: int | None = None
        self.tried = asyncio.Event()

    async def run(self) -> None:
        """Open the parts and follow the configuration; cancelled, close them."""
        async with AsyncExitStack() as parts:
            await self._open(parts)
            self.tried.set()
            while True:
                await self._configuration.changed(RETRY_S if self._failed else None)
                if self._failed:
                    await self._open(parts)
                    continue
                async with self._runner.held():
                    self._runner.use(NoHands())
                    await self._close(parts)
                    await self._open(parts)

    async def _open(self, parts: AsyncExitStack) -> None:
        availability = self._runner.availability
        try:
            self.release = None
            loaded = self._configuration.load()
            self.release = loaded.release
            await parts.enter_async_context(self._open_parts(loaded.settings, self._runner))
        except Exception as error:  # noqa: BLE001 - whatever it is, the process stays up and says so
            self._failed = True
            if availability.codes.get("session") != code_of(error):
                _say_unless_known(error)
            availability.set("session", code_of(error))
            return
        self._failed = False
        availability.set("session", None)
        if self.tried.is_set():
            self._runner.rest()
        say(logged.TAKEN_UP, part="session", release=self.release or 0)

    async def _close(self, parts: AsyncExitStack) -> None:
        try:
            await parts.aclose()
        except Exception as error:  # noqa: BLE001 - what cannot be closed in order is let go
            _say_unless_known(error)


def _say_unless_known(error: Exception) -> None:
    """A code is logged by whoever shows it; only of what has none the kind must be kept."""
    if code_of(error) == UNKNOWN:
        say_unexpected(error)
