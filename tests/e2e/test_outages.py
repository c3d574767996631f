"""A kiosk with both printers serves what it can: each loses its paper, its plug, its cover, and gets it back.

Nothing hastens the kiosk here: what it sees, it sees by looking every second.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.simulated.thermal import VirtualThermal
from kiosk.catalogue import log
from kiosk.diagnostics import here
from kiosk.diagnostics import run as run_checks
from kiosk.issuance.records import Loaded, StationName, paper_of
from kiosk.session.control_protocol import Health
from kiosk.session.staff_desk import OwnSession
from tests.e2e.attract import Attract, attract, run

pytestmark = pytest.mark.slow
MODEL = "epson-tm-t88vi"
"""It has a sensor for the end of the roll."""


@pytest.fixture(scope="module")
def ticket_printer() -> Iterator[VirtualThermal]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder, VirtualThermal(Path(folder), model=MODEL) as printer:
        yield printer


@pytest.fixture
def both(town: Any, ticket_printer: VirtualThermal, tmp_path: Path) -> Any:
    """The town with a ticket printer beside its laser, and a ledger of this test's own."""
    thermal = {"address": ticket_printer.address, "model": MODEL, "request_deadline": 1.0}
    changed = {
        "thermal": town.settings.thermal.model_copy(update=thermal),
        "printing": town.settings.printing.model_copy(update={"order": ("laser", "thermal")}),
        "kiosk": town.settings.kiosk.model_copy(update={"state": tmp_path}),
    }
    with_both = type(town)(town.hall)
    with_both.settings = town.settings.model_copy(update=changed)
    return with_both


@pytest.fixture(autouse=True)
def said() -> io.StringIO:
    stream = io.StringIO()
    log.configure(stream)
    return stream


async def serves(screen: Attract, *forms: str, without: tuple[str, str] | None = None) -> None:
    """Until the screen offers these, and says for want of which part (its code) not the rest."""
    lost = [without] if without else []
    await screen.until(
        lambda s: (
            s.data["unavailable"] is None
            and s.data["forms"] == sorted(forms)
            and [(w["part"], w["code"]) for w in s.data["lost"]] == lost
        )
    )


async def told(screen: Attract) -> dict[str, Any]:
    """What the diagnosis says, asked within this session."""

    def health() -> Health:
        return Health.of(screen.session.runner.availability, release=None, between_visits=True, screen=True)

    place = here(screen.session.runner.settings)
    own = type(place)(place.settings, OwnSession(health))
    return {check.name: check async for check in run_checks(place.settings, place=own)}


@pytest.mark.parametrize(
    ("away", "back", "code"),
    [
        (lambda p: p.paper_out(), lambda p: p.paper_in(), "E-PRINTER-PAPER-OUT"),
        (lambda p: p.cover(open=True), lambda p: p.cover(open=False), "E-PRINTER-COVER-OPEN"),
        (lambda p: p.gone(), lambda p: p.back(), "E-PRINTER-UNREACHABLE"),
    ],
)
def test_without_the_ticket_printer_there_are_sheets(
    both: Any, ticket_printer: VirtualThermal, away: Callable[..., Any], back: Callable[..., Any], code: str
) -> None:
    async def test() -> None:
        async with attract(both) as screen:
            await serves(screen, "a4", "ticket")
            try:
                await asyncio.to_thread(away, ticket_printer.control)
                await serves(screen, "a4", without=("thermal", code))
                checks = await told(screen)
                assert (checks["thermal"].status, checks["thermal"].code) == ("failed", code)
                assert checks["printer"].status == "ok"
            finally:
                await asyncio.to_thread(back, ticket_printer.control)
            await serves(screen, "a4", "ticket")

    run(test)


def test_without_the_laser_there_are_tickets_and_without_both_nothing(
    both: Any, ticket_printer: VirtualThermal
) -> None:
    laser = both.hall.printer

    async def test() -> None:
        async with attract(both) as screen:
            await serves(screen, "a4", "ticket")
            try:
                await asyncio.to_thread(laser.paper_out)
                await serves(screen, "ticket", without=("laser", "E-PRINTER-PAPER-OUT"))
                await asyncio.to_thread(ticket_printer.control.cover, open=True)
                await screen.closed("E-PRINTER-PAPER-OUT", "laser")
            finally:
                await asyncio.to_thread(laser.paper_in)
            await serves(screen, "a4", without=("thermal", "E-PRINTER-COVER-OPEN"))
            await asyncio.to_thread(ticket_printer.control.cover, open=False)
            await serves(screen, "a4", "ticket")

    run(test)


def test_the_roll_that_comes_to_its_end_is_told_before(both: Any, ticket_printer: VirtualThermal) -> None:
    async def test() -> None:
        async with attract(both) as screen:
            await serves(screen, "a4", "ticket")
            assert (await told(screen))["thermal"].status == "ok"
            try:
                await asyncio.to_thread(ticket_printer.control.near_end, True)
                while screen.session.runner.availability.told["thermal"].conditions == frozenset():
                    await asyncio.sleep(0.01)
                low = (await told(screen))["thermal"]
                assert (low.status, low.code) == ("degraded", "E-PRINTER-PAPER-LOW")
                await serves(screen, "a4", "ticket")
            finally:
                await asyncio.to_thread(ticket_printer.control.near_end, False)
            screen.session.ledger.append(paper_of(StationName.THERMAL), Loaded(units=200))
            await serves(screen, "a4", without=("thermal", "E-KIOSK-PAPER-USED-UP"))
            screen.session.ledger.append(paper_of(StationName.THERMAL), Loaded(units=80_000))
            await serves(screen, "a4", "ticket")

    run(test)


def test_a_strip_that_was_left_hanging_is_cut_off_before_anybody_comes(
    both: Any, ticket_printer: VirtualThermal
) -> None:
    """What an earlier session left in the printer is on paper of its own, or on none."""
    strips = ticket_printer.control.status().strips

    async def leave() -> None:
        host, _, port = ticket_printer.address.removeprefix("tcp://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x1bJ\xff" + b"somebody's name\n")
        await writer.drain()
        while not ticket_printer.control.status().hanging_rows:
            await asyncio.sleep(0.01)
        writer.close()

    async def test() -> None:
        await leave()
        async with attract(both) as screen:
            await serves(screen, "a4", "ticket")
            state = await asyncio.to_thread(ticket_printer.control.status)
            assert (state.hanging_rows, state.waiting) == (0, 0) and state.strips > strips

    run(test)
