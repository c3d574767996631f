"""The outage table: what can be had while something is missing, and what the closed sign says."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from config.schema import Settings
from drivers.printers.port import Condition, PrinterStatus
from kiosk.session.availability import SOURCES, Availability, Lost, Outages, Source

BOTH = {"laser": {"uri": "ipp://localhost/ipp/print"}, "thermal": {"address": "tcp://127.0.0.1:9100"}}


def availability(**sections: Any) -> Availability:
    found = Availability()
    found.go_by(Outages.of(Settings.model_validate({"profile": "demo", **BOTH, **sections})))
    return found


@pytest.mark.parametrize(
    ("missing", "forms"),
    [
        ((), {"a4", "ticket"}),
        (("laser",), {"ticket"}),
        (("thermal",), {"a4"}),
        (("laser", "thermal"), set()),
        *(((source,), set()) for source in SOURCES if source not in ("laser", "thermal")),
    ],
)
def test_what_remains(missing: tuple[Source, ...], forms: set[str]) -> None:
    kiosk = availability()
    for source in missing:
        kiosk.set(source, "E-PRINTER-JAM")
    assert kiosk.forms == forms
    assert (kiosk.code is None) == bool(forms)
    assert set(kiosk.codes) == set(missing)


def test_a_printer_that_is_not_there_gives_nothing() -> None:
    assert availability(thermal={"address": ""}).forms == {"a4"}
    assert availability(printing={"order": ["thermal"]}).forms == {"ticket"}
    kiosk = availability(thermal={"address": ""})
    kiosk.set("laser", "E-PRINTER-JAM")
    assert (kiosk.source, kiosk.code) == ("laser", "E-PRINTER-JAM")


def test_the_table_is_the_administrators() -> None:
    kiosk = availability(outage={"laser": [], "clock": ["a4"]})
    kiosk.set("clock", "E-CONFIG-CLOCK")
    assert kiosk.forms == {"a4"}
    kiosk.set("laser", "E-PRINTER-JAM")
    assert kiosk.forms == set() and kiosk.source == "clock", "the gravest is told"


def test_each_form_that_is_lost_has_its_gravest_reason() -> None:
    kiosk = availability(outage={"clock": ["a4"]})
    assert kiosk.lost == ()
    kiosk.set("thermal", "E-PRINTER-CUTTER")
    assert kiosk.lost == (Lost("ticket", "thermal", "E-PRINTER-CUTTER"),)
    kiosk.set("clock", "E-CLOCK-SKEW")
    assert kiosk.lost == (Lost("ticket", "clock", "E-CLOCK-SKEW"),)
    kiosk.set("laser", "E-PRINTER-JAM")
    assert kiosk.lost == (Lost("a4", "laser", "E-PRINTER-JAM"), Lost("ticket", "clock", "E-CLOCK-SKEW"))
    assert availability(thermal={"address": ""}).lost == ()


def test_what_a_printer_says_stands_while_it_is_well() -> None:
    kiosk, low = availability(), PrinterStatus(True, frozenset({Condition.PAPER_LOW}), "Epson")
    kiosk.set("thermal", None, low)
    assert kiosk.told == {"thermal": low}
    kiosk.set("thermal", "E-PRINTER-CUTTER")
    assert kiosk.told == {}


def test_whoever_shows_it_hears_of_each_change_and_of_nothing_else() -> None:
    told: list[tuple[object, object]] = []
    kiosk = Availability(lambda: told.append((kiosk.code, kiosk.forms)))
    kiosk.go_by(Outages.of(Settings.model_validate({"profile": "demo", **BOTH})))
    kiosk.set("laser", "E-PRINTER-JAM")
    kiosk.set("laser", "E-PRINTER-JAM")
    kiosk.set("laser", "E-PRINTER-COVER-OPEN")
    kiosk.set("signer", "E-SIGN-TOKEN")
    kiosk.set("thermal", "E-PRINTER-JAM")  # the closed sign says the gravest already
    kiosk.set("thermal", None)
    kiosk.set("signer", None)
    kiosk.set("laser", None)
    some, every = frozenset({"ticket"}), frozenset({"a4", "ticket"})
    assert told == [(None, some), (None, some), ("E-SIGN-TOKEN", frozenset()), (None, some), (None, every)]


def test_the_order_of_failures_makes_no_difference() -> None:
    for missing in itertools.combinations(SOURCES, 3):
        told = set()
        for order in itertools.permutations(missing):
            kiosk = availability()
            for source in order:
                kiosk.set(source, "E-PRINTER-JAM")
            told.add((kiosk.source, kiosk.forms))
        assert len(told) == 1
