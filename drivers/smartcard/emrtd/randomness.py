"""Where protocols take their random numbers from: the system, or a worked example's list."""

from __future__ import annotations

from collections.abc import Callable

Randomness = Callable[[int], bytes]
"""Given a number of bytes, returns that many fresh random ones; `secrets.token_bytes` in service."""


def scalar(random: Randomness, order: int) -> int:
    """A private key: uniform in 1 … order - 1, by drawing again whatever falls outside."""
    size = (order.bit_length() + 7) // 8
    while True:
        drawn = int.from_bytes(random(size))
        if 1 <= drawn < order:
            return drawn
