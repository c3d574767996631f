"""Device keys that are the same in every process of a test, with their certificates."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kiosk.issuance.keeper import DeviceKeeper

KEY, NEXT_KEY = (ec.derive_private_key(secret, ec.SECP256R1()) for secret in (1601, 1602))


def device(key: ec.EllipticCurvePrivateKey) -> tuple[DeviceKeeper, x509.Certificate]:
    """The keeper of a device of its own, and the certificate it gave itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "demo-1")])
    since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, since, since + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return DeviceKeeper(key, certificate.public_bytes(Encoding.DER)), certificate


KEEPER, CERTIFICATE = device(KEY)
NEXT_KEEPER, NEXT_CERTIFICATE = device(NEXT_KEY)
"""The same kiosk's, after its key was replaced."""
