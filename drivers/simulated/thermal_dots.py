"""Rows of dots as the simulated ticket printer's head takes them. Pure, standard library only."""

from __future__ import annotations

from collections.abc import Iterator

CHARACTER = 12
"""Dots across a character."""
_DOWN = 24


def scaled(data: bytes, across: int, wide: int, high: int) -> Iterator[bytes]:
    """Rows of `across` bytes, each dot `wide` and `high` times; 1 or 2."""
    for at in range(0, len(data), across):
        row = data[at : at + across]
        for _ in range(high):
            yield doubled(row) if wide == 2 else row


def doubled(row: bytes) -> bytes:
    """Each dot twice."""
    dots = "".join(f"{byte:08b}" for byte in row)
    return int("".join(dot * 2 for dot in dots) or "0", 2).to_bytes(len(row) * 2, "big")


def boxes(text: bytes) -> Iterator[bytes]:
    """A line of text, each character a box of its bits: nobody takes it for a document."""
    for row in range(_DOWN if text else 0):
        dots = "".join("011111111110" if byte >> row // 3 & 1 else "010000000010" for byte in text)
        across = -(-len(dots) // 8)
        yield int(dots.ljust(across * 8, "0"), 2).to_bytes(across, "big")
