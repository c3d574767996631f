"""Is this a card of ours, and was it in the reader for this very request?

    store = CscaFolder(path)
    card = prove_card(files, store.certificates(), at=now)       # passive authentication, 9303-11 §5
    verify_answer(card.key, nonce, signature)                    # active authentication, 9303-11 §6.1

Signatures of the country and of its document signers are ECDSA here. Everything that does not prove the
card raises CardNotProven with a reason that names no person.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import cms, core
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from registry.errors import CardNotProven, SetupError
from registry.reference import lds

_LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
_HASHES: dict[str, type[hashes.SHA256] | type[hashes.SHA384] | type[hashes.SHA512]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_MAX_ANCHORS = 64
# asn1crypto reads lazily, so that a malformed SOD can raise any of these at any touch; the rest is cryptography's.
_UNREADABLE = (
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


@dataclass(frozen=True)
class CardFiles:
    """The files shown, each whole as the card gives it."""

    sod: bytes
    dg1: bytes
    dg11: bytes
    dg14: bytes
    dg15: bytes


@dataclass(frozen=True)
class ProvenCard:
    """A card the country vouches for. `key` answers for it in active authentication."""

    document_number: str
    nin: str
    expires_on: dt.date
    key: ec.EllipticCurvePublicKey


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


def prove_card(files: CardFiles, anchors: Sequence[x509.Certificate], *, at: dt.datetime) -> ProvenCard:
    """Passive authentication over the shown files, then the fields the registry needs. Raises CardNotProven."""
    try:
        hashed, algorithm = _signed_hashes(lds.unwrap(files.sod, 0x77), anchors, at)
        for number, content in ((1, files.dg1), (11, files.dg11), (14, files.dg14), (15, files.dg15)):
            digest = hashlib.new(algorithm, content).digest()
            if not hmac.compare_digest(hashed.get(number, b""), digest):
                raise CardNotProven(f"DG{number} is not the one the country signed")
        zone = lds.machine_readable(files.dg1)
        if not lds.names_plain_ecdsa(files.dg14):
            raise CardNotProven("DG14 announces no active authentication by plain ECDSA with SHA-256")
        key = load_der_public_key(lds.active_authentication_key(files.dg15))
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise CardNotProven("the card's key is not on P-256")
        return ProvenCard(zone.document_number, lds.personal_number(files.dg11), zone.expires_on, key)
    except lds.Malformed as error:
        raise CardNotProven(f"a file of the card is malformed: {error}") from None
    except _UNREADABLE as error:
        raise CardNotProven(f"a file of the card cannot be read ({type(error).__name__})") from None


def verify_answer(key: ec.EllipticCurvePublicKey, nonce: bytes, signature: bytes) -> None:
    """Active authentication: plain r‖s (BSI TR-03111 §5.2.1) over the 8-byte nonce. Raises CardNotProven."""
    if len(signature) != 64:
        raise CardNotProven("the card's signature is not 64 bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        key.verify(encode_dss_signature(r, s), nonce, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise CardNotProven("the card's signature does not answer this challenge") from None


def _signed_hashes(sod: bytes, anchors: Sequence[x509.Certificate], at: dt.datetime) -> tuple[dict[int, bytes], str]:
    """The data groups' hashes and their algorithm, once signer and chain hold (9303-11 §5.1)."""
    content = cms.ContentInfo.load(sod, strict=True)
    if content["content_type"].native != "signed_data":
        raise CardNotProven("the SOD is not signed data")
    signed = content["content"]
    inner = signed["encap_content_info"]
    if inner["content_type"].dotted != _LDS_SECURITY_OBJECT or len(signed["signer_infos"]) != 1:
        raise CardNotProven("the SOD holds no security object with one signer")
    security_object = bytes(inner["content"])
    signer = signed["signer_infos"][0]
    _verify_signer(signer, security_object, _document_signer(signed, signer, anchors, at))
    parsed = _LdsSecurityObject.load(security_object, strict=True)
    algorithm = parsed["hash_algorithm"]["algorithm"].native
    if algorithm not in _HASHES:
        raise CardNotProven("the SOD hashes by an algorithm not accepted")
    groups = [(int(group["number"].native), bytes(group["hash"])) for group in parsed["hashes"]]
    if len(dict(groups)) != len(groups):
        raise CardNotProven("the SOD names a data group twice")
    return dict(groups), algorithm


def _verify_signer(signer: cms.SignerInfo, security_object: bytes, certificate: x509.Certificate) -> None:
    """RFC 5652 §5.4 and §11: content type and digest in the signed attributes, and the signature over them."""
    digest_name, signature_algorithm = signer["digest_algorithm"]["algorithm"].native, signer["signature_algorithm"]
    if digest_name not in _HASHES or signature_algorithm.signature_algo != "ecdsa":
        raise CardNotProven("the SOD is signed by an algorithm not accepted")
    attributes: dict[str, list[core.Asn1Value]] = {}
    for attribute in signer["signed_attrs"]:
        attributes.setdefault(attribute["type"].native, []).extend(attribute["values"])
    kinds, digests = attributes.get("content_type", []), attributes.get("message_digest", [])
    if [kind.dotted for kind in kinds] != [_LDS_SECURITY_OBJECT]:
        raise CardNotProven("the SOD's signature is about something else")
    if [bytes(digest) for digest in digests] != [hashlib.new(digest_name, security_object).digest()]:
        raise CardNotProven("the SOD's signature is about other hashes")
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CardNotProven("the document signer's key is of a kind not accepted")
    # The attributes are signed under their own tag, SET OF, not under the [0] they are sent with.
    signed_bytes = b"\x31" + signer["signed_attrs"].dump()[1:]
    try:
        key.verify(bytes(signer["signature"]), signed_bytes, ec.ECDSA(_HASHES[signature_algorithm.hash_algo]()))
    except InvalidSignature:
        raise CardNotProven("the SOD's signature does not hold") from None


def _document_signer(
    signed: cms.SignedData, signer: cms.SignerInfo, anchors: Sequence[x509.Certificate], at: dt.datetime
) -> x509.Certificate:
    """The certificate the SignerInfo names, if a country certificate we believe issued it and both are in force."""
    if signer["sid"].name != "issuer_and_serial_number":
        raise CardNotProven("the SOD names its signer in a way not accepted")
    wanted = signer["sid"].chosen
    named = [
        entry.chosen
        for entry in signed["certificates"]
        if entry.name == "certificate"
        and entry.chosen.issuer == wanted["issuer"]
        and entry.chosen.serial_number == wanted["serial_number"].native
    ]
    if len(named) != 1:
        raise CardNotProven("the SOD does not carry its signer's certificate")
    certificate = x509.load_der_x509_certificate(named[0].dump())
    if not any(_issued_by(certificate, anchor) and _in_force(anchor, at) for anchor in anchors):
        raise CardNotProven("no country certificate believed here issued the document signer")
    if not _in_force(certificate, at) or _is_authority(certificate):
        raise CardNotProven("the document signer's certificate is out of force or not a signer's")
    return certificate


def _issued_by(certificate: x509.Certificate, anchor: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(anchor)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return _is_authority(anchor)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _in_force(certificate: x509.Certificate, at: dt.datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _certificate(data: bytes) -> x509.Certificate:
    pem = b"-----BEGIN" in data
    return x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
