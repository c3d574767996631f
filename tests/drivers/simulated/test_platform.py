"""What platforms can and cannot: extended length, short identifiers, INS B1, GET RESPONSE, and the queer ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from drivers.simulated.card import CardImage, FileId, SimulatedCard, tlv
from drivers.simulated.card.plan import PaceVariant, Password, Platform
from drivers.simulated.issuer import CardDesign, CardIssuer, Holder
from drivers.simulated.issuing.design import FaceDesign

MakeTerminal = Callable[[SimulatedCard], Any]
SELECT = bytes.fromhex("00A4040C07A0000002471001")


@pytest.fixture
def made(issuer: CardIssuer, amina: Holder, terminal: MakeTerminal) -> Callable[[CardDesign], Any]:
    def make(design: CardDesign) -> Any:
        image = issuer.issue(amina, design)
        access = terminal(SimulatedCard(image))
        access.open(image)
        return access

    return make


def on(platform: Platform, name: str = "icao") -> CardDesign:
    return replace(CardDesign.named(name), platform=platform)


def capabilities(card: SimulatedCard) -> int:
    """The third byte of the card capabilities in the ATR."""
    return card.atr[-2]


def test_the_atr_says_what_the_card_can(issuer: CardIssuer, amina: Holder) -> None:
    for name, third in (("icao", 0xE0), ("short", 0x80), ("t0", 0x80)):
        card = SimulatedCard(issuer.issue(amina, CardDesign.named(name)))
        assert capabilities(card) == third
        check = 0
        for byte in card.atr[1:]:
            check ^= byte
        assert check == 0
    without_sizes = replace(CardDesign.named("icao"), atr_info=False)
    assert capabilities(SimulatedCard(issuer.issue(amina, without_sizes))) == 0xC0


def test_ef_atr_and_ef_dir_are_read_in_the_open(image: CardImage, terminal: MakeTerminal) -> None:
    access = terminal(SimulatedCard(image))
    assert access.plain("00A4020C022F01")[1] == 0x9000
    data, status = access.plain("00B0000000")
    objects = dict(tlv.decode(data))
    assert status == 0x9000 and objects[0x47] == bytes.fromhex("8401E0")
    assert tlv.decode(objects[0x7F66]) == [(0x02, b"\x7f\xff"), (0x02, b"\x7f\xff")]
    data, status = access.plain("00B09E0000")  # the short identifier of EF.DIR is not its identifier's low bits
    assert (data, status) == (bytes.fromhex("61094F07A0000002471001"), 0x9000)


def test_a_card_without_extended_length_refuses_its_form(
    issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    access = terminal(SimulatedCard(issuer.issue(amina, on(Platform(extended_length=False)))))
    assert access.plain("00A4020C02011C")[1] == 0x9000
    assert access.plain("00B00000000000") == (b"", 0x6700)
    assert access.plain("00B0000000")[1] == 0x9000


def test_a_largest_read_is_kept_to(made: Callable[[CardDesign], Any]) -> None:
    access = made(on(Platform(largest_read=100)))
    assert access.send(0xB0, 0x82, 0, le=101) == (b"", 0x6700)
    assert len(access.send(0xB0, 0, 0, le=100)[0]) == len(access.send(0xB0, 0, 0, le=0)[0]) == 100


def test_a_card_without_short_identifiers_wants_select(made: Callable[[CardDesign], Any]) -> None:
    access = made(on(Platform(short_identifiers=False)))
    assert access.send(0xB0, 0x81, 0, le=4) == (b"", 0x6A86)
    assert access.read(FileId.DG1)[:1] == b"\x61"


def test_ins_b1_reads_beyond_32_kilobytes(issuer: CardIssuer, amina: Holder, terminal: MakeTerminal) -> None:
    image = issuer.issue(amina, replace(CardDesign.named("icao"), face=FaceDesign(scale=3)))
    dg2 = image.files[FileId.DG2]
    assert len(dg2) > 0x9000
    access = terminal(SimulatedCard(image))
    access.open(image)
    assert access.send(0xA4, 2, 0x0C, b"\x01\x02")[1] == 0x9000
    answer, status = access.send(0xB1, 0, 0, tlv.encode(0x54, b"\x00\x90\x00"), 200)
    assert (tlv.decode(answer), status) == ([(0x53, dg2[0x9000 : 0x9000 + 197])], 0x9000)
    answer, status = access.send(0xB1, 0, 2, tlv.encode(0x54, b"\0"), 0)  # by its short identifier
    ((tag, part),) = tlv.decode(answer)
    assert (tag, status) == (0x53, 0x9000) and dg2.startswith(part) and len(part) > 200
    answer, status = access.send(0xB1, 0, 0, tlv.encode(0x54, b"\x80\x00"), 0, extended=True)
    assert (tlv.decode(answer), status) == ([(0x53, dg2[0x8000:])], 0x9000)
    assert access.send(0xB1, 0, 0, tlv.encode(0x54, b"\xff\xff\xff"), 0)[1] == 0x6B00
    assert access.send(0xB1, 0, 0, tlv.encode(0x53, b"\0"), 0)[1] == 0x6A80
    assert access.send(0xB1, 0, 0, b"\x54", 0)[1] == 0x6A80
    assert access.read(FileId.COM) == image.files[FileId.COM]  # the channel goes on in the even form


def test_a_card_may_lack_ins_b1(made: Callable[[CardDesign], Any]) -> None:
    access = made(on(Platform(odd_read=False)))
    assert access.send(0xB1, 0, 2, tlv.encode(0x54, b"\0"), 0) == (b"", 0x6D00)


class UnderT0:
    """A carrier that fetches what a card keeps, as a terminal must."""

    def __init__(self, card: SimulatedCard) -> None:
        self.card = card
        self.fetched = 0

    def process(self, apdu: bytes) -> bytes:
        answer = self.card.process(apdu)
        while answer[-2] == 0x61:
            assert len(answer) == 2
            self.fetched += 1
            answer = self.card.process(b"\x00\xc0\x00\x00" + answer[-1:])
        return answer


def test_get_response_fetches_every_answer(issuer: CardIssuer, amina: Holder, terminal: Callable[[Any], Any]) -> None:
    image = issuer.issue(amina, CardDesign.named("t0"))
    carrier = UnderT0(SimulatedCard(image))
    access = terminal(carrier)
    access.open(image)
    for file in (FileId.DG1, FileId.SOD):
        assert access.read(file) == image.files[file]
    assert carrier.fetched > 12
    assert carrier.card.process(bytes.fromhex("00C0000000")) == b"\x69\x85"  # nothing is kept


def test_get_response_in_two_pieces(issuer: CardIssuer, amina: Holder) -> None:
    card = SimulatedCard(issuer.issue(amina, CardDesign.named("t0")))
    assert card.process(bytes.fromhex("00A4040007A000000247100100")) == b"\x61\x0b"
    assert card.process(bytes.fromhex("00C0000004")) == bytes.fromhex("6F098407") + b"\x61\x07"
    assert card.process(bytes.fromhex("00C0000007")) == bytes.fromhex("A0000002471001") + b"\x90\x00"


def test_a_card_may_want_its_parameters_named(issuer: CardIssuer, amina: Holder, terminal: MakeTerminal) -> None:
    image = issuer.issue(amina, on(Platform(reference_required=True)))
    assert terminal(SimulatedCard(image)).pace(b"123456", Password.CAN) == 0x6A87
    access = terminal(SimulatedCard(image))
    assert access.pace(b"123456", Password.CAN, PaceVariant(), names_parameters=True) == 0x9000


# -- the quirks told of the CNIBE


@pytest.fixture
def cnibe(issuer: CardIssuer, amina: Holder) -> CardImage:
    return issuer.issue(amina, CardDesign.named("dz-cnibe"))


def test_the_cnibe_answers_select_in_the_channel_bare(cnibe: CardImage, terminal: MakeTerminal) -> None:
    access = terminal(SimulatedCard(cnibe))
    access.open(cnibe)
    assert access.plain(access.protected(0xA4, 2, 0x0C, b"\x01\x01")) == (b"", 0x9000)
    access.counter += 1  # the chip has counted its answer
    assert access.send(0xB0, 0, 0, le=95) == (cnibe.files[FileId.DG1], 0x9000)
    assert access.send(0xA4, 2, 0x0C, b"\x01\x05")[1] == 0x6A82  # an error is protected


def test_the_cnibe_takes_one_bac_a_reset(cnibe: CardImage, terminal: MakeTerminal) -> None:
    access = terminal(SimulatedCard(cnibe))
    assert access.plain("00A40000") == (b"", 0x6700)
    access.select_application()
    assert access.bac("X" + cnibe.bac_information[1:]) == 0x6300
    assert access.plain("0084000008") == (b"", 0x6A88)
    access.card.reset()
    access.open(cnibe)
    assert access.plain("00A4020C020101")[1] == 0x6987  # a session broken off
    access.select_application()
    assert access.plain("0084000008") == (b"", 0x6A88)
    access.card.reset()
    access.open(cnibe)


def test_bac_of_a_long_number_uses_the_first_nine(issuer: CardIssuer, amina: Holder, terminal: MakeTerminal) -> None:
    holder = replace(amina, document_number="D23145890734", access="bac")
    nine = issuer.issue(holder, CardDesign.named("dz-cnibe"))
    whole = issuer.issue(holder)
    assert whole.bac_information == whole.mrz_information == "D23145890734" + "9" + nine.bac_information[10:]
    assert nine.bac_information[:10] == "D231458907"
    for image in (nine, whole):
        access = terminal(SimulatedCard(image))
        access.select_application()
        assert access.bac(image.bac_information) == 0x9000
