"""The seeds, spoiled by rule: what the fuzzer does blindly and faster, for machines on which it does not run."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.harness import GROUPS, Harness, harnesses

EXAMPLES = 100
_INTERESTING = (0x00, 0x01, 0x30, 0x3C, 0x7F, 0x80, 0x81, 0x84, 0xFE, 0xFF)
_CASES = {
    group: [(one, file) for one in harnesses(group).values() for file in sorted(one.corpus.iterdir())]
    for group in GROUPS
}


def spoiled(data: bytes, chance: random.Random) -> bytes:
    """One to four changes: a byte, a cut, a repetition, something put in."""
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(spoilt))
        size = chance.choice((1, 1, 2, 4, 16))
        match chance.randint(0, 3):
            case 0 if at < len(spoilt):
                spoilt[at] = chance.choice((*_INTERESTING, chance.randrange(256)))
            case 1:
                del spoilt[at : at + size]
            case 2:
                spoilt[at:at] = spoilt[at : at + size]
            case _:
                spoilt[at:at] = chance.randbytes(size)
    return bytes(spoilt)


@pytest.mark.parametrize("group", GROUPS)
@settings(max_examples=EXAMPLES)
@given(st.data())
def test_spoiled_seeds_end_in_an_own_error_or_none(group: str, data: st.DataObject) -> None:
    harness, file = data.draw(st.sampled_from(_CASES[group]), label="seed")
    chance = data.draw(st.randoms(use_true_random=False), label="changes")
    _run(harness, spoiled(file.read_bytes(), chance))


def _run(harness: Harness, data: bytes) -> None:
    try:
        harness.run(data)
    except Exception as error:
        raise AssertionError(f"{harness.name}: {type(error).__name__} for {data.hex()}") from error
