"""The PIN as PACE's password, in an application of its own, and on a card that has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drivers.simulated.card import CardImage, ChipMemory, SimulatedCard
from drivers.simulated.card.plan import Password
from drivers.simulated.issuer import CardDesign, CardIssuer, Holder

MakeTerminal = Callable[[SimulatedCard], Any]
PIN, CAN = b"2580", b"123456"


@pytest.fixture(scope="module")
def pin_image(issuer: CardIssuer, amina: Holder) -> CardImage:
    return issuer.issue(amina, CardDesign.named("pin-pace"))


def test_the_pin_opens_the_card_and_counts_as_verified(pin_image: CardImage, terminal: MakeTerminal) -> None:
    memory = ChipMemory(pin_tries=2)
    access = terminal(SimulatedCard(pin_image, memory=memory))
    assert access.pace(PIN, Password.PIN) == 0x9000
    assert memory.pin_tries == 3


def test_mse_tells_the_tries_that_are_left_and_spends_none(pin_image: CardImage, terminal: MakeTerminal) -> None:
    template = "0022C1A40F800A04007F00070202040202830103"
    for left, status in ((3, 0x9000), (2, 0x63C2), (1, 0x63C1), (0, 0x6983)):
        memory = ChipMemory(pin_tries=left)
        assert terminal(SimulatedCard(pin_image, memory=memory)).plain(template) == (b"", status)
        assert memory.pin_tries == left


def test_the_last_try_is_kept_for_who_knows_the_can(pin_image: CardImage, terminal: MakeTerminal) -> None:
    memory = ChipMemory()
    access = terminal(SimulatedCard(pin_image, memory=memory))
    assert [access.pace(b"0000", Password.PIN) for _ in range(2)] == [0x63C2, 0x63C1]
    assert access.pace(PIN, Password.PIN) == 0x6985 and memory.pin_tries == 1  # suspended
    assert access.pace(CAN, Password.CAN) == 0x9000
    assert access.pace(PIN, Password.PIN) == 0x9000 and memory.pin_tries == 3  # inside the channel of the CAN
    assert access.send(0xA4, 4, 0x0C, bytes.fromhex("A0000002471001"))[1] == 0x9000


def test_a_wrong_last_try_blocks_and_leaves_the_channel(pin_image: CardImage, terminal: MakeTerminal) -> None:
    memory = ChipMemory(pin_tries=1)
    access = terminal(SimulatedCard(pin_image, memory=memory))
    assert access.pace(CAN, Password.CAN) == 0x9000
    assert access.pace(b"0000", Password.PIN) == 0x63C0
    assert access.pace(PIN, Password.PIN) == 0x6983 and memory.pin_tries == 0
    assert access.send(0xA4, 4, 0x0C, bytes.fromhex("A0000002471001"))[1] == 0x9000


def test_the_can_does_not_resume_the_pin_after_a_reset(pin_image: CardImage, terminal: MakeTerminal) -> None:
    memory = ChipMemory(pin_tries=1)
    access = terminal(SimulatedCard(pin_image, memory=memory))
    assert access.pace(CAN, Password.CAN) == 0x9000
    access.card.reset()
    access.session = None
    assert access.pace(PIN, Password.PIN) == 0x6985 and memory.pin_tries == 1


def test_inside_the_channel_only_the_pin_is_a_password(pin_image: CardImage, terminal: MakeTerminal) -> None:
    access = terminal(SimulatedCard(pin_image))
    assert access.pace(CAN, Password.CAN) == 0x9000
    assert access.pace(CAN, Password.CAN) == 0x6985


def test_verify_is_not_the_way_of_a_pace_pin(pin_image: CardImage, terminal: MakeTerminal) -> None:
    access = terminal(SimulatedCard(pin_image))
    access.open(pin_image)
    assert access.send(0x20, 0, 0x81, PIN) == (b"", 0x6A88)


def test_a_card_without_a_pin_has_no_reference_to_one(
    issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    image = issuer.issue(amina, CardDesign.named("no-pin"))
    access = terminal(SimulatedCard(image))
    access.open(image)
    assert access.send(0x20, 0, 0x81) == (b"", 0x6A88)
    assert access.pace(PIN, Password.PIN) == 0x6985


def test_a_pin_may_live_in_an_application_of_its_own(issuer: CardIssuer, amina: Holder, terminal: MakeTerminal) -> None:
    image = issuer.issue(amina, CardDesign.named("pin-application"))
    access = terminal(SimulatedCard(image))
    access.open(image)
    assert access.send(0x20, 0, 0x81, PIN) == (b"", 0x6A88)  # not in the eMRTD application
    assert image.pin_plan is not None and image.pin_plan.application is not None
    assert access.send(0xA4, 4, 0x0C, image.pin_plan.application)[1] == 0x9000
    assert access.send(0xA4, 2, 0x0C, b"\x01\x01")[1] == 0x6A82  # which holds no data group
    assert access.send(0x20, 0, 0x82, PIN) == (b"", 0x6A88)
    assert access.send(0x20, 0, 0x81, b"0000") == (b"", 0x63C2)
    assert access.send(0x20, 0, 0x81, PIN) == (b"", 0x9000)
