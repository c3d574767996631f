"""Active authentication as the registry checks it: the chip signed these eight bytes (ICAO 9303-11 §6.1).

RSA by ISO/IEC 9796-2 scheme 1, or plain ECDSA. The kiosk's card reader has its own code for the same signatures.
Whatever does not answer raises CardNotProven.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import rsa

from registry.errors import CardNotProven
from registry.reference import public_keys
from registry.reference.public_keys import PublicKey

_TRAILERS = {
    b"\x38\xcc": "sha224",
    b"\x34\xcc": "sha256",
    b"\x36\xcc": "sha384",
    b"\x35\xcc": "sha512",
    b"\x33\xcc": "sha1",
}
"""The ends of the recovered string that name its hash; one that ends in BC is SHA-1's."""


@dataclass(frozen=True)
class ChipKey:
    """DG15's key. `hash` is what an ECDSA key hashes by, as DG14 says; an RSA signature tells its own."""

    public: PublicKey
    hash: str | None

    @classmethod
    def read(cls, spki: bytes, hash_: str | None) -> ChipKey:
        """Raises CardNotProven for a key of a kind not accepted."""
        key = public_keys.read(spki)
        if isinstance(key, rsa.RSAPublicKey):
            return cls(key, None)
        if hash_ is None:
            raise CardNotProven("DG14 announces no active authentication by plain ECDSA")
        return cls(key, hash_)

    @property
    def spki(self) -> bytes:
        return public_keys.written(self.public)

    def verify(self, nonce: bytes, signature: bytes) -> None:
        """That the chip signed this nonce (8 bytes). Raises CardNotProven."""
        answers = (
            _rsa_answers(self.public, nonce, signature)
            if isinstance(self.public, rsa.RSAPublicKey)
            else self.public.holds(signature, nonce, str(self.hash))
        )
        if not answers:
            raise CardNotProven("the card's signature does not answer this challenge")


def _rsa_answers(key: rsa.RSAPublicKey, nonce: bytes, signature: bytes) -> bool:
    """6A ‖ M1 ‖ H(M1 ‖ nonce) ‖ trailer, and nothing between (ISO/IEC 9796-2 scheme 1, partial recovery)."""
    numbers, size = key.public_numbers(), (key.key_size + 7) // 8
    opened = int.from_bytes(signature)
    if len(signature) != size or opened >= numbers.n:
        return False
    opened = pow(opened, numbers.e, numbers.n)
    if opened % 16 != 12:
        opened = numbers.n - opened
    text = opened.to_bytes(size).removeprefix(b"\0")
    if text[-1:] == b"\xbc":
        algorithm, trailer = "sha1", 1
    else:
        algorithm, trailer = _TRAILERS.get(text[-2:], ""), 2
    if not algorithm or text[:1] != b"\x6a":
        return False
    digest_size = hashlib.new(algorithm).digest_size
    inner = text[1:-trailer]
    m1, digest = inner[:-digest_size], inner[-digest_size:]
    return len(digest) == digest_size and hmac.compare_digest(hashlib.new(algorithm, m1 + nonce).digest(), digest)
