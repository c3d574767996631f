"""The checks of the printer, and of what is in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from drivers.printers.errors import PrinterStopped, blocked_by
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import Condition
from drivers.printers.supplies import LOW_PERCENT, Inventory, Supply
from kiosk.diagnostics.check import Finding, degraded, failed, ok
from kiosk.diagnostics.place import Place

T = TypeVar("T")
FEW_SHEETS = 20
_USED_UP = frozenset({Condition.PAPER_OUT, Condition.TONER_EMPTY})


async def printer(place: Place) -> Finding:
    """That the printer answers and takes jobs. What is used up is for `supplies` to tell."""
    status = await _ask(place, LaserPrinter.status)
    model = (await _ask(place, LaserPrinter.inventory)).model or "a printer that tells no model"
    own = status.conditions - _USED_UP
    if status.conditions & _USED_UP:
        own -= {Condition.STOPPED}  # that is why it stopped
    if error := blocked_by(own):
        return failed(error.code, f"{model}: {error}")
    if not status.accepting:
        return failed(PrinterStopped.code, f"{model} accepts no jobs")
    return ok(f"{model}, accepts jobs")


async def supplies(place: Place) -> Finding:
    """Paper and toner: used up, low, or how much there is."""
    conditions = (await _ask(place, LaserPrinter.status)).conditions
    left = await _ask(place, LaserPrinter.inventory)
    levels = _levels(left)
    if error := blocked_by(conditions & _USED_UP):
        return failed(error.code, f"{error}; {levels}")
    if Condition.PAPER_LOW in conditions or _few_sheets(left.trays):
        return degraded("E-PRINTER-PAPER-LOW", levels)
    if Condition.TONER_LOW in conditions or any(m.left is not None and m.left < LOW_PERCENT for m in left.markers):
        return degraded("E-PRINTER-TONER-LOW", levels)
    if Condition.OTHER in conditions:
        return degraded("E-PRINTER-WARNING", f"the printer reports something of its own; {levels}")
    return ok(levels)


def _few_sheets(trays: tuple[Supply, ...]) -> bool:
    return bool(trays) and sum(tray.left or 0 for tray in trays) < FEW_SHEETS


def _levels(left: Inventory) -> str:
    told = [f"{tray.name} {tray.left} sheets" for tray in left.trays]
    told += [f"{marker.name} {marker.left} %" for marker in left.markers if marker.left is not None]
    return ", ".join(told) or "the printer tells no levels"


async def _ask(place: Place, question: Callable[[LaserPrinter], Awaitable[T]]) -> T:
    laser = place.settings.laser
    asked = LaserPrinter(laser.uri, laser.request_deadline)
    try:
        return await question(asked)
    finally:
        await asked.close()
