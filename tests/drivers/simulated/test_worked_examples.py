"""The card's protocol code against the standards' own numbers, with the randomness of the examples."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.simulated.card import CardImage, FileId, SimulatedCard, tlv
from drivers.simulated.card.bac import mrz_seed
from drivers.simulated.card.ciphers import Aes, Cipher, TripleDes, derive, pad
from drivers.simulated.card.curve import Point
from drivers.simulated.card.curves import CURVES
from drivers.simulated.card.pace import Pace
from drivers.simulated.card.plan import PaceVariant
from drivers.simulated.issuer import CardIssuer, Holder

EXAMPLES = json.loads((Path(__file__).parent / "worked_examples.json").read_text())
BAC, PACE, BSI = EXAMPLES["bac"], EXAMPLES["pace"], EXAMPLES["bsi_pace"]
CURVE = CURVES[13]
EF_COM = bytes.fromhex("60145F0104303130365F36063034303030305C026175")


def scripted(*numbers: str) -> Callable[[int], bytes]:
    """Randomness that gives these numbers in turn, and no others."""
    left = [bytes.fromhex(number) for number in numbers]

    def draw(length: int) -> bytes:
        number = left.pop(0)
        assert len(number) == length
        return number

    return draw


def test_pace_g1_from_the_chips_side(issuer: CardIssuer, amina: Holder) -> None:
    holder = replace(
        amina,
        document_number="T22000129",
        date_of_birth=dt.date(1964, 8, 12),
        date_of_expiry=dt.date(2010, 10, 31),
    )
    image = issuer.issue(holder)
    assert image.mrz_information == PACE["password_mrz_information"]
    random = scripted(PACE["nonceDecrypted"], PACE["chipPrivateKey"], PACE["chipEphemeralPrivateKey"])
    card = SimulatedCard(image, random=random)

    assert card.process(bytes.fromhex(PACE["initializePaceMsgTerminal"])) == b"\x90\x00"
    for step in (1, 2, 3, 4):
        command = bytes.fromhex(PACE[f"generalAuthenticateStep{step}MsgTerminal"])
        assert card.process(command).hex().upper() == PACE[f"generalAuthenticateStep{step}MsgChip"]


def test_every_number_between_the_messages_of_pace_g1() -> None:
    seed = mrz_seed(PACE["password_mrz_information"])
    assert seed.hex().upper() == PACE["tvKeySeed"]
    assert derive(seed, 3).hex().upper() == PACE["tv_K_pi"]
    theirs = Point(CURVE, int(PACE["terminalPublicKeyX"], 16), int(PACE["terminalPublicKeyY"], 16))
    shared = theirs.times(int(PACE["chipPrivateKey"], 16))
    assert shared == Point(CURVE, int(PACE["sharedSecretX"], 16), int(PACE["sharedSecretY"], 16))
    mapped = CURVE.generator.times(int(PACE["nonceDecrypted"], 16)).plus(shared)
    assert mapped == Point(CURVE, int(PACE["mappedGeneratorX"], 16), int(PACE["mappedGeneratorY"], 16))
    secret = bytes.fromhex(PACE["ephemeralKeyPairSharedSecret"])
    assert (derive(secret, 1).hex().upper(), derive(secret, 2).hex().upper()) == (PACE["ksEnc"], PACE["ksMac"])
    suite = Aes(derive(secret, 1), derive(secret, 2))
    assert suite.checksum(bytes.fromhex(PACE["inputDataTTerminal"])).hex().upper() == PACE["tifd"]
    assert suite.checksum(bytes.fromhex(PACE["inputDataTChip"])).hex().upper() == PACE["tic"]


def test_ef_card_access_is_the_examples(image: CardImage) -> None:
    assert image.files[FileId.CARD_ACCESS].hex().upper() == PACE["efCardAccessData"]


def test_pace_of_the_bsi_worked_example_and_its_first_aes_message() -> None:
    random = scripted(BSI["nonce"], BSI["map_picc_priv_key"], BSI["picc_priv_key"])
    chip = Pace(PaceVariant(), b"123456", random)
    assert chip.encrypted_nonce().hex().upper() == BSI["nonce_enc"]
    assert chip.map_nonce(bytes.fromhex(BSI["map_pcd_pub_key"])).hex().upper() == BSI["map_picc_pub_key"]
    assert chip.agree(bytes.fromhex(BSI["pcd_pub_key"])).hex().upper() == BSI["picc_pub_key"]
    proof, _ = chip.authenticate(bytes.fromhex(BSI["authentication_token_pcd"]))
    assert proof.hex().upper() == "8608" + BSI["authentication_token_picc"]

    suite = Aes(bytes.fromhex(BSI["k_enc"]), bytes.fromhex(BSI["k_mac"]))
    first, second = (number.to_bytes(16, "big") for number in (1, 2))
    assert suite.encrypt(pad(bytes.fromhex(BSI["d1"]), 16), first).hex().upper().startswith(BSI["e1"])
    assert suite.checksum(pad(second + bytes.fromhex(BSI["ad1"]), 16)).hex().upper() == BSI["a1"]


def test_bac_appendix_d_and_the_messages_after_it(bac_image: CardImage, issuer: CardIssuer, amina: Holder) -> None:
    holder = replace(
        amina,
        access=bac_image.access,
        document_number="L898902C",
        date_of_birth=dt.date(1969, 8, 6),
        date_of_expiry=dt.date(1994, 6, 23),
    )
    image = issuer.issue(holder)
    assert image.mrz_information == BAC["mrz_information"]
    image = replace(image, files={**image.files, FileId.COM: EF_COM})
    card = SimulatedCard(image, random=scripted(BAC["RND_IC"], BAC["K_IC"]))
    card.process(bytes.fromhex("00A4040C07A0000002471001"))

    assert card.process(bytes.fromhex("0084000008")).hex().upper() == BAC["RND_IC"] + "9000"
    assert card.process(bytes.fromhex(BAC["ext_auth_cmd"])).hex().upper() == BAC["ext_auth_resp"] + "9000"
    # SELECT EF.COM, its first 4 bytes, the 18 after them: 3DES secure messaging, byte for byte.
    messages = EXAMPLES["sm_3des"]
    commands = [text for name, text in messages if name == "tvProtectedCmd"]
    answers = [text for name, text in messages if name == "tvProtectedRAPDU"]
    assert len(commands) == len(answers) == 3
    for command, answer in zip(commands, answers, strict=True):
        assert card.process(bytes.fromhex(command)).hex().upper() == answer


def test_the_keys_of_bac_appendix_d() -> None:
    seed = mrz_seed(BAC["mrz_information"])
    assert seed.hex().upper() == BAC["sha1_mrz_information"]
    keys = derive(seed[:16], 1, Cipher.TRIPLE_DES), derive(seed[:16], 2, Cipher.TRIPLE_DES)
    assert [key.hex().upper() for key in keys] == [BAC["K_enc"], BAC["K_mac"]]
    suite = TripleDes(*keys)
    assert suite.encrypt(bytes.fromhex(BAC["S"])).hex().upper() == BAC["E_IFD"]
    assert suite.checksum(pad(bytes.fromhex(BAC["E_IFD"]), 8)).hex().upper() == BAC["M_IFD"]
    assert suite.decrypt(bytes.fromhex(BAC["ext_auth_resp"])[:32]).hex().upper() == BAC["R"]
    session = bytes(a ^ b for a, b in zip(bytes.fromhex(BAC["K_IFD"]), bytes.fromhex(BAC["K_IC"]), strict=True))
    assert derive(session, 1, Cipher.TRIPLE_DES).hex().upper() == BAC["KS_enc"]
    assert derive(session, 2, Cipher.TRIPLE_DES).hex().upper() == BAC["KS_mac"]


@pytest.mark.parametrize("number", ["tifd", "tic"])
def test_a_token_of_pace_g1_is_never_the_others(number: str) -> None:
    """Guards the comparison above against a MAC that ignores its input."""
    suite = Aes(bytes.fromhex(PACE["ksEnc"]), bytes.fromhex(PACE["ksMac"]))
    other = "inputDataTChip" if number == "tifd" else "inputDataTTerminal"
    assert suite.checksum(bytes.fromhex(PACE[other])).hex().upper() != PACE[number]


def test_ef_com_of_the_example_is_one_data_object() -> None:
    assert [tag for tag, _ in tlv.decode(EF_COM)] == [0x60]
