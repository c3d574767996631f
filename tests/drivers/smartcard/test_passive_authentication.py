"""EF.SOD made here, piece by piece, by CMS's own rules; then spoilt in every way a counterfeiter would try."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.smartcard import (
    CscaStore,
    FileId,
    MalformedData,
    TrustUnreadable,
    passive_authentication,
    signed_data_groups,
    tlv,
)

LDS = "2.23.136.1.1.1"
NOW = dt.datetime(2026, 6, 15, tzinfo=dt.UTC)
YEAR = dt.timedelta(days=365)
FILES = {FileId.DG1: b"\x61\x00", FileId.DG11: b"\x6b\x00", FileId.DG15: b"\x6f\x00"}


@dataclass(frozen=True)
class Authority:
    certificate: x509.Certificate
    key: Any


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DZ"), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def issue(
    common: str, key: Any, issuer: Authority | None, *, until: dt.datetime = NOW + YEAR, **usage: bool
) -> Authority:
    signer = issuer or Authority(None, key)  # type: ignore[arg-type]
    issuer_name = issuer.certificate.subject if issuer else name(common)
    allowed = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"), False
    ) | {"encipher_only": False, "decipher_only": False, "digital_signature": False, "key_cert_sign": False}
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name(common))
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - YEAR)
        .not_valid_after(until)
        .add_extension(x509.KeyUsage(**(allowed | usage)), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
        .sign(signer.key, hashes.SHA384())
    )
    return Authority(certificate, key)


CSCA = issue("CSCA", ec.generate_private_key(ec.SECP384R1()), None, key_cert_sign=True)
SIGNER = issue("DS", ec.generate_private_key(ec.SECP256R1()), CSCA, digital_signature=True)
RSA_KEY = rsa.generate_private_key(65537, 2048)
RSA_SIGNER = issue("DS RSA", RSA_KEY, CSCA, digital_signature=True)
TRUST = CscaStore((CSCA.certificate,))


def content(files: dict[FileId, bytes], algorithm: str = "sha256") -> bytes:
    entries = b"".join(
        tlv.encode(0x30, tlv.encode(0x02, bytes([file.data_group or 0])) + tlv.encode(0x04, digest(data, algorithm)))
        for file, data in files.items()
    )
    named = algos.DigestAlgorithm({"algorithm": algorithm}).dump()
    return tlv.encode(0x30, tlv.encode(0x02, b"\0") + named + tlv.encode(0x30, entries))


def digest(data: bytes, algorithm: str) -> bytes:
    return hashlib.new(algorithm, data).digest()


def sign(key: Any, data: bytes, scheme: str) -> tuple[dict[str, Any], bytes]:
    if scheme == "ecdsa":
        return {"algorithm": "sha256_ecdsa"}, key.sign(data, ec.ECDSA(hashes.SHA256()))
    if scheme == "pkcs1":
        return {"algorithm": "rsassa_pkcs1v15"}, key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    parameters = algos.RSASSAPSSParams(
        {
            "hash_algorithm": {"algorithm": "sha512"},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha512"}},
            "salt_length": 64,
        }
    )
    pss = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
    return {"algorithm": "rsassa_pss", "parameters": parameters}, key.sign(data, pss, hashes.SHA512())


def make_sod(
    files: dict[FileId, bytes] = FILES,
    signer: Authority = SIGNER,
    scheme: str = "ecdsa",
    *,
    signed_content: bytes | None = None,
    content_type: str = LDS,
    by_key_identifier: bool = False,
) -> bytes:
    encapsulated = content(files)
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [content_type]},
            {"type": "message_digest", "values": [digest(signed_content or encapsulated, "sha256")]},
        ]
    )
    algorithm, value = sign(signer.key, attributes.dump(), scheme)
    certificate = asn1_x509.Certificate.load(signer.certificate.public_bytes(serialization.Encoding.DER))
    if by_key_identifier:
        identifier = x509.SubjectKeyIdentifier.from_public_key(signer.key.public_key()).digest
        sid = cms.SignerIdentifier("subject_key_identifier", core.OctetString(identifier).retag({"implicit": 0}))
    else:
        sid = cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
        )
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": LDS, "content": encapsulated},
            "certificates": [certificate],
            "signer_infos": [
                {
                    "version": "v1",
                    "sid": sid,
                    "digest_algorithm": {"algorithm": "sha256"},
                    "signed_attrs": attributes,
                    "signature_algorithm": algorithm,
                    "signature": value,
                }
            ],
        }
    )
    return tlv.encode(0x77, cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def check(sod: bytes, files: dict[FileId, bytes] = FILES, trust: CscaStore = TRUST, at: dt.datetime = NOW):
    return passive_authentication(sod, files, trust, at)


@pytest.mark.parametrize(
    ("signer", "scheme"),
    [(SIGNER, "ecdsa"), (RSA_SIGNER, "pkcs1"), (RSA_SIGNER, "pss")],
    ids=["ECDSA", "RSA PKCS #1", "RSA PSS with SHA-512"],
)
@pytest.mark.parametrize("by_key_identifier", [False, True])
def test_what_a_state_signed_passes(signer: Authority, scheme: str, by_key_identifier: bool) -> None:
    sod = make_sod(signer=signer, scheme=scheme, by_key_identifier=by_key_identifier)
    result = check(sod)
    assert (result.result, result.reason) == ("passed", None)
    assert result.hashes == dict.fromkeys(FILES, True)
    assert signed_data_groups(sod) == tuple(FILES)


def test_an_altered_and_an_added_file_are_named() -> None:
    result = check(make_sod(), {**FILES, FileId.DG11: b"\x6b\x01\x00", FileId.DG2: b"\x75\x00"})
    assert result.result == "failed" and result.reason is not None
    assert {file for file, same in result.hashes.items() if not same} == {FileId.DG11, FileId.DG2}
    assert "DG11" in result.reason and "DG2" in result.reason


def test_files_outside_the_list_by_nature_are_passed_over() -> None:
    assert check(make_sod(), {**FILES, FileId.COM: b"\x60\x00"}).result == "passed"


def test_a_list_other_than_the_signed_one_fails() -> None:
    result = check(make_sod(signed_content=content({FileId.DG1: b"other"})))
    assert result.result == "failed" and "list of hashes" in (result.reason or "")


def test_a_signature_by_another_key_fails() -> None:
    forged = dataclasses.replace(SIGNER, key=ec.generate_private_key(ec.SECP256R1()))
    result = check(make_sod(signer=forged))
    assert result.result == "failed" and "signature" in (result.reason or "")


def test_attributes_of_another_content_fail() -> None:
    assert check(make_sod(content_type="1.2.840.113549.1.7.1")).result == "failed"


def test_an_unknown_country_is_no_trust_anchor() -> None:
    stranger = issue("CSCA", ec.generate_private_key(ec.SECP384R1()), None, key_cert_sign=True)
    for trust in (CscaStore(()), CscaStore((stranger.certificate,)), CscaStore((SIGNER.certificate,))):
        assert check(make_sod(), trust=trust).result == "no_trust_anchor"
    assert check(make_sod(), trust=CscaStore((stranger.certificate, CSCA.certificate))).result == "passed"


def test_a_signer_that_only_claims_our_country_fails() -> None:
    thief = ec.generate_private_key(ec.SECP384R1())
    # It names our key as its issuer's, but its signature is the thief's own.
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("DS"))
        .issuer_name(CSCA.certificate.subject)
        .public_key(thief.public_key())
        .serial_number(7)
        .not_valid_before(NOW - YEAR)
        .not_valid_after(NOW + YEAR)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(CSCA.key.public_key()), critical=False)
    )
    forged = Authority(builder.sign(thief, hashes.SHA256()), thief)
    result = check(make_sod(signer=forged))
    assert result.result == "failed" and "country" in (result.reason or "")


def test_certificates_out_of_force_fail() -> None:
    for at in (NOW - 2 * YEAR, NOW + 2 * YEAR):
        result = check(make_sod(), at=at)
        assert result.result == "failed" and "in force" in (result.reason or "")


def test_a_certificate_used_for_what_it_is_not_for_fails() -> None:
    tls = issue("DS", ec.generate_private_key(ec.SECP256R1()), CSCA, key_encipherment=True)
    assert check(make_sod(signer=tls)).result == "failed"
    no_authority = issue("CSCA", CSCA.key, None, digital_signature=True)
    assert check(make_sod(), trust=CscaStore((no_authority.certificate,))).result == "failed"


@settings(max_examples=300, deadline=None)
@given(at=st.integers(min_value=0), flip=st.integers(1, 255))
def test_no_changed_byte_passes_unless_it_is_outside_what_is_signed(at: int, flip: int) -> None:
    raw = bytearray(GOOD)
    raw[at % len(raw)] ^= flip
    result = check(bytes(raw))
    if result.result == "passed":
        assert result.hashes == dict.fromkeys(FILES, True)


GOOD = make_sod()


@given(end=st.integers(min_value=0, max_value=len(GOOD) - 1))
def test_a_list_cut_short_fails(end: int) -> None:
    assert check(GOOD[:end]).result == "failed"
    with pytest.raises(MalformedData):
        signed_data_groups(GOOD[:end])


def test_the_trust_folder_takes_der_and_pem_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    encoding = serialization.Encoding
    (tmp_path / "a.der").write_bytes(CSCA.certificate.public_bytes(encoding.DER))
    (tmp_path / "b.pem").write_bytes(CSCA.certificate.public_bytes(encoding.PEM) * 2)
    (tmp_path / "broken.cer").write_bytes(b"nothing")
    (tmp_path / "readme.txt").write_bytes(b"not looked at")
    store = CscaStore.load(tmp_path)
    assert len(store.certificates) == 3 and store.skipped == ("broken.cer",)
    with pytest.raises(TrustUnreadable):
        CscaStore.load(tmp_path / "nowhere")
