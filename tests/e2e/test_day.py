"""Six hundred visits in virtual time: nothing grows but the ledger, and all that was issued is accounted for."""

import gc
import os
import sys
import threading
import tracemalloc
from collections import Counter as Tally
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "kiosk" / "issuance"))
sys.path.insert(0, str(Path(__file__).parents[1] / "kiosk" / "issuance" / "model"))
sys.path.insert(0, str(Path(__file__).parent))

from model_books import check
from paper_day import Day

from kiosk.catalogue import log

PAGE = os.sysconf("SC_PAGE_SIZE")
NOT_OURS = [
    tracemalloc.Filter(False, pattern)
    for pattern in ("*/tests/*", "*/json/*", tracemalloc.__file__, "<frozen*", "*/site-packages/_pytest/*")
]
MOST = 48_000
"""Bytes by which Python's objects may grow in one half of the visits if they do so in the other half too."""
CACHED = 30
"""Blocks of one line of ours that come and go, such as statements of the database."""
OURS = tuple(
    str(Path(__file__).parents[2] / room) for room in ("kiosk", "signing", "printing", "drivers", "registry", "config")
)


@dataclass(frozen=True)
class Kept:
    """What the process holds: blocks of Python's objects by line of ours that asked for them, bytes of all of them
    (what libraries allocate moves with their caches), bytes in memory, descriptors, threads."""

    blocks: Tally[str]
    objects: int
    resident: int
    descriptors: int
    threads: int

    @classmethod
    def now(cls, day: Day) -> "Kept":
        day.tidy()
        gc.collect()
        counted = tracemalloc.take_snapshot().filter_traces(NOT_OURS).statistics("lineno")
        return cls(
            Tally({str(s.traceback): s.count for s in counted if s.traceback[0].filename.startswith(OURS)}),
            sum(statistic.size for statistic in counted),
            int(Path("/proc/self/statm").read_text().split()[1]) * PAGE,
            sum(1 for _ in Path("/proc/self/fd").iterdir()),
            threading.active_count(),
        )


@pytest.mark.parametrize("visits", [60, pytest.param(440, marks=pytest.mark.slow)])
def test_a_day_of_visits_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visits: int) -> None:
    with Path(os.devnull).open("w") as nowhere:
        log.configure(nowhere)
        _a_day(Day(tmp_path, monkeypatch), visits)


def _a_day(day: Day, visits: int) -> None:
    day.serve(50)  # by then everything has been loaded, and every misfortune met
    tracemalloc.start()
    try:
        day.serve(visits // 4)
        before = Kept.now(day)
        day.serve(visits // 2)
        noon = Kept.now(day)
        day.serve(visits // 2)
        after = Kept.now(day)
    finally:
        tracemalloc.stop()
    # a cache fills once; what is kept of each visit grows in the morning and in the afternoon alike
    morning, afternoon = noon.blocks - before.blocks, after.blocks - noon.blocks
    growing = {line: grown for line, grown in (morning & afternoon).items() if grown >= max(CACHED, visits // 4)}
    assert not growing
    assert min(noon.objects - before.objects, after.objects - noon.objects) < MOST
    assert after.resident - before.resident < 24 * 2**20
    # fewer there may be: what tests before this one left open in the process is closed whenever it is collected
    assert after.descriptors <= before.descriptors
    assert after.threads <= before.threads
    day.world.mend()
    day.serve(1)
    day.close()
    check(day.world, at_rest=True)
    assert day.screens["take_paper"] > visits // 2
    assert day.screens["trouble"] and day.screens["ask_paper"] and day.screens["stray"]
    assert day.world.state["thermal"]["strips"] and day.world.state["laser"]["sheets"]
