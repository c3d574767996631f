"""Every kind of card over real PC/SC: opened, read, judged genuine, its chip proven, its PIN asked."""

from __future__ import annotations

import datetime as dt
import itertools
import queue
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drivers import smartcard
from drivers.simulated.card import CardImage
from drivers.simulated.card.ciphers import Cipher
from drivers.simulated.card.plan import AccessPlan, Mapping, PaceVariant, Password
from drivers.simulated.issuer import CardDesign, CardIssuer, Holder
from drivers.simulated.issuing.design import DESIGNS, ChipKeyDesign
from drivers.simulated.reader import VirtualReader
from drivers.smartcard import Can, Channel, FileId, IdCard, Mrz, profile
from drivers.smartcard.carrier import Carrier
from drivers.smartcard.emrtd import chip, files, pace, public_keys, reading, security_infos
from drivers.smartcard.emrtd.passwords import Pin
from drivers.smartcard.emrtd.reading import Partial, Sizes
from drivers.smartcard.examination import examine
from drivers.smartcard.genuine import Policy, TrustStore, judge, signed_data
from drivers.smartcard.genuine.possession import SECURITY_OBJECT
from drivers.smartcard.profile import PinRule, Profile

BORN, EXPIRES = dt.date(1986, 3, 14), dt.date(2032, 5, 1)
HOLDER = Holder(
    document_number="AB1234567",
    nin="109860314160100123",
    surname_latin="BENALI",
    given_latin="AMINA",
    surname_arabic="بن علي",
    given_arabic="أمينة",
    sex="F",
    date_of_birth=BORN,
    date_of_expiry=EXPIRES,
    can="123456",
    pin="4321",
)
MRZ, CAN = Mrz(HOLDER.document_number, BORN, EXPIRES), Can("123456")
WANTED = tuple(file for file in FileId if file.data_group is not None or file is FileId.COM)
WAIT = 20.0
QUICK = (
    "icao",
    "dz-cnibe",
    "ma-cnie",
    "chip-authentication",
    "cam",
    "integrated",
    "modular",
    "pin-pace",
    "short",
    "t0",
)
SLOW = tuple(name for name in DESIGNS if name not in QUICK)
DH, CURVES = range(3), range(8, 19)
P_224 = 10
"""Has no integrated mapping."""


class Desk:
    """The reader, the citizen's hand, and who issues the cards."""

    def __init__(self, reader: VirtualReader, folder: Path) -> None:
        self.reader, self.folder = reader, folder
        self.issuer = CardIssuer.load_or_create(folder / "issuer")
        for name, content in self.issuer.trust().items():
            (folder / "trust" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "trust" / name).write_bytes(content)
        self.trust = TrustStore.load(folder / "trust")
        self.events: queue.Queue[smartcard.WatchEvent] = queue.Queue()
        self.open_channel: Channel | None = None
        self.cards, self.present = 0, False

    def insert(self, design: CardDesign) -> CardImage:
        image = self.issuer.issue(HOLDER, design)
        self.cards += 1  # a chip in another place has all its PIN tries
        image.save(self.folder / f"{self.cards}.json")
        self.reader.hand().insert(self.folder / f"{self.cards}.json")
        self.present = True
        self._expect(smartcard.CardInserted)
        return image

    def connect(self) -> Channel:
        self.open_channel = smartcard.connect(self.reader.reader_name, deadline=WAIT)
        return self.open_channel

    def clear(self) -> None:
        if self.open_channel is not None:
            self.open_channel.close()
        if self.present:
            self.present = False
            self.reader.hand().remove()
            self._expect(smartcard.CardRemoved)

    def _expect(self, kind: type[smartcard.WatchEvent]) -> None:
        while not isinstance(self.events.get(timeout=WAIT), kind):
            pass


@pytest.fixture(scope="module")
def occupied(tmp_path_factory: pytest.TempPathFactory, use_reader: Callable[[VirtualReader], None]) -> Iterator[Desk]:
    with VirtualReader(tmp_path_factory.mktemp("pc")) as reader:
        use_reader(reader)
        desk = Desk(reader, tmp_path_factory.mktemp("desk"))
        watch = smartcard.CardWatch(desk.events.put)
        watch.start()
        yield desk
        watch.stop()


