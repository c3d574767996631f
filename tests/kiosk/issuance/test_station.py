"""Which printer a document comes from: the settings' order, of what can be had."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema import Printing
from drivers.printers.port import Printer
from kiosk.issuance.records import StationName
from kiosk.issuance.station import Station, choose
from printing.forms import Form

NO_PRINTER = cast(Printer, None)
LASER = Station(StationName.LASER, "a4", "ipp://printer.example/ipp/print", NO_PRINTER, 60)
THERMAL = Station(StationName.THERMAL, "ticket", "tcp://printer.example:9100", NO_PRINTER, 60)
BOTH: frozenset[Form] = frozenset({"a4", "ticket"})


@pytest.mark.parametrize(
    ("order", "offered", "chosen"),
    [
        (("laser", "thermal"), BOTH, LASER),
        (("thermal", "laser"), BOTH, THERMAL),
        (("laser", "thermal"), {"ticket"}, THERMAL),
        (("thermal", "laser"), {"a4"}, LASER),
        (("thermal",), {"a4"}, None),
        (("laser", "thermal"), frozenset(), None),
    ],
)
def test_the_preferred_of_what_can_be_had(order: tuple[str, ...], offered: frozenset[Form], chosen: Station) -> None:
    printing = Printing(order=order)  # type: ignore[arg-type]
    assert choose("birth-extract", offered, printing, (LASER, THERMAL)) is chosen


def test_a_document_of_sheets_only_is_never_a_ticket() -> None:
    printing = Printing(order=("thermal", "laser"), sheets_only=("birth-extract",))
    assert choose("birth-extract", BOTH, printing, (LASER, THERMAL)) is LASER
    assert choose("birth-extract", {"ticket"}, printing, (LASER, THERMAL)) is None
    assert choose("residence-certificate", {"ticket"}, printing, (LASER, THERMAL)) is THERMAL


@given(
    st.sampled_from([(LASER,), (THERMAL,), (LASER, THERMAL), ()]),
    st.sampled_from([("laser",), ("thermal",), ("laser", "thermal"), ("thermal", "laser")]),
    st.sets(st.sampled_from(["a4", "ticket"])),
    st.booleans(),
)
def test_what_is_chosen_is_there_offered_and_allowed(
    there: tuple[Station, ...], order: tuple[str, ...], offered: set[Form], sheets: bool
) -> None:
    printing = Printing(order=order, sheets_only=("birth-extract",) if sheets else ())  # type: ignore[arg-type]
    station = choose("birth-extract", offered, printing, there)
    fit = [s for s in there if s.form in offered and s.name in order and not (sheets and s.form == "ticket")]
    assert (station is None) == (not fit)
    assert station is None or station in fit
