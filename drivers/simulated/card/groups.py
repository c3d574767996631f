"""Groups for Diffie-Hellman as the chip's protocols use them (ICAO 9303-11 §9.5.1, §9.6).

Written for this simulator alone and not for speed or secrecy: its arithmetic leaks scalars through timing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self

Random = Callable[[int], bytes]


class Element(Protocol):
    """A member of the group other than its neutral element, written additively for curves and residues alike."""

    def times(self, scalar: int) -> Self:
        """Raises ValueError when the product is the neutral element."""
        ...

    def plus(self, other: Self) -> Self:
        """Raises ValueError when the sum is the neutral element."""
        ...

    def encode(self) -> bytes:
        """As an ephemeral public key is sent (§9.4.5)."""
        ...

    def secret(self) -> bytes:
        """As a shared secret enters the key derivation (§9.7.1), padded to the field's size."""
        ...


class Group(Protocol):
    """`order` is that of the generator; `tag` is a public key's in a public key data object (§9.4.3, §9.4.4)."""

    @property
    def name(self) -> str: ...
    @property
    def agreement(self) -> str: ...
    @property
    def tag(self) -> int: ...
    @property
    def modulus(self) -> int: ...
    @property
    def order(self) -> int: ...
    @property
    def generator(self) -> Element: ...

    def decode(self, encoded: bytes) -> Element:
        """Raises ValueError for what is no valid public key of this group."""
        ...

    def from_field(self, number: int) -> Element:
        """The integrated mapping's way from GF(p) into the group (§4.4.3.3.2). Raises ValueError where it ends."""
        ...

    def strangers(self) -> bytes:
        """What looks like a public key and is none: for a chip that breaks the rules."""
        ...


def draw(group: Group, random: Random) -> int:
    """A private key: uniform between 1 and the order."""
    bits = group.order.bit_length()
    while True:
        number = int.from_bytes(random((bits + 7) // 8), "big") & ((1 << bits) - 1)
        if 0 < number < group.order:
            return number


def standard(number: int) -> Group:
    """The standardised group of that number (§9.5.1). Raises ValueError for a number that has none."""
    from drivers.simulated.card.curves import CURVES
    from drivers.simulated.card.modulars import MODULAR

    group: Group | None = CURVES.get(number) or MODULAR.get(number)
    if group is None:
        raise ValueError("no such standardised domain parameters")
    return group
