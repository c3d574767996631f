"""PACE (ICAO 9303-11 §4.4; worked examples in appendices G, H and I).

    MSE:Set AT               protocol, which password
    GENERAL AUTHENTICATE 1                       ->  z = E(K_π, s)     the chip's nonce, under the password
    GENERAL AUTHENTICATE 2   mapping data        ->  mapping data      both map s to a generator (`mapping`)
    GENERAL AUTHENTICATE 3   our ephemeral key   ->  the chip's        Diffie-Hellman on that generator
    GENERAL AUTHENTICATE 4   our token           ->  the chip's        each proves the session keys

With the chip authentication mapping the last answer also holds what proves the chip itself, once its static
key is known to be genuine (`ChipAuthenticationData`).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

from drivers.smartcard import tlv
from drivers.smartcard.apdu import MAX_LE, OK, CommandApdu, Exchange
from drivers.smartcard.emrtd import domain, mapping
from drivers.smartcard.emrtd.domain import Agreement, Element, Group
from drivers.smartcard.emrtd.keys import (
    BLOCK_BYTES,
    FOR_PASSWORD,
    AesKeys,
    CipherName,
    SessionKeys,
    cbc,
    derive,
    session_keys,
)
from drivers.smartcard.emrtd.mapping import GenericMapping, Mapping
from drivers.smartcard.emrtd.messaging import SecureMessaging, unpad
from drivers.smartcard.emrtd.passwords import Password
from drivers.smartcard.emrtd.randomness import Randomness
from drivers.smartcard.emrtd.security_infos import PaceInfo
from drivers.smartcard.errors import CardRefused, MalformedData, PaceFailed, WrongPassword

_DYNAMIC_DATA = 0x7C
_NONCE, _MAP_OURS, _MAP_CHIP, _KEY_OURS, _KEY_CHIP, _TOKEN_OURS, _TOKEN_CHIP = range(0x80, 0x87)
_CHIP_DATA = 0x8A
_PUBLIC_KEY, _OID, _POINT, _NUMBER = 0x7F49, 0x06, 0x86, 0x84
_MAX_NONCE = 64
_MINUS_ONE = b"\xff" * 16
"""The counter under which CAM's data are encrypted: IV = E(KS.Enc, -1) (§4.4.3.5.4)."""

# MSE:Set AT without the domain's number, where a card wants it (ISO 7816-4 §7.5.2: wrong or missing data).
_PARAMETERS_MISSING = {0x6A80, 0x6A87, 0x6A88}
# What cards say to a token made with another password (ICAO 9303-11 §4.4.4, and what is seen).
_WRONG_TOKEN = {0x6300, 0x6982, 0x6988, 0x6A80}


@dataclass(frozen=True)
class ChipAuthenticationData:
    """What PACE-CAM leaves behind: CA_IC, to be held against the chip's static key (§4.4.3.5.2)."""

    group: Group
    factor: int = field(repr=False)
    mapping_key: bytes = field(repr=False)

    def proves(self, static_key: Element) -> bool:
        """Whether PK_map,IC = CA_IC · PK_IC. `static_key` must have been vouched for by EF.CardSecurity's signer."""
        return static_key.times(self.factor).encode() == self.mapping_key


@dataclass(frozen=True)
class Established:
    """The channel, and with CAM the chip's proof."""

    messaging: SecureMessaging
    chip: ChipAuthenticationData | None = None


def password_key(password: Password, cipher: CipherName) -> bytes:
    """K_π = KDF(f(π), 3) (§9.7.3)."""
    return derive(password.secret, FOR_PASSWORD, cipher)


def decrypt_nonce(k_pi: bytes, z: bytes, cipher: CipherName) -> bytes:
    """s = D(K_π, z), CBC with a zero IV (§4.4.3.3). Raises MalformedData."""
    if not z or len(z) % BLOCK_BYTES[cipher] or len(z) > _MAX_NONCE:
        raise MalformedData("an encrypted nonce that is not whole blocks, or too long")
    decryptor = cbc(cipher, k_pi).decryptor()
    return decryptor.update(z) + decryptor.finalize()


def public_key_object(agreement: Agreement, protocol: bytes, public: bytes) -> bytes:
    """What a token is made over: the other side's public key as a data object 7F49 (§4.4.3.4, §9.4)."""
    tag = _POINT if agreement == "ECDH" else _NUMBER
    return tlv.encode(_PUBLIC_KEY, tlv.encode(_OID, protocol) + tlv.encode(tag, public))


def general_authenticate(
    content: bytes, *, last: bool = False, le: int = 256, meanwhile: Callable[[], object] | None = None
) -> CommandApdu:
    """One step; all but the last are chained (CLA 10, §4.4.4.3)."""
    return CommandApdu(0x00 if last else 0x10, 0x86, 0x00, 0x00, tlv.encode(_DYNAMIC_DATA, content), le, meanwhile)


