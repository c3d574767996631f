"""Any order of visits, faults, power cuts and recoveries at both printers: never two originals, nothing lost."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from model_history import FAULTS, MOMENTS, History, wander
from model_kiosk import Visit
from model_world import MEMORY

from kiosk.issuance.records import CameOut

FAULT_SETS = st.frozensets(st.sampled_from(FAULTS), max_size=2)
CUTS = st.none() | st.integers(min_value=0, max_value=MOMENTS)
VISITS = st.builds(
    Visit,
    station=st.sampled_from(["laser", "thermal"]),
    answer=st.none() | st.sampled_from(CameOut),
    clerk=st.sampled_from([None, "looks", "mistaken"]),
    ends=st.sampled_from(["paper", "paper", "void"]),
    meanwhile=st.none() | st.floats(min_value=0, max_value=0.2),
)


class AnyHistory(RuleBasedStateMachine):
    """The invariants are checked by `History` after each step, and at the end, when all is mended."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="model-", dir=MEMORY))
        self.history = History(self.folder)

    def teardown(self) -> None:
        try:
            self.history.end()
        finally:
            shutil.rmtree(self.folder)

    @rule(visit=VISITS, faults=FAULT_SETS, cut=CUTS)
    def visit(self, visit: Visit, faults: frozenset[str], cut: int | None) -> None:
        self.history.visit(visit, faults, cut)

    @rule(faults=FAULT_SETS, cut=CUTS)
    def deliver(self, faults: frozenset[str], cut: int | None) -> None:
        self.history.deliver(faults, cut)

    @rule(what=st.sampled_from(["restart", "kill", "time_passes", "mend"]))
    def between_visits(self, what: str) -> None:
        getattr(self.history, what)()

    @rule(station=st.sampled_from(["laser", "thermal"]))
    def switched_off_and_on(self, station: str) -> None:
        self.history.power_lost(station)


TestAnyHistory: Any = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=40,
    stateful_step_count=10,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.slow
@pytest.mark.parametrize("begin", range(0, 1000, 100))
def test_a_thousand_seeds(begin: int) -> None:
    for seed in range(begin, begin + 100):
        wander(seed)
