"""A hundred cards pulled out, in the middle of a read and on every screen of a visit: nothing of them stays."""

import asyncio
import gc
import io
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kiosk.catalogue import log
from kiosk.session import events as e
from kiosk.session.protocol import Snapshot
from kiosk.session.scripted import Answers, ScriptedCitizen

IN_MID_READ = ""
MOMENTS = (IN_MID_READ, "can", "reading", IN_MID_READ, "pin", "choice", IN_MID_READ, "preview")
"""Not while it is powered up: vpcd sometimes waits for ever for a card that leaves then, and sees no other."""
WAIT = 40.0
LOOSE = 6
"""Descriptors and threads of pools that come and go; one left by each card would be more."""


class Puller(ScriptedCitizen):
    """A citizen who takes the card out as `moment` is shown, and answers nothing after; without one the card leaves
    by itself while it is read."""

    def __init__(self, town: Any, session: Any, moment: str) -> None:
        card = town.hall.cards["amina"]
        super().__init__(session.runner, Answers({"can": card.can}, card.pin, "birth-extract", "ar"))
        self._town = town
        self._moment = moment
        self.pulled: asyncio.Task[None] | None = None

    def show(self, snapshot: Snapshot) -> None:
        if self.ended.done():
            return
        if self._moment and snapshot.screen == self._moment and self.pulled is None:
            self.pulled = asyncio.create_task(asyncio.to_thread(self._town.hall.remove))
        if self.pulled is None or snapshot.screen == "trouble":
            super().show(snapshot)


@pytest.mark.parametrize("cards", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_pulled_cards_leave_nothing(town: Any, cards: int) -> None:
    log.configure(io.StringIO())
    codes, before, after = asyncio.run(asyncio.wait_for(_visits(town, cards), WAIT + 4 * cards))
    assert codes == {"E-CARD-REMOVED": cards}
    assert all(grown < LOOSE for grown in (after[0] - before[0], after[1] - before[1])), (before, after)


async def _visits(town: Any, cards: int) -> tuple[Counter[str | None], tuple[int, int], tuple[int, int]]:
    codes: Counter[str | None] = Counter()
    async with town.session() as session:
        door = Door(session)
        running = asyncio.create_task(session.runner.run())
        try:
            for moment in (None, *MOMENTS):  # what is opened once, is open now
                await _one(town, door, moment)
            before = _held()
            for number in range(cards):
                codes[await _one(town, door, MOMENTS[number % len(MOMENTS)])] += 1
            after = _held()
            assert await _one(town, door, None) is None, "after all of them a card that stays gets its paper"
        finally:
            running.cancel()
    return codes, before, after


async def _one(town: Any, door: "Door", moment: str | None) -> str | None:
    """One visit; `moment` None is one in which the card stays."""
    await door.home()
    fault = "pulled" if moment == IN_MID_READ else None
    await asyncio.to_thread(town.hall.insert, "amina", fault=fault)
    citizen = Puller(town, door.session, moment or "")
    door.enter(citizen)
    code = await citizen.ended
    if citizen.pulled is not None:
        await citizen.pulled
    await asyncio.to_thread(town.hall.remove)
    await door.session.counter.desk.empty()
    return code


class Door:
    """Citizens come in one after the other; behind each it leads the session back to its first screen."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self._inside: Puller | None = None
        self._home = asyncio.Event()
        self._last: Snapshot | None = None
        session.runner.attach(self)

    def enter(self, citizen: Puller) -> None:
        self._inside = citizen
        self._home.clear()
        if self._last is not None:
            citizen.show(self._last)

    async def home(self) -> None:
        if self._inside is not None and self._last is not None:
            self._inside = None
            self.show(self._last)
            await self._home.wait()

    def show(self, snapshot: Snapshot) -> None:
        self._last = snapshot
        if self._inside is not None:
            self._inside.show(snapshot)
            return
        match snapshot.screen:
            case "attract":
                self._home.set()
            case "trouble":
                self.session.runner.post(e.Done())
            case "take_paper":
                self.session.runner.post(e.Taken())
            case "goodbye":
                self.session.runner.post(e.Start())


def _held() -> tuple[int, int]:
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir()), threading.active_count()
