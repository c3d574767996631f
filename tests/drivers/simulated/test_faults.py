"""Each fault does what its name says, and nothing else is wrong with the card."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from drivers.simulated.card import CardImage, Fault, FileId, SimulatedCard, tlv
from drivers.simulated.errors import HandRefused

MakeTerminal = Callable[[SimulatedCard], Any]


@pytest.fixture
def with_fault(image: CardImage, terminal: MakeTerminal) -> Callable[[Fault], Any]:
    def make(fault: Fault) -> Any:
        access = terminal(SimulatedCard(image, fault))
        access.open(image)
        return access

    return make


def test_slow_is_only_slow(with_fault: Callable[[Fault], Any], image: CardImage) -> None:
    access = with_fault(Fault.SLOW)
    assert access.card.delay > 0
    assert access.read(FileId.DG1) == image.files[FileId.DG1]
    assert SimulatedCard(image).delay == 0


def test_mute_answers_nothing_and_stays_in_the_reader(image: CardImage) -> None:
    card = SimulatedCard(image, Fault.MUTE)
    assert card.process(bytes.fromhex("00A4040C07A0000002471001")) == b""
    assert not card.gone and card.atr


def test_pulled_leaves_in_the_middle_of_a_data_group(with_fault: Callable[[Fault], Any]) -> None:
    access = with_fault(Fault.PULLED)
    access.read(FileId.COM)
    assert not access.card.gone
    assert access.send(0xB0, 0x81, 0, le=4)[1] == 0x9000
    assert access.card.process(access.protected(0xB0, 0, 4, le=91)) == b""
    assert access.card.gone
    assert access.card.process(bytes.fromhex("00A4040C07A0000002471001")) == b""


def test_garbled_sends_nonsense_in_correct_secure_messaging(
    with_fault: Callable[[Fault], Any], image: CardImage
) -> None:
    access = with_fault(Fault.GARBLED)
    content, status = access.send(0xB0, 0x81, 0, le=0)  # the terminal checks its checksum
    assert status == 0x9000 and len(content) == len(image.files[FileId.DG1])
    with pytest.raises(ValueError):
        tlv.decode(content)
    assert access.send(0xB0, 0x9E, 0, le=0) == (image.files[FileId.COM], 0x9000)


def test_wrong_mac_is_wrong_in_every_protected_answer(image: CardImage, terminal: MakeTerminal) -> None:
    access = terminal(SimulatedCard(image, Fault.WRONG_MAC))
    with pytest.raises(AssertionError, match="wrong checksum"):
        access.open(image)


def test_a_yes_card_says_yes_to_any_nonce_with_another_key(
    with_fault: Callable[[Fault], Any], image: CardImage
) -> None:
    access = with_fault(Fault.YES_CARD)
    signature, status = access.send(0x88, 0, 0, bytes(8), 0)
    assert (len(signature), status) == (64, 0x9000)
    key = load_der_public_key(tlv.decode(image.files[FileId.DG15])[0][1])
    assert isinstance(key, ec.EllipticCurvePublicKey)
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    with pytest.raises(InvalidSignature):
        key.verify(der, bytes(8), ec.ECDSA(hashes.SHA256()))


def test_altered_dg_has_another_name_than_the_sod_vouches_for(
    with_fault: Callable[[Fault], Any], image: CardImage
) -> None:
    access = with_fault(Fault.ALTERED_DG)
    dg1 = access.read(FileId.DG1)
    assert len(dg1) == 95 and dg1[:65] == image.files[FileId.DG1][:65] and dg1 != image.files[FileId.DG1]
    sod = access.read(FileId.SOD)
    assert hashlib.sha256(image.files[FileId.DG1]).digest() in sod
    assert hashlib.sha256(dg1).digest() not in sod


def test_a_fault_nobody_knows_is_refused() -> None:
    assert Fault.named(None) is None
    assert Fault.named("yes-card") is Fault.YES_CARD
    with pytest.raises(HandRefused, match="yes-card"):
        Fault.named("sulking")
