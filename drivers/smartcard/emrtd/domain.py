"""Groups for Diffie-Hellman: the standardised domain parameters (ICAO 9303-11 §9.5.1, table 12).

    group = standardised(13)                  # brainpoolP256r1
    ours = group.generator.times(private)     # a public key
    theirs = group.decode(from_the_card)      # checked: BadPublicKey if it is no element of the group
    secret = theirs.times(private).secret()

Elements come from the card and are not believed: a point must be on the curve, a number in the subgroup of
prime order (RFC 2631 §2.1.5), and nothing may lead to the neutral element.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

import ecdsa.curves
from cryptography.hazmat.primitives.asymmetric import ec
from ecdsa import (
    BRAINPOOLP192r1,
    BRAINPOOLP224r1,
    BRAINPOOLP256r1,
    BRAINPOOLP320r1,
    BRAINPOOLP384r1,
    BRAINPOOLP512r1,
    NIST192p,
    NIST224p,
    NIST256p,
    NIST384p,
    NIST521p,
)
from ecdsa.ellipticcurve import INFINITY, AbstractPoint, PointJacobi

from drivers.smartcard.emrtd.modp import MODP, Modp
from drivers.smartcard.emrtd.randomness import Randomness, scalar
from drivers.smartcard.errors import BadPublicKey, PaceFailed, PaceUnsupported

Agreement = Literal["DH", "ECDH"]


class Element(Protocol):
    """An element of a group other than the neutral one. `plus` takes elements of the same group."""

    def times(self, factor: int) -> Element: ...
    def plus(self, other: Element) -> Element: ...
    def encode(self) -> bytes: ...
    def secret(self) -> bytes: ...


class Group(Protocol):
    """`prime` is the field's, `order` that of the subgroup that `generator` generates; `size` the bytes of a
    field element."""

    @property
    def name(self) -> str: ...
    @property
    def agreement(self) -> Agreement: ...
    @property
    def prime(self) -> int: ...
    @property
    def order(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def generator(self) -> Element: ...
    def decode(self, data: bytes) -> Element: ...
    def from_field(self, value: int) -> Element: ...
    def agreement_of(self, private: int) -> Agreeing: ...


Agreeing = Callable[[Element], bytes]
"""From the other side's public key to the shared secret. It may have cost something to make."""


def private_key(group: Group, random: Randomness) -> int:
    """A number between 1 and the group's order, exclusive."""
    return scalar(random, group.order)


# --- elliptic curves ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a prime curve."""

    group: Curve
    point: AbstractPoint

    def times(self, factor: int) -> Point:
        return self.group.made(self.point * factor)

    def plus(self, other: Element) -> Point:
        assert isinstance(other, Point) and other.group is self.group  # noqa: S101 - the caller's promise
        return self.group.made(self.point + other.point)

    def encode(self) -> bytes:
        """04 ‖ X ‖ Y (TR-03111 §3.2.1)."""
        size = self.group.size
        return b"\x04" + int(self.point.x()).to_bytes(size) + int(self.point.y()).to_bytes(size)

    def secret(self) -> bytes:
        """The X coordinate (TR-03111 §4.3.1)."""
        return int(self.point.x()).to_bytes(self.group.size)


