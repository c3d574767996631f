"""The holder's PIN: what is sent, what is not, and what the card's answers mean."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers import smartcard
from drivers.smartcard import CardError, FileId, IdCard, tlv
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import pin
from drivers.smartcard.emrtd.files import AID
from drivers.smartcard.errors import ChannelEnded
from drivers.smartcard.profile import PinRule, load

ELSEWHERE = bytes.fromhex("F0504B4353")
RULE = PinRule("verify", 0x85, ELSEWHERE, 6, 6)


@pytest.mark.parametrize(
    ("status", "left"), [(0x63C3, 3), (0x63C0, 0), (0x6983, 0), (0x9000, None), (0x6A88, None), (0x6D00, None)]
)
def test_tries_left(run, status: int, left: int | None) -> None:
    assert run(pin.tries_left(), lambda command: ResponseApdu(b"", status)) == left


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (0x63C2, smartcard.WrongPin),
        (0x63C0, smartcard.PinBlocked),
        (0x6983, smartcard.PinBlocked),
        (0x6A88, smartcard.PinAbsent),
        (0x6F00, smartcard.CardRefused),
    ],
)
def test_a_refused_pin(run, status: int, error: type[CardError]) -> None:
    with pytest.raises(error):
        run(pin.verify("1234"), lambda command: ResponseApdu(b"", status))


@pytest.mark.parametrize("typed", ["", "123", "123456789", "12a4", "١٢٣٤", "1234\n"])
def test_what_cannot_be_a_pin_is_not_sent(typed: str) -> None:
    with pytest.raises(smartcard.PinFormat):
        next(pin.verify(typed))


@pytest.mark.parametrize("typed", ["12345", "1234567"])
def test_the_profile_says_how_long_a_pin_is(typed: str) -> None:
    with pytest.raises(smartcard.PinFormat):
        next(pin.verify(typed, RULE))


# -- in an application of its own


class Card:
    """Knows the applications `there`, and answers `status` to VERIFY in the one of the PIN."""

    def __init__(self, status: int, there: tuple[bytes, ...] = (AID, ELSEWHERE)) -> None:
        self.status, self.there, self.sent = status, there, list[tuple[int, bytes]]()
        self.selected = AID

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        self.sent.append((command.ins, command.data))
        if command.ins == 0xA4:
            if command.data not in self.there:
                return ResponseApdu(b"", 0x6A82)
            self.selected = command.data
            return ResponseApdu(b"", 0x9000)
        assert (command.ins, command.p2, self.selected) == (0x20, 0x85, ELSEWHERE)
        return ResponseApdu(b"", self.status)


@pytest.mark.parametrize(
    ("status", "error"), [(0x9000, None), (0x63C2, smartcard.WrongPin), (0x6983, smartcard.PinBlocked)]
)
def test_the_application_is_left_again_whatever_came_of_it(run, status: int, error: type[CardError] | None) -> None:
    card = Card(status)
    if error is None:
        run(pin.verify("123456", RULE), card)
    else:
        with pytest.raises(error):
            run(pin.verify("123456", RULE), card)
    assert card.sent == [(0xA4, ELSEWHERE), (0x20, b"123456"), (0xA4, AID)]


def test_without_the_application_there_is_no_pin_and_none_is_sent(run) -> None:
    card = Card(0x9000, there=(AID,))
    assert run(pin.tries_left(RULE), card) is None
    with pytest.raises(smartcard.PinAbsent):
        run(pin.verify("123456", RULE), card)
    assert all(ins == 0xA4 for ins, _ in card.sent) and card.selected == AID


# -- inside the channel, and only there


def tried(command: CommandApdu) -> ResponseApdu:
    if command.ins == 0x20:
        return ResponseApdu(b"", 0x9000 if command.data == b"4321" else 0x63C2)
    return ResponseApdu(b"\x5a" * 64, 0x9000)


def verifications(hand) -> int:
    return sum(command.ins == 0x20 for command in hand.commands)


@pytest.fixture
def hand(chip):
    return chip({FileId.COM: tlv.encode(0x60, b"\0"), FileId.SOD: tlv.encode(0x77, bytes(2_000))}, other=tried)


def opened(hand, profile: str | None = None) -> IdCard:
    card = IdCard(hand, profile=load(profile) if profile else None)
    card.open(hand.mrz)
    return card


def test_a_pin_is_sent_once_for_each_typing(hand) -> None:
    card = opened(hand)
    with pytest.raises(smartcard.WrongPin):
        card.verify_pin("1111")
    card.verify_pin("4321")
    assert verifications(hand) == 2


def test_a_pin_is_not_sent_again_where_the_chip_ended_the_session(hand) -> None:
    card = opened(hand)
    hand.ends = (hand.protected + 1,)
    with pytest.raises(smartcard.ChannelBroken):
        card.verify_pin("4321")
    assert (verifications(hand), hand.resets) == (0, 0)


def test_a_pin_is_not_sent_to_a_session_in_which_nothing_was_proven(hand) -> None:
    """A card changed for another that knows the same CAN, between the proof and the PIN."""
    card = opened(hand)
    card.active_authentication(bytes(8))
    hand.ends = (hand.protected + 1,)
    card.read(FileId.SOD)
    assert hand.resets == 1
    with pytest.raises(ChannelEnded):
        card.verify_pin("4321")
    assert verifications(hand) == 0
    card.active_authentication(bytes(8))
    card.verify_pin("4321")


def test_cards_without_a_pin_are_asked_none(hand) -> None:
    card = opened(hand, "icao")
    assert card.pin_tries() is None
    with pytest.raises(smartcard.PinAbsent):
        card.verify_pin("4321")
    card.follow(load("dz-cnibe"))
    card.verify_pin("4321")
    card.follow(replace(load("dz-cnibe"), pin=PinRule("pace", 3, None, 4, 8)))
    assert card.pin_tries() is None
    with pytest.raises(smartcard.PinAbsent):
        card.verify_pin("4321")
    assert verifications(hand) == 1
