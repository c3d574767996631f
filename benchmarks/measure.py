"""Two sides of a stage, measured in turn, and what they come to."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Series:
    """What one side took, in milliseconds, one number for each round."""

    times: list[float] = field(default_factory=list)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """The block is one round."""
        start = time.perf_counter()
        yield
        self.times.append((time.perf_counter() - start) * 1000)

    @property
    def median(self) -> float:
        return statistics.median(self.times)


class Stopped:
    """A clock that runs only within `running`: for a round with pauses that belong to neither side."""

    def __init__(self) -> None:
        self.milliseconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.milliseconds += (time.perf_counter() - start) * 1000


@dataclass(frozen=True, slots=True)
class Stage:
    """`ours_is` and `floor_is` say in words what each side does; `counts` are of one round of our side.

    `first` is our side's round that found everything cold; it counts in no median.
    """

    name: str
    ours_is: str
    floor_is: str
    ours: Series = field(default_factory=Series)
    floor: Series = field(default_factory=Series)
    counts: dict[str, int] = field(default_factory=dict)
    first: Series = field(default_factory=Series)

    def set_first_apart(self) -> Stage:
        """The first round of both sides paid for what later ones found warm. Returns the stage itself."""
        self.first.times.append(self.ours.times.pop(0))
        self.floor.times.pop(0)
        return self

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return self.ours.median / self.floor.median

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ours": self.ours_is,
            "floor": self.floor_is,
            "rounds": len(self.ours.times),
            "ours_ms": round(self.ours.median, 2),
            "floor_ms": round(self.floor.median, 2),
            "ratio": round(self.ratio, 2),
            "first_ms": round(self.first.median, 2) if self.first.times else None,
            "counts": self.counts,
        }


class Unequal(Exception):
    """The two sides of a stage did not do the same work, so their ratio would say nothing."""


def same(ours: object, floor: object, what: str) -> None:
    """Raises Unequal unless both are equal."""
    if ours != floor:
        raise Unequal(f"{what} of the two sides differ")
