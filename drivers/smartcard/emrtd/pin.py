"""The holder's PIN, as the card's profile says: VERIFY inside the channel (ISO 7816-4 §11.6.6), or PACE with it.

A PIN is sent once for each time it is typed. Every exchange here leaves the chip in the application that holds
the data groups, `home`, whatever came of it.
"""

from __future__ import annotations

import re
from collections.abc import Generator

from drivers.smartcard.apdu import OK, CommandApdu, Exchange, ResponseApdu
from drivers.smartcard.emrtd import files, pace
from drivers.smartcard.emrtd.files import AID
from drivers.smartcard.emrtd.pace import Established
from drivers.smartcard.emrtd.passwords import Pin
from drivers.smartcard.emrtd.randomness import Randomness
from drivers.smartcard.emrtd.security_infos import PaceInfo
from drivers.smartcard.errors import CardRefused, PinAbsent, PinBlocked, PinFormat, WrongPassword, WrongPin
from drivers.smartcard.profile import PinRule

USUAL = PinRule("verify", 0x81, None, 4, 8)
"""Where no profile is known."""
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_BLOCKED = {0x6983, 0x63C0}
_ALL = 3
"""TR-03110-2 §2.3: the tries of a PIN for PACE that nobody has mistyped."""
_SUSPENDED = {0x6985, 0x6983, 0x6984}
_NO_PIN = {0x6A82, 0x6A88, 0x6A86, 0x6D00, 0x6984}


def check_format(digits: str, rule: PinRule) -> None:
    """Raises PinFormat for what cannot be a PIN of these cards."""
    if not _DIGITS.fullmatch(digits) or not rule.min_digits <= len(digits) <= rule.max_digits:
        raise PinFormat(f"a PIN has {rule.min_digits} to {rule.max_digits} digits")


# --- by VERIFY ----------------------------------------------------------------------------------------


def tries_left(rule: PinRule = USUAL, home: bytes = AID) -> Exchange[int | None]:
    """Asks without trying: how many tries remain, 0 when blocked.

    None when the card does not say: it has no PIN, or the PIN was verified already. Raises CardRefused.
    """
    response = yield from _there_and_back(CommandApdu(0x00, 0x20, 0x00, rule.reference), rule, home)
    if response.status in _NO_PIN or response.status == OK:
        return None
    return _left(response.status, "VERIFY without a PIN")


def verify(digits: str, rule: PinRule = USUAL, home: bytes = AID) -> Exchange[None]:
    """One try. Raises PinFormat (nothing sent), WrongPin, PinBlocked, PinAbsent, CardRefused."""
    check_format(digits, rule)
    command = CommandApdu(0x00, 0x20, 0x00, rule.reference, digits.encode("ascii"))
    response = yield from _there_and_back(command, rule, home)
    if response.status == OK:
        return
    if response.status in _NO_PIN:
        raise PinAbsent("the card has no PIN")
    raise _refusal(_left(response.status, "VERIFY"))


def _there_and_back(
    command: CommandApdu, rule: PinRule, home: bytes
) -> Generator[CommandApdu, ResponseApdu, ResponseApdu]:
    """The answer to `command`, in the application of the PIN where it has one."""
    if rule.application is None:
        return (yield command)
    selected = yield _selection(rule.application)
    if selected.status != OK:
        return selected
    response = yield command
    # What the PIN was worth does not hang on whether the data groups can be read once more.
    yield _selection(home)
    return response


def _selection(application: bytes) -> CommandApdu:
    return CommandApdu(0x00, 0xA4, 0x04, 0x0C, application)


# --- by PACE ------------------------------------------------------------------------------------------


def tries_left_of_pace(rule: PinRule, info: PaceInfo | None, home: bytes = AID) -> Exchange[int]:
    """Asks without trying (MSE:Set AT): tries left, 0 when blocked; what has all its tries does not say how many.

    `info` is the card's PACE, None for a card without. Raises PinAbsent, CardRefused.
    """
    if info is None:
        raise PinAbsent("the card has no PACE to give a PIN to")
    yield from files.select_master()
    left = yield from _template(rule, info)
    yield _selection(home)
    return _ALL if left is None else left


def agree(
    digits: str, rule: PinRule, info: PaceInfo | None, random: Randomness, home: bytes = AID
) -> Exchange[Established]:
    """One try: PACE in the master file, inside the present channel, with the PIN as its password. The new channel
    is to be talked through from here on, and the application selected. Raises as `verify`, and PaceFailed."""
    check_format(digits, rule)
    if info is None:
        raise PinAbsent("the card has no PACE to give a PIN to")
    yield from files.select_master()
    left = yield from _template(rule, info)
    if left == 0:
        yield _selection(home)
        raise PinBlocked("the PIN is blocked")
    try:
        established = yield from pace.key_agreement(Pin(digits), info, random)
    except WrongPassword:
        left = yield from _template(rule, info)
        yield _selection(home)
        raise _refusal(1 if left is None else left) from None
    except CardRefused as error:
        if left == 1 and error.status in _SUSPENDED:
            yield _selection(home)
            raise PinBlocked("the last try is kept for whoever opens the card with its CAN") from error
        raise
    return established


def _template(rule: PinRule, info: PaceInfo) -> Exchange[int | None]:
    """A warning that tries are running out says how many; 0 when blocked, None where nothing is said."""
    try:
        status = yield from pace.set_authentication_template(rule.reference, info)
    except CardRefused as error:
        if error.status in _NO_PIN:
            raise PinAbsent("the card has no PIN") from error
        return _left(error.status, "MSE:Set AT for the PIN")
    return None if status == OK else _left(status, "MSE:Set AT for the PIN")


def _left(status: int, what: str) -> int:
    if status in _BLOCKED:
        return 0
    if status & 0xFFF0 == 0x63C0:
        return status & 0xF
    raise CardRefused(what, status)


def _refusal(left: int) -> PinBlocked | WrongPin:
    return WrongPin(left) if left else PinBlocked("the PIN is blocked")
