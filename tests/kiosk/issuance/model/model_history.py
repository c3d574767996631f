"""One town's history: kiosks that live and die, visits, hands at the printers; held to account after every step."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from model_books import check
from model_edges import REGISTRY_FAULTS, SIGNER_FAULTS
from model_kiosk import KIOSK_FAULTS, Kiosk, Visit
from model_printers import LASER_FAULTS, THERMAL_FAULTS
from model_world import MEMORY, PowerCut, World, stop_at

from kiosk.issuance.errors import LedgerFull
from kiosk.issuance.records import CameOut

T = TypeVar("T")
FAULTS = tuple(dict.fromkeys((*REGISTRY_FAULTS, *SIGNER_FAULTS, *LASER_FAULTS, *THERMAL_FAULTS, *KIOSK_FAULTS)))
MOMENTS = 45
"""More than any visit has."""
STEPS = 12


class History:
    """Every method is one step. `cut`: the moment of it, from 0, at which the power goes."""

    def __init__(self, folder: Path, kiosk: type[Kiosk] = Kiosk) -> None:
        self.folder = folder
        self._kind = kiosk
        self.world = World(folder)
        self.kiosk = kiosk(self.world)

    def visit(self, visit: Visit, faults: frozenset[str] = frozenset(), cut: int | None = None) -> None:
        fit = self.world.fit(visit.station)
        ending = self._step(lambda: self.kiosk.visit(visit), faults, cut)
        if fit and not faults and cut is None and visit.ends == "paper":
            assert ending is not None and ending.outcome == "printed" and ending.settled, (
                "nothing is wrong, and no paper"
            )

    def deliver(self, faults: frozenset[str] = frozenset(), cut: int | None = None) -> None:
        self._step(self._deliver, faults, cut)

    def _deliver(self) -> None:
        try:
            recovered = self.kiosk.deliver()
        except LedgerFull:
            return
        away = self.world.faults & {"registry-away", "settle-lost", "settle-unanswered"}
        assert away or (recovered.waiting, recovered.code) == (0, None)

    def restart(self) -> None:
        self.kiosk.stop()
        self._begin()

    def kill(self) -> None:
        self.kiosk.die()
        self._begin()

    def time_passes(self) -> None:
        self.world.time_passes()
        check(self.world)

    def mend(self) -> None:
        """Paper comes back, and with it whatever a printer still holds."""
        self.world.mend()
        check(self.world)

    def power_lost(self, station: str) -> None:
        self.world.power_lost(station)
        check(self.world)

    def end(self) -> None:
        """All is mended: the same process closes what it left open, the next one finds nothing to do and prints."""
        self.mend()
        self.deliver()
        check(self.world, at_rest=True)
        self.kill()
        assert self.kiosk.deliver().closed == ()
        for station in ("laser", "thermal"):
            self.visit(Visit(station))  # type: ignore[arg-type]
        self.world.time_passes()
        check(self.world, at_rest=True)
        self.kiosk.stop()

    def _step(self, work: Callable[[], T], faults: frozenset[str], cut: int | None) -> T | None:
        done = None
        self.world.faults, self.world.at = faults, stop_at(cut)
        try:
            done = work()
        except PowerCut:
            self.kill()
        finally:
            self.world.faults, self.world.at = frozenset(), stop_at(None)
        check(self.world)
        return done

    def _begin(self) -> None:
        self.world = World(self.folder)
        self.kiosk = self._kind(self.world)


def wander(seed: int, kiosk: type[Kiosk] = Kiosk, faults: tuple[str, ...] = FAULTS) -> None:
    """A history drawn from a seed. Raises AssertionError, with the seed and the steps, where a promise is broken."""
    draw = random.Random(seed)
    told: list[str] = []
    with tempfile.TemporaryDirectory(prefix="model-", dir=MEMORY) as folder:
        history = History(Path(folder), kiosk)
        try:
            for _ in range(STEPS):
                told.append(_random_step(history, draw, faults))
            history.end()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}; after {told}") from error


def _random_step(history: History, draw: random.Random, among: tuple[str, ...]) -> str:
    faults = frozenset(draw.sample(among, draw.choice((0, 0, 1, 1, min(2, len(among))))))
    cut = draw.choice((None, None, draw.randrange(MOMENTS)))
    what = draw.choice(("visit", "visit", "visit", "deliver", "restart", "kill", "time", "mend", "power"))
    if what == "visit":
        visit = Visit(
            draw.choice(("laser", "thermal")),
            draw.choice((*CameOut, None)),
            draw.choice((None, "looks", "mistaken")),
            draw.choice(("paper", "paper", "paper", "void")),
            draw.choice((None, None, draw.random() / 5)),
        )
        history.visit(visit, faults, cut)
        return f"{visit} {set(faults)} cut {cut}"
    if what == "deliver":
        history.deliver(faults, cut)
        return f"deliver {set(faults)} cut {cut}"
    simple = {
        "restart": history.restart,
        "kill": history.kill,
        "time": history.time_passes,
        "mend": history.mend,
        "power": lambda: history.power_lost(draw.choice(("laser", "thermal"))),
    }
    simple[what]()
    return what
