"""Arithmetic on prime curves of cofactor 1 (TR-03111 §2.3), for the chip's side of its protocols.

Written for this simulator alone and not for speed or secrecy: it leaks its scalars through timing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Self

_Jacobian = tuple[int, int, int]  # x = X / Z^2, y = Y / Z^3; Z = 0 is the point at infinity
_INFINITY: _Jacobian = (1, 1, 0)


@dataclass(frozen=True, slots=True)
class Curve:
    """y² = x³ + ax + b over GF(p); `order` is that of the point (gx, gy); `oid` is the curve's own, dotted."""

    name: str
    oid: str
    p: int = field(repr=False)
    a: int = field(repr=False)
    b: int = field(repr=False)
    gx: int = field(repr=False)
    gy: int = field(repr=False)
    order: int = field(repr=False)

    @property
    def agreement(self) -> Literal["ECDH"]:
        return "ECDH"

    @property
    def tag(self) -> int:
        return 0x86

    @property
    def modulus(self) -> int:
        return self.p

    @property
    def size(self) -> int:
        """Bytes of a coordinate."""
        return (self.p.bit_length() + 7) // 8

    @property
    def generator(self) -> Point:
        return Point(self, self.gx, self.gy)

    def decode(self, encoded: bytes) -> Point:
        """Raises ValueError for what is no uncompressed point of this curve."""
        if len(encoded) != 1 + 2 * self.size or encoded[0] != 4:
            raise ValueError("not an uncompressed point")
        x, y = int.from_bytes(encoded[1 : 1 + self.size], "big"), int.from_bytes(encoded[1 + self.size :], "big")
        if x >= self.p or y >= self.p or (y * y - self._right_side(x)) % self.p:
            raise ValueError("the point is not on the curve")
        return Point(self, x, y)

    def from_field(self, number: int) -> Point:
        """The point encoding of 9303-11 appendix B.2, for 0 < number < p where p = 3 modulo 4."""
        p, t = self.p, number
        if p % 4 != 3:
            raise ValueError("the integrated mapping does not work on this curve")
        if not 0 < t < p:
            raise ValueError("nothing to map")
        alpha = -t * t % p
        spread = (alpha + alpha * alpha) % p
        if spread == 0:
            raise ValueError("the number maps to no point")
        x2 = -self.b * pow(self.a, -1, p) * (1 + pow(spread, -1, p)) % p
        x3 = alpha * x2 % p
        h2 = self._right_side(x2)
        root = pow(h2, p - 1 - (p + 1) // 4, p)
        if root * root * h2 % p == 1:
            return Point(self, x2, root * h2 % p)
        return Point(self, x3, root * pow(t, 3, p) * h2 % p)

    def strangers(self) -> bytes:
        """A point beside the curve."""
        width = self.size
        y = next(y for y in range(2, 99) if (y * y - self._right_side(2)) % self.p)
        return b"\x04" + (2).to_bytes(width, "big") + y.to_bytes(width, "big")

    def _right_side(self, x: int) -> int:
        return (x * x * x + self.a * x + self.b) % self.p


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the curve other than infinity, in affine coordinates."""

    curve: Curve
    x: int
    y: int

    def encode(self) -> bytes:
        """Uncompressed: 04, x, y (TR-03111 §3.2.1)."""
        return b"\x04" + self.secret() + self.y.to_bytes(self.curve.size, "big")

    def secret(self) -> bytes:
        """The x coordinate (TR-03111 §4.3.1)."""
        return self.x.to_bytes(self.curve.size, "big")

    def times(self, scalar: int) -> Self:
        """Raises ValueError when the product is the point at infinity."""
        return self._affine(_multiply(self.curve, (self.x, self.y, 1), scalar % self.curve.order))

    def plus(self, other: Self) -> Self:
        """Raises ValueError when the sum is the point at infinity."""
        return self._affine(_add(self.curve, (self.x, self.y, 1), (other.x, other.y, 1)))

    def _affine(self, point: _Jacobian) -> Self:
        (x, y, z), p = point, self.curve.p
        if z == 0:
            raise ValueError("the point at infinity")
        inverse = pow(z, -1, p)
        square = inverse * inverse % p
        return type(self)(self.curve, x * square % p, y * square * inverse % p)


def _double(curve: Curve, point: _Jacobian) -> _Jacobian:
    (x, y, z), p = point, curve.p
    if z == 0 or y == 0:
        return _INFINITY
    y2, z2 = y * y % p, z * z % p
    s = 4 * x * y2 % p
    m = (3 * x * x + curve.a * z2 * z2) % p
    x3 = (m * m - 2 * s) % p
    return x3, (m * (s - x3) - 8 * y2 * y2) % p, 2 * y * z % p


def _add(curve: Curve, left: _Jacobian, right: _Jacobian) -> _Jacobian:
    if left[2] == 0:
        return right
    if right[2] == 0:
        return left
    (x1, y1, z1), (x2, y2, z2), p = left, right, curve.p
    z1z1, z2z2 = z1 * z1 % p, z2 * z2 % p
    u1, u2 = x1 * z2z2 % p, x2 * z1z1 % p
    s1, s2 = y1 * z2 * z2z2 % p, y2 * z1 * z1z1 % p
    if u1 == u2:
        return _double(curve, left) if s1 == s2 else _INFINITY
    h, r = u2 - u1, s2 - s1
    hh = h * h % p
    hhh, v = h * hh % p, u1 * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p


def _multiply(curve: Curve, point: _Jacobian, scalar: int) -> _Jacobian:
    product = _INFINITY
    for bit in bin(scalar)[2:]:
        product = _double(curve, product)
        if bit == "1":
            product = _add(curve, product, point)
    return product
