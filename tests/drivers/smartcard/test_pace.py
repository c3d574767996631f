"""PACE against a chip's side written out in the test: every mapping and domain, and what a chip may not send."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.smartcard import tlv
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import domain, keys, mapping, pace
from drivers.smartcard.emrtd.messaging import SecureMessaging, pad
from drivers.smartcard.emrtd.passwords import Can
from drivers.smartcard.emrtd.security_infos import PACE, PaceInfo
from drivers.smartcard.errors import BadPublicKey, MalformedData, PaceFailed, WrongPassword

READ = CommandApdu(0, 0xB0, 0x9D, 0, le=8)


class MappingChip:
    """The chip's side of PACE, written out from §4.4; `static` makes it CAM. Its answers can be changed by `lie`."""

    def __init__(self, pace_info: PaceInfo, password: Can, static: int = 0, lie=lambda step, answer: answer) -> None:
        self.info, self.password, self.static, self.lie = pace_info, password, static, lie
        self.group = domain.standardised(pace_info.parameters)
        self.nonce, self.map_private, self.private = bytes(range(1, 17)), 4_242, 2_424
        self.step = 0

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        self.step += 1
        objects = tlv.single(command.data, 0x7C).children()
        answer = (self._nonce, self._mapping, self._agreement, self._tokens)[self.step - 1](
            objects[0].value if objects else b""
        )
        if answer is None:
            return ResponseApdu(b"", 0x6300)
        return ResponseApdu(tlv.encode(0x7C, self.lie(self.step, answer)), 0x9000)

    def _nonce(self, _: bytes) -> bytes:
        cipher = self.info.cipher
        self.nonce *= 1 if keys.KEY_BYTES[cipher] == 16 else 2
        encryptor = keys.cbc(cipher, pace.password_key(self.password, cipher)).encryptor()
        return tlv.encode(0x80, encryptor.update(self.nonce) + encryptor.finalize())

    def _mapping(self, theirs: bytes) -> bytes:
        if self.info.mapping == "IM":
            drawn = mapping.pseudo_random(self.group.prime, self.info.cipher, self.nonce, theirs)
            self.generator = self.group.from_field(drawn)
            return tlv.encode(0x82, b"")
        shared = self.group.decode(theirs).times(self.map_private)
        self.generator = self.group.generator.times(int.from_bytes(self.nonce)).plus(shared)
        return tlv.encode(0x82, self.group.generator.times(self.map_private).encode())

    def _agreement(self, theirs: bytes) -> bytes:
        self.theirs, self.ours = theirs, self.generator.times(self.private).encode()
        self.session = keys.session_keys(self.info.cipher, self.group.decode(theirs).times(self.private).secret())
        return tlv.encode(0x84, self.ours)

    def _tokens(self, token: bytes) -> bytes | None:
        def over(public: bytes) -> bytes:
            return self.session.token(pace.public_key_object(self.info.agreement, self.info.protocol, public))

        if token != over(self.ours):
            return None
        return tlv.encode(0x86, over(self.theirs)) + self._chip_data()

    def _chip_data(self) -> bytes:
        if not self.static:
            return b""
        order = self.group.order
        factor = pow(self.static, -1, order) * self.map_private % order
        plain = pad(factor.to_bytes((order.bit_length() + 7) // 8), 16)
        return tlv.encode(0x8A, self.session.encrypt(b"\xff" * 16, plain))


def variant(name: str, number: int, cipher: keys.CipherName) -> PaceInfo:
    agreement: domain.Agreement = "DH" if number < 3 else "ECDH"
    kinds = {("DH", "GM"): 1, ("ECDH", "GM"): 2, ("DH", "IM"): 3, ("ECDH", "IM"): 4, ("ECDH", "CAM"): 6}
    protocol = PACE + bytes((kinds[agreement, name], 1 + list(keys.KEY_BYTES).index(cipher)))
    return PaceInfo(protocol, agreement, name, cipher, number)  # type: ignore[arg-type]


CAN = Can("123456")


def agree(run, card: MappingChip, password: Can = CAN) -> pace.Established:
    # One long random number, so that none falls outside of what is drawn from.
    established: pace.Established = run(pace.key_agreement(password, card.info, lambda size: b"\x01" * size), card)
    return established


EVERY = [
    ("GM", 0, "3DES"), ("GM", 1, "AES-192"), ("IM", 0, "AES-128"), ("IM", 1, "3DES"), ("IM", 2, "AES-256"),
    *(("GM", number, "AES-128") for number in range(8, 19)),
    *(("IM", number, cipher) for number, cipher in zip(
        (8, 9, 11, 12, 13, 14, 15, 16, 17, 18), ("3DES", "AES-128", "AES-192", "AES-256") * 3, strict=False)),
    ("GM", 12, "3DES"), ("GM", 13, "AES-192"), ("GM", 13, "AES-256"), ("CAM", 12, "AES-192"), ("CAM", 13, "AES-256"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "number", "cipher"), EVERY)
def test_both_sides_agree_on_every_domain(run, name: str, number: int, cipher: keys.CipherName) -> None:
    card = MappingChip(variant(name, number, cipher), CAN, static=99 if name == "CAM" else 0)
    established = agree(run, card)
    assert established.messaging.seal(READ) == SecureMessaging(card.session).seal(READ)
    with pytest.raises(WrongPassword):
        agree(run, MappingChip(card.info, CAN), Can("654321"))


CAM = variant("CAM", 13, "AES-128")


def test_the_mapping_proves_only_the_key_that_the_chip_holds(run) -> None:
    established = agree(run, MappingChip(CAM, CAN, static=99))
    group = domain.standardised(13)
    assert established.chip is not None
    assert established.chip.proves(group.generator.times(99))
    assert not established.chip.proves(group.generator.times(98))
    assert not established.chip.proves(domain.standardised(12).generator.times(99))
    assert agree(run, MappingChip(replace(CAM, mapping="GM"), CAN)).chip is None


def without_chip_data(step: int, answer: bytes) -> bytes:
    return answer[:10] if step == 4 else answer


def crooked_chip_data(step: int, answer: bytes) -> bytes:
    return answer[:10] + tlv.encode(0x8A, bytes(15)) if step == 4 else answer


@pytest.mark.parametrize("lie", [without_chip_data, crooked_chip_data])
def test_a_mapping_that_should_prove_the_chip_and_does_not_is_refused(run, lie) -> None:
    with pytest.raises(PaceFailed):
        agree(run, MappingChip(CAM, CAN, static=99, lie=lie))


# -- what a chip may not send


def answering(at: int, content: bytes):
    return lambda step, answer: content if step == at else answer


INFINITE = domain.standardised(13)
WRONG = {
    "nonce of half a block": (answering(1, tlv.encode(0x80, bytes(15))), MalformedData),
    "endless nonce": (answering(1, tlv.encode(0x80, bytes(80))), MalformedData),
    "no nonce": (answering(1, b""), MalformedData),
    "infinity": (answering(2, tlv.encode(0x82, b"\0")), PaceFailed),
    "compressed point": (answering(2, tlv.encode(0x82, b"\x02" + INFINITE.generator.encode()[1:33])), PaceFailed),
    "coordinate beyond the field": (answering(2, tlv.encode(0x82, b"\x04" + b"\xff" * 64)), PaceFailed),
    "point off the curve": (answering(3, tlv.encode(0x84, b"\x04" + bytes(63) + b"\x01")), PaceFailed),
    "two keys": (answering(3, 2 * tlv.encode(0x84, INFINITE.generator.encode())), MalformedData),
    "no token": (answering(4, b""), MalformedData),
    "short token": (answering(4, tlv.encode(0x86, bytes(4))), PaceFailed),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_chip_that_breaks_the_rules_is_refused(run, name: str) -> None:
    lie, error = WRONG[name]
    with pytest.raises(error):
        agree(run, MappingChip(variant("GM", 13, "AES-128"), CAN, lie=lie))


def test_a_mapping_that_leads_to_infinity_is_refused(run) -> None:
    """The chip knows s and, here, our own mapping key x: it sends (-s / x)·G, so that s·G + H is nothing."""
    group = domain.standardised(13)
    x = int.from_bytes(b"\x01" * 32)
    factor = -int.from_bytes(bytes(range(1, 17))) * pow(x, -1, group.order) % group.order
    lie = answering(2, tlv.encode(0x82, group.generator.times(factor).encode()))
    with pytest.raises(BadPublicKey):
        agree(run, MappingChip(variant("GM", 13, "AES-128"), CAN, lie=lie))


@pytest.mark.parametrize("coordinate", ["x", "y"])
def test_a_coordinate_of_more_than_the_field_is_refused(coordinate: str) -> None:
    """Modulo the prime it would be a point of the curve."""
    group, point = domain.standardised(13), domain.standardised(13).generator
    at = 1 if coordinate == "x" else 33
    while int.from_bytes(point.encode()[at : at + 32]) + group.prime >= 1 << 256:
        point = point.plus(group.generator)
    encoded = bytearray(point.encode())
    encoded[at : at + 32] = (int.from_bytes(encoded[at : at + 32]) + group.prime).to_bytes(32)
    with pytest.raises(BadPublicKey):
        group.decode(bytes(encoded))


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("ambiguous", [False, True])
def test_the_domain_is_named_where_there_are_several_and_else_where_the_card_asks(
    run, ambiguous: bool, refused: bool
) -> None:
    sent: list[bool] = []

    def card(command: CommandApdu) -> ResponseApdu:
        sent.append(0x84 in {item.tag for item in tlv.parse(command.data)})
        return ResponseApdu(b"", 0x6A88 if refused and len(sent) == 1 else 0x9000)

    info = replace(variant("GM", 13, "AES-128"), ambiguous=ambiguous)
    assert run(pace.set_authentication_template(2, info), card) == 0x9000
    assert sent == [ambiguous, not ambiguous][: 1 + refused]


@pytest.mark.parametrize("value", [0, 1, -1, 2])
def test_numbers_of_a_small_subgroup_are_refused(run, value: int) -> None:
    """Zero, one, minus one, and a number whose order is not the subgroup's."""
    group = domain.standardised(0)
    lie = answering(2, tlv.encode(0x82, (value % group.prime).to_bytes(128)))
    with pytest.raises(PaceFailed):
        agree(run, MappingChip(variant("GM", 0, "AES-128"), CAN, lie=lie))


@pytest.mark.parametrize("step", [2, 3])
def test_our_own_number_with_zeros_before_it_is_still_our_own(run, step: int) -> None:
    card = MappingChip(variant("GM", 0, "AES-128"), CAN)
    received: list[bytes] = []

    def reflect(command: CommandApdu) -> ResponseApdu:
        if card.step + 1 == step:
            received.append(tlv.single(command.data, 0x7C).children()[0].value)
            answer = tlv.encode(2 * step + 0x7E, b"\0" + received[0])
            return ResponseApdu(tlv.encode(0x7C, answer), 0x9000)
        return card(command)

    with pytest.raises(PaceFailed, match="own public key"):
        run(pace.key_agreement(CAN, card.info, lambda size: b"\x01" * size), reflect)


def test_the_integrated_mapping_takes_no_data_and_no_other_nonce(run) -> None:
    with pytest.raises(PaceFailed):
        agree(run, MappingChip(variant("IM", 13, "AES-128"), CAN, lie=answering(2, tlv.encode(0x82, b"\x01"))))
    for cipher, size in (("AES-128", 32), ("AES-192", 16), ("AES-256", 48)):
        with pytest.raises(PaceFailed):
            agree(run, MappingChip(variant("IM", 13, cipher), CAN, lie=answering(1, tlv.encode(0x80, bytes(size)))))
    established = agree(run, MappingChip(variant("IM", 13, "AES-256"), CAN, lie=lambda s, a: b"" if s == 2 else a))
    assert established.chip is None


@pytest.mark.parametrize("value", [0, 1])
def test_the_integrated_mapping_has_no_point_for_two_numbers(value: int) -> None:
    with pytest.raises(PaceFailed):
        domain.standardised(13).from_field(value)


def test_a_number_is_sent_without_leading_zeros() -> None:
    """§9.4.1: both sides' tokens are made over the very bytes."""
    group = domain.standardised(0)
    element = group.generator
    while element.encode()[0]:
        short = element = element.times(3)
        if len(short.encode()) < 128:
            break
    assert len(element.encode()) == 127 and element.encode()[0]
    assert len(element.secret()) == 128
    assert group.decode(b"\0" + element.encode()) == element
