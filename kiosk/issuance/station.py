"""Where paper comes out: a printer, the kind of paper in it, and how long it is waited for."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from config.schema import Printing
from drivers.printers.port import Printer
from kiosk.issuance.errors import IssuanceError
from kiosk.issuance.keeper import Keeper
from kiosk.issuance.records import StationName
from printing.forms import Form


class NoPrinter(IssuanceError):
    """No printer that can be had gives this document."""

    code = "E-ISSUANCE-NO-PRINTER"


@dataclass(frozen=True, slots=True)
class Station:
    """`address` is the printer's configured one; `deadline` in seconds bounds the wait for a document."""

    name: StationName
    form: Form
    address: str
    printer: Printer
    deadline: float

    def digest(self, keeper: Keeper) -> str:
        """How the ledger names this printer: an address can name a host, a digest only recognises it."""
        return keeper.digest("printer", self.address.encode())


def by_name(stations: Iterable[Station]) -> dict[StationName, Station]:
    return {station.name: station for station in stations}


def choose(
    document_type: str, offered: Container[Form], printing: Printing, stations: Iterable[Station]
) -> Station | None:
    """Which of the stations a document comes from; None where it can come from none of them.

    `offered` are the forms that can be had now and that the document is set in. The settings' order decides;
    a document of `sheets_only` is never a ticket.
    """
    there = by_name(stations)
    for name in printing.order:
        station = there.get(StationName(name))
        if station is None or station.form not in offered:
            continue
        if station.form == "a4" or document_type not in printing.sheets_only:
            return station
    return None
