"""Where paper comes out: a printer, the kind of paper in it, and how long it is waited for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drivers.printers.port import Printer
from kiosk.issuance.keeper import Keeper
from kiosk.issuance.records import StationName
from printing.forms import Form


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
