"""The commands of the chip, once its channel has been taken off them."""

from __future__ import annotations

from collections.abc import Callable

from drivers.simulated.card import active, tlv
from drivers.simulated.card.apdu import CHAINED, Answer, Command, Refused, Status
from drivers.simulated.card.bac import Bac, mrz_seed
from drivers.simulated.card.chip_authentication import ChipAuthentication, chosen
from drivers.simulated.card.fault import Fault, served_files
from drivers.simulated.card.files import FileSystem
from drivers.simulated.card.groups import Random, standard
from drivers.simulated.card.image import CardImage
from drivers.simulated.card.messaging import SecureMessaging
from drivers.simulated.card.pace import Pace
from drivers.simulated.card.pin import ChipMemory, Pin
from drivers.simulated.card.plan import ChipKey, PaceVariant, Password, PinKind


class Commands:
    """One chip between two resets; `session` is the secure messaging that stands, None before."""

    def __init__(self, image: CardImage, fault: Fault | None, memory: ChipMemory, random: Random) -> None:
        self._image = image
        self._fault = fault
        self._random = random
        self._pin = Pin(image.pin, memory)
        pin = image.pin_plan
        self._files = FileSystem(served_files(image, fault), image.platform, pin.application if pin else None)
        copied = fault is Fault.YES_CARD
        self._chip_keys = tuple(_copied(key) for key in image.chip_keys) if copied else image.chip_keys
        self._signer: active.Signer | None = None
        if image.aa_private_key:
            signer = active.signer(image.aa_private_key, image.aa_hash, least=image.aa_least)
            self._signer = signer.copied() if copied else signer
        self._bac_spent = False
        self.session: SecureMessaging | None = None

    def reset(self) -> None:
        self._bac_spent = False
        self._files.leave()
        self.end_session()

    def end_session(self, *, broken: bool = False) -> None:
        self._bac_spent = self._bac_spent or (broken and self._image.platform.one_bac_try)
        self.session = None
        self._pin.forget()
        self._pace: Pace | None = None
        self._password = Password.MRZ
        self._chip: ChipAuthentication | None = None
        self._bac: Bac | None = None

    @property
    def in_data_group(self) -> bool:
        return self._files.in_data_group

    def answer(self, command: Command) -> Answer:
        try:
            return self._carry_out(command)
        except Refused as refused:
            return Answer(status=refused.status)

    def _carry_out(self, command: Command) -> Answer:
        if command.cla not in (0, CHAINED) or (command.cla == CHAINED and command.ins != 0x86):
            raise Refused(Status.UNKNOWN_CLA)
        if command.ins != 0x86:  # the steps of a protocol follow each other, or the run is over
            self._pace = self._chip = None
        commands: dict[int, Callable[[Command], Answer]] = {
            0x20: self._verify,
            0x22: self._manage,
            0x82: self._external_authenticate,
            0x84: self._get_challenge,
            0x86: self._general_authenticate,
            0x88: self._internal_authenticate,
            0xA4: self._select,
            0xB0: self._read_binary,
            0xB1: self._read_binary,
        }
        if command.ins not in commands:
            raise Refused(Status.UNKNOWN_INS)
        return commands[command.ins](command)

    # -- files

    def _select(self, command: Command) -> Answer:
        return self._files.select(command, opened=self.session is not None)

    def _read_binary(self, command: Command) -> Answer:
        room = command.capacity if self.session is None else self.session.room(command.capacity)
        return self._files.read(command, opened=self.session is not None, room=room)

    # -- opening the chip

    def _manage(self, command: Command) -> Answer:
        """MANAGE SECURITY ENVIRONMENT: PACE (§4.4.4.1), chip authentication (§6.2.4)."""
        objects = _objects(command.data)
        given = dict(objects)
        if len(given) != len(objects):
            raise Refused(Status.WRONG_DATA)
        match command.p1, command.p2:
            case 0xC1, 0xA4:
                return self._set_pace(given)
            case 0x41, 0xA4:
                self._require_session()
                if not {0x80} <= given.keys() <= {0x80, 0x84}:
                    raise Refused(Status.WRONG_DATA)
                self._chip = chosen(self._chip_keys, given.get(0x84), given[0x80])
                return Answer()
            case 0x41, 0xA6:
                self._require_session()
                if not {0x91} <= given.keys() <= {0x91, 0x84}:
                    raise Refused(Status.WRONG_DATA)
                agreement = chosen(self._chip_keys, given.get(0x84), None)
                _, self.session = agreement.agree(given[0x91], self._random)
                return Answer()
        raise Refused(Status.WRONG_P1P2)

    def _set_pace(self, given: dict[int, bytes]) -> Answer:
        plan = self._image.plan
        variants = () if self._fault is Fault.DOWNGRADE else plan.paces
        again = self.session is not None and given.get(0x83) != bytes((Password.PIN,))
        if not variants or again or self._files.application is not None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        if not {0x80, 0x83} <= given.keys() <= {0x80, 0x83, 0x84, 0x7F4C}:
            raise Refused(Status.WRONG_DATA)
        if self._image.platform.reference_required and 0x84 not in given:
            raise Refused(Status.OBJECT_MISSING)
        variant = _variant(variants, given[0x80], given.get(0x84))
        reference = int.from_bytes(given[0x83], "big")
        password = next((known for known in plan.passwords if known == reference), None)
        if password is None:
            raise Refused(Status.REFERENCE_NOT_FOUND)
        answer = self._pin.chosen() if password is Password.PIN else Answer()
        secrets = {
            Password.MRZ: mrz_seed(self._image.mrz_information),
            Password.CAN: self._image.can.encode("ascii"),
            Password.PIN: self._image.pin.encode("ascii"),
        }
        key = next((key.private for key in self._chip_keys if key.key_id == variant.parameters), None)
        astray = self._fault is Fault.BAD_POINT
        self._password = password
        self._pace = Pace(variant, secrets[password], self._random, chip_key=key, astray=astray)
        return answer

    def _general_authenticate(self, command: Command) -> Answer:
        """The four steps of PACE (9303-11 §4.4.4.2), or the one of chip authentication (§6.2.4.2).

        Whatever goes wrong, the run is over.
        """
        (pace, self._pace), (chip, self._chip) = (self._pace, None), (self._chip, None)
        if pace is None and chip is None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        step, data = _authentication_data(command)
        if chip is not None:
            if step != 0x80 or command.cla == CHAINED:
                raise Refused(Status.WRONG_DATA)
            objects, self.session = chip.agree(data, self._random)
            return Answer(tlv.encode(0x7C, objects))
        assert pace is not None  # noqa: S101 - one of the two is there
        if (command.cla == CHAINED) == (step == 0x85):
            raise Refused(Status.LAST_OF_CHAIN_EXPECTED if step == 0x85 else Status.CONDITIONS_NOT_SATISFIED)
        if step == 0x85:
            return Answer(tlv.encode(0x7C, self._authenticated(pace, data)))
        if step == 0x83:
            answer = tlv.encode(0x84, pace.agree(data))
        elif step == 0x81:
            answer = tlv.encode(0x82, pace.map_nonce(data))
        elif step == 0:
            answer = tlv.encode(0x80, pace.encrypted_nonce())
        else:
            raise Refused(Status.WRONG_DATA)
        self._pace = pace
        return Answer(tlv.encode(0x7C, answer))

    def _authenticated(self, pace: Pace, token: bytes) -> bytes:
        if self._password is not Password.PIN:
            objects, self.session = pace.authenticate(token)
            self._pin.resumed = self._password is Password.CAN
            return objects
        self._pin.spend()
        try:
            objects, self.session = pace.authenticate(token)
        except Refused as refused:
            raise self._pin.failure from refused
        self._pin.passed()
        return objects

    def _get_challenge(self, command: Command) -> Answer:
        offered = self._image.plan.bac or self._fault is Fault.DOWNGRADE
        if not offered or self.session is not None or not self._files.in_application:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        if self._bac_spent:
            raise Refused(Status.REFERENCE_NOT_FOUND)
        if command.data or command.le not in (8, 256):
            raise Refused(Status.WRONG_LENGTH)
        self._bac = Bac(self._image.bac_information, self._random)
        return Answer(self._bac.challenge())

    def _external_authenticate(self, command: Command) -> Answer:
        bac, self._bac = self._bac, None
        if bac is None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        self._bac_spent = self._image.platform.one_bac_try
        response, self.session = bac.authenticate(command.data)
        self._bac_spent = False
        return Answer(response)

    # -- proving the chip and the holder

    def _internal_authenticate(self, command: Command) -> Answer:
        """Active authentication (9303-11 §6.1)."""
        self._require_session()
        if not self._files.in_application:
            raise Refused(Status.SECURITY_NOT_SATISFIED)
        if self._signer is None:
            raise Refused(Status.UNKNOWN_INS)
        if len(command.data) != 8 or command.le is None:
            raise Refused(Status.WRONG_LENGTH)
        return Answer(self._signer.sign(command.data, self._random))

    def _verify(self, command: Command) -> Answer:
        self._require_session()
        plan = self._image.pin_plan
        if plan is None or plan.kind is not PinKind.VERIFY:
            raise Refused(Status.REFERENCE_NOT_FOUND)
        if plan.application is None and not self._files.in_application:
            raise Refused(Status.SECURITY_NOT_SATISFIED)
        if plan.application not in (None, self._files.application):
            raise Refused(Status.REFERENCE_NOT_FOUND)
        if (command.p1, command.p2) != (0, plan.reference):
            raise Refused(Status.REFERENCE_NOT_FOUND)
        return self._pin.verify(command)

    def _require_session(self) -> None:
        if self.session is None:
            raise Refused(Status.SECURITY_NOT_SATISFIED)


def _variant(variants: tuple[PaceVariant, ...], oid: bytes, reference: bytes | None) -> PaceVariant:
    """The variant meant by tags 80 and 84. Refused with 6A80 for a protocol, with 6A88 for parameters it has not."""
    fitting = [variant for variant in variants if variant.oid == oid]
    if not fitting:
        raise Refused(Status.WRONG_DATA)
    if reference is not None:
        fitting = [variant for variant in fitting if reference == bytes((variant.parameters,))]
    if len(fitting) != 1:
        raise Refused(Status.REFERENCE_NOT_FOUND)
    return fitting[0]


def _copied(key: ChipKey) -> ChipKey:
    """As a copied card has it: the public half is on every card of the kind, the private half is not."""
    private = key.private % (standard(key.parameters).order - 2) + 1
    return ChipKey(key.parameters, private, key.ciphers, key.key_id, key.version)


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
    if len(inner) != 1 or inner[0][0] not in (0x80, 0x81, 0x83, 0x85):
        raise Refused(Status.WRONG_DATA)
    return inner[0]
