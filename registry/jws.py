"""Signed objects of the registry: JWS compact serialisation, ES256 and nothing else.

RFC 7515 §3.1 and §7.1, with what RFC 8725 §3 asks narrowed further: the protected header is exactly
`{"alg":"ES256","kid":…,"typ":…}`, the caller says which `typ` it expects, the key comes from a set we
hold, and each part must be written the one canonical way. So one meaning has one text.

    token = sign(payload, key=key, kid="registry-1", typ=ACT)
    payload = TrustedKeys.from_jwk_set(path).verify(token, typ=ACT)
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from registry.errors import SetupError, SignatureRefused

ACT = "shubbak-act+jws"
GRANT = "shubbak-grant+jws"
STATUS = "shubbak-status+jws"

MAX_TOKEN = 256 * 1024
"""Longest token read, in characters."""
_MAX_HEADER = 512
_MAX_KEY_SET = 64 * 1024
_COORDINATE = 32
_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ES256 = ec.ECDSA(hashes.SHA256())


def sign(payload: bytes, *, key: ec.EllipticCurvePrivateKey, kid: str, typ: str) -> str:
    """The compact JWS of `payload` (RFC 7518 §3.4: signature is r‖s, 64 bytes).

    Raises SetupError when the key is not P-256, the kid is not plain, or the token would be too long to read.
    """
    if not isinstance(key.curve, ec.SECP256R1):
        raise SetupError("ES256 needs a P-256 key")
    if not _KID.fullmatch(kid):
        raise SetupError("a kid is 1 to 64 letters, digits, dots, dashes or underscores")
    signing_input = f"{_encode(_header(kid, typ))}.{_encode(payload)}"
    r, s = decode_dss_signature(key.sign(signing_input.encode("ascii"), _ES256))
    token = f"{signing_input}.{_encode(r.to_bytes(_COORDINATE, 'big') + s.to_bytes(_COORDINATE, 'big'))}"
    if len(token) > MAX_TOKEN:
        raise SetupError("payload too long for a token")
    return token


def public_jwk(key: ec.EllipticCurvePublicKey, kid: str) -> dict[str, str]:
    """The public key as a JWK (RFC 7518 §6.2.1)."""
    numbers = key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "kid": kid,
        "use": "sig",
        "alg": "ES256",
        "x": _encode(numbers.x.to_bytes(_COORDINATE, "big")),
        "y": _encode(numbers.y.to_bytes(_COORDINATE, "big")),
    }


class TrustedKeys:
    """The public keys whose word is taken, by kid."""

    def __init__(self, keys: Mapping[str, ec.EllipticCurvePublicKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def from_jwk_set(cls, source: Path | bytes) -> TrustedKeys:
        """Reads a JWK set (RFC 7517 §5) of P-256 keys, from a file or from its bytes.

        Raises SetupError for a missing file, an empty set, a repeated kid, or a key of another kind.
        """
        try:
            data = source.read_bytes() if isinstance(source, Path) else source
        except OSError as error:
            raise SetupError(f"cannot read the registry's key set: {error.strerror}") from None
        if len(data) > _MAX_KEY_SET:
            raise SetupError("the registry's key set is too large")
        try:
            entries = _members(json.loads(data))
            keys = {kid: key for kid, key in map(_public_key, entries)}
        except (ValueError, RecursionError):
            raise SetupError("the registry's key set is not a JWK set of P-256 keys") from None
        if not keys or len(keys) != len(entries):
            raise SetupError("the registry's key set is empty or names a key twice")
        return cls(keys)

    @property
    def kids(self) -> frozenset[str]:
        return frozenset(self._keys)

    def verify(self, token: str, *, typ: str) -> bytes:
        """The payload of `token`, if one of our keys signed it as a `typ`. Raises SignatureRefused."""
        if len(token) > MAX_TOKEN:
            raise SignatureRefused("the signed object is too long")
        parts = token.split(".")
        if len(parts) != 3:
            raise SignatureRefused("not a compact JWS")
        header, payload, signature = (_decode(part) for part in parts)
        key = self._keys.get(_checked_kid(header, typ))
        if key is None:
            raise SignatureRefused("signed by a key that is not in the set")
        if len(signature) != 2 * _COORDINATE:
            raise SignatureRefused("an ES256 signature is 64 bytes")
        r, s = (int.from_bytes(half, "big") for half in (signature[:_COORDINATE], signature[_COORDINATE:]))
        try:
            key.verify(encode_dss_signature(r, s), f"{parts[0]}.{parts[1]}".encode("ascii"), _ES256)
        except InvalidSignature:
            raise SignatureRefused("the signature does not hold") from None
        return payload


def _header(kid: str, typ: str) -> bytes:
    return json.dumps({"alg": "ES256", "kid": kid, "typ": typ}, separators=(",", ":")).encode("ascii")


def _checked_kid(header: bytes, typ: str) -> str:
    if len(header) > _MAX_HEADER:
        raise SignatureRefused("the JWS header is too long")
    try:
        pairs = json.loads(header, object_pairs_hook=list)
    except (ValueError, RecursionError):
        raise SignatureRefused("the JWS header is not JSON") from None
    # A list of pairs, not a dict: a field given twice must not hide behind its namesake.
    if not isinstance(pairs, list) or sorted(map(_field_name, pairs)) != ["alg", "kid", "typ"]:
        raise SignatureRefused("the JWS header must hold alg, kid and typ, and nothing else")
    fields = dict(pairs)
    if fields["alg"] != "ES256":
        raise SignatureRefused("only ES256 is accepted")
    if fields["typ"] != typ:
        raise SignatureRefused(f"not a {typ}")
    kid = fields["kid"]
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise SignatureRefused("the JWS header names no plain kid")
    return kid


def _field_name(pair: object) -> str:
    # A header that is a JSON array also arrives as a list: its members are not (name, value) tuples.
    return pair[0] if isinstance(pair, tuple) else ""


def _members(document: Any) -> list[dict[str, Any]]:
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("not a JWK set")
    return entries


def _public_key(entry: dict[str, Any]) -> tuple[str, ec.EllipticCurvePublicKey]:
    kid, x, y = (entry.get(name) for name in ("kid", "x", "y"))
    if (entry.get("kty"), entry.get("crv"), entry.get("alg", "ES256")) != ("EC", "P-256", "ES256") or "d" in entry:
        raise ValueError("not a public P-256 key")
    if not (isinstance(kid, str) and isinstance(x, str) and isinstance(y, str) and _KID.fullmatch(kid)):
        raise ValueError("not a public P-256 key")
    try:
        point = b"\x04" + _decode(x) + _decode(y)
    except SignatureRefused:
        raise ValueError("not a public P-256 key") from None
    return kid, ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """Base64url without padding, canonical: the only text that encodes these bytes (RFC 4648 §3.5)."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SignatureRefused("not base64url") from None
    if _encode(data) != text:
        raise SignatureRefused("base64url not written canonically")
    return data
