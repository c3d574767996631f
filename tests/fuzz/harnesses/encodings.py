"""The small encodings: data objects, APDUs, what a chip says of itself, public keys."""

from __future__ import annotations

from drivers.smartcard import tlv
from drivers.smartcard.apdu import ResponseApdu
from drivers.smartcard.emrtd import answer_to_reset, chip, public_keys, security_infos
from drivers.smartcard.emrtd.active import verify_active_authentication
from drivers.smartcard.errors import (
    ActiveAuthenticationUnsupported,
    BadPublicKey,
    MalformedData,
    PaceUnsupported,
    UnsupportedKey,
)
from tests.fuzz.harness import harness

_NONCE = bytes(range(8))


@harness(MalformedData)
def tlv_objects(data: bytes) -> None:
    tag, length, head = tlv.header(data)
    assert 2 <= head <= 7 and length < 1 << 24 and tag < 1 << 24
    objects = tlv.parse(data)
    assert b"".join(item.raw for item in objects) == data
    again = b"".join(tlv.encode(item.tag, item.value) for item in objects)
    assert [(item.tag, item.value) for item in tlv.parse(again)] == [(item.tag, item.value) for item in objects]
    for item in objects:
        item.children()


@harness(MalformedData, longest=300)
def response(data: bytes) -> None:
    decoded = ResponseApdu.decode(data)
    assert decoded.data + decoded.status.to_bytes(2) == data


@harness(longest=64)
def atr(data: bytes) -> None:
    answer_to_reset.announces_extended_length(data)


@harness(MalformedData, longest=256)
def ef_atr(data: bytes) -> None:
    sizes = answer_to_reset.buffer_sizes(data)
    assert sizes is None or (256 < sizes.command <= 65_536 and 256 < sizes.answer <= 65_538)


@harness(MalformedData, PaceUnsupported, UnsupportedKey, BadPublicKey)
def security_info(data: bytes) -> None:
    """EF.CardAccess, and what DG14 says of the chip's key."""
    infos = security_infos.parse(data)
    chosen = security_infos.choose_pace(infos)
    assert chosen is not None or not security_infos.pace_infos(infos)
    for way in security_infos.chip_infos(infos):
        assert way.key_reference == b"" or way.key_id is not None
    chip.choose(infos)


@harness(MalformedData, UnsupportedKey, BadPublicKey)
def agreement_key(data: bytes) -> None:
    public_keys.agreement_key(data).element.encode()


@harness(MalformedData, UnsupportedKey, BadPublicKey)
def signature_key(data: bytes) -> None:
    public_keys.signature_key(data)


@harness(MalformedData, ActiveAuthenticationUnsupported, BadPublicKey)
def active_authentication(data: bytes) -> None:
    """The length of DG14 in two bytes, that of DG15, and both; the rest is the signature."""
    first, second = (int.from_bytes(data[at : at + 2]) for at in (0, 2))
    dg14, dg15, signature = data[4 : 4 + first], data[4 + first : 4 + first + second], data[4 + first + second :]
    verify_active_authentication(dg14 or None, dg15, _NONCE, signature)
