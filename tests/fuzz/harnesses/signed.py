"""What is signed: certificates, revocation lists, SignedData, master lists."""

from __future__ import annotations

import contextlib
import datetime as dt
from functools import cache

from asn1crypto import core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from drivers.smartcard import tlv
from drivers.smartcard.errors import MalformedData, UnsupportedKey
from drivers.smartcard.genuine import certificates, crl, master_list, signed_data, sod
from tests.fuzz.harness import harness

_LIST_SIGNING = x509.ObjectIdentifier(master_list.MASTER_LIST_SIGNING)
_SINCE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@harness(MalformedData, longest=4096)
def certificate(data: bytes) -> None:
    read = certificates.parse(data)
    assert len(read.fingerprint) == 64
    assert read.in_force(_SINCE) in (True, False)
    assert read.issued_by(read) in (True, False)
    with contextlib.suppress(UnsupportedKey):
        assert read.key is not None


@harness(MalformedData, longest=4096)
def revocation_list(data: bytes) -> None:
    read = crl.parse(data)
    assert all(isinstance(serial, int) for serial in read.serials)
    assert not read.signed_by(signer()), "nobody signed it"


@harness(MalformedData, longest=4096)
def security_object(data: bytes) -> None:
    """EF.SOD."""
    read = sod.parse(data)
    assert read.signed.holds() in (True, False)
    assert not any(read.vouches_for(file, b"what nobody has hashed") for file in read.files)
    assert sod.listed(data) == read.files


@harness(MalformedData, longest=4096)
def master_list_file(data: bytes) -> None:
    """Whoever signed the list is pinned, so that what it lists is looked at."""
    try:
        pinned = (signed_data.parse(data, master_list.CSCA_MASTER_LIST).signer,)
    except MalformedData:
        pinned = (signer(),)
    master_list.read(data, pinned)


@harness(MalformedData, longest=4096)
def master_list_content(data: bytes) -> None:
    """What a signer that is believed has signed, whatever it is."""
    master_list.read(signed_list(data), (signer(),))


_ONE, _THREE = tlv.encode(0x02, b"\x01"), tlv.encode(0x02, b"\x03")
_SIGNED_DATA = core.ObjectIdentifier("1.2.840.113549.1.7.2").dump()
_LIST = core.ObjectIdentifier(master_list.CSCA_MASTER_LIST).dump()
_SHA256 = tlv.encode(0x30, core.ObjectIdentifier("2.16.840.1.101.3.4.2.1").dump())
_ECDSA_SHA256 = tlv.encode(0x30, core.ObjectIdentifier("1.2.840.10045.4.3.2").dump())
_KEY = ec.derive_private_key(20260101, ec.SECP256R1())


@cache
def signer() -> certificates.Certificate:
    """Who signs master lists here; its key is known to everybody."""
    return certificates.parse(signer_certificate())


@cache
def signer_certificate() -> bytes:
    name = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "UN"), x509.NameAttribute(NameOID.COMMON_NAME, "DEMO Lists")]
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_KEY.public_key())
        .serial_number(1)
        .not_valid_before(_SINCE)
        .not_valid_after(_SINCE + dt.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_LIST_SIGNING]), critical=False)
        .sign(_KEY, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.DER)


def signed_list(content: bytes) -> bytes:
    """SignedData over `content` without signed attributes: the signature is over the content itself (RFC 5652 §5)."""
    signature = _KEY.sign(content, ec.ECDSA(hashes.SHA256()))
    certificate, who = _signer_parts()
    info = tlv.encode(0x30, _ONE + who + _SHA256 + _ECDSA_SHA256 + tlv.encode(0x04, signature))
    inside = tlv.encode(0x30, _LIST + tlv.encode(0xA0, tlv.encode(0x04, content)))
    lists = tlv.encode(0x31, _SHA256) + inside + tlv.encode(0xA0, certificate) + tlv.encode(0x31, info)
    return tlv.encode(0x30, _SIGNED_DATA + tlv.encode(0xA0, tlv.encode(0x30, _THREE + lists)))


@cache
def _signer_parts() -> tuple[bytes, bytes]:
    """The signer's certificate, and its issuer with its serial number."""
    read = asn1.Certificate.load(signer_certificate())
    return signer_certificate(), tlv.encode(0x30, bytes(read.issuer.dump()) + _ONE)
