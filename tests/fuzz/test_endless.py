"""A chip that says the same for ever is given up: no answer of its makes the kiosk ask without end."""

from __future__ import annotations

import contextlib

import pytest

from drivers.smartcard.card import IdCard
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.errors import CardError
from drivers.smartcard.examination import examine
from tests.fuzz.harnesses.channel import drawn
from tests.fuzz.harnesses.visit import ATR, CAN, NONCE, WANTED

MOST = 10_000
"""Commands, for files that claim to have 64 kilobytes and come in pieces of a byte."""
SHOWS_PACE = bytes.fromhex("31143012060A04007F0007020204020202010202010D9000")
LONG_FILE = bytes.fromhex("7782FFF0") + bytes(200) + b"\x90\x00"


class Parrot:
    """A channel to a card with one first answer, and another that it gives from then on."""

    atr = ATR
    apdu_count = byte_count = 0

    def __init__(self, first: bytes | None, always: bytes) -> None:
        self._first, self._always = first, always

    def transmit(self, command: bytes, meanwhile: object = None) -> bytes:
        self.apdu_count += 1
        assert self.apdu_count < MOST, "it is asked without end"
        answer, self._first = self._first or self._always, None
        return answer

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.mark.parametrize("first", [None, SHOWS_PACE, LONG_FILE], ids=["nothing", "PACE", "a long file"])
@pytest.mark.parametrize("size", [0, 1, 16, 256])
@pytest.mark.parametrize("sw1", [0x61, 0x62, 0x63, 0x67, 0x69, 0x6A, 0x6B, 0x6C, 0x6F, 0x90])
def test_whatever_a_chip_repeats_it_is_given_up(first: bytes | None, size: int, sw1: int) -> None:
    for sw2 in (0x00, 0x01, 0x10, 0x82, 0xFF):
        for opened in (False, True):
            card = IdCard(Parrot(first, bytes(size) + bytes((sw1, sw2))), random=drawn())
            with contextlib.suppress(CardError):
                if opened:
                    card.open(CAN)
                for file in (FileId.SOD, FileId.DG2):
                    with contextlib.suppress(CardError):
                        card.read(file)
                examine(card, WANTED, NONCE, opened_with=CAN)
