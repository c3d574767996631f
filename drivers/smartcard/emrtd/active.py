"""Active authentication: the chip signs eight bytes of ours with a key that never leaves it (ICAO 9303-11 §6.1).

RSA by ISO/IEC 9796-2, scheme 1, or ECDSA. The key is DG15's; both it and DG14, which names ECDSA's hash, are only
worth something once passive authentication has vouched for them.
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from drivers.smartcard import tlv
from drivers.smartcard.apdu import MAX_LE, MAX_SHORT, CommandApdu, Exchange
from drivers.smartcard.emrtd import security_infos
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.public_keys import SignatureKey, signature_key
from drivers.smartcard.errors import ActiveAuthenticationUnsupported, UnsupportedKey

NONCE_BYTES = 8
_ECDSA_PLAIN = bytes.fromhex("04007F000701010401")
"""ecdsa-plain-signatures, 0.4.0.127.0.7.1.1.4.1; the byte after it names the hash (TR-03111 §5.2.1)."""
_HASHES: dict[int, hashes.HashAlgorithm] = {
    2: hashes.SHA224(),
    3: hashes.SHA256(),
    4: hashes.SHA384(),
    5: hashes.SHA512(),
}
_TRAILERS = {0x33: "sha1", 0x34: "sha256", 0x35: "sha512", 0x36: "sha384", 0x38: "sha224"}
"""The byte before CC names the hash (ISO/IEC 10118); SHA-1 alone has the trailer BC."""
_LENGTH_REFUSED = {0x6700, 0x6B00, 0x6F00}
_RSA_BYTES = range(128, 513)


def sign(nonce: bytes, *, long: bool = False) -> Exchange[bytes]:
    """INTERNAL AUTHENTICATE; `nonce` is RND.IFD, 8 bytes. Returns the signature as the chip gives it.

    `long` asks for an extended answer, which keys over 1,792 bits need (§6.1.4); a chip that does not know such may
    hand out a long answer in parts. Raises CardRefused.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError("active authentication signs 8 bytes")
    response = yield CommandApdu(0x00, 0x88, 0x00, 0x00, nonce, le=MAX_LE if long else MAX_SHORT)
    if long and response.status in _LENGTH_REFUSED:
        response = yield CommandApdu(0x00, 0x88, 0x00, 0x00, nonce, le=MAX_SHORT)
    return response.expect_ok("INTERNAL AUTHENTICATE")


def signature_bytes(dg15: bytes) -> int:
    """How long the answer will be. Raises as `verify_active_authentication`."""
    key = _public_key(dg15)
    return (key.key_size + 7) // 8 if isinstance(key, rsa.RSAPublicKey) else 2 * key.size


def verify_active_authentication(dg14: bytes | None, dg15: bytes, nonce: bytes, signature: bytes) -> bool:
    """Whether `signature` is DG15's key's over `nonce`; `dg14` names the hash of ECDSA, where the card has it.

    Raises MalformedData, or ActiveAuthenticationUnsupported for a key or an algorithm that is not spoken here.
    """
    key = _public_key(dg15)
    if isinstance(key, rsa.RSAPublicKey):
        return _verify_rsa(key, nonce, signature)
    if len(signature) != 2 * key.size:
        return False
    r, s = int.from_bytes(signature[: key.size]), int.from_bytes(signature[key.size :])
    return key.verifies(r, s, _hash(dg14), nonce)


def _verify_rsa(key: rsa.RSAPublicKey, nonce: bytes, signature: bytes) -> bool:
    """ISO/IEC 9796-2 scheme 1 with partial recovery: M1 comes out of the signature, M2 is the nonce (§6.1.2.2)."""
    numbers, size = key.public_numbers(), (key.key_size + 7) // 8
    value = int.from_bytes(signature)
    if len(signature) != size or value >= numbers.n:
        return False
    recovered = pow(value, numbers.e, numbers.n)
    if recovered & 0xF != 0xC:
        recovered = numbers.n - recovered  # of s and n - s the smaller may have been given (annex B.4)
    return matches(recovered.to_bytes(size), nonce)  # its first byte is 6A only where nothing leads it


def matches(recovered: bytes, nonce: bytes) -> bool:
    """Whether a recovered string 6A ‖ M1 ‖ H ‖ trailer is of a message that ends in `nonce`."""
    algorithm, end = ("sha1", 1) if recovered[-1] == 0xBC else (_TRAILERS.get(recovered[-2]), 2)
    if algorithm is None or (end == 2 and recovered[-1] != 0xCC):
        return False
    body = recovered[:-end]
    digest_size = hashlib.new(algorithm).digest_size
    if body[:1] != b"\x6a" or len(body) < 1 + digest_size:
        return False
    m1, digest = body[1:-digest_size], body[-digest_size:]
    return hashlib.new(algorithm, m1 + nonce).digest() == digest


def _hash(dg14: bytes | None) -> hashes.HashAlgorithm:
    infos = security_infos.parse(tlv.single(dg14, FileId.DG14.tag).value) if dg14 is not None else ()
    for info in infos:
        if info.protocol != security_infos.ACTIVE_AUTHENTICATION or info.integer(0) != 1 or len(info.fields) != 2:
            continue
        named = info.fields[1]
        if named.tag == 0x06 and named.value[:-1] == _ECDSA_PLAIN and named.value[-1] in _HASHES:
            return _HASHES[named.value[-1]]
    raise ActiveAuthenticationUnsupported("DG14 names no algorithm for active authentication that is spoken here")


def _public_key(dg15: bytes) -> SignatureKey:
    try:
        key = signature_key(tlv.single(dg15, FileId.DG15.tag).value)
    except UnsupportedKey as error:
        raise ActiveAuthenticationUnsupported(f"DG15: {error}") from error
    if isinstance(key, rsa.RSAPublicKey) and (key.key_size + 7) // 8 not in _RSA_BYTES:
        raise ActiveAuthenticationUnsupported("DG15 holds an RSA key too short or too long")
    return key
