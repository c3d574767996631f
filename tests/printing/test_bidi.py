"""Isolates wrap every run of the other direction and change nothing else."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from printing.bidi import LRI, PDI, RLI, isolate_in_arabic, isolate_in_latin, without_isolates

WORDS = st.text("ابتثج ،()./-'0123456789ABCxyzéÉïⵣ", max_size=60)


def outside(text: str) -> str:
    """What stands in no isolate."""
    kept, depth = "", 0
    for character in text:
        depth += (character in (LRI, RLI)) - (character == PDI)
        assert depth in (0, 1)
        kept += character if depth == 0 and character != PDI else ""
    assert depth == 0
    return kept


@given(WORDS)
def test_in_arabic_no_number_or_latin_letter_stands_bare(text: str) -> None:
    isolated = isolate_in_arabic(text)
    assert without_isolates(isolated) == text
    assert not {unicodedata.bidirectional(c) for c in outside(isolated)} & {"L", "EN"}


@given(WORDS)
def test_in_latin_no_arabic_letter_stands_bare(text: str) -> None:
    isolated = isolate_in_latin(text)
    assert without_isolates(isolated) == text
    assert "AL" not in {unicodedata.bidirectional(c) for c in outside(isolated)}


def test_a_run_stays_whole() -> None:
    assert isolate_in_arabic("عقد 2024-0417-000913 لبلدية HASSI MESSAOUD.") == (
        f"عقد {LRI}2024-0417-000913{PDI} لبلدية {LRI}HASSI MESSAOUD{PDI}."
    )
    assert isolate_in_arabic("في 14/03/1986، 10:42") == f"في {LRI}14/03/1986{PDI}، {LRI}10:42{PDI}"
    assert isolate_in_latin("né à (حاسي مسعود), 1986") == f"né à ({RLI}حاسي مسعود{PDI}), 1986"
