"""Every durable step of a visit × every fault × a crash before and after it, at both printers, then a restart."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count as count_from
from pathlib import Path
from typing import Any

import pytest
from model_books import check
from model_edges import REGISTRY_FAULTS, SIGNER_FAULTS
from model_history import History
from model_kiosk import KIOSK_FAULTS, Kiosk, Visit
from model_printers import LASER_FAULTS, THERMAL_FAULTS
from model_world import MEMORY, World

from kiosk.issuance.records import CameOut

STATIONS = ("laser", "thermal")
COMMON = (*REGISTRY_FAULTS, *SIGNER_FAULTS, *KIOSK_FAULTS)
FAULTS = [
    *(("laser", fault) for fault in (*COMMON, *LASER_FAULTS)),
    *(("thermal", fault) for fault in (*COMMON, *THERMAL_FAULTS)),
]
LEAVES_UNKNOWN = [
    *(("laser", fault) for fault in ("mute", "jams", "cancel-late", "paper-out-mid", "power-lost")),
    *(("thermal", fault) for fault in ("paper-out-mid", "cover-mid", "cutter", "mute", "line-lost", "echo-lost",
                                      "no-echo", "power-lost")),
]  # fmt: skip
SAID: list[dict[str, Any]] = [
    {"answer": answer, "clerk": clerk} for answer in (*CameOut, None) for clerk in (None, "looks", "mistaken")
]
GOOD_WORD = Visit(answer=CameOut.YES, clerk="looks")


@contextmanager
def new_history() -> Iterator[History]:
    with tempfile.TemporaryDirectory(prefix="model-", dir=MEMORY) as folder:
        history = History(Path(folder))
        yield history
        history.end()


def moments(visit: Visit, *faults: str) -> list[str]:
    """Every moment of a visit at which the power can go, in order."""
    seen: list[str] = []
    with tempfile.TemporaryDirectory(prefix="model-", dir=MEMORY) as folder:
        world = World(Path(folder))
        world.faults, world.at = frozenset(faults), seen.append
        kiosk = Kiosk(world)
        kiosk.visit(visit)
        kiosk.stop()
    return seen


@pytest.mark.parametrize(("station", "fault"), FAULTS)
def test_every_fault(station: Any, fault: str) -> None:
    with new_history() as history:
        history.visit(replace(GOOD_WORD, station=station), frozenset({fault}))
        history.deliver()
        history.visit(Visit(station))


@pytest.mark.parametrize(
    ("station", "fault"),
    [pytest.param(*one, marks=[] if one[1] in ("jams", "echo-lost") else [pytest.mark.slow]) for one in LEAVES_UNKNOWN],
)
def test_whatever_is_said_of_an_unknown_paper(station: Any, fault: str) -> None:
    for said in SAID:
        with new_history() as history:
            history.visit(Visit(station, **said), frozenset({fault}))
            title, _, _ = history.world.state["began"][0]
            (grant,) = history.world.state["grants"].values()
            seen = said["clerk"] == "mistaken" or (said["clerk"] and history.world.originals(title))
            confirmed = bool(seen) and said["answer"] is not CameOut.NO
            assert grant["settlement"]["outcome"] == ("PRINTED" if confirmed else "VOIDED"), said
            assert grant["settlement"]["evidence"] == ("operator-confirmed" if confirmed else "none")


@pytest.mark.parametrize("station", STATIONS)
def test_a_crash_at_every_moment(station: Any) -> None:
    for count in range(len(moments(Visit(station)))):
        with new_history() as history:
            history.visit(Visit(station), cut=count)
            history.deliver()


@pytest.mark.parametrize("station", STATIONS)
def test_a_crash_at_every_moment_and_the_printer_works_on(station: Any) -> None:
    for count in range(len(moments(Visit(station)))):
        with new_history() as history:
            history.visit(Visit(station), cut=count)
            history.time_passes()
            history.visit(Visit(station), frozenset({"registry-away"}))


@pytest.mark.slow
@pytest.mark.parametrize(("station", "fault"), FAULTS)
def test_every_fault_and_a_crash_at_every_moment(station: Any, fault: str) -> None:
    visit = replace(GOOD_WORD, station=station)
    for count in range(len(moments(visit, fault))):
        with new_history() as history:
            history.visit(visit, frozenset({fault}), cut=count)
            history.deliver(frozenset({fault}))


@pytest.mark.slow
@pytest.mark.parametrize("said", SAID)
def test_a_crash_while_an_unknown_paper_is_asked_about(said: dict[str, Any]) -> None:
    for station, fault in (("laser", "jams"), ("thermal", "echo-lost")):
        visit = Visit(station, **said)  # type: ignore[arg-type]
        seen = moments(visit, fault)
        for count in range(seen.index("before ledger evidence"), len(seen)):
            with new_history() as history:
                history.visit(visit, frozenset({fault}), cut=count)


@pytest.mark.slow
@pytest.mark.parametrize("station", STATIONS)
def test_a_crash_at_every_moment_of_the_recovery_too(station: Any) -> None:
    for first in range(len(moments(Visit(station)))):
        for second in count_from(0):
            with new_history() as history:
                history.visit(Visit(station), cut=first)
                before = history.kiosk
                history.deliver(cut=second)
                survived = history.kiosk is before
            if survived:
                break


@pytest.mark.slow
@pytest.mark.parametrize("station", STATIONS)
def test_killed_by_the_kernel_at_every_moment(folder: Path, station: Any) -> None:
    """The same with a process that dies of `kill -9`, and the world in its file."""
    for count, moment in enumerate(moments(Visit(station))):
        place = folder / str(count)
        place.mkdir()
        _killed(place, Visit(station), count)
        world = World(place)
        world.time_passes()
        check(world)
        kiosk = Kiosk(world)
        kiosk.deliver()
        check(world, at_rest=True)
        kiosk.stop()
        assert moment


def _killed(place: Path, visit: Visit, count: int) -> None:
    left = count

    def at(_: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            world = World(place)
            world.at = at
            Kiosk(world).visit(visit)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
