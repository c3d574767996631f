"""The configuration agent: takes a signed release into service, and back out when the kiosk is the worse for it.

    idle/good ── a higher release, verified, valid, fit for this machine ──► staged
    staged ── between two visits ──► switching ── `current` flipped ──► probation
    probation ── every part as well as before ──► good
    probation ── a part worse, or the session never ran it ──► reverted     (`current` back to the last good)
    a release that is not valid or not fit ──► refused

Each phase is on the disk before what it announces is done, so after a power cut at any step the next agent
knows what was meant: `current` always names a complete release, and soon no more one that is known to be bad.
Nothing but `current` decides what runs, and it is only ever moved between two visits.
A release that was refused or reverted is not tried again; a higher one is.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from config import difference
from config.errors import ClockBehind, ConfigError, ConfigInvalid, NoMeaning, NotTaken, SourceRefused, StateDamaged
from config.load import Loaded, load_with
from config.mirror import Mirror
from config.ports import Health, Meaning, NotNow, Quiet, Teller
from config.status import MAX_REASONS, Phase, State, read_state
from config.store import Store, storing, write_durably

LOOKS = 12
"""Looks at the kiosk's health in one probation."""
BAD_LOOKS = 4
"""So many of them in a row with a new fault end it."""
TAKING_LOOKS = 25
"""Looks, one a second, for the session to run another release while it is held."""
STICK_LOOK_S = 2.0
JITTER = (0.9, 1.1)
"""The poll's time is taken so many times: kiosks that one power cut started together do not go on asking together."""
MAX_STICKS = 8
_CODE = re.compile(r"(E-[A-Z0-9-]{1,60}):")
Wait = Callable[[float], Awaitable[None]]


