"""What printers tell of their trays and toner, and what they only seem to tell."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.printers.supplies import Supply, inventory


def test_the_older_way_of_telling_toner() -> None:
    found = inventory(["HP LaserJet"], [], [], [], ["Black Cartridge", "Drum"], [42, -3])
    assert found.markers == (Supply("Black Cartridge", 42), Supply("Drum", None))


def test_a_supply_counted_in_pages_is_told_in_percent() -> None:
    value = b"index=1;class=supplyThatIsConsumed;type=toner;unit=impressions;maxcapacity=3000;level=150;"
    assert inventory([], [], [value], ["Black"], [], []).markers == (Supply("Black", 5),)


def test_a_supply_without_a_description_is_called_by_its_type() -> None:
    assert inventory([], [], [b"type=toner;unit=percent;level=3"], [], [], []).markers == (Supply("toner", 3),)


def test_a_tray_that_does_not_tell_is_left_out() -> None:
    trays = [b"type=sheetFeedManual;maxcapacity=1;level=-2;name=manual", b"level=0;maxcapacity=250;name=main;"]
    assert inventory([], trays, [], [], [], []).trays == (Supply("main", 0),)


def test_a_printer_that_tells_nothing() -> None:
    found = inventory([], [], [], [], [], [])
    assert (found.model, found.trays, found.markers) == ("", (), ())


@given(st.lists(st.binary(max_size=80)), st.lists(st.text(max_size=80)), st.lists(st.integers()))
def test_whatever_it_says_names_are_short_and_printable(
    octets: list[bytes], texts: list[str], numbers: list[int]
) -> None:
    found = inventory(texts, octets, octets, texts, texts, numbers)
    for supply in (*found.trays, *found.markers):
        assert len(supply.name) <= 40 and supply.name.isprintable()
        assert supply.left is None or supply.left >= 0
