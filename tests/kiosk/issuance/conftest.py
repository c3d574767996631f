"""Lets the tests here import the town they share, `issuance_town`."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from issuance_town import MEMORY


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that outlives a killed process."""
    with tempfile.TemporaryDirectory(prefix="town-", dir=MEMORY) as made:
        yield Path(made)


@pytest.fixture(autouse=True, scope="module")
def printer_asked_without_pause() -> Iterator[None]:
    """The town's printer moves on when it is asked, so that there is nothing to wait for in between."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("printing.job.LOOK_AGAIN", 0.0)
        yield
