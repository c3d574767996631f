"""Whole visits by the real session, from the card noticed to the paper out, beside the sum of their floors.

The citizen is a script and loses no time. The session, the signer and every device are the real ones.
"""

from __future__ import annotations

import asyncio
import io
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.card import Reader
from benchmarks.measure import Stage
from benchmarks.papers import TYPE
from config.schema import Settings
from kiosk.catalogue import log
from kiosk.session.protocol import Snapshot
from kiosk.session.scripted import Answers, ScriptedCitizen
from kiosk.session.service import Session, open_session
from kiosk.simulation.townhall import TownHall

FLOORS = ("card-connect", "card", "registry", "preview", "seal-and-sign", "job")
"""Stages that follow each other in a visit, and together are one."""
_DEADLINE_S = 60.0


@dataclass
class Observer:
    """Looks on as the screen would, and notes what must be seen before the session wipes it."""

    session: Session
    seen: dict[str, float] = field(default_factory=dict)
    apdus: int = 0

    def show(self, snapshot: Snapshot) -> None:
        self.seen.setdefault(snapshot.screen, time.perf_counter())
        self.apdus = max(self.apdus, self.session.counter.desk.apdus)

    @property
    def milliseconds(self) -> float:
        return (self.seen["take_paper"] - self.seen["opening"]) * 1000


@dataclass(frozen=True, slots=True)
class Visits:
    """The stage, and the session's own stopwatch: the median of each of its parts, in milliseconds."""

    stage: Stage
    stopwatch: dict[str, float]

    def beside(self, stages: Sequence[Stage]) -> None:
        """Their floor is the sum of the floors of these."""
        self.stage.floor.times.append(sum(stage.floor.median for stage in stages if stage.name in FLOORS))

    def as_json(self) -> dict[str, Any]:
        return {**self.stage.as_json(), "stopwatch_ms": self.stopwatch}


def measure(hall: TownHall, settings: Settings, rounds: int) -> Visits:
    """`rounds` visits of one citizen, each with a session of its own; what they stand beside is told later."""
    stage = Stage("visit", "card noticed → paper out, no citizen's time", f"sum of {', '.join(FLOORS)}")
    log.configure(io.StringIO())
    hall.printer.paper_in()
    watches: list[dict[str, float]] = []
    with Reader(hall).watched() as reader:
        for _ in range(rounds):
            # Not before the reader has noticed that the last card left.
            with reader.holding(hall.cards["amina"].file):
                watches.append(asyncio.run(asyncio.wait_for(_visit(hall, settings, stage), _DEADLINE_S)))
    return Visits(stage, {name: round(statistics.median(w[name] for w in watches), 1) for name in watches[0]})


async def _visit(hall: TownHall, settings: Settings, stage: Stage) -> dict[str, float]:
    card = hall.cards["amina"]
    async with open_session(settings) as session:
        observer = Observer(session)
        registry = session.counter._parts.registry  # nobody else needs its counters
        requests, sent = registry.requests, registry.bytes
        citizen = ScriptedCitizen(session.runner, Answers({"can": card.can}, card.pin, TYPE, "ar"))
        session.runner.attach(observer)
        session.runner.attach(citizen)
        running = asyncio.create_task(session.runner.run())
        try:
            trouble = await citizen.ended
        finally:
            running.cancel()
        await session.counter.settled()
        if trouble is not None:
            raise RuntimeError(f"the visit ended with {trouble}")
        stage.ours.times.append(observer.milliseconds)
        stage.counts.update(apdus=observer.apdus, requests=registry.requests - requests, bytes=registry.bytes - sent)
        return session.counter.times
