"""Hostile bytes: the parsers take what is right and refuse everything else with the room's own error."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import MalformedData, tlv
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import security_infos
from drivers.smartcard.emrtd.lds import parse_dg1, parse_dg2, parse_dg11
from drivers.smartcard.genuine import sod

TAGS = st.sampled_from([0x04, 0x30, 0x5C, 0x61, 0x7C, 0x87, 0x5F1F, 0x7F49])


@given(st.lists(st.tuples(TAGS, st.binary(max_size=300)), max_size=8))
def test_what_is_encoded_is_parsed_again(items: list[tuple[int, bytes]]) -> None:
    whole = b"".join(tlv.encode(tag, value) for tag, value in items)
    parsed = tlv.parse(whole)
    assert [(item.tag, item.value) for item in parsed] == items
    assert b"".join(item.raw for item in parsed) == whole


@given(TAGS, st.binary(min_size=1, max_size=300))
def test_an_object_cut_short_anywhere_is_refused(tag: int, value: bytes) -> None:
    whole = tlv.encode(tag, value)
    for end in range(1, len(whole)):
        with pytest.raises(MalformedData):
            tlv.parse(whole[:end])


@pytest.mark.parametrize("bad", ["3080", "3084000000FF", "1F8181", "30", "5F", "7F8101"])
def test_lengths_and_tags_that_no_card_sends_are_refused(bad: str) -> None:
    with pytest.raises(MalformedData):
        tlv.parse(bytes.fromhex(bad))


def test_too_many_objects_are_refused() -> None:
    with pytest.raises(MalformedData):
        tlv.parse(b"\x04\x00" * (tlv.MAX_OBJECTS + 1))


@given(st.binary(max_size=200))
def test_any_bytes_at_all_end_in_our_own_error(data: bytes) -> None:
    for parse in (tlv.parse, security_infos.parse, parse_dg2, parse_dg11, sod.parse, ResponseApdu.decode):
        try:
            parse(data)
        except MalformedData:
            continue


@given(
    st.sampled_from([0x61, 0x6B, 0x75, 0x77, 0x31]),
    st.recursive(
        st.binary(max_size=40),
        lambda inner: st.lists(
            st.tuples(
                st.sampled_from([0x5F1F, 0x5F0E, 0x5F10, 0x5F2B, 0xA0, 0x7F61, 0x7F60, 0x5F2E, 0x30, 0x06, 0x02]), inner
            ),
            max_size=4,
        ),
        max_leaves=10,
    ),
)
def test_well_formed_nonsense_ends_in_our_own_error(tag: int, tree: object) -> None:
    data = tlv.encode(tag, built(tree))
    for parse in (security_infos.parse, parse_dg2, parse_dg11, sod.parse, lambda d: parse_dg1(d, dt.date(2026, 1, 1))):
        try:
            parse(data)
        except MalformedData:
            continue


def built(tree: object) -> bytes:
    if isinstance(tree, bytes):
        return tree
    assert isinstance(tree, list)
    return b"".join(tlv.encode(tag, built(inner)) for tag, inner in tree)


@pytest.mark.parametrize(
    ("command", "encoded"),
    [
        (CommandApdu(0, 0x84, 0, 0, le=8), "0084000008"),
        (CommandApdu(0, 0xB0, 0x81, 0, le=256), "00B0810000"),
        (CommandApdu(0, 0x20, 0, 0x81), "00200081"),
        (CommandApdu(0, 0xA4, 2, 0x0C, b"\x01\x1e"), "00A4020C02011E"),
        (CommandApdu(0, 0x88, 0, 0, b"12345678", 256), "0088000008313233343536373800"),
    ],
)
def test_the_four_cases_of_a_command(command: CommandApdu, encoded: str) -> None:
    assert command.encode().hex().upper() == encoded


def test_a_command_shows_no_data_when_it_is_printed() -> None:
    assert "1234" not in repr(CommandApdu(0, 0x20, 0, 0x81, b"1234")) + repr(ResponseApdu(b"1234", 0x9000))


@pytest.mark.parametrize("raw", [b"", b"\x90"])
def test_an_answer_without_status_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedData):
        ResponseApdu.decode(raw)
