"""Passive authentication: are these files the ones the issuing state signed? (ICAO 9303-11 §5.1)

    country signing certificate (ours)  ->  document signer (in EF.SOD)  ->  EF.SOD  ->  hash of each file

Revocation lists and link certificates are not looked at.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.sod import Signature, Sod, parse_sod
from drivers.smartcard.errors import MalformedData
from drivers.smartcard.trust import CscaStore

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises for a certificate or key it does not know, such as explicit EC parameters."""


@dataclass(frozen=True, slots=True)
class PassiveResult:
    """`reason` is for the technician, None when passed; `hashes` says which data groups are the signed ones."""

    result: Literal["passed", "failed", "no_trust_anchor"]
    reason: str | None
    hashes: dict[FileId, bool]


class _Failed(Exception):
    pass


class _NoAnchor(Exception):
    pass


def passive_authentication(
    sod: bytes, files: Mapping[FileId, bytes], trust: CscaStore, at: dt.datetime
) -> PassiveResult:
    """Checks EF.SOD's signature, the hash of every data group in `files`, and the chain to `trust`.

    `at` (with its time zone) is when certificates must be in force. Files that EF.SOD does not cover by
    nature (EF.COM, EF.CardAccess) are passed over. Raises nothing: whatever is wrong is a result.
    """
    compared: dict[FileId, bool] = {}
    try:
        parsed = parse_sod(sod)
        compared = _compare(parsed, files)
        _check_signature(parsed)
        if wrong := [file.name for file, same in compared.items() if not same]:
            raise _Failed(f"{', '.join(wrong)}: not the file that was signed")
        _check_chain(parsed.document_signer, trust, at)
    except _NoAnchor as reason:
        return PassiveResult("no_trust_anchor", str(reason), compared)
    except (_Failed, MalformedData) as reason:
        return PassiveResult("failed", str(reason), compared)
    return PassiveResult("passed", None, compared)


def _compare(sod: Sod, files: Mapping[FileId, bytes]) -> dict[FileId, bool]:
    compared: dict[FileId, bool] = {}
    for file, content in files.items():
        if file.data_group is not None:
            signed = sod.hashes.get(file.data_group, b"")
            compared[file] = hmac.compare_digest(hashlib.new(sod.hash, content).digest(), signed)
    return compared


def _check_signature(sod: Sod) -> None:
    digest = hashlib.new(sod.signature.digest, sod.content).digest()
    if not hmac.compare_digest(digest, sod.signature.message_digest):
        raise _Failed("EF.SOD's list of hashes is not the one that was signed")
    try:
        _verify(sod.document_signer, sod.signature)
    except InvalidSignature as error:
        raise _Failed("EF.SOD's signature does not hold") from error
    except _UNREADABLE as error:
        raise _Failed("the document signer's key cannot be read") from error


def _verify(signer: x509.Certificate, signature: Signature) -> None:
    key, algorithm = signer.public_key(), _HASHES[signature.hash]
    if isinstance(key, ec.EllipticCurvePublicKey) and signature.scheme == "ecdsa":
        key.verify(signature.value, signature.signed, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey) and signature.scheme == "rsassa_pkcs1v15":
        key.verify(signature.value, signature.signed, padding.PKCS1v15(), algorithm)
    elif isinstance(key, rsa.RSAPublicKey) and signature.scheme == "rsassa_pss":
        pss = padding.PSS(padding.MGF1(algorithm), signature.salt)
        key.verify(signature.value, signature.signed, pss, algorithm)
    else:
        raise _Failed("EF.SOD is signed by an algorithm that is not its signer's")


def _check_chain(signer: x509.Certificate, trust: CscaStore, at: dt.datetime) -> None:
    """The document signer must be issued by a country certificate of ours, and both in force."""
    try:
        issuer = _issuer(signer, trust)
        if not _may(signer, "digital_signature") or not _may(issuer, "key_cert_sign"):
            raise _Failed("a certificate is used for what it is not for")
    except _UNREADABLE as error:
        raise _Failed("a certificate of the chain cannot be read") from error
    for certificate, name in ((signer, "document signer's"), (issuer, "country signing")):
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise _Failed(f"the {name} certificate is not in force")


def _issuer(signer: x509.Certificate, trust: CscaStore) -> x509.Certificate:
    key_identifier = _authority_key(signer)
    for candidate in trust.certificates:
        if candidate.subject != signer.issuer:
            continue
        try:
            signer.verify_directly_issued_by(candidate)
        except InvalidSignature as error:
            if key_identifier is not None and key_identifier == _own_key(candidate):
                raise _Failed("the document signer's certificate was not signed by the country it names") from error
            continue  # another key of the same country
        return candidate
    raise _NoAnchor("no country signing certificate here has issued the document signer")


def _authority_key(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return None


def _own_key(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _may(certificate: x509.Certificate, use: Literal["digital_signature", "key_cert_sign"]) -> bool:
    """Whether the certificate's key usage, which ICAO 9303-12 §7.1 makes mandatory, allows this use."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature if use == "digital_signature" else usage.key_cert_sign
