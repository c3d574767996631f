"""`python -m benchmarks`: one table of all stages, or one JSON object."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import card, card_read, ledger, page, printer, registry, signature, ticket, visit
from benchmarks.measure import Stage
from benchmarks.papers import BareTypst, Papers
from config import load
from config.schema import Settings
from kiosk.simulation.townhall import TownHall
from printing.render import Renderer
from signing.token import Token

ROUNDS, QUICK, MOST = 12, 3, 50


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="A visit's stages beside their floors.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds of each stage (default {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} rounds: counts hold, times say little")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    given = parser.parse_args()
    rounds = QUICK if given.quick else given.rounds
    if not 1 <= rounds <= MOST:
        parser.error(f"there may be 1 to {MOST} rounds")
    start = time.perf_counter()
    stages, visits = run(rounds)
    if given.json:
        print(json.dumps(_as_json(rounds, stages, visits), indent=1))
    else:
        _tell(stages, visits, time.perf_counter() - start)
    return 0


def run(rounds: int) -> tuple[list[Stage], visit.Visits]:
    """Opens the town hall, measures every stage in it, and closes it. A whole visit is measured a third as often."""
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder, TownHall(Path(folder)) as hall:
        # Before the first use of PC/SC: the client library keeps the address it met first.
        os.environ.update(hall.reader.environment)
        hall.start("signer")
        settings = load(hall.configuration).settings
        stages = _stages(hall, settings, rounds)
        visits = visit.measure(hall, settings, max(1, rounds // 3))
        # Last: it settles by a ledger that nobody keeps, and the kiosk's next session would take its own for put back.
        stages += registry.measure(hall, settings, rounds)
        visits.beside(stages)
        return stages, visits


def _stages(hall: TownHall, settings: Settings, rounds: int) -> list[Stage]:
    with (
        Renderer(settings.documents.templates, settings.documents.render_deadline) as renderer,
        Token.open(settings.signer) as token,
    ):
        bare = BareTypst(renderer.catalogue, hall.folder / "bare")
        papers = Papers(hall, settings, renderer.catalogue, token)
        cards = [*card.measure(hall, rounds), *card_read.measure(hall, rounds)]
        pages = page.measure(renderer, bare, papers, rounds)
        signatures, document = signature.measure(settings, bare, papers, token, rounds)
        printed = printer.measure(hall, document, rounds)
        strips = ticket.measure(hall, settings, papers, rounds)
        return [*cards, *pages, *signatures, *printed, *strips, ledger.measure(rounds)]


def _as_json(rounds: int, stages: list[Stage], visits: visit.Visits) -> dict[str, Any]:
    return {"rounds": rounds, "stages": [stage.as_json() for stage in stages], "visit": visits.as_json()}


def _tell(stages: list[Stage], visits: visit.Visits, seconds: float) -> None:
    table = Table(title="A visit's stages beside their floors (medians)", title_justify="left")
    for heading in ("stage", "ours", "beside"):
        table.add_column(heading)
    for heading in ("first ms", "ours ms", "floor ms", "ratio"):
        table.add_column(heading, justify="right")
    table.add_column("counts")
    for stage in [*stages, visits.stage]:
        if stage is visits.stage:
            table.add_section()
        counts = ", ".join(f"{count:,} {name}" for name, count in stage.counts.items())
        first = f"{stage.first.median:,.0f}" if stage.first.times else ""
        numbers = (first, f"{stage.ours.median:,.1f}", f"{stage.floor.median:,.1f}", f"{stage.ratio:.2f}")
        table.add_row(stage.name, stage.ours_is, stage.floor_is, *numbers, counts)
    console = Console(width=None if Console().is_terminal else 190)
    console.print(table)
    parts = ", ".join(f"{name} {value:g}" for name, value in visits.stopwatch.items())
    console.print(f"The session's own stopwatch, ms a visit: {parts}. Measured in {seconds:.0f} s.")


if __name__ == "__main__":
    raise SystemExit(main())
