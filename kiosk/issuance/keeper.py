"""What makes the ledger this kiosk's own: digests keyed by its device key, and checkpoints that key has signed.

A keyed digest recognises a thing here and tells nobody elsewhere what it is of. The key of the digests is
derived from the device key (HKDF, RFC 5869), so that a stolen ledger without that key holds only noise.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kiosk.issuance.errors import LedgerKeyUnfit

_INFO = b"shubbak/ledger/2"


class Keeper(Protocol):
    """Whose ledger it is."""

    def digest(self, label: str, data: bytes) -> str:
        """HMAC-SHA-256 of `data` under a key of its own for each label, as 64 hexadecimal digits."""

    def sign(self, data: bytes) -> bytes:
        """An ECDSA signature with SHA-256 (DER) by the device key."""

    def is_own(self, data: bytes, signature: bytes) -> bool:
        """Whether the device key signed this."""

    @property
    def certificate(self) -> bytes:
        """The device certificate (DER), for whoever checks elsewhere."""


class DeviceKeeper:
    """`Keeper` by the device key of the registry's connection."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: bytes) -> None:
        self._key = key
        self._public = key.public_key()
        self.certificate = certificate
        raw = key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")
        self._secret = HKDF(hashes.SHA256(), length=32, salt=None, info=_INFO).derive(raw)

    @classmethod
    def load(cls, key: Path, certificate: Path) -> DeviceKeeper:
        """Both PEM. Raises LedgerKeyUnfit."""
        try:
            private = serialization.load_pem_private_key(key.read_bytes(), password=None)
            own = x509.load_pem_x509_certificate(certificate.read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise LedgerKeyUnfit("the device key or its certificate cannot be read") from error
        if not isinstance(private, ec.EllipticCurvePrivateKey) or own.public_key() != private.public_key():
            raise LedgerKeyUnfit("the device key is no elliptic-curve key, or not its certificate's")
        return cls(private, own.public_bytes(serialization.Encoding.DER))

    def digest(self, label: str, data: bytes) -> str:
        return hmac.digest(self._secret, label.encode() + b"\0" + data, hashlib.sha256).hex()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    def is_own(self, data: bytes, signature: bytes) -> bool:
        return _signed(self._public, data, signature)


def load_certificates(files: Iterable[Path]) -> list[x509.Certificate]:
    """Device certificates from PEM files, for a check far from the device. Raises LedgerKeyUnfit."""
    try:
        return [x509.load_pem_x509_certificate(file.read_bytes()) for file in files]
    except (OSError, ValueError) as error:
        raise LedgerKeyUnfit("a device certificate cannot be read") from error


def signed_by(certificates: Iterable[x509.Certificate]) -> Callable[[bytes, bytes], bool]:
    """Whether one of these devices signed this data with this signature. Raises LedgerKeyUnfit."""
    keys: list[ec.EllipticCurvePublicKey] = []
    for certificate in certificates:
        key = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise LedgerKeyUnfit("a device certificate holds an elliptic-curve key, and this one does not")
        keys.append(key)
    return lambda data, signature: any(_signed(key, data, signature) for key in keys)


def _signed(key: ec.EllipticCurvePublicKey, data: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
