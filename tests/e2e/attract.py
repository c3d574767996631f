"""The attract screen of a session in this process: what it says is awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from kiosk.session.protocol import ScreenEvent, Snapshot
from kiosk.session.service import Session


class Attract:
    """The screen: awaits what it says."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._changed = asyncio.Event()
        self.shown: Snapshot | None = None

    def show(self, snapshot: Snapshot) -> None:
        self.shown = snapshot
        self._changed.set()

    async def until(self, wanted: Callable[[Snapshot], bool]) -> Snapshot:
        while self.shown is None or not wanted(self.shown):
            self._changed.clear()
            await self._changed.wait()
        return self.shown

    async def closed(self, code: str, part: str) -> None:
        await self.until(lambda s: (s.data.get("unavailable"), s.data.get("part")) == (code, part))

    async def open(self) -> None:
        await self.until(lambda s: s.screen == "attract" and s.data["unavailable"] is None)

    def touch(self, name: Any) -> None:
        assert self.shown
        self.session.runner.from_screen(ScreenEvent(seq=self.shown.seq, name=name))


@asynccontextmanager
async def attract(town: Any) -> AsyncIterator[Attract]:
    async with town.session() as session:
        screen = Attract(session)
        session.runner.attach(screen)
        running = asyncio.create_task(session.runner.run())
        try:
            yield screen
        finally:
            running.cancel()


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 60))
