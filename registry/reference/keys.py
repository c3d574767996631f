"""The reference registry's keys, made on its first run and kept in its folder.

    FOLDER/jws.key          signs acts, grants and status lists      signers.json   its public half, a JWK set
    FOLDER/requester.key    32 bytes that key the requester's hash
    FOLDER/tls/ca.pem|key   issues server.pem|key and the devices' certificates
    FOLDER/csca/            country certificates whose cards are believed (put there by whoever issues cards)

Development, tests and pilots only: a ministry's keys live in its own hardware.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import TypeAdapter, ValidationError

from registry import jws
from registry.errors import SetupError
from registry.models import Slug

_KIOSK = TypeAdapter(Slug)
_LIFETIME = dt.timedelta(days=3650)
_BACKDATED = dt.timedelta(days=1)  # a kiosk's clock may be a little behind


@dataclass(frozen=True)
class RegistryKeys:
    """`folder` is where they are; `kid` names `signing` in the JWK set."""

    folder: Path
    signing: ec.EllipticCurvePrivateKey
    kid: str
    requester: bytes

    @classmethod
    def load_or_create(cls, folder: Path) -> RegistryKeys:
        """Raises SetupError when the folder or a key in it is unusable."""
        try:
            (folder / "tls").mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / "csca").mkdir(exist_ok=True)
            signing = _key(folder / "jws.key")
            kid = f"registry-{_fingerprint(signing.public_key())}"
            jwks = {"keys": [jws.public_jwk(signing.public_key(), kid)]}
            _write(folder / "signers.json", json.dumps(jwks, indent=2).encode(), 0o644)
            requester = _secret(folder / "requester.key")
            _create_tls(folder / "tls")
        except (OSError, ValueError, TypeError) as error:
            raise SetupError(f"the registry's folder is unusable: {type(error).__name__}") from None
        return cls(folder, signing, kid, requester)

    @property
    def signers(self) -> Path:
        """The JWK set that kiosks, signers and verifiers hold."""
        return self.folder / "signers.json"

    @property
    def csca(self) -> Path:
        return self.folder / "csca"

    @property
    def tls_ca(self) -> Path:
        return self.folder / "tls" / "ca.pem"

    @property
    def tls_server(self) -> tuple[Path, Path]:
        """Certificate and key of the server."""
        return self.folder / "tls" / "server.pem", self.folder / "tls" / "server.key"

    def sign(self, payload: bytes, typ: str) -> str:
        return jws.sign(payload, key=self.signing, kid=self.kid, typ=typ)

    def requester_hash(self, nin: str) -> str:
        """What a grant says of who asked: nothing to anyone without the registry's key."""
        return hmac.new(self.requester, nin.encode(), hashlib.sha256).hexdigest()

    def enrol_device(self, kiosk_id: str) -> tuple[bytes, bytes]:
        """A client certificate (CN = the kiosk's id) and its private key, both PEM. Raises SetupError."""
        try:
            name = _KIOSK.validate_python(kiosk_id)
            ca = x509.load_pem_x509_certificate(self.tls_ca.read_bytes())
            ca_key = _key(self.folder / "tls" / "ca.key")
        except ValidationError:
            raise SetupError("a kiosk's id is lower-case letters, digits and dashes") from None
        except (OSError, ValueError, TypeError) as error:
            raise SetupError(f"the registry's TLS authority is unusable: {type(error).__name__}") from None
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _leaf(name, key.public_key(), ca, ca_key, ExtendedKeyUsageOID.CLIENT_AUTH, [])
        return certificate.public_bytes(serialization.Encoding.PEM), _pem(key)


def write_device(folder: Path, certificate: bytes, key: bytes) -> tuple[Path, Path]:
    """Writes device.pem and device.key (mode 0600) and returns their paths. Raises SetupError."""
    written = folder / "device.pem", folder / "device.key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(written[1], key, 0o600)
        _write(written[0], certificate, 0o644)
    except OSError as error:
        raise SetupError(f"the device's certificate cannot be written: {error.strerror}") from None
    return written


def _create_tls(folder: Path) -> None:
    if (folder / "server.pem").exists():
        return
    ca_key, server_key = _key(folder / "ca.key"), _key(folder / "server.key")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DEMO Shubbak reference registry TLS")])
    ca = (
        _dated(name, name, ca_key.public_key(), ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    _write(folder / "ca.pem", ca.public_bytes(serialization.Encoding.PEM), 0o644)
    loopback = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    names: list[x509.GeneralName] = [x509.DNSName("localhost"), *map(x509.IPAddress, loopback)]
    server = _leaf("localhost", server_key.public_key(), ca, ca_key, ExtendedKeyUsageOID.SERVER_AUTH, names)
    # Last, because its presence says that the whole set is there.
    _write(folder / "server.pem", server.public_bytes(serialization.Encoding.PEM), 0o644)


def _leaf(
    name: str,
    key: ec.EllipticCurvePublicKey,
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    purpose: x509.ObjectIdentifier,
    alternatives: list[x509.GeneralName],
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _dated(subject, ca.subject, key, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(ca_key, hashes.SHA256())


def _dated(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, issuer_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key(file: Path) -> ec.EllipticCurvePrivateKey:
    if not file.exists():
        _write(file, _pem(ec.generate_private_key(ec.SECP256R1())), 0o600)
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not an elliptic-curve key")
    return key


def _secret(file: Path) -> bytes:
    if not file.exists():
        _write(file, secrets.token_bytes(32), 0o600)
    secret = file.read_bytes()
    if len(secret) != 32:
        raise ValueError("not a key of 32 bytes")
    return secret


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return hashlib.sha256(point).hexdigest()[:16]


def _write(file: Path, data: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by others for a moment."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    unfinished.replace(file)
