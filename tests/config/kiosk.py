"""A kiosk as the agent sees it: it takes up `current`, serves citizens, and has the faults it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from config.agent import Agent
from config.ports import NotNow
from config.schema import Settings
from config.store import Store
from tests.config.releases import write_local
from tests.config.town import Clock


class PowerCut(BaseException):
    """Nothing runs after it, not even what catches errors."""


class Watched(Store):
    """Records each time `current` is moved, and refuses to see it moved while a citizen is served."""

    kiosk: FakeKiosk

    def point(self, release: int | None) -> None:
        assert self.kiosk.quiet, "moved while a citizen may be served"
        super().point(release)
        self.kiosk.moves.append(release)


class FakeKiosk:
    """The four ports. `faults_of` maps a release (None: the local file) to its faults; `deaf_to` never comes up."""

    def __init__(self, folder: Path, root: Path, source: Path, clock: Clock) -> None:
        self.local = write_local(folder, f'[fleet]\nroot = "{root}"\nusb = "{source}"\nprobation = 60\npoll = 300\n')
        self.store = Store(folder / "fleet")
        self.clock = clock
        self.faults_of: dict[int | None, dict[str, str]] = {}
        self.deaf_to: set[int] = set()
        self.unfit: dict[int, list[str]] = {}
        self.silent: dict[int, list[str]] = {}
        self.served: list[bool] = []
        """Whether a citizen is being served, asked once for each second of waiting for quiet; then nobody is."""
        self.quiet = False
        self.moves: list[int | None] = []
        self.told: list[tuple[str, int | None, str | None]] = []
        self.changes: dict[int, list[str]] = {}
        self.waited = 0.0
        self.during_wait = lambda seconds: None

    def agent(self) -> Agent:
        """A new agent, as after a restart."""
        agent = Agent(self.local, meaning=self, health=self, quiet=self, teller=self, wait=self.wait, now=self.clock)
        agent.store.__class__ = Watched
        agent.store.kiosk = self  # type: ignore[attr-defined]
        self.quiet = False
        agent.wake()
        return agent

    async def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.clock.forward(seconds=seconds)
        self.during_wait(seconds)

    async def problems(self, before: Settings, after: Settings, release: Path) -> list[str]:
        if (silent := self.silent.get(int(release.name))) is not None:
            raise NotNow(silent)
        return self.unfit.get(int(release.name), [])

    async def faults(self) -> dict[str, str]:
        return self.faults_of.get(await self.release(), {})

    async def release(self) -> int | None:
        current = self.store.current()
        return None if current in self.deaf_to else current

    def between_visits(self) -> AbstractAsyncContextManager[None]:
        return self._between_visits()

    @asynccontextmanager
    async def _between_visits(self) -> AsyncIterator[None]:
        while self.served and self.served.pop(0):
            await self.wait(1)
        self.quiet = True
        try:
            yield
        finally:
            self.quiet = False

    def difference(self, release: int, lines: list[str]) -> None:
        self.changes[release] = lines

    def state(self, phase: str, release: int | None, code: str | None) -> None:
        self.told.append((phase, release, code))
