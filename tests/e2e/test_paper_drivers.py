"""Printers pulled, emptied, opened and stuck in the middle of a document, with the true drivers: what the ledger
says is on paper is on paper, once, and the next citizen's document comes out alone.
"""

import asyncio
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "kiosk" / "issuance"))
sys.path.insert(0, str(Path(__file__).parents[1] / "kiosk" / "issuance" / "model"))
sys.path.insert(0, str(Path(__file__).parent))

from paper_bench import Bench

from drivers.printers.escpos.models import load_model
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.printers.laser import LaserPrinter
from drivers.simulated.printer import LaserControl, VirtualLaser
from drivers.simulated.thermal import ThermalControl, VirtualThermal
from kiosk.issuance.records import Outcome, StationName
from kiosk.issuance.station import Station
from printing.job import Progress

ROWS = 1500
"""A second: slow enough that a hand comes in between."""
TICKET_BYTES = 55_000
"""Of one ticket, roughly: 720 rows of 72 bytes."""
Deed = Callable[[ThermalControl, random.Random], object]
DEEDS: dict[str, Deed] = {
    "paper out": lambda hand, draw: hand.paper_out(after_mm=draw.randrange(0, 100)),
    "cutter": lambda hand, draw: hand.cutter(stuck=True),
    "line drops": lambda hand, draw: hand.fail(draw.randrange(1, TICKET_BYTES), "drop"),
    "freezes": lambda hand, draw: hand.fail(draw.randrange(1, TICKET_BYTES), "freeze"),
    "nonsense": lambda hand, draw: hand.fail(draw.randrange(1, TICKET_BYTES), "garble"),
    "line dies": lambda hand, draw: hand.fail(draw.randrange(1, TICKET_BYTES), "half-open"),
}
FAST = {("paper out", 1), ("line drops", 1)}


def mend(hand: ThermalControl) -> None:
    hand.thaw()
    hand.back()
    hand.cutter(stuck=False)
    hand.cover(open=False)
    hand.paper_in()


@pytest.fixture(scope="module")
def thermal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualThermal]:
    with VirtualThermal(tmp_path_factory.mktemp("ticket"), speed=ROWS) as printer:
        yield printer


@pytest.fixture(scope="module")
def tickets(thermal: VirtualThermal, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("town"), thermal.paper)


def ticket_station(thermal: VirtualThermal) -> Station:
    printer = ThermalPrinter(thermal.address, load_model("epson-tm-t20iii"), deadline=1.0)
    return Station(StationName.THERMAL, "ticket", thermal.address, printer, 4.0)


@pytest.mark.parametrize(
    ("deed", "seed"),
    [
        pytest.param(deed, seed, marks=[] if (deed, seed) in FAST else [pytest.mark.slow])
        for deed in DEEDS
        for seed in range(2)
    ],
)
def test_a_ticket_that_something_happens_to(thermal: VirtualThermal, tickets: Bench, deed: str, seed: int) -> None:
    draw = random.Random(f"{deed} {seed}")

    async def story() -> None:
        life = tickets.life(ticket_station(thermal))
        DEEDS[deed](thermal.control, draw)
        await life.visit()
        if seed % 2:  # the same process goes on; else another begins
            mend(thermal.control)
        else:
            await life.end()
            mend(thermal.control)
            life = tickets.life(ticket_station(thermal))
        await life.issuance.deliver()
        assert (await life.visit()).outcome is Outcome.PRINTED
        await life.end()

    asyncio.run(story())
    assert tickets.audit()[-1] is Outcome.PRINTED


@pytest.mark.slow
@pytest.mark.parametrize("deed", ["pulled", "opened", "killed"])
def test_a_ticket_printer_pulled_or_opened_while_it_prints(thermal: VirtualThermal, tickets: Bench, deed: str) -> None:
    """`killed`: the kiosk dies in the middle, the paper runs out, and comes back before the kiosk does."""
    hand = thermal.control

    async def story() -> Outcome:
        life = tickets.life(ticket_station(thermal))
        begun = hand.status().received
        visit = asyncio.create_task(life.visit())
        await asyncio.to_thread(hand.wait, received=begun + TICKET_BYTES // 3)
        if deed == "killed":
            hand.paper_out()
            visit.cancel()
            await asyncio.gather(visit, return_exceptions=True)
        else:
            hand.gone() if deed == "pulled" else hand.cover(open=True)
            await visit
        await life.end()
        mend(hand)
        life = tickets.life(ticket_station(thermal))
        await life.issuance.deliver()
        ending = await life.visit()
        await life.end()
        return ending.outcome

    assert asyncio.run(story()) is Outcome.PRINTED
    assert tickets.audit()[-2:] == [Outcome.UNKNOWN, Outcome.PRINTED]


# --- sheets -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def laser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualLaser]:
    with VirtualLaser(tmp_path_factory.mktemp("laser")) as printer:
        yield printer


@pytest.fixture(scope="module")
def sheets(laser: VirtualLaser, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("town"), laser.paper)


def sheet_station(laser: VirtualLaser) -> Station:
    return Station(StationName.LASER, "a4", laser.uri, LaserPrinter(laser.uri, 2.0), 4.0)


LASER_DEEDS: dict[str, tuple[Callable[[LaserControl], object], Callable[[LaserControl, Progress], object]]] = {
    "empty": (lambda hand: hand.paper_out(), lambda hand, seen: None),
    "one sheet": (lambda hand: hand.paper_out(after=1), lambda hand, seen: None),
    "jam": (lambda hand: hand.jam(), lambda hand, seen: None),
    "pulled": (lambda hand: None, lambda hand, seen: hand.gone()),
    "opened": (lambda hand: None, lambda hand, seen: hand.cover(open=True)),
}


@pytest.mark.slow
@pytest.mark.parametrize("deed", LASER_DEEDS)
@pytest.mark.parametrize("dies", [False, True])
def test_sheets_that_something_happens_to(laser: VirtualLaser, sheets: Bench, deed: str, dies: bool) -> None:
    before, meanwhile = LASER_DEEDS[deed]
    hand = laser.control

    async def on_progress(seen: Progress) -> None:
        await asyncio.to_thread(meanwhile, hand, seen)

    async def story() -> None:
        life = sheets.life(sheet_station(laser))
        before(hand)
        await life.visit(on_progress)
        if dies:
            await life.end()
        for put_right in (hand.back, lambda: hand.cover(open=False), hand.paper_in):
            await asyncio.to_thread(put_right)
        if dies:
            life = sheets.life(sheet_station(laser))
        await life.issuance.deliver()
        assert (await life.visit()).outcome is Outcome.PRINTED
        await life.end()

    asyncio.run(story())
    assert sheets.audit()[-1] is Outcome.PRINTED