class Agent:
    """The one agent of a kiosk. `path` is the local configuration file; `wait` sleeps for that many seconds."""

    def __init__(
        self,
        path: Path,
        *,
        meaning: Meaning,
        health: Health,
        quiet: Quiet,
        teller: Teller,
        wait: Wait = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Reads the local file's [fleet]; raises ConfigError when that cannot be read."""
        self._path = path
        self._fleet = load_with(path, None).settings.fleet
        self._meaning, self._health, self._quiet, self._teller = meaning, health, quiet, teller
        self._wait, self._now = wait, now
        self.store = Store(self._fleet.folder)
        self._mirror = Mirror(self.store, self._fleet.root, now=now)
        self._state = State(since=now())
        self._asked = False

    @property
    def state(self) -> State:
        return self._state

    async def run(self) -> None:
        """Until cancelled. Raises AgentRunning when another agent works here, StoreFailed when it cannot begin."""
        with self.store.only_agent(), contextlib.ExitStack() as ending:
            ending.callback(self._mirror.stop)
            self.wake()
            while True:
                sticks = set(_sticks(self._fleet.usb))
                self._asked = False
                try:
                    await self.step()
                except ConfigError as error:  # a full disk, say; what runs stays, and the next step tries again
                    self._teller.state(self._state.phase, self._state.release, error.code)
                await self._until_next_look(sticks)

    def look_now(self) -> None:
        """Let `run` look without waiting for the poll's time; while it does something else, when that is done."""
        self._asked = True

    def wake(self) -> None:
        """Take up what is on the disk. Raises StoreFailed."""
        self.store.prepare()
        current = self.store.current()  # with nothing known of it, what runs is taken for good
        fresh = State(phase="good" if current else "idle", release=current, good=current, since=self._now())
        try:
            self._state = read_state(self.store) or fresh
        except StateDamaged as error:
            with storing():
                self.store.state.replace(self.store.state.with_suffix(".damaged"))
            self._state = fresh
            self._enter(fresh.phase, code=error.code)

    async def step(self) -> None:
        """Finish what is under way; with nothing under way, look at every source once."""
        await self._mend()
        if self._state.phase not in ("staged", "probation"):
            await self._look()
        if self._state.phase == "staged":
            await self._switch()
        if self._state.phase == "probation":
            await self._prove()

    async def _mend(self) -> None:
        """Make `current` and the phase agree again, after a power cut or a disk that refused."""
        state, current = self._state, self.store.current()
        if state.phase == "switching":
            self._enter("probation" if current == state.release else "staged")
        elif state.phase == "probation" and current != state.release:
            self._enter("reverted", bad=max(state.bad, state.release or 0), code=NotTaken.code)
        if self._state.phase == "staged" and not self._complete(state.release):
            self._enter("good" if state.good else "idle", release=state.good)
        unwanted = self._state.phase == "reverted" and current == state.release
        if current is not None and (unwanted or not self._complete(current)):
            await self._go_back()

    async def _look(self) -> None:
        good = self._state.good
        self.store.prune({self.store.current(), good})
        reuse = self.store.path(good) if self._complete(good) and good else None
        refused: SourceRefused | None = None
        seen = False
        for source in self._sources():
            above = max(good or 0, self._state.bad)
            try:
                found = await asyncio.to_thread(self._mirror.pull, source, above, reuse)
            except SourceRefused as error:
                refused = refused or error
                continue
            seen = True
            if found.release != self._state.wanted:
                self._note(wanted=found.release)
            if found.folder is not None:
                await self._stage(found.release, found.folder)
                break
        self._note_sources(seen, refused)

    def _sources(self) -> list[str | Path]:
        """Sticks first: somebody stands there."""
        return [*_sticks(self._fleet.usb), *([self._fleet.mirror] if self._fleet.mirror else [])]

    def _note_sources(self, seen: bool, refused: SourceRefused | None) -> None:
        now, floor = self._now(), self._mirror.floor
        trusted = floor.trusts(now)
        code = ClockBehind.code if not trusted else refused.code if refused else None
        if code is not None and code != self._state.source_code:
            self._teller.state(self._state.phase, self._state.release, code)
        self._note(
            source_code=code,
            last_seen=now if seen else self._state.last_seen,
            clock="trusted" if trusted else "not-trusted",
            floor=floor.time,
        )

    async def _stage(self, release: int, folder: Path) -> None:
        try:
            before, after, lines = await asyncio.to_thread(self._compare, folder)
        except ConfigInvalid as error:
            return self._refuse(release, error.code, [str(problem) for problem in error.problems])
        except ConfigError as error:
            return self._refuse(release, error.code, [str(error)])
        try:
            problems = await self._meaning.problems(before.settings, after.settings, folder)
        except NotNow as later:
            return self._refuse(release, _code(later.problems), later.problems, for_good=False)
        if problems:
            return self._refuse(release, _code(problems), problems)
        self._teller.difference(release, lines)
        self._enter("staged", release=release, code=None, reasons=())

    def _compare(self, folder: Path) -> tuple[Loaded, Loaded, list[str]]:
        after = load_with(self._path, folder)
        current = self.store.current()
        old = None if current is None else self.store.path(current)
        try:
            before = load_with(self._path, old)
        except ConfigError:  # what runs is broken: all the more reason to go on
            old, before = None, load_with(self._path, None)
        return before, after, difference.between(before.settings, after.settings, old, folder)

    def _refuse(self, release: int, code: str, reasons: Sequence[str], *, for_good: bool = True) -> None:
        state = self._state
        if not for_good and (state.phase, state.release, state.code) == ("refused", release, code):
            return  # told already; it is tried again at the next look
        bad = release if for_good else state.bad
        self._enter("refused", release=release, bad=bad, code=code, reasons=_short(reasons))

    async def _switch(self) -> None:
        release = self._state.release
        async with self._quiet.between_visits():
            self._enter("switching", before=await self._health.faults())
            self.store.point(release)
            self._enter("probation")
            await self._taken(release)

    async def _taken(self, release: int | None) -> None:
        """Wait, while no visit can begin, until the session runs it; not for ever, a hold does not last."""
        for _ in range(TAKING_LOOKS):
            if await self._health.release() == release:
                return
            await self._wait(1.0)

    async def _prove(self) -> None:
        bad_looks = 0
        for _ in range(LOOKS):
            await self._wait(self._fleet.probation / LOOKS)
            running = await self._health.release() == self._state.release
            faults = await self._health.faults()
            worse = {part: code for part, code in faults.items() if part not in self._state.before}
            bad_looks = bad_looks + 1 if running and worse else 0
            if bad_looks == BAD_LOOKS:
                break
        if running and not worse:
            return self._enter("good", good=self._state.release, code=None, reasons=(), before={})
        code = next(iter(worse.values())) if running else NotTaken.code
        await self._revert(code, [f"{part}: {fault}" for part, fault in worse.items()])

    async def _revert(self, code: str, reasons: Sequence[str]) -> None:
        bad = max(self._state.bad, self._state.release or 0)
        self._enter("reverted", bad=bad, code=code, reasons=_short(reasons), before={})
        await self._go_back()

    async def _go_back(self) -> None:
        good = self._state.good if self._complete(self._state.good) else None
        async with self._quiet.between_visits():
            self.store.point(good)
            await self._taken(good)

    def _complete(self, release: int | None) -> bool:
        return release is not None and self.store.complete(release)

    def _enter(self, phase: Phase, **changes: object) -> None:
        """On the disk first, then told."""
        self._note(phase=phase, since=self._now(), **changes)
        self._teller.state(phase, self._state.release, self._state.code)

    def _note(self, **changes: object) -> None:
        state = State.model_validate(self._state.model_dump() | changes)
        with storing():
            write_durably(self.store.state, state.model_dump_json().encode(), 0o644)
        self._state = state

    async def _until_next_look(self, known: set[Path]) -> None:
        """The poll's time, or until a stick comes that was not there, or somebody asks."""
        left = self._fleet.poll * random.uniform(*JITTER)  # noqa: S311 - spreads kiosks out, guards nothing
        while left > 0 and not self._asked and not (now := set(_sticks(self._fleet.usb))) - known:
            known = now
            await self._wait(min(left, STICK_LOOK_S))
            left -= STICK_LOOK_S


def _sticks(mounted: Path | None) -> list[Path]:
    if mounted is None:
        return []
    try:
        folders = sorted(stick / "shubbak" for stick in mounted.iterdir())
        return [folder for folder in folders if folder.is_dir() and not folder.is_symlink()][:MAX_STICKS]
    except OSError:
        return []


def _code(problems: Sequence[str]) -> str:
    found = _CODE.match(problems[0]) if problems else None
    return found[1] if found else NoMeaning.code


def _short(reasons: Sequence[str]) -> tuple[str, ...]:
    return tuple(reason[:300] for reason in reasons[:MAX_REASONS])
