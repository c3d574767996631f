"""What keeps the kiosk from serving, and what can be had all the same.

availability = Availability(on_change=runner.refresh)
availability.go_by(Outages.of(settings))
availability.set("laser", "E-PRINTER-PAPER-OUT")
availability.forms           # {"ticket"}: what the outage table leaves without the laser printer
availability.code            # None while anything can be had, else the gravest
availability.set("laser", None)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self, get_args

from config.schema import Settings
from drivers.printers.port import PrinterStatus
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from printing.forms import Form

Source = Literal[
    "session",
    "ledger",
    "signer",
    "certificate",
    "clock",
    "disk",
    "reader",
    "registry",
    "laser",
    "thermal",
    "configuration",
    "staff",
    "hours",
]
SOURCES: tuple[Source, ...] = get_args(Source)
"""The gravest first: its code is the one on the closed sign."""


@dataclass(frozen=True, slots=True)
class Outages:
    """The outage table: the forms of paper there are, and those that remain without a part.

    Without a part that has no row nothing remains.
    """

    there: frozenset[Form]
    remains: Mapping[Source, frozenset[Form]]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        printers: dict[Source, tuple[Form, str]] = {
            "laser": ("a4", settings.laser.uri),
            "thermal": ("ticket", settings.thermal.address),
        }
        there = frozenset(printers[name][0] for name in settings.printing.order if printers[name][1])
        table = settings.outage
        remains: dict[Source, frozenset[Form]] = {
            "laser": frozenset(table.laser),
            "thermal": frozenset(table.thermal),
            "clock": frozenset(table.clock),
        }
        return cls(there, remains)

    def without(self, missing: Iterable[Source]) -> frozenset[Form]:
        """What can be had while these are missing."""
        forms = self.there
        for source in missing:
            forms &= self.remains.get(source, frozenset())
        return forms


@dataclass(frozen=True, slots=True)
class Lost:
    """A form of paper that cannot be had, and why."""

    form: Form
    source: Source
    code: str


class Availability:
    """Codes by source. `on_change` is called whenever what can be had, or the reason of what cannot, is another."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._codes: dict[Source, str] = {}
        self._told: dict[Source, PrinterStatus] = {}
        self._outages = Outages(frozenset({"a4"}), {})
        self.opens_at: dt.datetime | None = None
        """When the source "hours" will let go, in the town's time; None when it never will."""
        self._on_change = on_change

    def go_by(self, outages: Outages) -> None:
        self._outages = outages

    def set(self, source: Source, code: str | None, told: PrinterStatus | None = None) -> None:
        """`code` is why the source keeps the kiosk from serving, None when it no longer does. `told` is what a
        printer that is well says of itself."""
        before = self._seen()
        if told is None:
            self._told.pop(source, None)
        else:
            self._told[source] = told
        if code == self._codes.get(source):
            return
        if code is None:
            del self._codes[source]
            say(logged.AVAILABLE, part=source)
        else:
            self._codes[source] = code
            say(logged.UNAVAILABLE, part=source, code=code)
        if self._seen() != before:
            self._on_change()

    def _seen(self) -> tuple[object, ...]:
        return self.source, self.code, self.forms, () if self.code else tuple(self._codes.items())

    @property
    def forms(self) -> frozenset[Form]:
        """The forms of paper that can be had now."""
        return self._outages.without(self._codes)

    @property
    def source(self) -> Source | None:
        """The gravest of those that keep the kiosk closed; None while anything can be had."""
        return None if self.forms else next((source for source in SOURCES if source in self._codes), None)

    @property
    def code(self) -> str | None:
        """The code of `source`."""
        return None if self.source is None else self._codes[self.source]

    @property
    def codes(self) -> dict[Source, str]:
        """All that is missing, whether or not anything remains."""
        return dict(self._codes)

    @property
    def told(self) -> dict[Source, PrinterStatus]:
        """What the printers that are well said last."""
        return dict(self._told)

    @property
    def lost(self) -> tuple[Lost, ...]:
        """The forms that cannot be had now and could be, were nothing missing; each with the gravest reason."""
        return tuple(
            next(
                Lost(form, source, self._codes[source])
                for source in SOURCES
                if source in self._codes and form not in self._outages.without((source,))
            )
            for form in sorted(self._outages.there - self.forms)
        )
