"""What keeps the kiosk from serving: one code a source, and the one that is told.

availability = Availability(on_change=runner.refresh)
availability.set("printer", "E-PRINTER-PAPER-OUT")
availability.code            # the gravest; None while the kiosk can serve
availability.set("printer", None)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Literal, get_args

from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say

Source = Literal["session", "ledger", "signer", "reader", "printer", "registry", "configuration", "staff", "hours"]
SOURCES: tuple[Source, ...] = get_args(Source)
"""The gravest first: its code is the one on the closed sign."""


class Availability:
    """Codes by source. `on_change` is called whenever `source` or `code` has become another."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._codes: dict[Source, str] = {}
        self.opens_at: dt.datetime | None = None
        """When the source "hours" will let go, in the town's time; None when it never will."""
        self._on_change = on_change

    def set(self, source: Source, code: str | None) -> None:
        """`code` is why the source keeps the kiosk from serving, None when it no longer does."""
        before = self.source, self.code
        if code == self._codes.get(source):
            return
        if code is None:
            del self._codes[source]
            say(logged.AVAILABLE, part=source)
        else:
            self._codes[source] = code
            say(logged.UNAVAILABLE, part=source, code=code)
        if (self.source, self.code) != before:
            self._on_change()

    @property
    def source(self) -> Source | None:
        """The gravest of those that keep the kiosk from serving; None while it can serve."""
        return next((source for source in SOURCES if source in self._codes), None)

    @property
    def code(self) -> str | None:
        """The code of `source`."""
        return None if self.source is None else self._codes[self.source]

    @property
    def codes(self) -> dict[Source, str]:
        return dict(self._codes)