class Curve:
    """A prime curve of cofactor 1, uncompressed points."""

    agreement: Agreement = "ECDH"

    def __init__(self, name: str, curve: ecdsa.curves.Curve) -> None:
        self.name, self.library_name = name, str(curve.name)
        self.order = int(curve.order)
        self.prime = int(curve.curve.p())
        self.size = (self.prime.bit_length() + 7) // 8
        self._curve = curve.curve
        self.generator = Point(self, curve.generator)

    def made(self, point: AbstractPoint) -> Point:
        if point == INFINITY:
            raise BadPublicKey("a public key of the card leads to infinity")
        return Point(self, PointJacobi.from_affine(point) if not isinstance(point, PointJacobi) else point)

    def decode(self, data: bytes) -> Point:
        """From 04 ‖ X ‖ Y. Raises BadPublicKey for anything but a point of the curve."""
        x, y = int.from_bytes(data[1 : 1 + self.size]), int.from_bytes(data[1 + self.size :])
        # Asked here because the library's Jacobian points are made without asking.
        if len(data) != 1 + 2 * self.size or data[0] != 4 or max(x, y) >= self.prime:
            raise BadPublicKey("a public key of the card is not an uncompressed point")
        if not self._curve.contains_point(x, y):
            raise BadPublicKey("a public key of the card is not a point of the curve")
        return Point(self, PointJacobi(self._curve, x, y, 1, self.order))

    def agreement_of(self, private: int) -> Agreeing:
        """By OpenSSL where it has the curve: sooner done, and in the same time for any key."""
        curve = _OPENSSL.get(self.name)
        if curve is None:
            return lambda theirs: theirs.times(private).secret()
        key = ec.derive_private_key(private, curve)
        return lambda theirs: key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, theirs.encode())
        )

    def from_field(self, value: int) -> Point:
        """f_G of the integrated mapping (appendix B.2): a point of unknown logarithm. For primes 3 mod 4."""
        p, a, b = self.prime, int(self._curve.a()), int(self._curve.b())
        if p % 4 != 3:
            raise PaceUnsupported(f"{self.name} has no integrated mapping")
        alpha = -value * value % p
        if (alpha + alpha * alpha) % p == 0:
            raise PaceFailed("the card's nonce maps onto no point")
        x2 = -b * pow(a, -1, p) * (1 + pow(alpha + alpha * alpha, -1, p)) % p
        x3 = alpha * x2 % p
        h2 = (pow(x2, 3, p) + a * x2 + b) % p
        u = pow(value, 3, p) * h2 % p
        root = pow(h2, p - 1 - (p + 1) // 4, p)
        x, y = (x2, root * h2 % p) if root * root * h2 % p == 1 else (x3, root * u % p)
        return self.decode(b"\x04" + x.to_bytes(self.size) + y.to_bytes(self.size))


# --- numbers modulo a prime ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the subgroup of prime order, other than one."""

    group: PrimeField
    value: int

    def times(self, factor: int) -> Number:
        return self.group.made(pow(self.value, factor, self.group.prime))

    def plus(self, other: Element) -> Number:
        assert isinstance(other, Number) and other.group is self.group  # noqa: S101 - the caller's promise
        return self.group.made(self.value * other.value % self.group.prime)

    def encode(self) -> bytes:
        """An unsigned integer without leading zeros (§9.4.1, §9.4.3): a token is made over these very bytes."""
        return self.value.to_bytes((self.value.bit_length() + 7) // 8)

    def secret(self) -> bytes:
        """As long as the prime (PKCS #3 §8.3)."""
        return self.value.to_bytes(self.group.size)


class PrimeField:
    """The numbers modulo a prime, of which a subgroup of prime order is used (RFC 5114)."""

    agreement: Agreement = "DH"

    def __init__(self, name: str, modp: Modp) -> None:
        self.name, self.prime, self._known_order = name, modp.p, modp.q
        self.order = modp.q or modp.p - 1
        self.size = (self.prime.bit_length() + 7) // 8
        self.generator = Number(self, modp.g)

    def made(self, value: int) -> Number:
        if not 1 < value < self.prime:
            raise BadPublicKey("a public key of the card leads to one")
        return Number(self, value)

    def decode(self, data: bytes) -> Number:
        """From an unsigned integer with or without leading zeros. Raises BadPublicKey."""
        value = int.from_bytes(data)
        if len(data) > self.size + 1 or not 1 < value < self.prime - 1:
            raise BadPublicKey("a public key of the card is no number of the group")
        if self._known_order and pow(value, self._known_order, self.prime) != 1:
            raise BadPublicKey("a public key of the card is not in the subgroup")
        return Number(self, value)

    def agreement_of(self, private: int) -> Agreeing:
        return lambda theirs: theirs.times(private).secret()

    def from_field(self, value: int) -> Number:
        """f_g of the integrated mapping (§4.4.3.3.2): x to the power of the cofactor."""
        return self.made(pow(value, (self.prime - 1) // self.order, self.prime))


_CURVES = {
    8: ("P-192", NIST192p),
    9: ("brainpoolP192r1", BRAINPOOLP192r1),
    10: ("P-224", NIST224p),
    11: ("brainpoolP224r1", BRAINPOOLP224r1),
    12: ("P-256", NIST256p),
    13: ("brainpoolP256r1", BRAINPOOLP256r1),
    14: ("brainpoolP320r1", BRAINPOOLP320r1),
    15: ("P-384", NIST384p),
    16: ("brainpoolP384r1", BRAINPOOLP384r1),
    17: ("brainpoolP512r1", BRAINPOOLP512r1),
    18: ("P-521", NIST521p),
}
_OPENSSL: dict[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "P-384": ec.SECP384R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
    "P-521": ec.SECP521R1(),
}
NUMBERS = (*MODP, *_CURVES)


@cache
def standardised(number: int) -> Group:
    """The group of that number. Raises PaceUnsupported for a number of no group."""
    if number in MODP:
        return PrimeField(MODP[number].name, MODP[number])
    if number not in _CURVES:
        raise PaceUnsupported(f"there are no standardised domain parameters {number}")
    name, curve = _CURVES[number]
    return Curve(name, curve)
