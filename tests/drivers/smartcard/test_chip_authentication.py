"""The chip's own keys: chip authentication of both versions, and the mapping that proves the chip."""

from __future__ import annotations

import pytest

from drivers.smartcard import tlv
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import chip, domain, keys, public_keys, security_infos
from drivers.smartcard.emrtd.chip import ChipKey
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.emrtd.security_infos import CHIP_AUTHENTICATION, PACE, PUBLIC_KEY, ChipInfo
from drivers.smartcard.errors import (
    BadPublicKey,
    CardRefused,
    ChipNotProven,
    MalformedData,
    UnsupportedKey,
)
from drivers.smartcard.genuine import signed_data
from drivers.smartcard.genuine.possession import SECURITY_OBJECT

READ = CommandApdu(0, 0xB0, 0x9D, 0, le=8)


def info(protocol: bytes, *fields: bytes) -> bytes:
    return tlv.encode(0x30, tlv.encode(0x06, protocol) + b"".join(fields))


def integer(value: int) -> bytes:
    return tlv.encode(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def spki(number: int, public: bytes) -> bytes:
    """By the number of its standardised group (§9.5.1)."""
    bits = public if number > 2 else integer(int.from_bytes(public))
    algorithm = tlv.encode(0x06, bytes.fromhex("04007F00070102")) + integer(number)
    return tlv.encode(0x30, tlv.encode(0x30, algorithm) + tlv.encode(0x03, b"\0" + bits))


def kind(number: int) -> int:
    return 1 if number < 3 else 2


def static_key(number: int, private: int, key_id: int | None = None) -> bytes:
    public = domain.standardised(number).generator.times(private).encode()
    identified = (integer(key_id),) if key_id is not None else ()
    return info(PUBLIC_KEY + bytes((kind(number),)), spki(number, public), *identified)


def way(number: int, cipher: int, key_id: int | None = None, version: int = 1) -> bytes:
    identified = (integer(key_id),) if key_id is not None else ()
    return info(CHIP_AUTHENTICATION + bytes((kind(number), cipher)), integer(version), *identified)


def chosen(*infos: bytes) -> ChipKey | None:
    return chip.choose(security_infos.parse(tlv.encode(0x31, b"".join(infos))))


# -- version 2, against the BSI's worked example


@pytest.mark.parametrize(("name", "number"), [("ecdh", 13), ("dh", 0)])
def test_version_two_against_an_independent_example(vectors, run, name: str, number: int) -> None:
    b = vectors[f"bsi_eac_worked_example_{name}"]
    infos = security_infos.parse(bytes.fromhex(b["ef_cardaccess"]))
    (offered,) = (i for i in security_infos.chip_infos(infos) if i.cipher == "AES-128" and i.version == 2)
    group = domain.standardised(number)
    key = public_keys.AgreementKey(group, group.decode(bytes.fromhex(b["ca_picc_pub_key"])))
    private = int(b["ca_pcd_priv_key"], 16)
    assert key.element.times(private).secret().hex().upper().endswith(b["ca_shared_secret_k"])
    ours = group.generator.times(private).encode()
    assert ours.hex().upper() == b["ca_pcd_pub_key"]
    session = keys.session_keys("AES-128", key.element.times(private).secret(), nonce=bytes.fromhex(b["ca_nonce"]))
    assert (session.enc.hex().upper(), session.mac_key.hex().upper()) == (b["ca_k_enc"], b["ca_k_mac"])  # type: ignore[attr-defined]

    sent: list[CommandApdu] = []

    def card(command: CommandApdu) -> ResponseApdu:
        sent.append(command)
        proof = tlv.encode(0x81, bytes.fromhex(b["ca_nonce"])) + tlv.encode(0x82, bytes.fromhex(b["ca_picc_token"]))
        return ResponseApdu(tlv.encode(0x7C, proof) if command.ins == 0x86 else b"", 0x9000)

    # A private key longer than the group's order cannot be drawn; it is the same key reduced by it.
    drawn = (private % group.order).to_bytes((group.order.bit_length() + 7) // 8)
    channel = run(chip.authenticate(ChipKey(offered, key), lambda size: drawn), card)
    assert channel.seal(READ) == SecureMessaging(session).seal(READ)
    assert sent[0].data.startswith(tlv.encode(0x80, offered.protocol))
    assert tlv.find(tlv.single(sent[1].data, 0x7C).children(), 0x80).value == ours

    b = {**b, "ca_picc_token": "00" * 8}
    with pytest.raises(ChipNotProven):
        run(chip.authenticate(ChipKey(offered, key), lambda size: drawn), card)


@pytest.mark.parametrize("name", ["ecdh", "dh"])
def test_the_example_s_card_security_names_the_chip_s_key(vectors, name: str) -> None:
    b = vectors[f"bsi_eac_worked_example_{name}"]
    signed = signed_data.parse(bytes.fromhex(b["ef_cardsecurity"]), SECURITY_OBJECT)
    found = chip.choose(security_infos.parse(signed.content))
    assert found is not None and found.key.element.encode() == bytes.fromhex(b["ca_picc_pub_key"])


# -- version 1


CIPHERS: dict[int, keys.CipherName] = {1: "3DES", 2: "AES-128", 3: "AES-192", 4: "AES-256"}


class StaticChip:
    """A chip that holds one static key; `refuses` are the instructions (with P2) it does not know."""

    def __init__(self, number: int, private: int, refuses: tuple[tuple[int, int], ...] = ()) -> None:
        self.group, self.private, self.refuses = domain.standardised(number), private, refuses
        self.sent: list[CommandApdu] = []
        self.secret = b""

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        self.sent.append(command)
        if (command.ins, command.p2) in self.refuses:
            return ResponseApdu(b"", 0x6A80)
        if (command.ins, command.p2) == (0x22, 0xA6):
            self._agree(tlv.find(tlv.parse(command.data), 0x91).value)
        if command.ins == 0x86:
            self._agree(tlv.find(tlv.single(command.data, 0x7C).children(), 0x80).value)
            return ResponseApdu(b"\x7c\x00", 0x9000)
        return ResponseApdu(b"", 0x9000)

    def _agree(self, public: bytes) -> None:
        self.secret = self.group.decode(public).times(self.private).secret()


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("number", [0, 2, 8, 12, 13, 14, 18])
def test_version_one_with_every_cipher(run, number: int, cipher: int) -> None:
    found = chosen(way(number, cipher), static_key(number, 77_777))
    assert found is not None and found.info.cipher == CIPHERS[cipher]
    card = StaticChip(number, 77_777)
    channel = run(chip.authenticate(found, lambda size: b"\x01" * size), card)
    assert channel.seal(READ) == SecureMessaging(keys.session_keys(CIPHERS[cipher], card.secret)).seal(READ)
    assert [(c.ins, c.p2) for c in card.sent] == ([(0x22, 0xA6)] if cipher == 1 else [(0x22, 0xA4), (0x86, 0)])


def test_des_by_the_other_commands_where_the_chip_knows_no_key_agreement_template(run) -> None:
    found = chosen(way(13, 1), static_key(13, 77_777))
    card = StaticChip(13, 77_777, refuses=((0x22, 0xA6),))
    channel = run(chip.authenticate(found, lambda size: b"\x01" * size), card)
    assert channel.seal(READ) == SecureMessaging(keys.session_keys("3DES", card.secret)).seal(READ)
    assert [(c.ins, c.p2) for c in card.sent] == [(0x22, 0xA6), (0x22, 0xA4), (0x86, 0)]


def test_a_chip_that_refuses_is_told(run) -> None:
    found = chosen(way(13, 2), static_key(13, 5))
    with pytest.raises(CardRefused):
        run(chip.authenticate(found, lambda size: b"\x01" * size), StaticChip(13, 5, refuses=((0x22, 0xA4),)))


def test_the_best_way_is_taken() -> None:
    key = static_key(13, 5)
    offered = (way(13, 1), way(13, 2), way(13, 4), way(13, 3))
    assert chosen(*offered, key).info.cipher == "AES-256"  # type: ignore[union-attr]
    assert chosen(way(13, 4, version=2), way(13, 1), key).info.version == 1  # type: ignore[union-attr]
    assert chosen(key).info == ChipInfo(CHIP_AUTHENTICATION + b"\x02\x01", "ECDH", "3DES", 1, None)  # type: ignore[union-attr]
    assert chosen(info(PACE + b"\x02\x02", integer(2), integer(13))) is None


def test_the_key_is_the_one_that_the_protocol_names() -> None:
    found = chosen(way(12, 2, key_id=2), static_key(13, 5, key_id=1), static_key(12, 6, key_id=2))
    assert found is not None and found.key.group.name == "P-256" and found.info.key_reference == b"\x84\x01\x02"
    unnamed = chosen(way(13, 2), static_key(13, 5, key_id=7), static_key(2, 6, key_id=8))
    assert unnamed is not None and unnamed.info.key_reference == b"\x84\x01\x07"
    assert chosen(way(13, 2), static_key(13, 5, key_id=7)).info.key_reference == b""  # type: ignore[union-attr]


def test_a_way_without_a_key_for_it_is_malformed() -> None:
    with pytest.raises(MalformedData):
        chosen(way(13, 2))
    with pytest.raises(MalformedData):
        chosen(way(13, 2, key_id=1), static_key(13, 5, key_id=2))
    with pytest.raises(MalformedData):
        chosen(way(0, 2), static_key(13, 5))


def test_bad_static_keys_are_refused() -> None:
    point = bytearray(domain.standardised(13).generator.times(5).encode())
    point[-1] ^= 1
    with pytest.raises(BadPublicKey):
        chosen(way(13, 2), info(PUBLIC_KEY + b"\x02", spki(13, bytes(point))))
    small = pow(3, (domain.standardised(0).prime - 1) // 2, domain.standardised(0).prime)
    with pytest.raises(BadPublicKey):
        chosen(way(0, 2), info(PUBLIC_KEY + b"\x01", spki(0, small.to_bytes(128))))
    with pytest.raises(UnsupportedKey):
        chosen(way(13, 2), info(PUBLIC_KEY + b"\x02", spki(19, bytes(point))))
