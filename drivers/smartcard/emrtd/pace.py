"""PACE, generic mapping over elliptic curves (ICAO 9303-11 §4.4; worked example in appendix G.1).

    MSE:Set AT               protocol, which password
    GENERAL AUTHENTICATE 1                       ->  z = E(K_π, s)     the chip's nonce, under the password
    GENERAL AUTHENTICATE 2   our mapping key     ->  the chip's        both map the generator by s
    GENERAL AUTHENTICATE 3   our ephemeral key   ->  the chip's        Diffie-Hellman on the mapped generator
    GENERAL AUTHENTICATE 4   our token           ->  the chip's        each proves the session keys

Points come from the card and are not believed: each must be on the curve, and none may be ours sent back.
"""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from ecdsa import BRAINPOOLP256r1
from ecdsa.ellipticcurve import INFINITY, AbstractPoint, PointJacobi

from drivers.smartcard import tlv
from drivers.smartcard.apdu import OK, CommandApdu, Exchange
from drivers.smartcard.emrtd.keys import FOR_PASSWORD, AesKeys, derive
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.emrtd.passwords import Can, Password
from drivers.smartcard.emrtd.randomness import Randomness, scalar
from drivers.smartcard.emrtd.security_infos import PaceInfo
from drivers.smartcard.errors import CardRefused, MalformedData, PaceFailed, WrongPassword

_CURVE = BRAINPOOLP256r1.curve
_FIELD = int(_CURVE.p())
_GENERATOR: PointJacobi = BRAINPOOLP256r1.generator
_ORDER = int(BRAINPOOLP256r1.order)

_DYNAMIC_DATA = 0x7C
_NONCE, _MAP_OURS, _MAP_CHIP, _KEY_OURS, _KEY_CHIP, _TOKEN_OURS, _TOKEN_CHIP = range(0x80, 0x87)
_PUBLIC_KEY, _OID, _POINT = 0x7F49, 0x06, 0x86
_MRZ_REFERENCE, _CAN_REFERENCE = 1, 2

# MSE:Set AT without the domain's number, where a card wants it (ISO 7816-4 §7.5.2: wrong or missing data).
_PARAMETERS_MISSING = {0x6A80, 0x6A87, 0x6A88}
# What cards say to a token made with another password (ICAO 9303-11 §4.4.4, and what is seen).
_WRONG_TOKEN = {0x6300, 0x6982, 0x6988, 0x6A80}


def password_key(password: Password) -> bytes:
    """K_π = KDF(f(π), 3) (§4.4.3.3)."""
    return derive(password.secret, FOR_PASSWORD)


def decrypt_nonce(k_pi: bytes, z: bytes) -> int:
    """s = D(K_π, z), AES-128-CBC with a zero IV (§4.4.3.3). Raises MalformedData."""
    if len(z) != 16:
        raise MalformedData("an encrypted nonce of other than 16 bytes")
    decryptor = Cipher(AES128(k_pi), CBC(bytes(16))).decryptor()
    return int.from_bytes(decryptor.update(z) + decryptor.finalize())


def encode_point(point: AbstractPoint) -> bytes:
    """04 ‖ X ‖ Y (TR-03111 §3.2.1)."""
    return bytes(point.to_bytes("uncompressed"))


def decode_point(data: bytes) -> PointJacobi:
    """A point of brainpoolP256r1 that is on the curve. Raises PaceFailed."""
    x, y = int.from_bytes(data[1:33]), int.from_bytes(data[33:])
    # Asked here because the library's Jacobian points are made without asking.
    if len(data) != 65 or data[0] != 4 or max(x, y) >= _FIELD or not _CURVE.contains_point(x, y):
        raise PaceFailed("a public key of the card is not a point of the curve")
    return PointJacobi(_CURVE, x, y, 1, _ORDER)


def _multiply(point: PointJacobi, factor: int) -> PointJacobi:
    product = point * factor
    if product == INFINITY:
        raise PaceFailed("a public key of the card leads to infinity")
    return product


def public_key(private: int, generator: PointJacobi = _GENERATOR) -> PointJacobi:
    return _multiply(generator, private)


def shared_point(private: int, theirs: PointJacobi) -> PointJacobi:
    """The Diffie-Hellman point (H of the mapping, or the point whose X is K)."""
    return _multiply(theirs, private)


