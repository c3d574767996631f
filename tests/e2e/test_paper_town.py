"""Random misfortunes on the real processes of a kiosk with two printers, with real `kill -9`.

However a visit goes: one original at most, every grant settled, and the papers on the trays, read by their
seals, are those of the ledger, one to one.
"""

import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from paper_town import OVERRIDES, PaperTown
from power_cut import kill

from drivers.simulated.errors import HandRefused
from kiosk.simulation.townhall import TownHall

STEPS = ("requested", "granted", "signed", "submitting", "submitted", "evidence", "answered", "settled")
MOMENTS = [f"{side} {step}" for step in STEPS for side in ("before", "after")]
SCREENS = ("can", "pin", "choice", "preview", "issuing", "take_card", "printing", "printing")
VICTIMS = ("session at a moment",) * 5 + ("session", "signer", "pcscd", "printer", "nobody", "nobody")
TROUBLES = ("none", "none", "paper", "cover", "cutter")
SEEDS = 100
FAST = (7,)


@dataclass(frozen=True)
class Plan:
    """`victim` is killed at `moment` of the ledger, or when `screen` comes; `trouble` is the printer's, meanwhile."""

    printer: str
    victim: str
    screen: str
    moment: str
    trouble: str
    millimetres: int
    answer: str

    @classmethod
    def drawn(cls, seed: int) -> "Plan":
        draw = random.Random(seed)
        return cls(
            draw.choice(("laser", "thermal")),
            draw.choice(VICTIMS) if seed % 20 else "screen",
            draw.choice(SCREENS),
            draw.choice(MOMENTS),
            draw.choice(TROUBLES),
            draw.randrange(5, 180),
            draw.choice(("whole", "not_whole")),
        )


@pytest.fixture(scope="module")
def town() -> Iterator[PaperTown]:
    with (
        tempfile.TemporaryDirectory(prefix="shubbak-") as folder,
        TownHall(Path(folder), printers=("laser", "thermal"), overrides=OVERRIDES) as hall,
    ):
        hall.start("signer")
        made = PaperTown(hall)
        made.open()
        made.session.said("visit-state", state="attract")
        try:
            yield made
        finally:
            made.close()


@pytest.mark.parametrize("seed", [pytest.param(s, marks=[] if s in FAST else [pytest.mark.slow]) for s in range(SEEDS)])
def test_whatever_happens_papers_and_ledger_are_one_to_one(
    town: PaperTown, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    plan = Plan.drawn(seed)
    before = town.tray()
    seen = _suffer(town, plan)
    _recover(town)
    papers = town.audit()
    if plan.victim == "nobody" and plan.trouble == "none":
        assert len(papers) == len({paper.reference for paper in before} - {None}) + 1, seen


def _suffer(town: PaperTown, plan: Plan) -> list[str]:
    """The visit with everything that happens in it, up to its end or the session's."""
    hall, town.answer = town.hall, plan.answer
    at_a_moment = plan.victim == "session at a moment"
    if at_a_moment or town.armed or town.preferred != plan.printer:
        town.close()
        town.preferred = plan.printer
        town.open(cut=plan.moment if at_a_moment else None)
    hand = hall.thermal.control if plan.printer == "thermal" else hall.printer.control
    deeds = {
        "session": lambda: kill(town.session.process.pid),
        "signer": lambda: kill(town.signer),
        "pcscd": hall.hand.kill_pcscd,
        "printer": hand.gone,
        "screen": lambda: _screen_killed(town),
    }
    troubles = {
        "paper": lambda: hand.paper_out(plan.millimetres) if plan.printer == "thermal" else hand.paper_out(),
        "cover": lambda: hand.cover(open=True),
        "cutter": lambda: hall.thermal.control.cutter(stuck=True),
    }
    acts = {"printing": troubles[plan.trouble]} if plan.trouble in troubles else {}
    if plan.victim in deeds:
        both = [act for act in (acts.get(plan.screen), deeds[plan.victim]) if act]
        acts[plan.screen] = lambda: [act() for act in both]
    town.sit_down()
    return town.walk(acts)


def _screen_killed(town: PaperTown) -> None:
    """The true screen takes the visit over, and dies of `kill -9`."""
    connected = town.session.count({"event": "screen-link", "state": "connected"})
    town.hall.start("screen")
    town.session.said("screen-link", times=connected + 1, state="connected")
    lost = town.session.count({"event": "screen-link", "state": "lost"})
    kill(town.hall.child("screen").process.pid)
    town.session.said("screen-link", times=lost + 1, state="lost")
    town.hall.stop("screen")  # or it would be started again with the others, and have the next visit


def _recover(town: PaperTown) -> None:
    """Everything is mended and started again, and what was left open comes to its end."""
    town.stand_up()
    with suppress(HandRefused):
        town.hall.remove()
    town.mend()
    town.hall.revive()
    town.see_out()
    town.rest()


def test_the_next_citizen_gets_a_paper_from_either_printer(town: PaperTown) -> None:
    for printer in ("laser", "thermal"):
        town.close()
        town.preferred = printer
        town.open()
        known = len(town.audit())
        town.sit_down()
        assert "take_paper" in town.walk({})
        town.rest()
        assert len(town.audit()) == known + 1
