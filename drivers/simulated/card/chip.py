"""The chip as the reader meets it: a command APDU in, a response APDU out.

    card = SimulatedCard(CardImage.load(path))
    card.process(bytes.fromhex("00A4040C07A0000002471001"))  # b"\\x90\\x00"

The rules of this file, which hold whatever the terminal sends:

1. No data group is readable outside secure messaging, and secure messaging begins only with PACE, or with BAC on
   a card made for BAC.
2. A command that is not protected, or not protected rightly, ends the session; so does a reset.
3. A PIN try is spent before the PIN is compared, and given back only by the right one.
"""

from __future__ import annotations

import os

from drivers.simulated.card.apdu import CHAINED, PROTECTED, Answer, Command, Refused, Status, parse
from drivers.simulated.card.commands import Commands
from drivers.simulated.card.fault import AWKWARD_READ, Fault
from drivers.simulated.card.groups import Random
from drivers.simulated.card.image import CardImage, FileId
from drivers.simulated.card.messaging import SecureMessaging
from drivers.simulated.card.pin import PIN_REFERENCE, PIN_TRIES, ChipMemory

__all__ = ["PIN_REFERENCE", "PIN_TRIES", "ChipMemory", "SimulatedCard"]
_GET_RESPONSE = 0xC0
_WITHOUT_EXTENDED_LENGTH = 0x80  # command chaining and nothing more


class SimulatedCard:
    """One card in one reader. `random` may be given to hold the protocols to worked examples.

    Raises HandRefused for a fault that this card cannot have.
    """

    # 3B 85 80 01: contactless, five historical bytes; 80 73 84 01 E0: selection by name and by short file
    # identifier, command chaining, extended length and EF.ATR/INFO on it (ISO 7816-4 §12.1.1.9); last, the check byte.
    atr = bytes.fromhex("3B85800180738401E092")

    def __init__(
        self,
        image: CardImage,
        fault: Fault | None = None,
        *,
        memory: ChipMemory | None = None,
        random: Random = os.urandom,
    ) -> None:
        self._fault = fault
        self._platform = image.platform
        self._commands = Commands(image, fault, memory or ChipMemory(), random)
        self._data_group_reads = 0
        self._protected = 0
        self._last = b""
        self._pending = b""
        self.gone = False
        if not image.platform.extended_length or FileId.ATR_INFO not in image.files:
            self.atr = _with_capabilities(0xC0 if image.platform.extended_length else _WITHOUT_EXTENDED_LENGTH)
        if fault is Fault.WRONG_WAY:
            self.atr = bytes(64)  # longer than any ATR: the reader sees that something is there and cannot wake it
        self.reset()

    @property
    def delay(self) -> float:
        """Seconds by which each answer is late."""
        return 0.4 if self._fault is Fault.SLOW else 0.0

    def reset(self) -> None:
        """Power off and on: every session, selection and verified PIN is forgotten; the PIN counter is not."""
        self._pending = b""
        self._commands.reset()

    def process(self, apdu: bytes) -> bytes:
        """Answers one command; b"" is no answer at all, and then `gone` says whether the card has left."""
        if self._fault in (Fault.MUTE, Fault.WRONG_WAY) or self.gone:
            return b""
        commands, session = self._commands, self._commands.session
        try:
            command = sent = parse(apdu)
            if command.extended and not self._platform.extended_length:
                return Answer(status=Status.WRONG_LENGTH).encode()
            if command.ins == _GET_RESPONSE and self._platform.get_response:
                return self._rest(command)
            protected = command.cla & ~CHAINED == PROTECTED
            if protected:
                if session is None:
                    raise Refused(Status.PROTECTION_INCORRECT)
                command = session.unprotect(command)
            elif session is not None:
                raise Refused(Status.PROTECTION_MISSING)
        except Refused as refused:
            commands.end_session(broken=session is not None)
            return Answer(status=refused.status).encode()
        answer = self._misread(command) or commands.answer(command)
        if command.ins | 1 == 0xB1 and commands.in_data_group:
            self._data_group_reads += 1
            # The second time: whatever pieces the terminal reads in, it holds a part of what it wants by then.
            self.gone = self._fault is Fault.PULLED and self._data_group_reads == 2
        if self.gone:
            return b""
        if session is None or not protected:
            return self._given(sent, answer.encode())
        if command.ins == 0xA4 and answer == Answer() and self._platform.bare_select:
            session.count(1)
            return answer.encode()
        return self._given(sent, self._protect(session, command, answer))

    def _protect(self, session: SecureMessaging, command: Command, answer: Answer) -> bytes:
        if self._fault is not None and self._fault.unprotected and answer.status == Status.WRONG_LENGTH:
            session.count(1 if self._fault is Fault.UNPROTECTED_ERROR_COUNTED else -1)
            return answer.encode()
        if len(answer.data) > session.room(command.capacity):
            answer = Answer(status=Status.WRONG_LENGTH)
        response = session.protect(answer)
        self._protected += 1
        if self._fault is Fault.REPLAY and self._protected > 2:
            return self._last
        self._last = response
        return _with_wrong_mac(response) if self._fault is Fault.WRONG_MAC else response

    def _misread(self, command: Command) -> Answer | None:
        """What a card at fault answers to a read that asks for much; None where it is none, or no fault."""
        if self._fault is None or not self._fault.in_reading or command.ins | 1 != 0xB1:
            return None
        if command.le is None or command.le <= AWKWARD_READ:
            return None
        if self._fault is Fault.WRONG_LE:
            return Answer(status=0x6C00 | AWKWARD_READ)
        if self._fault is Fault.WRONG_OFFSET:
            return Answer(status=Status.WRONG_OFFSET)
        if self._fault is Fault.TOO_LITTLE:
            less = self._commands.answer(command.expecting(AWKWARD_READ // 2, widest=256))
            return Answer(less.data, Status.END_OF_FILE) if less.status == Status.OK else less
        return Answer(status=Status.WRONG_LENGTH)

    def _given(self, sent: Command, response: bytes) -> bytes:
        """The response itself, or 61xx in its place on a platform that keeps it for GET RESPONSE."""
        if not self._platform.get_response or sent.extended or len(response) == 2 or not sent.data:
            return response
        self._pending = response
        return bytes((0x61, min(len(response) - 2, 256) % 256))

    def _rest(self, command: Command) -> bytes:
        response, self._pending = self._pending, b""
        if not response or command.le is None:
            return Answer(status=Status.CONDITIONS_NOT_SATISFIED).encode()
        if command.le < len(response) - 2:
            self._pending = response[command.le :]
            return response[: command.le] + bytes((0x61, min(len(self._pending) - 2, 256) % 256))
        return response


def _with_capabilities(third: int) -> bytes:
    """The ATR with another third byte of card capabilities."""
    body = SimulatedCard.atr[:-2] + bytes((third,))
    check = 0
    for byte in body[1:]:
        check ^= byte
    return body + bytes((check,))


def _with_wrong_mac(response: bytes) -> bytes:
    """The checksum is the last data object; its last byte stands before the status word."""
    return response[:-3] + bytes((response[-3] ^ 1,)) + response[-2:]
