"""Chip authentication: the chip proves its static key by agreeing on new keys (ICAO 9303-11 §6.2; TR-03110-3 B.2).

    3DES             MSE:Set KAT { our ephemeral key }
    AES              MSE:Set AT { protocol }, GENERAL AUTHENTICATE { our ephemeral key }
    version 2                                                          -> { nonce, token }

Secure messaging restarts with the new keys after the last of these answers. That the chip holds its key shows in
the first answer under them, or in the token; that the key is genuine only passive authentication can say.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, replace

from drivers.smartcard import tlv
from drivers.smartcard.apdu import OK, CommandApdu, Exchange
from drivers.smartcard.emrtd import domain
from drivers.smartcard.emrtd.keys import SessionKeys, session_keys
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.emrtd.pace import general_authenticate, public_key_object
from drivers.smartcard.emrtd.public_keys import AgreementKey, agreement_key
from drivers.smartcard.emrtd.randomness import Randomness
from drivers.smartcard.emrtd.security_infos import ChipInfo, SecurityInfo, StaticKeyInfo, chip_infos, static_keys
from drivers.smartcard.errors import CardRefused, ChipNotProven, MalformedData, UnsupportedKey

_DYNAMIC_DATA = 0x7C
_EPHEMERAL, _NONCE, _TOKEN = 0x80, 0x81, 0x82


@dataclass(frozen=True)
class ChipKey:
    """A way to authenticate the chip: the protocol and the static key it goes with."""

    info: ChipInfo
    key: AgreementKey


def choose(infos: tuple[SecurityInfo, ...]) -> ChipKey | None:
    """The best way that the SecurityInfos of DG14 offer, AES before 3DES (§8.5); None where they offer none.

    Where only a key is given, without a protocol, it is 3DES of version 1, as EAC 1.1 had it. Raises MalformedData,
    BadPublicKey, and UnsupportedKey where chip authentication is offered only with keys that are not spoken here.
    """
    refused: UnsupportedKey | None = None
    for info, key in _pairs(infos):
        try:
            return ChipKey(info, agreement_key(key.spki))
        except UnsupportedKey as error:
            refused = error
    if refused is not None:
        raise refused
    if chip_infos(infos):
        raise MalformedData("chip authentication is offered without a key for it")
    return None


def ways(infos: tuple[SecurityInfo, ...]) -> tuple[ChipKey, ...]:
    """All, the best first. Raises as `choose`, UnsupportedKey for any key."""
    return tuple(ChipKey(info, agreement_key(key.spki)) for info, key in _pairs(infos))


def _pairs(infos: tuple[SecurityInfo, ...]) -> Iterator[tuple[ChipInfo, StaticKeyInfo]]:
    """Each protocol with each key that it may go with; the key is named where there are several (§6.2.4)."""
    keys = static_keys(infos)
    protocols = chip_infos(infos) or tuple(ChipInfo.of_key(key) for key in keys)
    for info in sorted(protocols, key=ChipInfo.preference, reverse=True):
        for key in keys:
            if key.agreement == info.agreement and (info.key_id is None or key.key_id in (None, info.key_id)):
                yield replace(info, key_id=key.key_id) if info.key_id is None and len(keys) > 1 else info, key


def authenticate(way: ChipKey, random: Randomness) -> Exchange[SecureMessaging]:
    """Runs it inside the present channel; gives the new one. Draws the ephemeral key.

    Raises CardRefused, ChipNotProven, MalformedData.
    """
    group = way.key.group
    private = domain.private_key(group, random)
    ours = group.generator.times(private).encode()
    secret = way.key.element.times(private).secret()
    if way.info.cipher == "3DES" and way.info.version == 1 and (yield from _by_key_agreement(way.info, ours)):
        return SecureMessaging(session_keys("3DES", secret))
    answer = yield from _by_general_authenticate(way.info, ours)
    if way.info.version == 1:
        return SecureMessaging(session_keys(way.info.cipher, secret))
    objects = answer.children()
    keys = session_keys(way.info.cipher, secret, nonce=tlv.find(objects, _NONCE).value)
    _check_token(keys, way.info, ours, tlv.find(objects, _TOKEN).value)
    return SecureMessaging(keys)


def _by_key_agreement(info: ChipInfo, ours: bytes) -> Exchange[bool]:
    """MSE:Set KAT (§6.2.4.1). False where the chip only knows the other way (§8.5, note 1)."""
    data = tlv.encode(0x91, ours) + info.key_reference
    response = yield CommandApdu(0x00, 0x22, 0x41, 0xA6, data)
    return response.status == OK


def _by_general_authenticate(info: ChipInfo, ours: bytes) -> Exchange[tlv.Tlv]:
    """MSE:Set AT, then GENERAL AUTHENTICATE (§6.2.4.2)."""
    response = yield CommandApdu(0x00, 0x22, 0x41, 0xA4, tlv.encode(0x80, info.protocol) + info.key_reference)
    if response.status != OK:
        raise CardRefused("MSE:Set AT for chip authentication", response.status)
    response = yield general_authenticate(tlv.encode(_EPHEMERAL, ours), last=True)
    return tlv.single(response.expect_ok("chip authentication"), _DYNAMIC_DATA)


def _check_token(keys: SessionKeys, info: ChipInfo, ours: bytes, token: bytes) -> None:
    if not hmac.compare_digest(keys.token(public_key_object(info.agreement, info.protocol, ours)), token):
        raise ChipNotProven("the chip's token is wrong: it does not hold the key that its files name")