@pytest.fixture
def desk(occupied: Desk) -> Iterator[Desk]:
    yield occupied
    occupied.clear()


def profile_of(design: CardDesign) -> Profile:
    """What the kiosk would be told of such cards."""
    base = profile.load({"MA": "ma-cnie"}.get(design.country, "dz-cnibe" if design.dg11 == "cnibe" else "icao"))
    if design.pin is None:
        return replace(base, pin=None)
    reference = design.pin.reference if design.pin.kind == "verify" else Password.PIN
    return replace(base, pin=PinRule(design.pin.kind.value, int(reference), design.pin.application, 4, 8))


def read_and_judged(desk: Desk, design: CardDesign) -> IdCard:
    """Opened by its CAN where it takes one; every group read, the verdict without a reason against it."""
    image = desk.insert(design)
    kind = profile_of(design)
    card = IdCard(desk.connect(), profile=kind)
    password = CAN if "can" in card.probe().passwords else MRZ
    access = card.open(password)
    assert access.kind == ("PACE" if design.access.paces else "BAC")
    evidence = examine(card, WANTED, b"12345678", opened_with=password)
    for name, content in image.files.items():
        assert not name.name.startswith("DG") or evidence.files[FileId[name.name]] == content
    verdict = judge(evidence, desk.trust, kind, dt.datetime.now(dt.UTC), Policy())
    assert verdict.genuine and verdict.passive == "passed", verdict.reasons
    assert verdict.active == ("passed" if design.active else "not_supported")
    assert verdict.chip == ("passed" if design.chip_keys else "not_supported")
    return card


def pin_is_asked(card: IdCard, design: CardDesign) -> None:
    if design.pin is None:
        assert card.pin_tries() is None
        return
    assert card.pin_tries() == 3
    with pytest.raises(smartcard.WrongPin) as wrong:
        card.verify_pin("1111")
    assert (wrong.value.tries_left, card.pin_tries()) == (2, 2)
    card.verify_pin("4321")
    assert card.read(FileId.COM)


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_a_card_of_every_design(desk: Desk, name: str) -> None:
    design = CardDesign.named(name)
    pin_is_asked(read_and_judged(desk, design), design)


@pytest.mark.parametrize(("name", "most"), [("icao", 12), ("short", 85)])
def test_how_many_commands_it_takes(desk: Desk, name: str, most: int) -> None:
    """Access, DG1, DG11, EF.SOD and DG2: in extended answers where the card states its buffers, else in short ones."""
    desk.insert(CardDesign.named(name))
    card = IdCard(desk.connect())
    card.probe()
    card.open(CAN)
    read = [card.read(file) for file in (FileId.DG1, FileId.DG11, FileId.SOD, FileId.DG2)]
    assert sum(map(len, read)) > 16_500
    assert card.channel.apdu_count <= most


def test_the_last_try_of_a_pin_is_left_to_whoever_knows_the_can(desk: Desk) -> None:
    design = CardDesign.named("pin-pace")
    desk.insert(design)
    card = IdCard(desk.connect(), profile=profile_of(design))
    card.open(MRZ)
    for left in (2, 1):
        with pytest.raises(smartcard.WrongPin) as wrong:
            card.verify_pin("1111")
        assert wrong.value.tries_left == left
    with pytest.raises(smartcard.PinBlocked):
        card.verify_pin("4321")
    card.open(CAN)
    assert card.pin_tries() == 1
    card.verify_pin("4321")
    assert card.pin_tries() == 3