def map_generator(s: int, h: PointJacobi) -> PointJacobi:
    """G~ = s·G + H (§4.4.3.3.1)."""
    mapped = _GENERATOR * s + h
    if mapped == INFINITY:
        raise PaceFailed("the mapped generator is infinity")
    return PointJacobi.from_affine(mapped.to_affine())


def secret_x(point: PointJacobi) -> bytes:
    """K: the X coordinate of the shared point, 32 bytes."""
    return int(point.x()).to_bytes(32)


def token_input(protocol: bytes, public: bytes) -> bytes:
    """What a token is made over: the other side's public key as a data object 7F49 (§4.4.3.4)."""
    return tlv.encode(_PUBLIC_KEY, tlv.encode(_OID, protocol) + tlv.encode(_POINT, public))


def general_authenticate(content: bytes, *, last: bool = False) -> CommandApdu:
    """One step; all but the last are chained (CLA 10, §4.4.4.2)."""
    return CommandApdu(0x00 if last else 0x10, 0x86, 0x00, 0x00, tlv.encode(_DYNAMIC_DATA, content), le=256)


def _answer(data: bytes, tag: int) -> bytes:
    return tlv.find(tlv.single(data, _DYNAMIC_DATA).children(), tag).value


def key_agreement(password: Password, info: PaceInfo, random: Randomness) -> Exchange[SecureMessaging]:
    """The whole of PACE, in the master file. Draws the mapping key, then the ephemeral one (32 bytes each).

    Raises WrongPassword, PaceFailed, CardRefused, MalformedData.
    """
    yield from _set_authentication_template(password, info)

    response = yield general_authenticate(b"")
    z = _answer(response.expect_ok("PACE, nonce"), _NONCE)
    s = decrypt_nonce(password_key(password), z)

    mapping_key = scalar(random, _ORDER)
    theirs = yield from _exchange_points(public_key(mapping_key), _MAP_OURS, "PACE, mapping")
    generator = map_generator(s, shared_point(mapping_key, decode_point(theirs)))

    ephemeral_key = scalar(random, _ORDER)
    ours = public_key(ephemeral_key, generator)
    theirs = yield from _exchange_points(ours, _KEY_OURS, "PACE, key agreement")
    keys = AesKeys.derived(secret_x(shared_point(ephemeral_key, decode_point(theirs))))

    yield from _exchange_tokens(keys, info.protocol, encode_point(ours), theirs)
    return SecureMessaging(keys)


def _set_authentication_template(password: Password, info: PaceInfo) -> Exchange[None]:
    """MSE:Set AT (§4.4.4.1). The domain's number is only said to cards that ask for it: others refuse it."""
    reference = _CAN_REFERENCE if isinstance(password, Can) else _MRZ_REFERENCE
    data = tlv.encode(0x80, info.protocol) + tlv.encode(0x83, bytes((reference,)))
    response = yield CommandApdu(0x00, 0x22, 0xC1, 0xA4, data)
    if response.status in _PARAMETERS_MISSING:
        data += tlv.encode(0x84, bytes((info.parameters,)))
        response = yield CommandApdu(0x00, 0x22, 0xC1, 0xA4, data)
    # 63Cx here is a warning that tries are running out, not a refusal (§4.4.4.1).
    if response.status != OK and response.status & 0xFFF0 != 0x63C0:
        raise CardRefused("MSE:Set AT", response.status)


def _exchange_points(ours: PointJacobi, tag: int, step: str) -> Exchange[bytes]:
    encoded = encode_point(ours)
    response = yield general_authenticate(tlv.encode(tag, encoded))
    theirs = _answer(response.expect_ok(step), tag + 1)
    if theirs == encoded:
        raise PaceFailed("the card sent our own public key back")
    return theirs


def _exchange_tokens(keys: AesKeys, protocol: bytes, ours: bytes, theirs: bytes) -> Exchange[None]:
    token = keys.mac(token_input(protocol, theirs))
    response = yield general_authenticate(tlv.encode(_TOKEN_OURS, token), last=True)
    if response.status in _WRONG_TOKEN or response.status & 0xFFF0 == 0x63C0:
        raise WrongPassword("the card does not accept this password")
    chip_token = _answer(response.expect_ok("PACE, tokens"), _TOKEN_CHIP)
    if not hmac.compare_digest(chip_token, keys.mac(token_input(protocol, ours))):
        raise PaceFailed("the card's token is wrong: it does not hold the session keys")
