"""How long to wait before something that failed is tried again: longer each time, and never in step with others.

A registry that comes back is asked by every kiosk of a country; without chance in it they would come together.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

FIRST_S, MOST_S = 30.0, 600.0
_DOUBLINGS = 8


class Backoff:
    """`clock` counts seconds; `chance` is uniform in 0 … 1."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, chance: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._until = 0.0

    @property
    def due(self) -> bool:
        """Whether it may be tried now."""
        return not self._failures or self._clock() >= self._until

    def failed(self) -> None:
        """It was tried: wait between half and all of 30 s, 60 s, … 10 min."""
        wait = min(FIRST_S * 2.0 ** min(self._failures, _DOUBLINGS), MOST_S)
        self._failures += 1
        self._until = self._clock() + wait * (0.5 + self._chance() / 2)

    def worked(self) -> None:
        """It, or something like it, came through: nothing is waited for."""
        self._failures = 0
