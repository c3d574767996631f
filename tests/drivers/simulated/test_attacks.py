"""A terminal that knows the keys and cheats: each cheat is refused, and costs it the session."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from drivers.simulated.card import CardImage, SimulatedCard, tlv
from drivers.simulated.card.apdu import Refused
from drivers.simulated.card.bac import Bac, mrz_seed
from drivers.simulated.card.ciphers import Cipher, TripleDes, derive, pad
from drivers.simulated.card.curves import CURVES
from drivers.simulated.card.pace import Pace
from drivers.simulated.card.plan import PaceVariant

GENERATOR = CURVES[13].generator
Objects = list[tuple[int, bytes]]
CIPHERTEXT = bytes(16)


@pytest.fixture
def opened(image: CardImage, terminal: Callable[[SimulatedCard], Any]) -> Any:
    access = terminal(SimulatedCard(image))
    access.open(image)
    return access


def signed(access: Any, objects: Objects, *, checksum: bytes | None = None, last: Objects | None = None) -> bytes:
    """READ BINARY of EF.COM with these data objects under a right checksum, unless another is given."""
    access.counter += 1
    header = bytes.fromhex("0CB09E00")
    covered = b"".join(tlv.encode(tag, value) for tag, value in objects)
    right = access.session.checksum(pad(access.counter.to_bytes(16, "big") + pad(header, 16) + covered, 16))
    body = covered + tlv.encode(0x8E, checksum or right) + b"".join(tlv.encode(*item) for item in last or [])
    return header + bytes([len(body)]) + body + b"\x00"


def test_the_command_of_these_tests_is_a_good_one_otherwise(opened: Any) -> None:
    assert opened.opened(opened.card.process(signed(opened, [(0x97, b"\x04")])))[1] == 0x9000


@pytest.mark.parametrize(
    "objects",
    [
        [(0x97, b"\x04"), (0x87, b"\x01" + CIPHERTEXT)],  # out of order
        [(0x97, b"\x04"), (0x97, b"\x04")],  # twice
        [(0x97, b"\x04"), (0x99, b"\x90\x00")],  # an answer's object in a command
        [(0x97, b"\x00\x00\x04")],  # a length of three bytes
        [(0x97, b"")],
        [(0x87, b"\x01"), (0x97, b"\x04")],  # nothing encrypted
        [(0x87, b"\x02" + CIPHERTEXT), (0x97, b"\x04")],  # another padding indicator
        [(0x87, b"\x01" + CIPHERTEXT[1:]), (0x97, b"\x04")],  # no whole block
    ],
)
def test_malformed_objects_under_a_right_checksum_end_the_session(opened: Any, objects: Objects) -> None:
    assert opened.plain(signed(opened, objects)) == (b"", 0x6988)
    assert opened.plain(signed(opened, [(0x97, b"\x04")])) == (b"", 0x6988)


def test_what_decrypts_to_something_without_padding_ends_the_session(opened: Any) -> None:
    unpadded = opened.session.encrypt(bytes(16), (opened.counter + 1).to_bytes(16, "big"))
    assert opened.plain(signed(opened, [(0x87, b"\x01" + unpadded), (0x97, b"\x04")])) == (b"", 0x6988)
    assert opened.plain(signed(opened, [(0x97, b"\x04")])) == (b"", 0x6988)


def test_objects_after_the_checksum_or_none_at_all_end_the_session(opened: Any, image: CardImage) -> None:
    assert opened.plain(signed(opened, [], last=[(0x97, b"\x04")])) == (b"", 0x6988)
    opened.card.reset()
    opened.open(image)
    assert opened.plain("0CB09E0000") == (b"", 0x6987)
    opened.card.reset()
    opened.open(image)
    assert opened.plain(signed(opened, [(0x97, b"\x04")], checksum=bytes(7))) == (b"", 0x6988)


def test_a_reflected_key_ends_pace() -> None:
    """9303-11 §4.4.1: the two ephemeral public keys must differ."""
    nonce, private = os.urandom(16), GENERATOR.x.to_bytes(32, "big")
    numbers = [nonce, private, private]
    chip = Pace(PaceVariant(), b"123456", lambda _: numbers.pop(0))
    chip.encrypted_nonce()
    chip.map_nonce(GENERATOR.encode())
    mapped = GENERATOR.times(int.from_bytes(nonce, "big")).plus(GENERATOR.times(GENERATOR.x))
    with pytest.raises(Refused, match="6A80"):
        chip.agree(mapped.times(GENERATOR.x).encode())


def test_a_mapping_to_infinity_ends_pace() -> None:
    """Whoever knows the nonce could choose a mapping key that makes the generator vanish."""
    numbers = [(5).to_bytes(16, "big"), (1).to_bytes(32, "big")]
    chip = Pace(PaceVariant(), b"123456", lambda _: numbers.pop(0))
    chip.encrypted_nonce()
    with pytest.raises(Refused, match="6A80"):
        chip.map_nonce(GENERATOR.times(-5).encode())


def test_a_bac_cryptogram_about_another_challenge_is_refused(bac_image: CardImage) -> None:
    chip = Bac(bac_image.mrz_information, os.urandom)
    chip.challenge()
    seed = mrz_seed(bac_image.mrz_information)[:16]
    suite = TripleDes(derive(seed, 1, Cipher.TRIPLE_DES), derive(seed, 2, Cipher.TRIPLE_DES))
    hidden = suite.encrypt(os.urandom(32))
    with pytest.raises(Refused, match="6300"):
        chip.authenticate(hidden + suite.checksum(pad(hidden, 8)))
    chip.challenge()
    with pytest.raises(Refused, match="6700"):
        chip.authenticate(hidden)
