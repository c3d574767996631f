"""EF.SOD: what a country signed, if one that we believe did (ICAO 9303-11 §5.1, 9303-12 §7.1).

The country's signers sign by ECDSA or RSA (PKCS #1 v1.5, PSS). What does not hold raises CardNotProven; a malformed
object may raise whatever UNREADABLE names.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from registry.errors import CardNotProven, SetupError
from registry.reference import public_keys
from registry.reference.public_keys import HASHES, PublicKey, Scheme

_LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
_UNPARAMETERED: dict[str, Scheme] = {"ecdsa": "ecdsa", "rsassa_pkcs1v15": padding.PKCS1v15()}
_MAX_ANCHORS = 64
# asn1crypto reads lazily, so that a malformed SOD can raise any of these at any touch; the rest is cryptography's.
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class _DataGroupHash(core.Sequence):  # type: ignore[misc]
    _fields = [("number", core.Integer), ("hash", core.OctetString)]  # noqa: RUF012


class _DataGroupHashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _DataGroupHash


class _LdsVersion(core.Sequence):  # type: ignore[misc]
    _fields = [("lds", core.PrintableString), ("unicode", core.PrintableString)]  # noqa: RUF012


class _LdsSecurityObject(core.Sequence):  # type: ignore[misc]
    """9303-10 §4.6.2.3."""

    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("hash_algorithm", cms.DigestAlgorithm),
        ("hashes", _DataGroupHashes),
        ("lds_version", _LdsVersion, {"optional": True}),
    ]


class CscaFolder:
    """The country signing certificates believed: DER or PEM files, read at each use so that a new one counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def certificates(self) -> list[x509.Certificate]:
        """Raises SetupError when the folder cannot be read or holds something else."""
        try:
            found = [_certificate(file.read_bytes()) for file in sorted(self._folder.iterdir()) if file.is_file()]
        except (OSError, ValueError, x509.InvalidVersion) as error:
            raise SetupError(f"the folder of country certificates is unusable: {type(error).__name__}") from None
        if len(found) > _MAX_ANCHORS:
            raise SetupError("too many country certificates")
        return found


@dataclass(frozen=True)
class Signed:
    """What the country signed: the data groups' hashes, and by which algorithm. `country` is its alpha-2 code."""

    hashes: dict[int, bytes]
    algorithm: str
    country: str

    def check(self, number: int, content: bytes) -> None:
        digest = hashlib.new(self.algorithm, content).digest()
        if not hmac.compare_digest(self.hashes.get(number, b""), digest):
            raise CardNotProven(f"DG{number} is not the one the country signed")


def signed_hashes(sod: bytes, anchors: Sequence[x509.Certificate], at: dt.datetime) -> Signed:
    """The data groups' hashes, once signer and chain hold (9303-11 §5.1)."""
    content = cms.ContentInfo.load(sod, strict=True)
    if content["content_type"].native != "signed_data":
        raise CardNotProven("the SOD is not signed data")
    signed = content["content"]
    inner = signed["encap_content_info"]
    if inner["content_type"].dotted != _LDS_SECURITY_OBJECT or len(signed["signer_infos"]) != 1:
        raise CardNotProven("the SOD holds no security object with one signer")
    security_object = bytes(inner["content"])
    signer = signed["signer_infos"][0]
    certificate = _document_signer(signed, signer, anchors, at)
    _verify_signer(signer, security_object, certificate)
    parsed = _LdsSecurityObject.load(security_object, strict=True)
    algorithm = parsed["hash_algorithm"]["algorithm"].native
    if algorithm not in HASHES:
        raise CardNotProven("the SOD hashes by an algorithm not accepted")
    groups = [(int(group["number"].native), bytes(group["hash"])) for group in parsed["hashes"]]
    if len(dict(groups)) != len(groups):
        raise CardNotProven("the SOD names a data group twice")
    return Signed(dict(groups), algorithm, _country(certificate.subject))


def _verify_signer(signer: cms.SignerInfo, security_object: bytes, certificate: x509.Certificate) -> None:
    """RFC 5652 §5.4 and §11: content type and digest in the signed attributes, and the signature over them."""
    digest_name = signer["digest_algorithm"]["algorithm"].native
    if digest_name not in HASHES:
        raise CardNotProven("the SOD is signed by an algorithm not accepted")
    attributes: dict[str, list[core.Asn1Value]] = {}
    for attribute in signer["signed_attrs"]:
        attributes.setdefault(attribute["type"].native, []).extend(attribute["values"])
    kinds, digests = attributes.get("content_type", []), attributes.get("message_digest", [])
    if [kind.dotted for kind in kinds] != [_LDS_SECURITY_OBJECT]:
        raise CardNotProven("the SOD's signature is about something else")
    if [bytes(digest) for digest in digests] != [hashlib.new(digest_name, security_object).digest()]:
        raise CardNotProven("the SOD's signature is about other hashes")
    # The attributes are signed under their own tag, SET OF, not under the [0] they are sent with.
    signed_bytes = b"\x31" + signer["signed_attrs"].dump()[1:]
    if not _signed_by(_key(certificate), signer, digest_name, signed_bytes):
        raise CardNotProven("the SOD's signature does not hold")


