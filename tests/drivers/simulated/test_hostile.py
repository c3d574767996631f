"""Whatever bytes come, the card answers with a status word and its parsers with their own refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.simulated.card import CardImage, FileId, SimulatedCard, tlv
from drivers.simulated.card.apdu import Command, Refused, parse
from drivers.simulated.card.ciphers import pad, unpad
from drivers.simulated.card.groups import standard
from drivers.simulated.errors import CardImageInvalid, SimulatedError
from drivers.simulated.hand import LONGEST_DELAY_MS, _request

NUMBERS = [0, 1, 2, *range(8, 19)]
INSTRUCTIONS = st.sampled_from([0x20, 0x22, 0x82, 0x84, 0x86, 0x88, 0xA4, 0xB0, 0xB1, 0xC0, 0x00, 0xFF])
COMMANDS = st.builds(
    lambda cla, ins, p, data, le: bytes((cla, ins, *p)) + (bytes([len(data)]) + data if data else b"") + le,
    st.sampled_from([0x00, 0x10, 0x0C, 0x80]),
    INSTRUCTIONS,
    st.tuples(st.integers(0, 255), st.integers(0, 255)),
    st.binary(max_size=60),
    st.sampled_from([b"", b"\0", b"\x08"]),
)


@given(st.lists(st.one_of(st.binary(max_size=300), COMMANDS), max_size=8))
@settings(deadline=None)
def test_a_closed_card_survives_any_conversation_and_gives_no_data_group(image: CardImage, talk: list[bytes]) -> None:
    card = SimulatedCard(image)
    for apdu in [bytes.fromhex("00A4040C07A0000002471001"), *talk]:
        answer = card.process(apdu)
        assert len(answer) >= 2
        assert not any(answer[:-2] in image.files[file] for file in (FileId.DG1, FileId.DG11) if len(answer) > 6)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_an_open_card_survives_any_protected_command(
    image: CardImage, terminal: Callable[[SimulatedCard], Any], data: st.DataObject
) -> None:
    access = terminal(SimulatedCard(image))
    access.open(image)
    for _ in range(4):
        p1, p2 = data.draw(st.integers(0, 255)), data.draw(st.integers(0, 255))
        inner = data.draw(st.binary(max_size=40))
        le = data.draw(st.sampled_from([None, 0, 1, 255]))
        access.send(data.draw(INSTRUCTIONS), p1, p2, inner, le)  # the terminal checks the answer's checksum


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_an_apdu_is_a_command_or_refused(data: bytes) -> None:
    try:
        command = parse(data)
    except Refused:
        return
    assert command.header == data[:4] and command.data in data


@pytest.mark.parametrize(
    ("apdu", "data", "le", "extended"),
    [
        ("00B00000", b"", None, False),
        ("00B0000000", b"", 256, False),
        ("00B0000008", b"", 8, False),
        ("00A4000C023F00", b"\x3f\x00", None, False),
        ("00A4000C023F0000", b"\x3f\x00", 256, False),
        ("00B00000000000", b"", 65536, True),
        ("00B00000000100", b"", 256, True),
        ("00A4000C0000023F00", b"\x3f\x00", None, True),
        ("00A4000C0000023F000000", b"\x3f\x00", 65536, True),
    ],
)
def test_the_forms_of_a_command(apdu: str, data: bytes, le: int | None, extended: bool) -> None:
    command = parse(bytes.fromhex(apdu))
    assert (command.data, command.le, command.extended) == (data, le, extended)
    assert isinstance(command, Command)


@given(st.lists(st.tuples(st.sampled_from([0x61, 0x5F1F, 0x7F49, 0x80, 0x99]), st.binary(max_size=400)), max_size=4))
@settings(deadline=None)
def test_tlv_comes_back_as_it_went(objects: list[tuple[int, bytes]]) -> None:
    assert tlv.decode(b"".join(tlv.encode(tag, value) for tag, value in objects)) == objects


@given(st.binary(max_size=40))
@settings(deadline=None)
def test_tlv_is_read_in_one_form_only(data: bytes) -> None:
    try:
        objects = tlv.decode(data)
    except ValueError:
        return
    assert b"".join(tlv.encode(tag, value) for tag, value in objects) == data


@given(st.binary(max_size=50), st.sampled_from([8, 16]))
@settings(deadline=None)
def test_padding_comes_off_as_it_went_on(data: bytes, block: int) -> None:
    padded = pad(data, block)
    assert len(padded) % block == 0 and len(padded) > len(data) and unpad(padded) == data


@pytest.mark.parametrize("number", NUMBERS)
@given(a=st.integers(1, 2**600), b=st.integers(1, 2**600))
@settings(max_examples=6, deadline=None)
def test_every_group_is_a_group(number: int, a: int, b: int) -> None:
    group = standard(number)
    a, b = a % (group.order - 1) + 1, b % (group.order - 1) + 1
    left, right = group.generator.times(a), group.generator.times(b)
    assert left.times(b) == right.times(a)
    if (a + b) % group.order:
        assert left.plus(right) == group.generator.times(a + b)
    assert group.decode(left.encode()) == left
    if number != 10:  # the one curve that has no integrated mapping
        mapped = group.from_field(a % (group.modulus - 1) + 1)
        assert group.decode(mapped.encode()) == mapped


@pytest.mark.parametrize("number", NUMBERS)
def test_the_neutral_element_is_no_public_key(number: int) -> None:
    group = standard(number)
    opposite = group.generator.times(group.order - 1)
    with pytest.raises(ValueError):
        group.generator.plus(opposite)
    with pytest.raises(ValueError):
        group.generator.times(group.order)
    assert group.generator.plus(group.generator) == group.generator.times(2)
    for stranger in (group.strangers(), b"", b"\0", b"\1", b"\4", group.generator.encode()[:-1] + b"\0"):
        with pytest.raises(ValueError):
            group.decode(stranger)
    with pytest.raises(ValueError):
        group.from_field(0)


def test_the_integrated_mapping_has_no_way_onto_p_224() -> None:
    """Its prime is 1 modulo 4 (9303-11 §9.5.1, note to table 12)."""
    with pytest.raises(ValueError, match="integrated mapping"):
        standard(10).from_field(5)


def test_there_are_no_other_groups() -> None:
    for number in (-1, 3, 7, 19, 31):
        with pytest.raises(ValueError):
            standard(number)


@given(st.one_of(st.text(max_size=60), st.just("[" * 100_000)))
@settings(deadline=None)
def test_an_image_file_of_anything_is_refused_in_our_own_words(text: str) -> None:
    with pytest.raises(CardImageInvalid):
        CardImage.from_json(text)


def test_an_image_comes_back_as_it_went(image: CardImage, bac_image: CardImage) -> None:
    for one in (image, bac_image):
        assert CardImage.from_json(one.to_json()) == one
    with pytest.raises(CardImageInvalid):
        CardImage.from_json(image.to_json().replace('"can": "123456"', '"can": "x"'))


@given(st.binary(max_size=80))
@settings(deadline=None)
def test_a_request_to_the_hand_is_understood_or_refused(line: bytes) -> None:
    with pytest.raises(SimulatedError):
        _request(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"do": 1}',
        b'{"do": "insert", "image": null}',
        b'{"do": "insert", "image": "a", "delay_ms": true}',
        b'{"do": "insert", "image": "a", "delay_ms": %d}' % (LONGEST_DELAY_MS + 1),
        b'{"do": "insert", "image": "a", "fault": 3}',
        b'{"do": "insert", "paper": "out"}',
        b"[" * 60_000,
    ],
)
def test_requests_of_the_wrong_kind_are_refused(line: bytes) -> None:
    with pytest.raises(SimulatedError):
        _request(line)
