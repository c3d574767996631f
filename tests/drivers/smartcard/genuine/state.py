"""A state that issues cards, for tests: certificates and lists made by `cryptography` and by the openssl command.

Nothing asymmetric is made by the code under test. Times are around `NOW`; openssl's own certificates are of today.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.genuine import CardEvidence, TrustStore, Verdict, certificates, judge
from drivers.smartcard.genuine.certificates import Certificate

NOW = dt.datetime(2026, 6, 15, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
YEAR = dt.timedelta(days=365)
LDS = "2.23.136.1.1.1"
MASTER_LIST = "2.23.136.1.1.2"
ZONE = "I<DZA1234567897<<<<<<<<<<<<<<<8603142F3205013DZA<<<<<<<<<<<8BENALI<<AMINA<<<<<<<<<<<<<<<<<"


@dataclass(frozen=True)
class Profile:
    country: str | None = "DZ"


@dataclass(frozen=True)
class Signer:
    """A certificate (DER) and its private key (PEM)."""

    der: bytes
    key: bytes

    @property
    def x509(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    @property
    def read(self) -> Certificate:
        return certificates.parse(self.der)

    @property
    def private(self) -> Any:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        return load_pem_private_key(self.key, None)


@cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def name(country: str | None, common: str) -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, country)] if country else []
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in [*parts, (NameOID.COMMON_NAME, common)]])


def issue(
    common: str,
    *,
    by: Signer | None = None,
    country: str | None = "DZ",
    key: Any = None,
    since: dt.datetime = NOW - YEAR,
    until: dt.datetime = NOW + YEAR,
    usage: Sequence[str] | None = ("digital_signature",),
    authority: bool = False,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    serial: int | None = None,
    salt: int | None = None,
    identifiers: bool = True,
) -> Signer:
    """A certificate; without `by` it signs itself. `salt` makes the signature PSS."""
    own = key or ec_key()
    signing = by.private if by else own
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(country, common))
        .issuer_name(by.x509.subject if by else name(country, common))
        .public_key(own.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )
    if usage is not None:
        builder = builder.add_extension(_usage(usage), critical=True)
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    if identifiers:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
        builder = builder.add_extension(identifier, critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    pss = None if salt is None else padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    certificate = builder.sign(signing, hashes.SHA256(), rsa_padding=pss)
    return Signer(certificate.public_bytes(Encoding.DER), pem(own))


def country_signer(common: str = "CSCA", **more: Any) -> Signer:
    return issue(common, **({"usage": ("key_cert_sign", "crl_sign"), "authority": True} | more))


def _usage(names: Sequence[str]) -> x509.KeyUsage:
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
        "encipher_only decipher_only"
    ).split()
    return x509.KeyUsage(**{one: one in names for one in every})


def pem(key: Any) -> bytes:
    written: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return written


def states(*codes: str) -> tuple[x509.SubjectAlternativeName, bool]:
    found = [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.LOCALITY_NAME, code)])) for code in codes]
    return x509.SubjectAlternativeName(found), False


def document_types(*types: str) -> tuple[x509.UnrecognizedExtension, bool]:
    listed = encode(0x31, b"".join(encode(0x13, one.encode()) for one in types))
    value = encode(0x30, encode(0x02, b"\0") + listed)
    return x509.UnrecognizedExtension(ObjectIdentifier("2.23.136.1.1.6.2"), value), False


def revocations(by: Signer, serials: Sequence[int] = (), *, until: dt.datetime = NOW + DAY, **more: Any) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.x509.subject)
        .last_update(more.get("since", NOW - DAY))
        .next_update(until)
    )
    for serial in serials:
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - DAY)
        for extension, critical in more.get("entry", ()):
            revoked = revoked.add_extension(extension, critical)
        builder = builder.add_revoked_certificate(revoked.build())
    for extension, critical in more.get("extensions", ()):
        builder = builder.add_extension(extension, critical)
    return builder.sign(by.private, hashes.SHA256()).public_bytes(Encoding.DER)


# --- files -----------------------------------------------------------------------------------------------


def encode(tag: int, value: bytes) -> bytes:
    tags = tag.to_bytes((tag.bit_length() + 7) // 8)
    size = len(value).to_bytes((len(value).bit_length() + 7) // 8)
    return tags + (bytes((len(value),)) if len(value) < 0x80 else bytes((0x80 | len(size),)) + size) + value


def dg1(zone: str = ZONE) -> bytes:
    return encode(0x61, encode(0x5F1F, zone.encode()))


FILES = {FileId.DG1: dg1(), FileId.DG11: b"\x6b\x00"}
_HASHES = {
    "sha1": "06052b0e03021a",
    "sha224": "0609608648016503040204",
    "sha256": "0609608648016503040201",
    "sha384": "0609608648016503040202",
    "sha512": "0609608648016503040203",
}


def hash_list(files: Mapping[FileId, bytes], algorithm: str = "sha256", version: str | None = None) -> bytes:
    """An LDSSecurityObject; with a version such as "0108" in its new form (version 1)."""
    entries = b"".join(
        encode(
            0x30,
            encode(0x02, bytes((file.data_group or 0,))) + encode(0x04, hashlib.new(algorithm, content).digest()),
        )
        for file, content in files.items()
    )
    named = encode(0x30, bytes.fromhex(_HASHES[algorithm]))
    end = b"" if version is None else encode(0x30, encode(0x13, version.encode()) + encode(0x13, b"040000"))
    return encode(0x30, encode(0x02, b"\0" if version is None else b"\1") + named + encode(0x30, entries) + end)


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@cache
def sign(content: bytes, signer: Signer, kind: str, *options: str) -> bytes:
    """SignedData by `openssl cms`; further `options` are its own."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "certificate"), Path(folder, "key")
        certificate.write_bytes(signer.x509.public_bytes(Encoding.PEM))
        key.write_bytes(signer.key)
        fixed = ("-binary", "-nodetach", "-nosmimecap", "-outform", "DER", "-econtent_type", kind)
        given = options if "-md" in options else (*options, "-md", "sha256")
        parties = ("-signer", str(certificate), "-inkey", str(key))
        return openssl("cms", "-sign", *fixed, *parties, *given, stdin=content)


def sod(files: Mapping[FileId, bytes], signer: Signer, *options: str, **listing: Any) -> bytes:
    return encode(0x77, sign(hash_list(files, **listing), signer, LDS, *options))


# --- judging ---------------------------------------------------------------------------------------------

CSCA = country_signer()
DS = issue("DS", by=CSCA)
TRUST = TrustStore((CSCA.read,))


@cache
def good_sod() -> bytes:
    return sod(FILES, DS)


def evidence(files: Mapping[FileId, bytes] = FILES, *, signed: bytes | None = None, **more: Any) -> CardEvidence:
    """Of a card whose EF.SOD is over `files` unless `signed` is another one."""
    own = good_sod() if files is FILES else sod({f: c for f, c in files.items() if f.data_group is not None}, DS)
    return CardEvidence({FileId.SOD: own if signed is None else signed, **files}, **more)


def judged(card: CardEvidence, trust: TrustStore = TRUST, profile: Profile | None = None, **more: Any) -> Verdict:
    return judge(card, trust, profile or Profile(), more.pop("at", NOW), **more)


def codes(verdict: Verdict) -> list[str]:
    return [reason.code.removeprefix("E-CARD-") for reason in verdict.reasons]
