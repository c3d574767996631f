"""Arithmetic in subgroups of prime order modulo a prime (RFC 2631), for the chip's side of its protocols."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self


@dataclass(frozen=True, slots=True)
class Modular:
    """The subgroup of order q that g generates modulo p."""

    name: str
    p: int = field(repr=False)
    q: int = field(repr=False)
    g: int = field(repr=False)

    @property
    def agreement(self) -> Literal["DH"]:
        return "DH"

    @property
    def tag(self) -> int:
        return 0x84

    @property
    def modulus(self) -> int:
        return self.p

    @property
    def order(self) -> int:
        return self.q

    @property
    def generator(self) -> Residue:
        return Residue(self, self.g)

    def decode(self, encoded: bytes) -> Residue:
        """An unsigned integer. Raises ValueError for what is no member of the subgroup (RFC 2631 §2.1.5)."""
        number = int.from_bytes(encoded, "big")
        if not 1 < number < self.p or pow(number, self.q, self.p) != 1:
            raise ValueError("not a member of the subgroup")
        return Residue(self, number)

    def from_field(self, number: int) -> Residue:
        """number^((p-1)/q), which must not be 1 (9303-11 §4.4.3.3.2)."""
        if not 0 < number < self.p:
            raise ValueError("nothing to map")
        return self._member(pow(number, (self.p - 1) // self.q, self.p))

    def strangers(self) -> bytes:
        """p - 1, of order two."""
        return (self.p - 1).to_bytes((self.p.bit_length() + 7) // 8, "big")

    def _member(self, number: int) -> Residue:
        if number == 1:
            raise ValueError("the neutral element")
        return Residue(self, number)


@dataclass(frozen=True, slots=True)
class Residue:
    """A member of the subgroup other than 1."""

    group: Modular
    number: int = field(repr=False)

    def times(self, scalar: int) -> Self:
        """The power. Raises ValueError when it is 1."""
        return self._checked(pow(self.number, scalar % self.group.q, self.group.p))

    def plus(self, other: Self) -> Self:
        """The product. Raises ValueError when it is 1."""
        return self._checked(self.number * other.number % self.group.p)

    def encode(self) -> bytes:
        """An unsigned integer in as few bytes as hold it (9303-11 §9.4.1)."""
        return self.number.to_bytes((self.number.bit_length() + 7) // 8, "big")

    def secret(self) -> bytes:
        """As long as p."""
        return self.number.to_bytes((self.group.p.bit_length() + 7) // 8, "big")

    def _checked(self, number: int) -> Self:
        if number == 1:
            raise ValueError("the neutral element")
        return type(self)(self.group, number)
