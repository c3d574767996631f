"""The line to the registry cut at every request, before it is heard or after: each settlement arrives, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from model_books import check
from model_kiosk import Kiosk, Visit
from model_world import Fate, World

Line = Callable[[str, int], Fate]
VISITS = (Visit("laser"), Visit("thermal"), Visit("laser", ends="void"))


def cut(first: int, last: int, fate: Fate) -> Line:
    """The requests of these numbers, counted from 1, come to that."""
    return lambda what, number: fate if first <= number <= last else "whole"


def a_morning(folder: Path, line: Line) -> tuple[World, int]:
    """Three visits, what is between them, and the number of requests that were made."""
    world = World(folder)
    world.line = line
    kiosk = Kiosk(world)
    for visit in VISITS:
        kiosk.visit(visit)
        check(world)
        kiosk.deliver()
        check(world)
    asked = world.requests
    world.mend()
    kiosk.deliver()
    check(world, at_rest=True)
    assert kiosk.deliver().closed == ()
    kiosk.stop()
    return world, asked


@pytest.mark.parametrize("fate", ["lost", "unanswered"])
@pytest.mark.parametrize("length", [1, 2, 5])
def test_the_line_cut_at_every_request(folder: Path, fate: Fate, length: int) -> None:
    _, requests = a_morning(_made(folder / "whole"), cut(0, 0, fate))
    for first in range(1, requests + 1):
        world, _ = a_morning(_made(folder / f"{first}"), cut(first, first + length - 1, fate))
        assert all(grant["settled"] == 1 for grant in world.state["grants"].values())


def test_a_line_that_is_cut_for_good_loses_nothing(folder: Path) -> None:
    """From each request on, until the evening; a settlement that waited is the same as one told at once."""
    for first in range(1, 12):
        world, _ = a_morning(_made(folder / f"{first}"), cut(first, 10_000, "lost"))
        told: list[dict[str, Any]] = [grant["settlement"] for grant in world.state["grants"].values()]
        assert all(said is not None for said in told)


def test_every_other_answer_lost(folder: Path) -> None:
    def flapping(what: str, number: int) -> Fate:
        return "unanswered" if number % 2 else "whole"

    world, _ = a_morning(folder, flapping)
    assert all(grant["settled"] == 1 for grant in world.state["grants"].values())


def _made(place: Path) -> Path:
    place.mkdir()
    return place