@pytest.mark.parametrize("password", [CAN, Pin("4321")])
def test_a_session_that_the_chip_ended_is_begun_again_but_never_with_a_pin(desk: Desk, password: Can | Pin) -> None:
    design = CardDesign.named("pin-pace")
    desk.insert(replace(design, access=replace(design.access, passwords=tuple(Password))))
    card = IdCard(desk.connect(), profile=profile_of(design))
    card.open(password)
    assert card.read(FileId.DG1)
    card.channel.transmit(bytes.fromhex("0084000008"))  # a plain command ends any session (9303-11 §9.8.3)
    sent = card.channel.apdu_count
    if password == CAN:
        assert card.read(FileId.SOD)
        return
    with pytest.raises(smartcard.ChannelBroken):
        card.read(FileId.SOD)
    assert card.channel.apdu_count == sent + 1


def domains(mapping: Mapping) -> tuple[int, ...]:
    if mapping is Mapping.CHIP_AUTHENTICATION:
        return tuple(CURVES)
    return tuple(number for number in (*DH, *CURVES) if mapping is Mapping.GENERIC or number != P_224)


KEYS = tuple(ChipKeyDesign(number, tuple(Cipher), key_id=number) for number in (*DH, *CURVES))
KINDS = [
    kind for kind in itertools.product(Mapping, Cipher) if kind != (Mapping.CHIP_AUTHENTICATION, Cipher.TRIPLE_DES)
]


@pytest.mark.slow
@pytest.mark.parametrize(("mapping", "cipher"), KINDS)
def test_a_chip_that_knows_pace_on_every_domain(desk: Desk, mapping: Mapping, cipher: Cipher) -> None:
    """All of 9303-11 tables 2, 3 and 12: with the CAN and with the MRZ, one domain after the other on the same chip."""
    offered = tuple(PaceVariant(mapping, cipher, number) for number in domains(mapping))
    design = replace(CardDesign.named("icao"), access=AccessPlan(offered), chip_keys=KEYS)
    image = desk.insert(design)
    dg1 = next(content for name, content in image.files.items() if name.name == "DG1")
    channel = desk.connect()
    carrier = Carrier(channel)
    card_access = carrier.carry(reading.read(FileId.CARD_ACCESS, Sizes(), Partial()))
    variants = security_infos.pace_variants(security_infos.parse(card_access))
    assert [(v.mapping, v.parameters) for v in variants] == [(mapping.value, number) for number in domains(mapping)]
    for password, variant in itertools.product((CAN, MRZ), variants):
        channel.reset()
        carrier.talk_through(None)
        carrier.carry(pace.set_authentication_template(password.reference, variant))
        established = carrier.carry(pace.key_agreement(password, variant, secrets.token_bytes))
        carrier.talk_through(established.messaging)
        assert (established.chip is not None) == (variant.mapping == "CAM")
        if established.chip is not None:
            signed = carrier.carry(reading.read(FileId.CARD_SECURITY, Sizes(30_000), Partial()))
            infos = security_infos.parse(signed_data.parse(signed, SECURITY_OBJECT).content)
            keys = security_infos.static_keys(infos)
            (key,) = (public_keys.agreement_key(k.spki) for k in keys if k.key_id == variant.parameters)
            assert established.chip.proves(key.element), variant
        carrier.carry(files.select_application())
        assert carrier.carry(reading.read(FileId.DG1, Sizes(), Partial())) == dg1, variant


@pytest.mark.slow
def test_a_chip_that_knows_every_chip_authentication(desk: Desk) -> None:
    """Every domain and cipher, each inside the channel that the one before has left."""
    desk.insert(replace(CardDesign.named("icao"), chip_keys=KEYS))
    card = IdCard(desk.connect())
    card.open(CAN)
    dg14 = card.read(FileId.DG14)
    carrier = Carrier(card.channel)
    carrier.talk_through(card._carrier.messaging)
    ways = chip.ways(security_infos.parse(smartcard.tlv.single(dg14, FileId.DG14.tag).value))
    assert len(ways) == 4 * len((*DH, *CURVES))
    for way in ways:
        carrier.talk_through(carrier.carry(chip.authenticate(way, secrets.token_bytes)))
        assert carrier.carry(reading.read(FileId.DG14, Sizes(), Partial())) == dg14, way.info
