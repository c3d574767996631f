"""How long each stage of a visit took, in milliseconds, for the log and `visit.json`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = ("card", "registry", "seal_and_sign", "submit", "paper")


class Stopwatch:
    """Sums by stage; the citizen's own time (typing, taking the card) belongs to none."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter() - start) * 1000)

    def add(self, name: str, milliseconds: float) -> None:
        self._sums[name] += milliseconds

    def milliseconds(self) -> dict[str, float]:
        """Each stage and their `total`."""
        sums = {name: round(value, 1) for name, value in self._sums.items()}
        return {**sums, "total": round(sum(self._sums.values()), 1)}
