"""How long is waited before the registry is told again: ever longer, never in step, and not at all once it answered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiosk.session.backoff import FIRST_S, MOST_S, Backoff


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def waits(chance: float, failures: int) -> list[float]:
    """How long is waited after each of so many failures in a row."""
    time, found = Time(), []
    backoff = Backoff(time, lambda: chance)
    for _ in range(failures):
        backoff.failed()
        start = time.now
        while not backoff.due:
            time.now += 0.5
        found.append(time.now - start)
    return found


def test_the_first_try_is_at_once_and_success_ends_every_wait() -> None:
    backoff = Backoff(Time(), lambda: 1.0)
    assert backoff.due
    backoff.failed()
    assert not backoff.due
    backoff.worked()
    assert backoff.due


def test_waits_double_up_to_ten_minutes() -> None:
    assert waits(1.0, 7) == [30, 60, 120, 240, 480, 600, 600]


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 20))
def test_chance_takes_at_most_half_of_a_wait(chance: float, failures: int) -> None:
    for failure, wait in enumerate(waits(chance, failures)):
        whole = min(FIRST_S * 2**failure, MOST_S)
        assert whole / 2 - 0.5 <= wait <= whole + 0.5
