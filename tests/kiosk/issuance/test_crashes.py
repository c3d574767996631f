"""`kill -9` between any two durable effects of a visit, of its recovery too; then a restart.

The town remembers in files, so what the registry holds and what lies on the tray survive the kiosk.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from issuance_town import FAULTS, Town, check_books, run_recovery, run_visit

from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Ending

STEPS = ("requested", "granted", "signed", "submitting", "submitted", "evidence", "settled")
MOMENTS = [f"{side} ledger {step}" for step in STEPS for side in ("before", "after")]


def killed(work: Callable[[Town], object], town: Town, count: int) -> bool:
    """Do `work` in a process of its own that kills itself, as `kill -9` does, at the moment of that number.

    Whether it died of that: not when it ended, well or badly, before.
    """
    left = count

    def at(_: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            work(replace(town, at=at))
        os._exit(1)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def moments(place: Path, work: Callable[[Town], object], faults: frozenset[str], finds: bool) -> list[str]:
    """Every moment of `work`, in order, from a run that is not killed."""
    seen: list[str] = []
    with suppress(Exception):
        work(Town(place, faults, seen.append, finds))
    return seen


@pytest.mark.parametrize("moment", [*MOMENTS, "after registry grant", "after printer submit", "after registry settle"])
def test_a_kiosk_killed_from_outside_makes_no_second_original(folder: Path, moment: str) -> None:
    script = Path(__file__).with_name("killed_visit.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(folder), moment], stdout=subprocess.PIPE, text=True
    ) as kiosk:
        assert kiosk.stdout is not None
        assert kiosk.stdout.readline() == "standing\n"
        kiosk.send_signal(signal.SIGKILL)
        assert kiosk.wait() == -signal.SIGKILL
    town = Town(folder)
    town.printer_works_on()
    run_recovery(town)
    check_books(town)
    # The printer has the document only after it was sent, and nobody but it knows: it is asked.
    sent = moment.endswith(("printer submit", "ledger evidence", "ledger settled", "registry settle"))
    assert len(town.tray()) == sent
    outcomes = {grant["settlement"]["outcome"] for grant in town.grants().values()}
    assert outcomes == (set() if moment == "before ledger requested" else {"PRINTED" if sent else "VOIDED"})


@pytest.mark.slow
@pytest.mark.parametrize("finds", [True, False], ids=["finds-jobs", "by-number"])
@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_killed_at_every_moment_of_a_visit(folder: Path, fault: str | None, finds: bool) -> None:
    faults = frozenset({fault} if fault else ())
    seen = moments(folder / "whole", run_visit, faults, finds)
    assert seen[:2] == ["before ledger requested", "after ledger requested"]
    for count, moment in enumerate(seen):
        place = folder / str(count)
        assert killed(run_visit, Town(place, faults, finds=finds), count), moment
        if count % 2:
            Town(place, faults, finds=finds).printer_works_on()
        restarted = Town(place, faults - {"registry-down", "settle-down", "settle-answer-lost"}, finds=finds)
        run_recovery(restarted)
        restarted.printer_works_on()
        check_books(restarted)


def test_while_the_registry_is_away_a_killed_visit_waits_and_is_then_closed(folder: Path) -> None:
    seen = moments(folder / "whole", run_visit, frozenset(), True)
    for count in range(2, seen.index("before registry settle") + 1):
        place = folder / str(count)
        assert killed(run_visit, Town(place), count)
        waiting = run_recovery(Town(place, frozenset({"settle-down"})))
        assert (waiting.closed, waiting.waiting) == ((), 1)
        check_books(Town(place), all_settled=False)
        assert len(run_recovery(Town(place)).closed) == 1
        check_books(Town(place))


@pytest.mark.slow
def test_a_recovery_killed_at_every_moment_is_taken_up_again(folder: Path) -> None:
    visit = moments(folder / "visit", run_visit, frozenset(), True)
    for first in range(1, len(visit)):
        whole = folder / f"{first}"
        assert killed(run_visit, Town(whole), first)
        recovery = moments(whole, run_recovery, frozenset(), True)
        for second, moment in enumerate(recovery):
            place = folder / f"{first}-{second}"
            assert killed(run_visit, Town(place), first)
            assert killed(run_recovery, Town(place), second), moment
            run_recovery(Town(place))
            check_books(Town(place))


def test_killed_while_voiding_a_document_nobody_waits_for(folder: Path) -> None:
    def leaving(town: Town) -> None:
        run_visit(town, ends="void")

    for count, moment in enumerate(moments(folder / "whole", leaving, frozenset(), True)):
        place = folder / str(count)
        assert killed(leaving, Town(place), count), moment
        run_recovery(Town(place))
        check_books(Town(place))
        assert Town(place).tray() == []


def test_a_killed_kiosk_serves_the_next_citizen(folder: Path) -> None:
    for count in range(len(moments(folder / "whole", run_visit, frozenset(), True))):
        assert killed(run_visit, Town(folder / "kiosk"), count)
    town = Town(folder / "kiosk")
    town.printer_works_on()
    run_recovery(town)
    ending = run_visit(town)
    assert isinstance(ending, Ending) and ending.outcome == "printed"
    check_books(town)
    with Ledger.view(town.ledger_path) as ledger:
        assert len({entry.subject for entry in ledger.entries()}) > len(STEPS)
