"""The kiosk's health and its quiet moments, as its session tells them on the control socket.

A session that does not answer serves nobody: that is a fault of the part "session", and it is quiet. What somebody at
the printer must see to, and the machine's own clock and disk, are no configuration's doing: a kiosk that runs out of
paper while a release is on probation is as healthy as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from drivers.printers.errors import CoverOpen, CutterJam, JobLeft, OutOfPaper, PaperJam, PrinterStopped, TonerEmpty
from kiosk.errors import PaperUsedUp
from kiosk.session.control import ControlClient, ControlError, SessionAway
from kiosk.session.control_protocol import Part

_AGAIN_S = 0.5
_BY_HAND = frozenset(
    error.code
    for error in (CoverOpen, CutterJam, JobLeft, OutOfPaper, PaperJam, PaperUsedUp, PrinterStopped, TonerEmpty)
)
"""What somebody at the printer puts right."""
_OF_THE_MACHINE: frozenset[Part] = frozenset({"clock", "disk"})


class SessionHealth:
    """`config.ports.Health` over the session's control socket."""

    def __init__(self, control: Path) -> None:
        self._client = ControlClient(control)

    async def faults(self) -> dict[str, str]:
        """Part → code of what is wrong; empty when well."""
        try:
            health = await self._client.health()
        except ControlError as error:
            return {"session": error.code}
        return {
            part: code
            for part, code in health.parts.items()
            if code is not None and code not in _BY_HAND and part not in _OF_THE_MACHINE
        }

    async def release(self) -> int | None:
        """The release the session runs; None for the local file alone, or when it does not say."""
        try:
            return (await self._client.health()).release
        except ControlError:
            return None


class SessionQuiet:
    """`config.ports.Quiet`: the session is held between two visits while the context lasts."""

    def __init__(self, control: Path) -> None:
        self._client = ControlClient(control)

    def between_visits(self) -> AbstractAsyncContextManager[None]:
        """Waits for the end of a visit, however long it takes."""
        return self._between_visits()

    @asynccontextmanager
    async def _between_visits(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            while True:
                try:
                    await stack.enter_async_context(self._client.hold())
                    break
                except SessionAway:
                    break
                except ControlError:
                    await asyncio.sleep(_AGAIN_S)  # too many ask it
            yield
