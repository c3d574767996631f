"""Active authentication: the chip signs eight bytes of ours with a key that never leaves it (ICAO 9303-11 §6.1).

ECDSA only. The algorithm is the one DG14 names (§9.2.5), the key is DG15's, and both are only worth
something once passive authentication has vouched for DG14 and DG15.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from drivers.smartcard import tlv
from drivers.smartcard.apdu import CommandApdu, Exchange
from drivers.smartcard.emrtd import security_infos
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.errors import ActiveAuthenticationUnsupported

NONCE_BYTES = 8
_ACTIVE_AUTHENTICATION = bytes.fromhex("678108010105")
"""id-icao-mrtd-security-aaProtocolObject, 2.23.136.1.1.5."""
_ECDSA_PLAIN = bytes.fromhex("04007F000701010401")
"""ecdsa-plain-signatures, 0.4.0.127.0.7.1.1.4.1; the byte after it names the hash (TR-03111 §5.2.1)."""
_HASHES: dict[int, hashes.HashAlgorithm] = {
    2: hashes.SHA224(),
    3: hashes.SHA256(),
    4: hashes.SHA384(),
    5: hashes.SHA512(),
}
_OID = 0x06


def sign(nonce: bytes) -> Exchange[bytes]:
    """INTERNAL AUTHENTICATE; `nonce` is RND.IFD, 8 bytes. Returns the signature as the chip gives it, r ‖ s.

    Raises CardRefused.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError("active authentication signs 8 bytes")
    response = yield CommandApdu(0x00, 0x88, 0x00, 0x00, nonce, le=256)
    return response.expect_ok("INTERNAL AUTHENTICATE")


def verify_active_authentication(dg14: bytes, dg15: bytes, nonce: bytes, signature: bytes) -> bool:
    """Whether `signature` (r ‖ s) is DG15's key's over `nonce`, by the algorithm DG14 names.

    Raises MalformedData, or ActiveAuthenticationUnsupported for another key or algorithm than ECDSA
    in plain format with SHA-224 to SHA-512.
    """
    algorithm = _hash(dg14)
    key = _public_key(dg15)
    half = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * half:
        return False
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    try:
        key.verify(encode_dss_signature(r, s), nonce, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


def _hash(dg14: bytes) -> hashes.HashAlgorithm:
    infos = security_infos.parse(tlv.single(dg14, FileId.DG14.tag).value)
    for info in infos:
        if info.protocol != _ACTIVE_AUTHENTICATION or info.integer(0) != 1 or len(info.fields) != 2:
            continue
        named = info.fields[1]
        if named.tag == _OID and named.value[:-1] == _ECDSA_PLAIN and named.value[-1] in _HASHES:
            return _HASHES[named.value[-1]]
    raise ActiveAuthenticationUnsupported("DG14 names no algorithm for active authentication that is spoken here")


def _public_key(dg15: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(tlv.single(dg15, FileId.DG15.tag).value)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ActiveAuthenticationUnsupported("DG15 holds a key that cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ActiveAuthenticationUnsupported("DG15 holds a key that is not for elliptic curves")
    return key
