"""Secure messaging under attack: whatever is changed on the way, the channel ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import ChannelBroken, tlv
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd.keys import AesKeys, SessionKeys, TripleDesKeys
from drivers.smartcard.emrtd.messaging import SecureMessaging, pad
from drivers.smartcard.errors import Unprotected

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
@pytest.mark.parametrize("counted", [0, 1, 2])
def test_an_error_outside_the_channel_proves_nothing_and_the_counter_goes_on_as_the_chip_s(
    keys: SessionKeys, counted: int
) -> None:
    channel = SecureMessaging(keys)
    channel.seal(READ)
    with pytest.raises(Unprotected) as bare:
        channel.open(ResponseApdu(b"", 0x6700))
    assert bare.value.status == 0x6700
    channel.bare_answer(counted)
    assert channel.seal(READ).n.startswith((counted + 1).to_bytes(keys.block))
    raw = answer(keys, counted + 2, b"data")
    assert channel.open(ResponseApdu.decode(raw)).response.data == b"data"


@pytest.mark.parametrize("keys", SUITES)
@pytest.mark.parametrize("data", [b"", b"data", b"\x99\x02\x90\x00"])
def test_a_success_outside_the_channel_ends_it(keys: SessionKeys, data: bytes) -> None:
    channel = SecureMessaging(keys)
    channel.seal(READ)
    with pytest.raises(ChannelBroken):
        channel.open(ResponseApdu(data, 0x9000))
    with pytest.raises(ChannelBroken, match="ended earlier"):
        channel.seal(READ)


@pytest.mark.parametrize("keys", SUITES)
@pytest.mark.parametrize("missing", [0x87, 0x99, 0x8E])
def test_an_answer_that_lacks_an_object_or_has_one_twice_is_refused(keys: SessionKeys, missing: int) -> None:
    objects = tlv.parse(answer(keys, 2, b"data")[:-2])
    for chosen in ([item for item in objects if item.tag != missing], [*objects, *objects]):
        channel = SecureMessaging(keys)
        channel.seal(READ)
        with pytest.raises(ChannelBroken):
            channel.open(ResponseApdu(b"".join(item.raw for item in chosen), 0x9000))


def objects_of(sealed: CommandApdu) -> dict[int, bytes]:
    return {item.tag: item.value for item in tlv.parse(sealed.data)}


@pytest.mark.parametrize("keys", SUITES)
def test_long_commands_and_answers_take_the_extended_form(keys: SessionKeys) -> None:
    channel = SecureMessaging(keys)
    asked = channel.seal(CommandApdu(0, 0xB0, 0x82, 0, le=30_000)).apdu
    assert (objects_of(asked)[0x97], asked.le, asked.extended) == (b"\x75\x30", 65_536, True)
    most = channel.seal(CommandApdu(0, 0xB0, 0x82, 0, le=65_536)).apdu
    assert objects_of(most)[0x97] == b"\0\0"
    short = channel.seal(CommandApdu(0, 0xB0, 0x82, 0, le=256)).apdu
    assert (objects_of(short)[0x97], short.le, short.extended) == (b"\0", 256, False)
    # Too long only once it is sealed: the inner length is still a short one.
    grown = channel.seal(CommandApdu(0, 0x86, 0, 0, bytes(250), le=256)).apdu
    assert (objects_of(grown)[0x97], grown.le, grown.extended) == (b"\0", 65_536, True)
    assert grown.encode()[4] == 0 and int.from_bytes(grown.encode()[5:7]) == len(grown.data)


@pytest.mark.parametrize("keys", SUITES)
def test_an_odd_instruction_hides_its_data_without_a_padding_indicator(keys: SessionKeys) -> None:
    channel = SecureMessaging(keys)
    sealed = channel.seal(CommandApdu(0, 0xB1, 0, 0, b"\x54\x02\x80\x00", le=100)).apdu
    hidden = objects_of(sealed)[0x85]
    assert keys.decrypt((1).to_bytes(keys.block), hidden) == pad(b"\x54\x02\x80\x00", keys.block)
    assert 0x87 not in objects_of(sealed)
    ssc = (2).to_bytes(keys.block)
    body = tlv.encode(0x85, keys.encrypt(ssc, pad(b"\x53\x01x", keys.block))) + bytes.fromhex("99029000")
    raw = body + tlv.encode(0x8E, keys.mac(pad(ssc + body, keys.block)))
    assert channel.open(ResponseApdu(raw, 0x9000)).response.data == b"\x53\x01x"


@pytest.mark.parametrize(("keys", "fitting"), list(zip(SUITES, (231, 223), strict=True)))
def test_how_much_fits_a_short_answer(keys: SessionKeys, fitting: int) -> None:
    assert SecureMessaging(keys).fitting == fitting
    assert len(answer(keys, 2, bytes(fitting))) <= 258 < len(answer(keys, 2, bytes(fitting + 1)))


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
