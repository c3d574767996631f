"""The one form our CMS signatures have (RFC 5652 §5, CAdES baseline of ETSI EN 319 122-1 §6).

One signer, SHA-256 and ECDSA, three signed attributes (content type, message digest, signing certificate),
nothing unsigned. All but the digest and the signature depends on the certificates alone and is encoded
once, when the form is made: asn1crypto takes 12 ms to encode such a CMS, and the token 0.1 ms to sign it.

The verifier builds the same form and compares: a CMS with a bit more or less than this is not ours, so
there is no place in it to hide or change anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from asn1crypto import cms, x509
from pyhanko.sign.general import as_signing_certificate_v2

_SEQUENCE, _SET, _OCTET_STRING, _CONTEXT_0 = 0x30, 0x31, 0x04, 0xA0
_VERSION_1 = b"\x02\x01\x01"
_SHA256 = cms.DigestAlgorithm({"algorithm": "sha256"}).dump()
_ECDSA_SHA256 = cms.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}).dump()
_DATA = cms.ContentType("data").dump()
_SIGNED_DATA = cms.ContentType("signed_data").dump()
# By number (RFC 5035 §3): pyHanko teaches asn1crypto the name, but too late if a CMS was looked at before.
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"


class CmsForm:
    """The form for one signing certificate; `others` are the certificates sent along with it."""

    def __init__(self, signer: x509.Certificate, others: Sequence[x509.Certificate] = ()) -> None:
        tbs = signer["tbs_certificate"]
        self._signer_id = _der(_SEQUENCE, tbs["issuer"].dump(), tbs["serial_number"].dump())
        self._certificates = _der(_CONTEXT_0, *sorted({each.dump() for each in (signer, *others)}))
        self._content_type = _attribute("content_type", _DATA)
        self._signing_certificate = _attribute(_SIGNING_CERTIFICATE_V2, as_signing_certificate_v2(signer).dump())

    def signed_attributes(self, digest: bytes) -> bytes:
        """The DER SET that is signed, for the SHA-256 of the content (RFC 5652 §5.4)."""
        message_digest = _attribute("message_digest", _der(_OCTET_STRING, digest))
        return _der(_SET, *sorted((self._content_type, message_digest, self._signing_certificate)))

    def content_info(self, digest: bytes, signature: bytes) -> bytes:
        """The whole CMS; `signature` is an ECDSA-Sig-Value over the SHA-256 of the signed attributes."""
        attributes = self.signed_attributes(digest)
        signer_info = _der(
            _SEQUENCE,
            _VERSION_1,
            self._signer_id,
            _SHA256,
            bytes([_CONTEXT_0]) + attributes[1:],  # [0] IMPLICIT SET OF, tagged anew
            _ECDSA_SHA256,
            _der(_OCTET_STRING, signature),
        )
        signed_data = _der(
            _SEQUENCE,
            _VERSION_1,
            _der(_SET, _SHA256),
            _der(_SEQUENCE, _DATA),  # detached: the content is the PDF
            self._certificates,
            _der(_SET, signer_info),
        )
        return _der(_SEQUENCE, _SIGNED_DATA, _der(_CONTEXT_0, signed_data))


def _attribute(kind: str, value: bytes) -> bytes:
    return _der(_SEQUENCE, cms.CMSAttributeType(kind).dump(), _der(_SET, value))


def _der(tag: int, *contents: bytes) -> bytes:
    """One DER value (X.690 §8.1, §10.1)."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body
