"""CMS SignedData as travel documents and master lists use it: one content, one signer that it carries along (RFC 5652).

signed = parse(bytes, content_type)       # nothing is verified
signed.signer, signed.content
signed.holds()                            # the signature is the signer's; not that the signer is to be believed
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

from asn1crypto import cms

from drivers.smartcard import tlv
from drivers.smartcard.errors import MalformedData, UnsupportedKey
from drivers.smartcard.genuine import certificates
from drivers.smartcard.genuine.certificates import NONSENSE, Certificate
from drivers.smartcard.genuine.signatures import HASHES, Algorithm, holds

_MAX_CERTIFICATES = 8
_SET = 0x31


@dataclass(frozen=True)
class SignedContent:
    """`content` as it was signed; `others` are certificates that came along, such as the signer's issuer."""

    content: bytes = field(repr=False)
    signer: Certificate
    others: tuple[Certificate, ...]
    algorithm: Algorithm
    signature: bytes = field(repr=False)
    attributes: bytes = field(repr=False)
    """The signed attributes' bytes, which the signature is over; empty where there are none."""
    digest: str
    message_digest: bytes = field(repr=False)

    @property
    def weak(self) -> bool:
        """Whether SHA-1 had a part in it."""
        return self.algorithm.weak or (bool(self.attributes) and self.digest == "sha1")

    def holds(self) -> bool:
        """Whether the content is the one that was signed, and by this signer (§5.4)."""
        try:
            key = self.signer.key
        except (MalformedData, UnsupportedKey):
            return False
        if not self.attributes:
            return holds(key, self.algorithm, self.signature, self.content)
        digest = hashlib.new(self.digest, self.content).digest()
        if not hmac.compare_digest(digest, self.message_digest):
            return False
        # They are signed in the order of DER; some cards have them in another one, signed this way or that.
        forms = {self.attributes, _in_order(self.attributes)}
        return any(holds(key, self.algorithm, self.signature, form) for form in forms)


def parse(data: bytes, content_type: str) -> SignedContent:
    """`content_type` is the dotted identifier that the content must have. Raises MalformedData."""
    try:
        return _parsed(data, content_type)
    except NONSENSE as error:
        raise MalformedData("signed data are not formed right") from error


def _parsed(data: bytes, content_type: str) -> SignedContent:
    info = cms.ContentInfo.load(data, strict=True)
    if info["content_type"].native != "signed_data":
        raise MalformedData("these are no signed data")
    signed = info["content"]
    encapsulated = signed["encap_content_info"]
    if encapsulated["content_type"].dotted != content_type:
        raise MalformedData("what is signed is of another kind")
    if len(signed["signer_infos"]) != 1:
        raise MalformedData("signed data with other than one signer")
    signer_info = signed["signer_infos"][0]
    content = bytes(encapsulated["content"])
    digest = str(signer_info["digest_algorithm"]["algorithm"].native)
    if digest not in HASHES:
        raise MalformedData("the content is signed with a hash that is not accepted")
    signer, others = _certificates(signed, signer_info)
    attributes, message_digest = _attributes(signer_info, content_type)
    return SignedContent(
        content=content,
        signer=signer,
        others=others,
        algorithm=Algorithm.of(signer_info["signature_algorithm"], digest),
        signature=bytes(signer_info["signature"]),
        attributes=attributes,
        digest=digest,
        message_digest=message_digest,
    )


def _attributes(signer_info: Any, content_type: str) -> tuple[bytes, bytes]:
    """Their bytes as they are signed (under the tag of a SET, not the one they travel with), and the digest in them."""
    attributes = signer_info["signed_attrs"]
    if not len(attributes):
        return b"", b""
    values = {attribute["type"].native: attribute["values"] for attribute in attributes}
    if len(values) != len(attributes) or len(values["content_type"]) != 1 or len(values["message_digest"]) != 1:
        raise MalformedData("the signed attributes are not single")
    if values["content_type"][0].dotted != content_type:
        raise MalformedData("the signed attributes are of another content")
    return bytes((_SET,)) + bytes(attributes.dump())[1:], bytes(values["message_digest"][0])


def _in_order(attributes: bytes) -> bytes:
    return tlv.encode(_SET, b"".join(sorted(item.raw for item in tlv.single(attributes, _SET).children())))


def _certificates(signed: Any, signer_info: Any) -> tuple[Certificate, tuple[Certificate, ...]]:
    """The certificate that the SignerInfo points at, and the rest."""
    carried = signed["certificates"]
    if len(carried) > _MAX_CERTIFICATES:
        raise MalformedData("signed data with too many certificates")
    found: Certificate | None = None
    others = []
    for choice in carried:
        if choice.name != "certificate":
            continue
        certificate = certificates.parse(choice.chosen.dump())
        if found is None and _is_meant(signer_info["sid"], choice.chosen, certificate):
            found = certificate
        else:
            others.append(certificate)
    if found is None and len(others) == 1:
        # Whatever name the pointer writes: there is only one it can mean, and the signature must be that one's.
        return others[0], ()
    if found is None:
        raise MalformedData("signed data without their signer's certificate")
    return found, tuple(others)


def _is_meant(sid: Any, raw: Any, certificate: Certificate) -> bool:
    if sid.name == "issuer_and_serial_number":
        wanted = sid.chosen
        return certificate.serial == wanted["serial_number"].native and bool(raw.issuer == wanted["issuer"])
    return certificate.subject_key is not None and certificate.subject_key == bytes(sid.chosen)
