"""Secure messaging under attack: whatever is changed on the way, the channel ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import ChannelBroken, tlv
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd.keys import AesKeys, SessionKeys, TripleDesKeys
from drivers.smartcard.emrtd.messaging import SecureMessaging, pad

SUITES = [TripleDesKeys(bytes(range(16)), bytes(range(16, 32))), AesKeys(bytes(range(16)), bytes(range(16, 32)))]
READ = CommandApdu(0, 0xB0, 0x81, 0, le=223)


def answer(keys: SessionKeys, counter: int, data: bytes, status: int = 0x9000) -> bytes:
    """An answer as a card would seal it, written out step by step from §9.8."""
    ssc = counter.to_bytes(keys.block)
    body = tlv.encode(0x87, b"\x01" + keys.encrypt(ssc, pad(data, keys.block))) if data else b""
    body += tlv.encode(0x99, status.to_bytes(2))
    return body + tlv.encode(0x8E, keys.mac(pad(ssc + body, keys.block))) + status.to_bytes(2)


@pytest.mark.parametrize("keys", SUITES)
@given(data=st.binary(max_size=231), status=st.sampled_from([0x9000, 0x6282, 0x63C2, 0x6A82]))
def test_data_and_status_arrive_as_they_were_sent(keys: SessionKeys, data: bytes, status: int) -> None:
    channel = SecureMessaging(keys)
    channel.seal(READ)
    assert channel.open(ResponseApdu.decode(answer(keys, 2, data, status))).response == ResponseApdu(data, status)


@pytest.mark.parametrize("keys", SUITES)
@given(data=st.binary(min_size=1, max_size=64), at=st.integers(min_value=0), flip=st.integers(1, 255))
def test_any_changed_byte_ends_the_channel(keys: SessionKeys, data: bytes, at: int, flip: int) -> None:
    raw = bytearray(answer(keys, 2, data))
    raw[at % (len(raw) - 2)] ^= flip
    channel = SecureMessaging(keys)
    channel.seal(READ)
    with pytest.raises(ChannelBroken):
        channel.open(ResponseApdu.decode(bytes(raw)))
    with pytest.raises(ChannelBroken, match="ended earlier"):
        channel.seal(READ)


@pytest.mark.parametrize("keys", SUITES)
def test_an_answer_said_again_is_refused(keys: SessionKeys) -> None:
    channel = SecureMessaging(keys)
    raw = ResponseApdu.decode(answer(keys, 2, b"data"))
    channel.seal(READ)
    channel.open(raw)
    channel.seal(READ)
    with pytest.raises(ChannelBroken):
        channel.open(raw)


@pytest.mark.parametrize("keys", SUITES)
def test_an_answer_outside_the_channel_is_refused(keys: SessionKeys) -> None:
    channel = SecureMessaging(keys)
    channel.seal(READ)
    with pytest.raises(ChannelBroken, match="6988"):
        channel.open(ResponseApdu(b"", 0x6988))


@pytest.mark.parametrize("keys", SUITES)
def test_the_outer_status_is_not_believed(keys: SessionKeys) -> None:
    channel = SecureMessaging(keys)
    channel.seal(READ)
    raw = answer(keys, 2, b"", 0x63C1)[:-2] + b"\x90\x00"
    assert channel.open(ResponseApdu.decode(raw)).response.status == 0x63C1


@pytest.mark.parametrize("keys", SUITES)
def test_a_command_without_data_or_le_has_its_header_padded_once(keys: SessionKeys) -> None:
    sealed = SecureMessaging(keys).seal(CommandApdu(0, 0x20, 0, 0x81))
    assert sealed.objects == b""
    assert sealed.n == (1).to_bytes(keys.block) + pad(bytes.fromhex("0C200081"), keys.block)


def test_keys_are_not_shown() -> None:
    assert all("mac_key" not in repr(keys) and "enc" not in repr(keys) for keys in SUITES)
