"""The holder's PIN: VERIFY inside the channel (ISO 7816-4 §11.6.6)."""

from __future__ import annotations

import re

from drivers.smartcard.apdu import OK, CommandApdu, Exchange
from drivers.smartcard.errors import CardRefused, PinAbsent, PinBlocked, PinFormat, WrongPin

_PIN = re.compile(r"[0-9]{4,8}")
_REFERENCE = 0x81
_BLOCKED = 0x6983
_NO_PIN = {0x6A88, 0x6A86, 0x6D00, 0x6984}


def _command(data: bytes = b"") -> CommandApdu:
    return CommandApdu(0x00, 0x20, 0x00, _REFERENCE, data)


def tries_left() -> Exchange[int | None]:
    """Asks without trying: how many tries remain, 0 when blocked.

    None when the card does not say: it has no PIN, or the PIN was verified already. Raises CardRefused.
    """
    response = yield _command()
    if response.status & 0xFFF0 == 0x63C0:
        return response.status & 0xF
    if response.status == _BLOCKED:
        return 0
    if response.status == OK or response.status in _NO_PIN:
        return None
    raise CardRefused("VERIFY without a PIN", response.status)


def verify(pin: str) -> Exchange[None]:
    """One try. Raises PinFormat (nothing sent), WrongPin, PinBlocked, PinAbsent, CardRefused."""
    if not _PIN.fullmatch(pin):
        raise PinFormat("a PIN has 4 to 8 digits")
    response = yield _command(pin.encode("ascii"))
    if response.status == OK:
        return
    if response.status == _BLOCKED or response.status == 0x63C0:
        raise PinBlocked("the PIN is blocked")
    if response.status & 0xFFF0 == 0x63C0:
        raise WrongPin(response.status & 0xF)
    if response.status in _NO_PIN:
        raise PinAbsent("the card has no PIN")
    raise CardRefused("VERIFY", response.status)
