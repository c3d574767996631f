"""The chip as the reader meets it: a command APDU in, a response APDU out.

    card = SimulatedCard(CardImage.load(path))
    card.process(bytes.fromhex("00A4040C07A0000002471001"))  # b"\\x90\\x00"

The rules of this file, which hold whatever the terminal sends:

1. Nothing but EF.CardAccess is readable outside secure messaging, and secure messaging begins only with PACE,
   or with BAC on a card made for BAC.
2. A command that is not protected, or not protected rightly, ends the session; so does a reset.
3. A PIN try is spent before the PIN is compared, and given back only by the right one.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass

from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC
from Crypto.Signature import DSS

from drivers.simulated.card import tlv
from drivers.simulated.card.access import (
    BRAINPOOL_P256R1,
    CAN_PASSWORD,
    MRZ_PASSWORD,
    PACE_ECDH_GM_AES128,
    Bac,
    Pace,
    Random,
    mrz_seed,
)
from drivers.simulated.card.apdu import CHAINED, PROTECTED, Answer, Command, Refused, Status, parse
from drivers.simulated.card.fault import Fault, served_files
from drivers.simulated.card.files import FileSystem
from drivers.simulated.card.image import Access, CardImage
from drivers.simulated.card.messaging import SecureMessaging

PIN_TRIES = 3
PIN_REFERENCE = 0x81


@dataclass(slots=True)
class ChipMemory:
    """What the chip keeps without power."""

    pin_tries: int = PIN_TRIES


class SimulatedCard:
    """One card in one reader. `random` may be given to hold the protocols to worked examples."""

    # 3B 85 80 01: contactless, five historical bytes; 80 73 84 01 C0: selection by name and by short file
    # identifier, command chaining and extended length (ISO 7816-4 §12.1.1.9); last, the check byte.
    atr = bytes.fromhex("3B85800180738401C0B2")

    def __init__(
        self,
        image: CardImage,
        fault: Fault | None = None,
        *,
        memory: ChipMemory | None = None,
        random: Random = os.urandom,
    ) -> None:
        self._image = image
        self._fault = fault
        self._memory = memory or ChipMemory()
        self._random = random
        self._signing = ECC.generate(curve="P-256") if fault is Fault.YES_CARD else ECC.import_key(image.aa_private_key)
        self._files = FileSystem(served_files(image.files, fault))
        self._data_group_reads = 0
        self.gone = False
        self.reset()

    @property
    def delay(self) -> float:
        """Seconds by which each answer is late."""
        return 0.4 if self._fault is Fault.SLOW else 0.0

    def reset(self) -> None:
        """Power off and on: every session, selection and verified PIN is forgotten; the PIN counter is not."""
        self._files.leave()
        self._end_session()

    def _end_session(self) -> None:
        self._session: SecureMessaging | None = None
        self._pin_verified = False
        self._pace: Pace | None = None
        self._bac: Bac | None = None

    def process(self, apdu: bytes) -> bytes:
        """Answers one command; b"" is no answer at all, and then `gone` says whether the card has left."""
        if self._fault is Fault.MUTE or self.gone:
            return b""
        session = self._session
        try:
            command = parse(apdu)
            protected = command.cla == PROTECTED
            if protected:
                command = self._unprotected(command)
            elif session is not None:
                raise Refused(Status.PROTECTION_MISSING)
        except Refused as refused:
            self._end_session()
            return Answer(status=refused.status).encode()
        answer = self._answer(command)
        if self.gone:
            return b""
        if session is None or not protected:
            return answer.encode()
        if len(answer.data) > session.room(command.capacity):
            answer = Answer(status=Status.WRONG_LENGTH)
        response = session.protect(answer)
        return _with_wrong_mac(response) if self._fault is Fault.WRONG_MAC else response

    def _unprotected(self, command: Command) -> Command:
        if self._session is None:
            raise Refused(Status.PROTECTION_INCORRECT)
        return self._session.unprotect(command)

    def _answer(self, command: Command) -> Answer:
        try:
            return self._carry_out(command)
        except Refused as refused:
            return Answer(status=refused.status)

    def _carry_out(self, command: Command) -> Answer:
        if command.cla not in (0, CHAINED) or (command.cla == CHAINED and command.ins != 0x86):
            raise Refused(Status.UNKNOWN_CLA)
        if command.ins != 0x86:  # PACE's steps follow each other, or the run is over
            self._pace = None
        commands: dict[int, Callable[[Command], Answer]] = {
            0x20: self._verify,
            0x22: self._set_authentication_template,
            0x82: self._external_authenticate,
            0x84: self._get_challenge,
            0x86: self._general_authenticate,
            0x88: self._internal_authenticate,
            0xA4: self._select,
            0xB0: self._read_binary,
        }
        if command.ins not in commands:
            raise Refused(Status.UNKNOWN_INS)
        return commands[command.ins](command)

    # -- files

    def _select(self, command: Command) -> Answer:
        return self._files.select(command, opened=self._session is not None)

    def _read_binary(self, command: Command) -> Answer:
        room = command.capacity if self._session is None else self._session.room(command.capacity)
        answer = self._files.read(command, opened=self._session is not None, room=room)
        self._data_group_reads += self._files.in_data_group
        # The second time: whatever pieces the terminal reads in, it holds a part of what it wants by then.
        self.gone = self._fault is Fault.PULLED and self._data_group_reads == 2
        return answer

    # -- opening the chip

    def _set_authentication_template(self, command: Command) -> Answer:
        """MSE:Set AT for PACE (9303-11 §4.4.4.1)."""
        self._pace = None
        if (command.p1, command.p2) != (0xC1, 0xA4):
            raise Refused(Status.WRONG_P1P2)
        if self._image.access is not Access.PACE or self._session is not None or self._files.in_application:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        objects = _objects(command.data)
        chosen = dict(objects)
        if len(chosen) != len(objects) or not {0x80, 0x83} <= chosen.keys() <= {0x80, 0x83, 0x84}:
            raise Refused(Status.WRONG_DATA)
        if chosen[0x80] != PACE_ECDH_GM_AES128 or chosen.get(0x84, bytes([BRAINPOOL_P256R1])) != b"\x0d":
            raise Refused(Status.WRONG_DATA)
        secrets = {MRZ_PASSWORD: mrz_seed(self._image.mrz_information), CAN_PASSWORD: self._image.can.encode("ascii")}
        secret = secrets.get(int.from_bytes(chosen[0x83], "big"))
        if secret is None:
            raise Refused(Status.REFERENCE_NOT_FOUND)
        self._pace = Pace(secret, self._random)
        return Answer()

    def _general_authenticate(self, command: Command) -> Answer:
        """The four steps of PACE (9303-11 §4.4.4.2); whatever goes wrong, the run is over."""
        pace, self._pace = self._pace, None
        if pace is None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        step, data = _authentication_data(command)
        if (command.cla == CHAINED) == (step == 0x85):
            raise Refused(Status.LAST_OF_CHAIN_EXPECTED if step == 0x85 else Status.CONDITIONS_NOT_SATISFIED)
        if step == 0x85:
            token, self._session = pace.authenticate(data)
            return Answer(tlv.encode(0x7C, tlv.encode(0x86, token)))
        if step == 0x83:
            answer = tlv.encode(0x84, pace.agree(data))
        else:
            answer = tlv.encode(0x82, pace.map_nonce(data)) if step else tlv.encode(0x80, pace.encrypted_nonce())
        self._pace = pace
        return Answer(tlv.encode(0x7C, answer))

    def _get_challenge(self, command: Command) -> Answer:
        if self._image.access is not Access.BAC or self._session is not None or not self._files.in_application:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        if command.data or command.le not in (8, 256):
            raise Refused(Status.WRONG_LENGTH)
        self._bac = Bac(self._image.mrz_information, self._random)
        return Answer(self._bac.challenge())

    def _external_authenticate(self, command: Command) -> Answer:
        bac, self._bac = self._bac, None
        if bac is None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        response, self._session = bac.authenticate(command.data)
        return Answer(response)

    # -- proving the chip and the holder

    def _internal_authenticate(self, command: Command) -> Answer:
        """Active authentication with ECDSA: signs RND.IFD itself, plain r || s (9303-11 §6.1)."""
        self._require_application()
        if len(command.data) != 8 or command.le is None:
            raise Refused(Status.WRONG_LENGTH)
        signer = DSS.new(self._signing, "fips-186-3", encoding="binary")
        return Answer(signer.sign(SHA256.new(command.data)))

    def _verify(self, command: Command) -> Answer:
        """ISO 7816-4 §11.6.6: with a PIN it compares, without one it tells the tries that are left."""
        self._require_application()
        if (command.p1, command.p2) != (0, PIN_REFERENCE):
            raise Refused(Status.REFERENCE_NOT_FOUND)
        if not command.data and self._pin_verified:
            return Answer()
        if not self._memory.pin_tries:
            raise Refused(Status.BLOCKED)
        if not command.data:
            raise Refused(0x63C0 | self._memory.pin_tries)
        self._pin_verified = False
        if not (4 <= len(command.data) <= 8 and command.data.isdigit()):
            raise Refused(Status.WRONG_DATA)
        self._memory.pin_tries -= 1
        if not hmac.compare_digest(command.data, self._image.pin.encode("ascii")):
            raise Refused(0x63C0 | self._memory.pin_tries)
        self._memory.pin_tries, self._pin_verified = PIN_TRIES, True
        return Answer()

    def _require_application(self) -> None:
        if self._session is None or not self._files.in_application:
            raise Refused(Status.SECURITY_NOT_SATISFIED)


def _objects(data: bytes) -> list[tuple[int, bytes]]:
    try:
        return tlv.decode(data)
    except ValueError:
        raise Refused(Status.WRONG_DATA) from None


def _authentication_data(command: Command) -> tuple[int, bytes]:
    """The step's tag and data inside 7C; tag 0 for the empty 7C that begins a run."""
    if (command.p1, command.p2) != (0, 0):
        raise Refused(Status.WRONG_P1P2)
    outer = _objects(command.data)
    if len(outer) != 1 or outer[0][0] != 0x7C:
        raise Refused(Status.WRONG_DATA)
    inner = _objects(outer[0][1])
    if not inner:
        return 0, b""
    if len(inner) != 1 or inner[0][0] not in (0x81, 0x83, 0x85):
        raise Refused(Status.WRONG_DATA)
    return inner[0]


def _with_wrong_mac(response: bytes) -> bytes:
    """The checksum is the last data object; its last byte stands before the status word."""
    return response[:-3] + bytes((response[-3] ^ 1,)) + response[-2:]
