"""The holder's PIN on the chip: its try counter, VERIFY, and the PIN as PACE's password.

A try is spent before the PIN is compared, and given back only by the right one. With PACE the last try is kept
for whoever also knows the CAN: until then the PIN is suspended (TR-03110-2 §3.3).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from drivers.simulated.card.apdu import Answer, Command, Refused, Status

PIN_TRIES = 3
PIN_REFERENCE = 0x81


@dataclass(slots=True)
class ChipMemory:
    """What the chip keeps without power."""

    pin_tries: int = PIN_TRIES


class Pin:
    """One chip's PIN; `verified` and `resumed` last as long as the session."""

    def __init__(self, secret: str, memory: ChipMemory) -> None:
        self._secret = secret.encode("ascii")
        self._memory = memory
        self.verified = False
        self.resumed = False

    def forget(self) -> None:
        self.verified = self.resumed = False

    def verify(self, command: Command) -> Answer:
        """VERIFY: with a PIN it compares, without one it tells the tries that are left (ISO 7816-4 §11.6.6)."""
        if not command.data and self.verified:
            return Answer()
        self._refuse_blocked()
        if not command.data:
            raise Refused(self._left)
        self.verified = False
        if not (4 <= len(command.data) <= 8 and command.data.isdigit()):
            raise Refused(Status.WRONG_DATA)
        self._memory.pin_tries -= 1
        if not hmac.compare_digest(command.data, self._secret):
            raise Refused(self._left)
        self.passed()
        return Answer()

    def chosen(self) -> Answer:
        """MSE:Set AT with the PIN: 63Cx tells that tries are missing; 6983 when none is left."""
        self._refuse_blocked()
        return Answer(status=Status.OK if self._memory.pin_tries == PIN_TRIES else self._left)

    def spend(self) -> None:
        """Before PACE compares the token."""
        self._refuse_blocked()
        if self._memory.pin_tries == 1 and not self.resumed:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        self._memory.pin_tries -= 1

    def passed(self) -> None:
        self._memory.pin_tries, self.verified = PIN_TRIES, True

    @property
    def failure(self) -> Refused:
        """What a wrong PIN in PACE is answered with."""
        return Refused(self._left)

    @property
    def _left(self) -> int:
        return 0x63C0 | self._memory.pin_tries

    def _refuse_blocked(self) -> None:
        if not self._memory.pin_tries:
            raise Refused(Status.BLOCKED)
