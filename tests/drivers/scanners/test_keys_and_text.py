"""What is typed becomes zones, and nothing else does: without any device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.scanners.gathering import ALPHABET, LINE_END, MOST, Gathering
from drivers.scanners.keyboard import Keyboard, Layout
from drivers.scanners.port import Zone
from drivers.simulated.scanner_wedge import strokes
from tests.drivers.scanners.zones import ALL, ANOTHER, TD1, find, text

_A, _SHIFT, _CTRL, _CAPS = 30, 42, 29, 58


def typed(keys: list[tuple[int, int]], layout: Layout = "us") -> str:
    keyboard = Keyboard(layout)
    return "".join(keyboard.key(code, value) for code, value in keys)


def gathered(
    characters: str, *, apart: float = 0.01, gathering: Gathering | None = None, at: float = 100.0
) -> list[Zone]:
    gathering = gathering or Gathering(find, pause=0.5)
    zones = [gathering.take(c, at + place * apart) for place, c in enumerate(characters)]
    return [zone for zone in zones if zone is not None]


@pytest.mark.parametrize("layout", ["us", "fr"])
def test_a_keyboard_of_either_country_types_the_same(layout: Layout) -> None:
    alphabet = "".join(sorted(ALPHABET)) + LINE_END
    assert typed(strokes(alphabet, layout), layout) == alphabet


def test_a_wrong_layout_is_no_zone() -> None:
    assert gathered(typed(strokes(text(TD1), "fr"), "us")) == []


def test_digits_of_the_keypad_and_its_enter() -> None:
    keys = [(code, 1) for code in (82, 79, 80, 81, 75, 76, 77, 71, 72, 73, 96)]
    assert typed(keys) == "0123456789" + LINE_END


def test_keys_held_down_commands_and_others_are_nothing() -> None:
    assert typed([(_A, 1), (_A, 2), (_A, 2), (_A, 0)]) == "A"
    assert typed([(_CTRL, 1), (_A, 1), (_A, 0), (_CTRL, 0), (_A, 1)]) == "A"
    assert typed([(_CAPS, 1), (1, 1), (59, 1), (111, 1), (13, 1), (57, 1)]) == ""


def test_shift_ends_when_it_is_let_go_or_lost() -> None:
    three = 4
    keyboard = Keyboard("us")
    assert [keyboard.key(*key) for key in [(_SHIFT, 1), (three, 1), (_SHIFT, 0), (three, 1)]] == ["", "", "", "3"]
    keyboard.key(_SHIFT, 1)
    keyboard.let_go()
    assert keyboard.key(three, 1) == "3"


@given(st.lists(st.tuples(st.integers(0, 767), st.integers(-1, 2))), st.sampled_from(["us", "fr"]))
def test_whatever_keys_come_only_characters_of_a_zone_get_through(keys: list[tuple[int, int]], layout: Layout) -> None:
    assert set(typed(keys, layout)) <= ALPHABET | {LINE_END}


@pytest.mark.parametrize("lines", ALL, ids=["TD1", "TD2", "TD3"])
def test_each_size_of_zone_is_gathered(lines: tuple[str, ...]) -> None:
    assert gathered(text(lines).lower()) == [Zone(lines)]


def test_a_zone_without_line_ends_is_one_when_nothing_more_comes() -> None:
    gathering = Gathering(find, pause=0.5)
    assert gathered("".join(TD1), gathering=gathering) == []
    assert gathering.settle() == Zone(TD1)
    assert gathering.settle() is None and not gathering.waiting


def test_the_next_scan_tells_that_the_one_before_had_ended() -> None:
    gathering = Gathering(find, pause=0.5)
    assert gathered("".join(TD1), gathering=gathering) == []
    assert gathered("I", gathering=gathering, at=200.0) == [Zone(TD1)]


def test_a_wrong_check_digit_is_no_zone() -> None:
    spoiled = (TD1[0], TD1[1].replace("7408122", "7408123"), TD1[2])
    gathering = Gathering(find, pause=0.5)
    assert gathered(text(spoiled), gathering=gathering) == []
    assert gathering.settle() is None


def test_half_a_scan_before_a_pause_does_not_mix_with_the_next() -> None:
    gathering = Gathering(find, pause=0.5)
    assert gathered(text(TD1[:1]), gathering=gathering) == []
    assert gathered(text(TD1[1:]), gathering=gathering, at=110.0) == []
    assert gathered(text(ANOTHER), gathering=gathering, at=120.0) == [Zone(ANOTHER)]


def test_a_clock_set_back_is_a_pause() -> None:
    gathering = Gathering(find, pause=0.5)
    gathered(text(TD1[:1]), gathering=gathering)
    assert gathered(text(TD1[1:]), gathering=gathering, at=50.0) == []


def test_more_than_any_zone_is_dropped_until_it_pauses() -> None:
    gathering = Gathering(find, pause=0.5)
    assert gathered("A" * MOST + LINE_END + text(TD1), gathering=gathering) == []
    assert gathered(text(TD1), gathering=gathering, at=200.0) == [Zone(TD1)]


@given(st.text(max_size=1200), st.floats(0.0, 1.0))
def test_whatever_comes_nothing_is_kept_beyond_the_bound(characters: str, apart: float) -> None:
    seen: list[int] = []

    def watched(given_text: str) -> Zone | None:
        seen.append(len(given_text))
        assert set(given_text) <= ALPHABET | {LINE_END}
        return None

    gathering = Gathering(watched, pause=0.5)
    assert gathered(characters, apart=apart, gathering=gathering) == []
    assert gathering.settle() is None and not gathering.waiting
    assert all(size <= MOST for size in seen)


def test_a_zone_does_not_show_itself() -> None:
    assert "ERIKSSON" not in repr(Zone(TD1)) and "ERIKSSON" not in str([Zone(TD1)])
