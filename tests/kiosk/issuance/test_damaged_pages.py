"""A page of the file goes bad: found at opening or beside the work, and what is there is kept."""

import asyncio
import random
import tempfile
from itertools import islice
from pathlib import Path

import pytest
from histories import steps
from issuance_town import MEMORY
from keeper_of_tests import KEEPER

from kiosk.issuance.errors import LedgerDamaged, LedgerError
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Loaded

PAGE = 4096
ENTRIES = 500


@pytest.fixture(scope="module")
def filled() -> bytes:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "ledger.sqlite"
        with Ledger.open(path, KEEPER) as ledger:
            for subject, record in islice(steps(9), ENTRIES):
                ledger.append(subject, record)
        return path.read_bytes()


def zeroed(page: bytes, chance: random.Random) -> bytes:
    return bytes(len(page))


def noise(page: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(len(page))


def half_written(page: bytes, chance: random.Random) -> bytes:
    return page[: PAGE // 2] + bytes(PAGE // 2)


@pytest.mark.parametrize("damage", [zeroed, noise, half_written])
def test_each_page_of_a_filled_file(folder: Path, filled: bytes, damage: object) -> None:
    assert callable(damage)
    chance, path = random.Random(3), folder / "ledger.sqlite"
    path.write_bytes(filled)
    with Ledger.open(path, KEEPER) as ledger:
        written = ledger.export()["entries"]
    at_opening = beside_the_work = unharmed = 0
    for at in range(0, len(filled), PAGE):
        page = damage(filled[at : at + PAGE], chance)
        path.write_bytes(filled[:at] + page + filled[at + PAGE :])
        before = path.read_bytes()
        try:
            opened = Ledger.open(path, KEEPER)
        except LedgerError as error:
            assert isinstance(error, LedgerDamaged), error
            assert path.read_bytes() == before
            at_opening += 1
            continue
        with opened as ledger:
            verdict = asyncio.run(ledger.verify_in_background())
            if verdict.valid:
                assert ledger.export()["entries"] == written
                unharmed += 1
                continue
            with pytest.raises(LedgerDamaged):
                ledger.append("paper:laser", Loaded(units=1))
            beside_the_work += 1
    assert at_opening >= 2 and beside_the_work > 20
    assert unharmed <= 3  # the unused half of a page