def _signed_by(key: PublicKey, signer: cms.SignerInfo, digest_name: str, signed: bytes) -> bool:
    """By the SignerInfo's own algorithm. Raises CardNotProven."""
    algorithm: algos.SignedDigestAlgorithm = signer["signature_algorithm"]
    # Some signers name the bare algorithm only: its hash is then that of the digest.
    bare = algorithm["algorithm"].native in ("rsassa_pkcs1v15", "ecdsa")
    hash_ = digest_name if bare else algorithm.hash_algo
    scheme = _scheme(algorithm)
    if hash_ not in HASHES or scheme is None:
        raise CardNotProven("the SOD is signed by an algorithm not accepted")
    return public_keys.holds(key, bytes(signer["signature"]), signed, hash_, scheme)


def _scheme(algorithm: algos.SignedDigestAlgorithm) -> Scheme | None:
    if algorithm.signature_algo != "rsassa_pss":
        return _UNPARAMETERED.get(algorithm.signature_algo)
    parameters = algorithm["parameters"]
    masked_by = HASHES.get(parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native)
    return padding.PSS(padding.MGF1(masked_by), int(parameters["salt_length"].native)) if masked_by else None


def _key(certificate: x509.Certificate) -> PublicKey:
    """Raises CardNotProven."""
    return public_keys.read(_asn1(certificate)["tbs_certificate"]["subject_public_key_info"].dump())


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """For its key, which `cryptography` may refuse, and its names, which it compares byte by byte."""
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _document_signer(
    signed: cms.SignedData, signer: cms.SignerInfo, anchors: Sequence[x509.Certificate], at: dt.datetime
) -> x509.Certificate:
    """The certificate the SignerInfo names, if a country certificate we believe issued it and both are in force."""
    shown = [entry.chosen for entry in signed["certificates"] if entry.name == "certificate"]
    named = [certificate for certificate in shown if _names(signer["sid"], certificate)]
    if len(named) != 1:
        raise CardNotProven("the SOD does not carry its signer's certificate")
    certificate = x509.load_der_x509_certificate(named[0].dump())
    issuers = [anchor for anchor in anchors if _issued_by(certificate, anchor) and _in_force(anchor, at)]
    if not issuers:
        raise CardNotProven("no country certificate believed here issued the document signer")
    if not any(_country(issuer.subject) == _country(certificate.subject) for issuer in issuers):
        raise CardNotProven("the document signer is not of the country that issued it")
    if not _in_force(certificate, at) or _is_authority(certificate):
        raise CardNotProven("the document signer's certificate is out of force or not a signer's")
    return certificate


def _names(sid: cms.SignerIdentifier, certificate: asn1_x509.Certificate) -> bool:
    """By issuer and number, or by the key's identifier (9303-10 §4.6.2.2)."""
    if sid.name == "subject_key_identifier":
        return bool(bytes(sid.chosen) == certificate.key_identifier)
    wanted = sid.chosen
    return (certificate.issuer, certificate.serial_number) == (wanted["issuer"], wanted["serial_number"].native)


def _issued_by(certificate: x509.Certificate, anchor: x509.Certificate) -> bool:
    if _asn1(certificate).issuer != _asn1(anchor).subject or not _is_authority(anchor):  # RFC 5280 §7.1
        return False
    parameters, hash_ = certificate.signature_algorithm_parameters, certificate.signature_hash_algorithm
    if hash_ is None or hash_.name not in HASHES or parameters is None:
        return False
    scheme: Scheme = "ecdsa" if isinstance(parameters, ec.ECDSA) else parameters
    signed = certificate.tbs_certificate_bytes
    try:
        return public_keys.holds(_key(anchor), certificate.signature, signed, hash_.name, scheme)
    except CardNotProven:
        return False


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _country(name: x509.Name) -> str:
    """ISO 3166-1 alpha-2, in capitals (9303-12 §7.1.1)."""
    codes = name.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    return str(codes[0].value).upper() if len(codes) == 1 else ""


def _in_force(certificate: x509.Certificate, at: dt.datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _certificate(data: bytes) -> x509.Certificate:
    pem = b"-----BEGIN" in data
    return x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
