"""Any order of visits, faults, power cuts and recoveries: never two originals, and books that agree."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from issuance_town import FAULTS, MEMORY, CardGone, Town, check_books, run_recovery, run_visit

from kiosk.issuance.errors import IssuanceError
from registry.errors import RegistryError
from signing.errors import SigningError

FAULT_SETS = st.frozensets(st.sampled_from(FAULTS), max_size=2)
MOMENTS = st.none() | st.integers(min_value=0, max_value=24)


class PowerCut(BaseException):
    """Nothing of the kiosk goes on after this: every later moment raises it again."""


def cut_at(count: int | None) -> Callable[[str], None]:
    left = count

    def at(_: str) -> None:
        nonlocal left
        if left is None:
            return
        if left == 0:
            raise PowerCut
        left -= 1

    return at


class AnyHistory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="town-", dir=MEMORY))
        self.finds = True

    def teardown(self) -> None:
        self.recover(frozenset(), None)
        if (self.folder / "state").exists():
            check_books(Town(self.folder))
        shutil.rmtree(self.folder)

    @initialize(finds=st.booleans())
    def begin(self, finds: bool) -> None:
        self.finds = finds

    @rule(faults=FAULT_SETS, cut=MOMENTS, ends=st.sampled_from(["paper", "void"]))
    def visit(self, faults: frozenset[str], cut: int | None, ends: str) -> None:
        # These may leave a visit; anything else fails the test.
        with suppress(PowerCut, RegistryError, SigningError, IssuanceError, CardGone):
            run_visit(Town(self.folder, faults, cut_at(cut), self.finds), ends=ends)

    @rule(faults=FAULT_SETS, cut=MOMENTS)
    def recover(self, faults: frozenset[str], cut: int | None) -> None:
        try:
            recovered = run_recovery(Town(self.folder, faults, cut_at(cut), self.finds))
        except PowerCut:
            return
        away = faults & {"registry-down", "settle-down", "settle-answer-lost"}
        assert away or (recovered.waiting, recovered.code) == (0, None)

    @rule()
    def printer_works_on(self) -> None:
        Town(self.folder).printer_works_on()

    @precondition(lambda self: (self.folder / "state" / "ledger.sqlite").exists())
    @invariant()
    def books_agree(self) -> None:
        check_books(Town(self.folder), all_settled=False)


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=120,
    stateful_step_count=12,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
