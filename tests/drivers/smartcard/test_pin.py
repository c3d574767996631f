"""The holder's PIN: what is sent, what is not, and what the card's answers mean."""

from __future__ import annotations

import pytest

from drivers import smartcard
from drivers.smartcard import CardError
from drivers.smartcard.apdu import ResponseApdu
from drivers.smartcard.emrtd import pin


@pytest.mark.parametrize(("status", "left"), [(0x63C3, 3), (0x63C0, 0), (0x6983, 0), (0x9000, None), (0x6A88, None)])
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
