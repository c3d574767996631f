"""Certificates: the chain a signer shows, the request for one, and the demonstration's authority.

`Chain` is what `trust/signer.pem` holds: the signing certificate first, then whatever stands between it
and the root. A key identifier (`kid`) is the first eight bytes of the SHA-256 of the certificate: it
fits a barcode, and a renewed certificate gets a new one while the old stays in the verifiers' list.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import csr, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

from signing.errors import CertificateUnusable
from signing.ports import DigestSigner

KID_BYTES = 8
MAX_NAME = 64
"""Longest common name (ub-common-name, RFC 5280 Appendix A.1), in characters."""
DEMO_AUTHORITY = "DEMO Civil Status Signing CA"
_MAX_PEM = 64 * 1024
_MAX_CHAIN = 6
_DEMO_YEARS = 5


@dataclass(frozen=True, slots=True)
class Chain:
    """A signing certificate and the ones above it, root left out if it was."""

    certificates: tuple[x509.Certificate, ...]

    @classmethod
    def load(cls, path: Path) -> Chain:
        """Reads a PEM file. Raises CertificateUnusable."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CertificateUnusable(f"cannot read the signing certificate: {error.strerror}") from None
        return cls.parse(data)

    @classmethod
    def parse(cls, pem: bytes) -> Chain:
        if len(pem) > _MAX_PEM:
            raise CertificateUnusable("the signing certificate's file is too large")
        try:
            found = tuple(x509.load_pem_x509_certificates(pem))
        except ValueError:
            raise CertificateUnusable("the signing certificate is no PEM certificate") from None
        if len(found) > _MAX_CHAIN:
            raise CertificateUnusable("the signing certificate's chain is too long")
        if not isinstance(found[0].public_key(), ec.EllipticCurvePublicKey):
            raise CertificateUnusable("the signing certificate's key is not on an elliptic curve")
        return cls(found)

    @property
    def signer(self) -> x509.Certificate:
        return self.certificates[0]

    @property
    def kid(self) -> bytes:
        return kid_of(self.signer)

    def require_key(self, key: ec.EllipticCurvePublicKey) -> None:
        """Raises CertificateUnusable unless the signing certificate is for this very key."""
        if self.signer.public_key() != key:
            raise CertificateUnusable("the signing certificate is not for the token's key")


def kid_of(certificate: x509.Certificate) -> bytes:
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()[:KID_BYTES]


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def certificate_request(token: DigestSigner, key: ec.EllipticCurvePublicKey, common_name: str) -> bytes:
    """A PKCS#10 request (RFC 2986) for the token's key, PEM, signed by that key inside the token."""
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    info = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": asn1_x509.Name.build({"country_name": "DZ", "common_name": common_name}),
            "subject_pk_info": keys.PublicKeyInfo.load(spki),
            "attributes": csr.CRIAttributes([]),
        }
    )
    signature = token.sign_digest(hashlib.sha256(info.dump()).digest())
    request = csr.CertificationRequest(
        {
            "certification_request_info": info,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": der_signature(signature),
        }
    )
    return x509.load_der_x509_csr(request.dump()).public_bytes(serialization.Encoding.PEM)


def der_signature(plain: bytes) -> bytes:
    """r‖s (64 bytes, as tokens and COSE write it) → ECDSA-Sig-Value (RFC 3279 §2.2.3, as X.509 and CMS do)."""
    half = len(plain) // 2
    return encode_dss_signature(int.from_bytes(plain[:half], "big"), int.from_bytes(plain[half:], "big"))


@dataclass(frozen=True, slots=True)
class DemoAuthority:
    """A certificate authority for demonstrations and tests. Its name says DEMO; its key is a file."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, name: str = DEMO_AUTHORITY) -> DemoAuthority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        builder = _builder(subject, subject, key.public_key(), key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    def certify(self, key: ec.EllipticCurvePublicKey, common_name: str) -> x509.Certificate:
        """A certificate for signing documents: key usage digitalSignature and nonRepudiation."""
        builder = _builder(_name(common_name), self.certificate.subject, key, self.key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(digital_signature=True, content_commitment=True), critical=True)
        return builder.sign(self.key, hashes.SHA256())


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DZ"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DEMO, not an authority"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, issuer_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    start = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=365 * _DEMO_YEARS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _key_usage(**granted: bool) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: granted.get(name, False) for name in every})
