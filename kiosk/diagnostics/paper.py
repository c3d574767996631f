"""The checks of the printers, of what is in them, and of the books of the paper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from drivers.printers.errors import PrinterStopped, blocked_by
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import Condition, Intake, PrinterStatus
from drivers.printers.supplies import LOW_PERCENT, Inventory, Supply
from kiosk.catalogue.codes import entry
from kiosk.diagnostics.check import Finding, degraded, failed, ok, skipped
from kiosk.diagnostics.place import Place
from kiosk.diagnostics.threads import in_thread
from kiosk.issuance.errors import LedgerMissing
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import StationName
from kiosk.issuance.stock import DOCUMENT, PaperAccount
from kiosk.printers import open_laser, open_thermal
from kiosk.session.control import ControlError

T = TypeVar("T")
_USED_UP = frozenset({Condition.PAPER_OUT, Condition.TONER_EMPTY})
_NONE_HERE = "there is none"
_UNITS = {StationName.LASER: "sheets", StationName.THERMAL: "mm"}


# --- the laser printer ------------------------------------------------------------------------------------


async def printer(place: Place) -> Finding:
    """That the laser printer answers, is the one it should be, takes our pages and jobs. What is used up is for
    `supplies` to tell."""
    laser = place.settings.laser
    if not laser.uri:
        return ok(_NONE_HERE)
    status, left, takes = await _ask(place, _introduce)
    model = left.model or "a printer that tells no model"
    own = status.conditions - _USED_UP
    if status.conditions & _USED_UP:
        own -= {Condition.STOPPED}  # that is why it stopped
    if error := blocked_by(own):
        return failed(error.code, f"{model}: {error}")
    if not status.accepting:
        return failed(PrinterStopped.code, f"{model} accepts no jobs")
    own_certificate = ", by its own certificate" if laser.certificate else ""
    return ok(f"{model}, accepts jobs; {_format(takes)} over {laser.uri.partition(':')[0]}{own_certificate}")


async def _introduce(asked: LaserPrinter) -> tuple[PrinterStatus, Inventory, Intake]:
    return await asked.status(), await asked.inventory(), await asked.intake()


def _format(takes: Intake) -> str:
    return "PDF" if takes.media_type == "application/pdf" else f"PWG raster at {takes.dpi} dpi"


async def supplies(place: Place) -> Finding:
    """Paper and toner: used up, low, or how much there is."""
    if not place.settings.laser.uri:
        return ok(_NONE_HERE)
    conditions = (await _ask(place, LaserPrinter.status)).conditions
    left = await _ask(place, LaserPrinter.inventory)
    levels = _levels(left)
    if error := blocked_by(conditions & _USED_UP):
        return failed(error.code, f"{error}; {levels}")
    if Condition.PAPER_LOW in conditions or _few_sheets(left.trays, place.settings.paper.low):
        return degraded("E-PRINTER-PAPER-LOW", levels)
    if Condition.TONER_LOW in conditions or any(m.left is not None and m.left < LOW_PERCENT for m in left.markers):
        return degraded("E-PRINTER-TONER-LOW", levels)
    if Condition.OTHER in conditions:
        return degraded("E-PRINTER-WARNING", f"the printer reports something of its own; {levels}")
    return ok(levels)


def _few_sheets(trays: tuple[Supply, ...], low: int) -> bool:
    return bool(trays) and sum(tray.left or 0 for tray in trays) < low


def _levels(left: Inventory) -> str:
    told = [f"{tray.name} {tray.left} sheets" for tray in left.trays]
    told += [f"{marker.name} {marker.left} %" for marker in left.markers if marker.left is not None]
    return ", ".join(told) or "the printer tells no levels"


async def _ask(place: Place, question: Callable[[LaserPrinter], Awaitable[T]]) -> T:
    asked = open_laser(place.settings.laser)
    try:
        return await question(asked)
    finally:
        await asked.close()


# --- the ticket printer -----------------------------------------------------------------------------------


async def thermal(place: Place) -> Finding:
    """That the ticket printer answers and could print. It has one line, and a session that runs has it."""
    if not place.settings.thermal.address:
        return ok(_NONE_HERE)
    with suppress(ControlError):
        health = await place.session.health()
        if (code := health.parts.get("thermal")) is not None:
            return failed(code, f"the session cannot print on it: {entry(code).cause}")
        if (told := health.printers.get("thermal")) is not None:
            return _ticket_printer(told.model, frozenset(told.conditions), "says the session")
    asked = open_thermal(place.settings.thermal)
    try:
        status = await asked.status()
    finally:
        await asked.close()
    if error := blocked_by(status.conditions):
        return failed(error.code, f"{status.model}: {error}")
    return _ticket_printer(status.model, status.conditions, "asked directly")


def _ticket_printer(model: str, conditions: frozenset[Condition], source: str) -> Finding:
    if Condition.PAPER_LOW in conditions:
        return degraded("E-PRINTER-PAPER-LOW", f"{model}: the end of the roll is near ({source})")
    return ok(f"{model}, ready ({source})")


# --- the books --------------------------------------------------------------------------------------------


async def stock(place: Place) -> Finding:
    """Paper for how many more documents, by the ledger: see `kiosk paper`."""
    try:
        accounts = await in_thread(lambda: _accounts(place))
    except LedgerMissing:
        return skipped("there is no ledger yet; the first start of the session makes it")
    told = [_left(station, account) for station, account in accounts.items()]
    left = [documents for _, documents in told if documents is not None]
    detail = "; ".join(words for words, _ in told)
    if left and min(left) < place.settings.paper.low:
        return degraded("E-PRINTER-PAPER-LOW", detail)
    return ok(detail)


def _accounts(place: Place) -> dict[StationName, PaperAccount]:
    settings = place.settings
    addresses = {StationName.LASER: settings.laser.uri, StationName.THERMAL: settings.thermal.address}
    with Ledger.view(settings.kiosk.state / "ledger.sqlite") as ledger:
        stock = ledger.paper()
    return {station: stock.get(station, PaperAccount()) for station, address in addresses.items() if address}


def _left(station: StationName, account: PaperAccount) -> tuple[str, int | None]:
    """In words, and in documents where the books are kept."""
    documents = account.documents_left(account.usual(DOCUMENT[station]))
    if documents is None:
        return f"{station.value}: nobody keeps its books", None
    said = f"{station.value} {account.expected} {_UNITS[station]}, for about {documents} documents"
    if account.difference:
        said += f", counts differed by {account.difference:+}"
    return said, documents
