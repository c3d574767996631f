"""Active authentication from the chip's side (ICAO 9303-11 §6.1): RSA by ISO/IEC 9796-2, and ECDSA."""

from __future__ import annotations

import hashlib
from typing import Protocol

from asn1crypto import algos, keys

from drivers.simulated.card.curve import Curve
from drivers.simulated.card.curves import CURVES
from drivers.simulated.card.groups import Random, draw

TRAILERS = {"sha1": "BC", "sha224": "38CC", "sha256": "34CC", "sha384": "36CC", "sha512": "35CC"}


class Signer(Protocol):
    def sign(self, nonce: bytes, random: Random) -> bytes:
        """The signature over RND.IFD, 8 bytes."""
        ...

    def copied(self) -> Signer:
        """A signer as a copied card has one: the same public face, another key."""
        ...


def signer(private_key: bytes, digest: str, *, least: bool = False) -> Signer:
    """Of a PKCS #8 key, DER, and a hash function's name as hashlib knows it.

    `least` takes the smaller of two roots, as ISO/IEC 9796-2 B.4 does. Raises ValueError for another kind of key.
    """
    info = keys.PrivateKeyInfo.load(private_key)
    if digest not in TRAILERS:
        raise ValueError("active authentication has no such hash function")
    if info.algorithm == "rsa":
        rsa = info["private_key"].parsed
        return Rsa(rsa["modulus"].native, rsa["private_exponent"].native, digest, least=least)
    if info.algorithm != "ec":
        raise ValueError("neither RSA nor ECDSA")
    named: algos.ObjectIdentifier = info["private_key_algorithm"]["parameters"].chosen
    curve = next((curve for curve in CURVES.values() if curve.oid == named.dotted), None)
    if curve is None:
        raise ValueError("a curve that is not standardised")
    return Ecdsa(curve, info["private_key"].parsed["private_key"].native, digest)


class Ecdsa:
    """Plain r ‖ s, each as long as the curve's order (TR-03111 §5.2)."""

    def __init__(self, curve: Curve, private: int, digest: str) -> None:
        self._curve, self._private, self._digest = curve, private, digest

    def sign(self, nonce: bytes, random: Random) -> bytes:
        order = self._curve.order
        digest = hashlib.new(self._digest, nonce).digest()
        number = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - order.bit_length())
        while True:
            k = draw(self._curve, random)
            r = self._curve.generator.times(k).x % order
            s = pow(k, -1, order) * (number + r * self._private) % order
            if r and s:
                size = (order.bit_length() + 7) // 8
                return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def copied(self) -> Ecdsa:
        return Ecdsa(self._curve, self._private % (self._curve.order - 2) + 1, self._digest)


class Rsa:
    """ISO/IEC 9796-2 scheme 1 with partial recovery; the modulus has a whole number of bytes."""

    def __init__(self, modulus: int, private: int, digest: str, *, least: bool = False) -> None:
        self._modulus, self._private, self._digest, self._least = modulus, private, digest, least

    def sign(self, nonce: bytes, random: Random) -> bytes:
        size = self._modulus.bit_length() // 8
        trailer = bytes.fromhex(TRAILERS[self._digest])
        known = hashlib.new(self._digest).digest_size + len(trailer)
        recovered = random(size - 1 - known)
        digest = hashlib.new(self._digest, recovered + nonce).digest()
        message = b"\x6a" + recovered + digest + trailer
        root = pow(int.from_bytes(message, "big"), self._private, self._modulus)
        return (min(root, self._modulus - root) if self._least else root).to_bytes(size, "big")

    def copied(self) -> Rsa:
        return Rsa(self._modulus, self._private + 2, self._digest, least=self._least)
