"""The paper that is left, for the staff's screen: what the books say, and that some was put in."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say_error
from kiosk.issuance.errors import LedgerError
from kiosk.issuance.records import Loaded, StationName, paper_of
from kiosk.issuance.stock import DOCUMENT
from kiosk.session import events as e
from kiosk.session import staff_events as staff
from kiosk.session.errand import Parts


class StockDesk:
    """`post` gets PaperCounted."""

    def __init__(self, parts: Parts, post: Callable[[e.Event], None]) -> None:
        self._ledger = parts.issuance.ledger
        self._stations = tuple(station.name for station in parts.stations)
        paper = parts.settings.paper
        self._low = paper.low
        self._full = {StationName.LASER: paper.tray, StationName.THERMAL: paper.roll}
        self._post = post

    def count(self) -> None:
        """Say how much the books have."""
        self._tell(None)

    def book(self, station: staff.Station) -> None:
        """Write down that this printer's paper was filled up."""
        name = StationName(station)
        try:
            self._ledger.append(paper_of(name), Loaded(units=self._full[name]))
        except LedgerError as error:
            self._tell(say_error(logged.STAFF_UNUSABLE, error))
        else:
            self._tell(None)

    def _tell(self, code: str | None) -> None:
        try:
            left = tuple(self._left(name) for name in self._stations)
        except LedgerError as error:
            left, code = (), say_error(logged.STAFF_UNUSABLE, error)
        self._post(staff.PaperCounted(left, code))

    def _left(self, name: StationName) -> staff.PaperLeft:
        account = self._ledger.paper()[name]
        units = max(0, account.expected) if account.kept else None
        documents = account.documents_left(account.usual(DOCUMENT[name]))
        return staff.PaperLeft(name.value, units, documents, low=documents is not None and documents < self._low)
