"""Active authentication as the registry checks it: the chip signed these eight bytes (ICAO 9303-11 §6.1).

RSA by ISO/IEC 9796-2 scheme 1, or plain ECDSA. The kiosk's card reader has its own code for the same signatures.
Whatever does not answer raises CardNotProven.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from registry.errors import CardNotProven

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_TRAILERS = {
    b"\x38\xcc": "sha224",
    b"\x34\xcc": "sha256",
    b"\x36\xcc": "sha384",
    b"\x35\xcc": "sha512",
    b"\x33\xcc": "sha1",
}
"""The ends of the recovered string that name its hash; one that ends in BC is SHA-1's."""
_RSA_BITS = range(1024, 4097)
_CURVE_BITS = range(224, 522)


@dataclass(frozen=True)
class ChipKey:
    """DG15's key. `hash` is what an ECDSA key hashes by, as DG14 says; an RSA signature tells its own."""

    public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
    hash: str | None

    @classmethod
    def read(cls, spki: bytes, hash_: str | None) -> ChipKey:
        """Raises CardNotProven for a key of a kind not accepted."""
        try:
            key = load_der_public_key(spki)
        except (ValueError, UnsupportedAlgorithm):
            raise CardNotProven("the card's key cannot be read") from None
        if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_BITS:
            return cls(key, None)
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size in _CURVE_BITS:
            if hash_ is None:
                raise CardNotProven("DG14 announces no active authentication by plain ECDSA")
            return cls(key, hash_)
        raise CardNotProven("the card's key is of a kind or size not accepted")

    @property
    def spki(self) -> bytes:
        return self.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def verify(self, nonce: bytes, signature: bytes) -> None:
        """That the chip signed this nonce (8 bytes). Raises CardNotProven."""
        answers = (
            _rsa_answers(self.public, nonce, signature)
            if isinstance(self.public, rsa.RSAPublicKey)
            else _ecdsa_answers(self.public, _HASHES[str(self.hash)], nonce, signature)
        )
        if not answers:
            raise CardNotProven("the card's signature does not answer this challenge")


def _ecdsa_answers(
    key: ec.EllipticCurvePublicKey, algorithm: hashes.HashAlgorithm, nonce: bytes, signature: bytes
) -> bool:
    """Plain r‖s, each as long as the group's order (BSI TR-03111 §5.2.1)."""
    size = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * size:
        return False
    r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
    try:
        key.verify(encode_dss_signature(r, s), nonce, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


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
