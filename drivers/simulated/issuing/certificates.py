"""The demo's country signing authorities and document signers (ICAO 9303-12 §7), marked DEMO in every name."""

from __future__ import annotations

import datetime as dt

from asn1crypto import keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from drivers.simulated.card.curves import CURVES
from drivers.simulated.issuing.security_infos import public_key

Key = ec.EllipticCurvePrivateKey
Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
STATES = {"DZ": "DZA", "MA": "MAR"}

_YEAR = dt.timedelta(days=365)
_DAY = dt.timedelta(days=1)
_CSCA = "DEMO CSCA Shubbak"
_DS = "DEMO Document Signer Shubbak"


def country_signer(key: Key, *, since: dt.datetime, country: str = "DZ") -> x509.Certificate:
    """A self-signed CSCA certificate, ECDSA with SHA-384, in force for 15 years."""
    name = _name(_CSCA, country)
    until = since + 15 * _YEAR
    builder = _builder(key.public_key(), subject=name, issuer=name, since=since, until=until, country=country)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    period = x509.PrivateKeyUsagePeriod(not_before=since, not_after=since + 5 * _YEAR)
    builder = builder.add_extension(period, critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    return builder.sign(key, hashes.SHA384())


def document_signer(
    key: Public, *, by: Key, csca: x509.Certificate, since: dt.datetime, until: dt.datetime | None = None
) -> x509.Certificate:
    """A DS certificate under `csca`, in force until `until` or for the ten years its cards are."""
    country = csca.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)[0].value
    assert isinstance(country, str)  # noqa: S101 - made above
    until = until or since + 11 * _YEAR
    name = _name(_DS, country)
    builder = _builder(key, subject=name, issuer=csca.subject, since=since, until=until, country=country)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    period = x509.PrivateKeyUsagePeriod(not_before=since, not_after=min(until, since + _YEAR))
    builder = builder.add_extension(period, critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    return builder.sign(by, hashes.SHA384())


def with_curve_written_out(certificate: x509.Certificate, key: Key, *, by: Key) -> x509.Certificate:
    """The same with its public key, on brainpoolP384r1, under explicit parameters; signed again."""
    read = asn1.Certificate.load(certificate.public_bytes(Encoding.DER))
    point = CURVES[16].generator.times(key.private_numbers().private_value)
    body = read["tbs_certificate"]
    body["subject_public_key_info"] = keys.PublicKeyInfo.load(public_key(point, 16, "explicit"))
    read["signature_value"] = by.sign(body.dump(), ec.ECDSA(hashes.SHA384()))
    return x509.load_der_x509_certificate(read.dump())


def revocations(revoked: x509.Certificate, *, by: Key, csca: x509.Certificate, now: dt.datetime) -> bytes:
    """A CRL of `csca`, DER, that names one certificate; the next is due in 90 days (9303-12 §7.1.4)."""
    entry = x509.RevokedCertificateBuilder().serial_number(revoked.serial_number).revocation_date(now - _DAY).build()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(csca.subject)
        .last_update(now - _DAY)
        .next_update(now + 90 * _DAY)
        .add_revoked_certificate(entry)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    return builder.sign(by, hashes.SHA384()).public_bytes(Encoding.DER)


def _name(common: str, country: str) -> x509.Name:
    parts = [(NameOID.COUNTRY_NAME, country), (NameOID.ORGANIZATION_NAME, "DEMO"), (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def _builder(
    key: Public, *, subject: x509.Name, issuer: x509.Name, since: dt.datetime, until: dt.datetime, country: str
) -> x509.CertificateBuilder:
    place = x509.Name([x509.NameAttribute(NameOID.LOCALITY_NAME, STATES[country])])
    state = x509.DirectoryName(place)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.SubjectAlternativeName([state]), critical=False)
        .add_extension(x509.IssuerAlternativeName([state]), critical=False)
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
