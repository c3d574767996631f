"""Public keys of certificates and chips, and whether they signed something.

    key = read(spki)                                       # CardNotProven for a key of a kind not accepted
    holds(key, signature, signed, "sha384", "ecdsa")       # or RSA's padding

Elliptic curves may be written out number by number, as ICAO 9303-12 §4 has it in certificates, and each has to be a
known one all the same: a curve of the signer's own choosing proves nothing. `cryptography` reads some of them only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import ecdsa
from asn1crypto import keys
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from registry.errors import CardNotProven

Scheme = Literal["ecdsa"] | padding.PSS | padding.PKCS1v15
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_RSA_BITS = range(1024, 8193)
_CURVES = {
    *("NIST224p", "NIST256p", "NIST384p", "NIST521p"),
    *(f"BRAINPOOLP{bits}r1" for bits in (224, 256, 320, 384, 512)),
}
_MAX_CURVE_BYTES = 1024
"""Of a key whose curve is written out: the largest known takes 610."""


@dataclass(frozen=True)
class EcKey:
    """A key on a known curve."""

    point: Any

    def holds(self, signature: bytes, signed: bytes, hash_: str, decode: Any = ecdsa.util.sigdecode_string) -> bool:
        """Plain r‖s unless decoded otherwise, each as long as the group's order (BSI TR-03111 §5.2.1)."""
        try:
            return bool(self.point.verify(signature, signed, getattr(hashlib, hash_), decode, allow_truncate=True))
        except ecdsa.BadSignatureError:
            return False


PublicKey = rsa.RSAPublicKey | EcKey


def written(key: PublicKey) -> bytes:
    """As a SubjectPublicKeyInfo, its curve by name."""
    if isinstance(key, EcKey):
        return bytes(key.point.to_der())
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def read(spki: bytes) -> PublicKey:
    """A SubjectPublicKeyInfo. Raises CardNotProven."""
    try:
        on_curve = keys.PublicKeyInfo.load(spki, strict=True).algorithm == "ec"
        return _on_curve(spki) if on_curve else _rsa(spki)
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        UnsupportedAlgorithm,
        AssertionError,
        ecdsa.der.UnexpectedDER,
    ):
        raise CardNotProven("a public key cannot be read") from None
    except (ecdsa.errors.MalformedPointError, ecdsa.curves.UnknownCurveError):
        raise CardNotProven("a public key is no point of a known curve") from None


def _on_curve(spki: bytes) -> EcKey:
    if len(spki) > _MAX_CURVE_BYTES:
        raise CardNotProven("a public key is longer than any on a known curve")
    key = ecdsa.VerifyingKey.from_der(spki)
    if key.curve.name not in _CURVES:
        raise CardNotProven("a public key is on a curve that is not accepted")
    return EcKey(key)


def _rsa(spki: bytes) -> rsa.RSAPublicKey:
    key = load_der_public_key(spki)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size not in _RSA_BITS:
        raise CardNotProven("a public key is of a kind or size that is not accepted")
    return key


def holds(key: PublicKey, signature: bytes, signed: bytes, hash_: str, scheme: Scheme) -> bool:
    """Whether `signature` over `signed` is that key's, by that scheme; ECDSA's in DER."""
    if isinstance(key, EcKey):
        return scheme == "ecdsa" and key.holds(signature, signed, hash_, ecdsa.util.sigdecode_der)
    if isinstance(scheme, str):
        return False
    try:
        key.verify(signature, signed, scheme, HASHES[hash_])
    except (InvalidSignature, ValueError):
        return False
    return True
