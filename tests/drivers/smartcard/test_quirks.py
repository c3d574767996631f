"""Where a card's profile says that it leaves the standard, and chips that only claim what they are asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers import smartcard
from drivers.smartcard import FileId, IdCard, tlv
from drivers.smartcard.apdu import ResponseApdu
from drivers.smartcard.emrtd.domain import standardised
from drivers.smartcard.emrtd.security_infos import PUBLIC_KEY
from drivers.smartcard.errors import ChipNotProven
from drivers.smartcard.profile import load

FILES = {
    FileId.COM: tlv.encode(0x60, bytes(20)),
    FileId.SOD: tlv.encode(0x77, bytes(1_900)),
    FileId.DG1: tlv.encode(0x61, bytes(93)),
    FileId.DG2: tlv.encode(0x75, bytes(range(250)) * 60),
}


def read_all(card: IdCard) -> None:
    for file, content in FILES.items():
        assert card.read(file) == content, file


def opened(chip, **how) -> IdCard:
    card = IdCard(chip, **how)
    assert card.open(chip.mrz).kind == "BAC"
    return card


def test_a_stingy_chip_is_asked_for_less_where_the_header_is_read_first(chip) -> None:
    icao = load("icao")
    hand = chip(FILES, stingy=lambda asked: 96 if asked > 192 else asked)
    card = opened(hand, profile=replace(icao, quirks=replace(icao.quirks, first_read="header")))
    before = hand.apdu_count
    read_all(card)
    assert hand.apdu_count - before <= 100


# -- profiles


def test_select_answered_outside_the_channel_is_taken_where_the_profile_says_so(chip, temper) -> None:
    made = {"bare_select": True, "short_identifiers": False}
    for counted in (0, 1, 2):
        read_all(opened(chip(FILES, temper(**made, counts_bare=counted)), profile=load("dz-cnibe")))
    with pytest.raises(smartcard.ChannelBroken):
        read_all(opened(chip(FILES, temper(**made)), profile=load("icao")))


def test_a_success_outside_the_channel_is_never_taken_for_another_command(chip) -> None:
    hand = chip(FILES)
    card = opened(hand, profile=load("dz-cnibe"))
    hand.spoil = lambda answer: b"\x90\x00"
    with pytest.raises(smartcard.ChannelBroken):
        card.verify_pin("1234")


def test_bac_with_nine_characters_where_the_profile_says_so(chip) -> None:
    whole = smartcard.Mrz(
        "AB1234567890", *(getattr(chip([]).mrz, name) for name in ("date_of_birth", "date_of_expiry"))
    )
    hand = chip(FILES, mrz=whole.nine)
    assert IdCard(hand, profile=load("dz-cnibe")).open(whole).kind == "BAC"
    assert (hand.resets, IdCard(chip(FILES, mrz=whole), profile=load("icao")).open(whole).kind) == (0, "BAC")
    with pytest.raises(smartcard.WrongPassword):
        IdCard(chip(FILES, mrz=whole), profile=load("dz-cnibe")).open(whole)


def test_bac_with_nine_characters_is_tried_where_nothing_is_known(chip) -> None:
    whole = smartcard.Mrz(
        "AB1234567890", *(getattr(chip([]).mrz, name) for name in ("date_of_birth", "date_of_expiry"))
    )
    hand = chip(FILES, mrz=whole.nine)
    read_all(opened_with(hand, whole))
    assert hand.resets == 1
    short = chip(FILES, mrz=whole.nine)
    with pytest.raises(smartcard.WrongPassword):
        IdCard(short).open(chip([]).mrz)
    assert short.resets == 0


def opened_with(hand, password: smartcard.Mrz) -> IdCard:
    card = IdCard(hand)
    card.open(password)
    return card


# -- active authentication under extended length


def test_a_long_signature_is_asked_for_in_parts_of_a_chip_without_extended_length(chip, temper) -> None:
    signature = bytes(range(256))
    spki = bytes.fromhex("30820122300D06092A864886F70D01010105000382010F003082010A0282010100") + b"\xc1" * 256
    files = FILES | {FileId.DG15: tlv.encode(0x6F, spki + bytes.fromhex("0203010001"))}

    def sign(command):
        if (command.le or 0) > 256:
            return ResponseApdu(b"", 0x6700)
        return ResponseApdu(signature, 0x9000) if command.ins == 0x88 else ResponseApdu(b"", 0x6D00)

    hand = chip(files, temper(in_parts=250), other=sign)
    card = opened(hand)
    card.read(FileId.DG15)
    assert card.active_authentication(bytes(8)) == signature


# -- chip authentication that is only claimed


@pytest.mark.parametrize("answer", ["6A82", "6988", "9000", "99029000"])
def test_a_chip_that_does_not_answer_under_the_new_keys_is_a_copy(chip, answer: str) -> None:
    point = standardised(13).generator.times(5).encode()
    algorithm = tlv.encode(0x30, bytes.fromhex("060704007F0007010202010D"))
    spki = tlv.encode(0x30, algorithm + tlv.encode(0x03, b"\0" + point))
    static = tlv.encode(0x30, tlv.encode(0x06, PUBLIC_KEY + b"\x02") + spki)
    hand = chip(FILES, other=lambda command: ResponseApdu(b"", 0x9000))
    card = opened(hand)
    listen = hand.transmit

    def transmit(raw: bytes, meanwhile: object = None) -> bytes:
        return bytes.fromhex(answer) if raw[1] == 0xB0 else listen(raw)

    hand.transmit = transmit
    with pytest.raises(ChipNotProven):
        card.authenticate_chip(tlv.encode(0x6E, tlv.encode(0x31, static)))
