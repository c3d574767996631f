"""A working screen stands long enough to be seen; what follows keeps its order; what ends a visit does not wait."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.session.protocol import Snapshot
from kiosk.ui.pace import AT_ONCE, Pace
from tests.kiosk.ui.conftest import wait_until

pytestmark = pytest.mark.usefixtures("application")


class Shown:
    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.pace = Pace(lambda snapshot, facts: self.seqs.append(snapshot.seq))

    def offer(self, *screens: str) -> None:
        for seq, screen in enumerate(screens, 1):
            self.pace.offer(Snapshot(seq=seq, screen=cast(Any, screen), language="ar"), {})


def test_a_question_follows_a_question_at_once() -> None:
    shown = Shown()
    shown.offer("language", "card", "can", "pin")
    assert shown.seqs == [1, 2, 3, 4]


def test_what_follows_a_working_screen_waits_and_then_comes() -> None:
    shown = Shown()
    shown.offer("choice", "preparing", "preparing", "preview")
    assert shown.seqs == [1, 2, 3], "its own progress is shown as it is made"
    wait_until(lambda: shown.seqs == [1, 2, 3, 4])


def test_each_of_several_has_its_turn() -> None:
    shown = Shown()
    shown.offer("opening", "pin", "reading", "choice")
    assert shown.seqs == [1]
    wait_until(lambda: shown.seqs == [1, 2, 3, 4])


@pytest.mark.parametrize("end", sorted(AT_ONCE))
def test_what_ends_the_visit_comes_at_once_and_nothing_after_it(end: str) -> None:
    shown = Shown()
    shown.offer("preparing", "preview", end)
    assert shown.seqs == [1, 3]


@given(st.lists(st.sampled_from(["opening", "reading", "can", "pin", "preview", "trouble", "attract"]), max_size=20))
def test_never_out_of_order_never_twice(screens: list[str]) -> None:
    shown = Shown()
    shown.offer(*screens)
    shown.pace.forget()
    assert shown.seqs == sorted(set(shown.seqs))