def key_agreement(password: Password, info: PaceInfo, random: Randomness) -> Exchange[Established]:
    """PACE in the master file, after `set_authentication_template`. Draws the mapping data, then the ephemeral key.

    Raises WrongPassword, PaceFailed, PaceUnsupported, CardRefused, MalformedData.
    """
    group = domain.standardised(info.parameters)
    mapped, private = mapping.of(info.mapping, group, info.cipher, random), domain.private_key(group, random)
    response = yield general_authenticate(b"", meanwhile=lambda: mapped.sent)
    z = _answer(response.expect_ok("PACE, nonce"), _NONCE)
    s = decrypt_nonce(password_key(password, info.cipher), z, info.cipher)

    ahead = partial(mapped.reckon_ahead, s, private)
    received = yield from _step(group, _MAP_OURS, mapped.sent, "PACE, mapping", meanwhile=ahead)
    ours = mapped.generator(s, received).times(private).encode()

    agreement = cache(partial(group.agreement_of, private))
    theirs = yield from _step(group, _KEY_OURS, ours, "PACE, key agreement", meanwhile=agreement)
    chip = group.decode(theirs)
    if chip.encode() == ours:
        raise PaceFailed("the card sent our own public key back")
    keys = session_keys(info.cipher, agreement()(chip))

    chip_data = yield from _exchange_tokens(keys, info, ours, theirs)
    return Established(SecureMessaging(keys), _chip(info, group, mapped, keys, chip_data))


def set_authentication_template(password: int, info: PaceInfo) -> Exchange[int]:
    """MSE:Set AT (§4.4.4.1); `password` is its reference there. The domain's number is only said to cards that offer
    several; what a card does not like of it is tried the other way round, which costs no try. Returns the status: 9000,
    or the warning 63Cx, X tries being left. Raises CardRefused."""
    data = tlv.encode(0x80, info.protocol) + tlv.encode(0x83, bytes((password,)))
    number = tlv.encode(0x84, bytes((info.parameters,)))
    forms = (data + number, data) if info.ambiguous else (data, data + number)
    response = yield CommandApdu(0x00, 0x22, 0xC1, 0xA4, forms[0])
    if response.status in _PARAMETERS_MISSING:
        response = yield CommandApdu(0x00, 0x22, 0xC1, 0xA4, forms[1])
    if response.status != OK and response.status & 0xFFF0 != 0x63C0:
        raise CardRefused("MSE:Set AT", response.status)
    return response.status


def _chip(
    info: PaceInfo, group: Group, mapped: Mapping, keys: SessionKeys, encrypted: bytes | None
) -> ChipAuthenticationData | None:
    """CA_IC, decrypted (§4.4.3.5). Raises PaceFailed where CAM was run and it is missing or malformed."""
    if info.mapping != "CAM" or not isinstance(mapped, GenericMapping) or not isinstance(keys, AesKeys):
        return None
    if not encrypted or len(encrypted) % keys.block:
        raise PaceFailed("the card gives no chip authentication data, though it maps by them")
    factor = int.from_bytes(unpad(keys.decrypt(_MINUS_ONE, encrypted)))
    if not 0 < factor < group.order:
        raise PaceFailed("the card's chip authentication data are no number of the group")
    return ChipAuthenticationData(group, factor, mapped.theirs)


def _step(
    group: Group, tag: int, sent: bytes, what: str, *, meanwhile: Callable[[], object] | None = None
) -> Exchange[bytes]:
    # A 2048-bit number and its wrapping fit no short answer.
    le = 256 if group.size < 240 else MAX_LE
    response = yield general_authenticate(tlv.encode(tag, sent), le=le, meanwhile=meanwhile)
    return _answer(response.expect_ok(what), tag + 1)


def _answer(data: bytes, tag: int) -> bytes:
    objects = tlv.single(data, _DYNAMIC_DATA).children()
    if not objects and tag == _MAP_CHIP:
        return b""  # the integrated mapping answers nothing, and some chips leave out that object too
    return tlv.find(objects, tag).value


def _exchange_tokens(keys: SessionKeys, info: PaceInfo, ours: bytes, theirs: bytes) -> Exchange[bytes | None]:
    """Step 4; gives the encrypted chip authentication data, where there are any."""
    token = keys.token(public_key_object(info.agreement, info.protocol, theirs))
    response = yield general_authenticate(tlv.encode(_TOKEN_OURS, token), last=True)
    if response.status in _WRONG_TOKEN or response.status & 0xFFF0 == 0x63C0:
        raise WrongPassword("the card does not accept this password")
    objects = tlv.single(response.expect_ok("PACE, tokens"), _DYNAMIC_DATA).children()
    expected = keys.token(public_key_object(info.agreement, info.protocol, ours))
    if not hmac.compare_digest(tlv.find(objects, _TOKEN_CHIP).value, expected):
        raise PaceFailed("the card's token is wrong: it does not hold the session keys")
    return next((item.value for item in objects if item.tag == _CHIP_DATA), None)
