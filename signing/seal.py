"""The seal printed on the page: a signed statement that any phone can read and nobody can alter.

    text = https://HOST/v#PAYLOAD
    PAYLOAD = base32( deflate( COSE_Sign1( CWT claims ) ) )

COSE_Sign1 with ES256 (RFC 9052 §4.2, RFC 9053 §2.1) over a CWT claims set (`claims`); raw deflate
(RFC 1951); base32 of RFC 4648 §6 in upper case without padding, whose letters a QR code packs two to
eleven bits and a URL fragment admits. The fragment never leaves the phone that scans it.

One seal has one text. Reading is strict at every layer: base32 with zero bits at its end, the very
deflate stream that zlib (or a port of it, such as pako) writes at level 9, CBOR in its deterministic
encoding (RFC 8949 §4.2.1), exactly these headers. So no character can change and leave the seal valid,
not even one that a lenient decoder would skip.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zlib
from dataclasses import dataclass
from typing import Any

import cbor2
import segno
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from segno.consts import MODE_ALPHANUMERIC, MODE_BYTE

from signing.certificates import KID_BYTES, der_signature
from signing.claims import SealClaims
from signing.errors import SealTooLarge, SealUnreadable
from signing.ports import DigestSigner

MAX_TEXT = 4096
MAX_VERSION = 25
"""Largest QR version set on a page: 117 modules a side."""
_MAX_INFLATED = 8192
_COSE_SIGN1_TAG = b"\xd2"
_ALG, _KID, _ES256 = 1, 4, -7
_SIGNATURE_BYTES = 64
_TEXT = re.compile(r"https://([a-z0-9.-]{3,80})/v#([A-Z2-7]{16,4000})")
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as read, its signature not yet checked."""

    host: str
    kid: bytes
    claims: SealClaims
    protected: bytes
    payload: bytes
    signature: bytes

    def signed_by(self, key: ec.EllipticCurvePublicKey) -> bool:
        """Whether the signature holds under `key`."""
        try:
            key.verify(
                der_signature(self.signature), _to_be_signed(self.protected, self.payload), ec.ECDSA(hashes.SHA256())
            )
        except InvalidSignature:
            return False
        return True


def make(claims: SealClaims, *, host: str, kid: bytes, token: DigestSigner) -> str:
    """The seal's text. Raises SealTooLarge, and what the token raises."""
    protected = _cbor({_ALG: _ES256, _KID: kid})
    payload = _cbor(claims.to_map())
    signature = token.sign_digest(hashlib.sha256(_to_be_signed(protected, payload)).digest())
    message = _COSE_SIGN1_TAG + _cbor([protected, {}, payload, signature])
    text = f"https://{host}/v#{_base32(_deflate(message))}"
    if len(message) > _MAX_INFLATED or len(text) > MAX_TEXT:
        raise SealTooLarge("the act's fields are too long for a seal")
    return text


def read(text: str) -> Seal:
    """Takes a seal's text apart. Raises SealUnreadable; says nothing about the signature."""
    if len(text) > MAX_TEXT:
        raise SealUnreadable("too long for a seal")
    found = _TEXT.fullmatch(text)
    if found is None:
        raise SealUnreadable("not the address of a seal")
    message = _inflate(_unbase32(found[2]))
    if not message.startswith(_COSE_SIGN1_TAG):
        raise SealUnreadable("not a COSE_Sign1")
    match _loads(message[1:]):
        case (bytes(protected), unprotected, bytes(payload), bytes(signature)):
            if unprotected or len(signature) != _SIGNATURE_BYTES:
                raise SealUnreadable("not a COSE_Sign1 of this profile")
        case _:
            raise SealUnreadable("not a COSE_Sign1 of this profile")
    header = _loads(protected)
    if not hasattr(header, "items") or set(header) != {_ALG, _KID} or header[_ALG] != _ES256:
        raise SealUnreadable("the seal's header is not of this profile")
    kid = header[_KID]
    if not isinstance(kid, bytes) or len(kid) != KID_BYTES:
        raise SealUnreadable("the seal's header is not of this profile")
    return Seal(found[1], kid, SealClaims.from_map(_loads(payload)), protected, payload, signature)


def seal_svg(text: str) -> str:
    """The seal as a QR code (ISO/IEC 18004, error correction M): SVG, one unit a module, quiet zone of 4.

    The payload is written as an alphanumeric segment of its own: as one string the whole text would fall
    back to bytes and need a larger code. Raises SealTooLarge beyond version 25.
    """
    address, _, payload = text.partition("#")
    segments = [(address + "#", MODE_BYTE), (payload, MODE_ALPHANUMERIC)]
    try:
        code = segno.make(segments, error="m", boost_error=False, micro=False)  # type: ignore[arg-type]
    except segno.DataOverflowError:
        raise SealTooLarge("the act's fields are too long for a seal") from None
    if int(code.version) > MAX_VERSION:
        raise SealTooLarge(f"the seal would need QR version {code.version}")
    picture = io.BytesIO()
    code.save(picture, kind="svg", scale=1, border=4, xmldecl=False, nl=False)
    return picture.getvalue().decode("ascii")


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of a COSE_Sign1 (RFC 9052 §4.4)."""
    return _cbor(["Signature1", protected, b"", payload])


def _cbor(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


def _loads(data: bytes) -> Any:
    try:
        value = cbor2.loads(
            data, max_depth=_MAX_DEPTH, allow_indefinite=False, allow_duplicate_keys=False, immutable=True
        )
        canonical = _cbor(value)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, ArithmeticError, RecursionError):
        raise SealUnreadable("not CBOR of this profile") from None
    if canonical != data:
        raise SealUnreadable("CBOR not in its deterministic encoding")
    return value


def _base32(data: bytes) -> str:
    return base64.b32encode(data).rstrip(b"=").decode("ascii")


def _unbase32(text: str) -> bytes:
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise SealUnreadable("not base32") from None
    if _base32(data) != text:
        raise SealUnreadable("base32 not written canonically")
    return data


def _deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return engine.compress(data) + engine.flush()


def _inflate(data: bytes) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        message = engine.decompress(data, _MAX_INFLATED)
    except zlib.error:
        raise SealUnreadable("not a deflate stream") from None
    if not engine.eof or engine.unused_data:
        raise SealUnreadable("the deflate stream is cut short, too long, or followed by something")
    # Many streams inflate to the same bytes; only one of them is the seal.
    if _deflate(message) != data:
        raise SealUnreadable("deflate stream not written canonically")
    return message
