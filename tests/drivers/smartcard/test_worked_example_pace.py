"""ICAO 9303-11 appendix G.1: PACE, ECDH generic mapping, AES-128; every number of the example."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest

from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import keys, pace, security_infos
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.emrtd.passwords import Mrz
from drivers.smartcard.errors import ChannelBroken, PaceFailed, WrongPassword

MRZ = Mrz("T22000129", dt.date(1964, 8, 12), dt.date(2010, 10, 31))


@pytest.fixture(scope="module")
def g(vectors) -> dict[str, str]:
    return dict(vectors["pace_ecdh_gm_aes128_appendix_G1"])


def test_password(g):
    assert MRZ.information.decode() == g["password_mrz_information"]
    assert MRZ.secret.hex().upper() == g["tvKeySeed"] == hashlib.sha1(MRZ.information).hexdigest().upper()
    assert pace.password_key(MRZ).hex().upper() == g["tv_K_pi"]
    # The example also gives what the same seed makes for 3DES: its parity bits are set.
    assert keys.derive_des(MRZ.secret, keys.FOR_ENCRYPTION).hex().upper() == g["tvKenc"]
    assert keys.derive_des(MRZ.secret, keys.FOR_MAC).hex().upper() == g["tvKmac"]


def test_card_access(g):
    chosen = security_infos.choose_pace(security_infos.parse(bytes.fromhex(g["efCardAccessData"])))
    assert chosen == security_infos.PaceInfo(security_infos.PACE_ECDH_GM_AES_128, 13)


def coordinates(point) -> tuple[str, str]:
    encoded = pace.encode_point(point)
    return encoded[1:33].hex().upper(), encoded[33:].hex().upper()


def named(g, name: str) -> tuple[str, str]:
    return g[name + "X"], g[name + "Y"]


def test_nonce_and_mapping(g):
    s = pace.decrypt_nonce(bytes.fromhex(g["tv_K_pi"]), bytes.fromhex(g["nonceEncypted"]))
    assert s == int(g["nonceDecrypted"], 16)
    terminal, chip = int(g["terminalPrivateKey"], 16), int(g["chipPrivateKey"], 16)
    assert coordinates(pace.public_key(terminal)) == named(g, "terminalPublicKey")
    assert coordinates(pace.public_key(chip)) == named(g, "chipPublicKey")
    h = pace.shared_point(terminal, pace.public_key(chip))
    assert coordinates(h) == named(g, "sharedSecret")
    assert coordinates(pace.map_generator(s, h)) == named(g, "mappedGenerator")


def test_key_agreement(g):
    x, y = named(g, "mappedGenerator")
    generator = pace.decode_point(bytes.fromhex("04" + x + y))
    terminal, chip = int(g["terminalEphemeralPrivateKey"], 16), int(g["chipEphemeralPrivateKey"], 16)
    assert coordinates(pace.public_key(terminal, generator)) == named(g, "terminalEphemeralPublicKey")
    assert coordinates(pace.public_key(chip, generator)) == named(g, "chipEphemeralPublicKey")
    k = pace.secret_x(pace.shared_point(terminal, pace.public_key(chip, generator)))
    assert k.hex().upper() == g["ephemeralKeyPairSharedSecret"]
    session = keys.AesKeys.derived(k)
    assert session.enc.hex().upper() == g["ksEnc"]
    assert session.mac_key.hex().upper() == g["ksMac"]


@pytest.mark.parametrize(
    ("side", "public", "token"),
    [("inputDataTTerminal", "chipEphemeralPublicKey", "tifd"), ("inputDataTChip", "terminalEphemeralPublicKey", "tic")],
)
def test_tokens(g, side, public, token):
    data = pace.token_input(security_infos.PACE_ECDH_GM_AES_128, bytes.fromhex("04" + "".join(named(g, public))))
    assert data.hex().upper() == g[side]
    session = keys.AesKeys(bytes.fromhex(g["ksEnc"]), bytes.fromhex(g["ksMac"]))
    assert session.mac(data).hex().upper() == g[token]


STEPS = tuple(f"generalAuthenticateStep{step}Msg" for step in (1, 2, 3, 4))


def conversation(g) -> list[tuple[str, str]]:
    return [(g["initializePaceMsgTerminal"], "9000"), *((g[s + "Terminal"], g[s + "Chip"]) for s in STEPS)]


def agree(run, draw, g, card) -> SecureMessaging:
    random = draw(g["terminalPrivateKey"], g["terminalEphemeralPrivateKey"])
    info = security_infos.PaceInfo(security_infos.PACE_ECDH_GM_AES_128, 13)
    exchange = pace.key_agreement(MRZ, info, random)

    def carry(command: CommandApdu) -> ResponseApdu:
        return ResponseApdu.decode(card.transmit(command.encode()))

    channel: SecureMessaging = run(exchange, carry)
    return channel


def test_the_whole_conversation(g, run, draw, script):
    """The generator a real read uses says each command of the example, byte for byte."""
    card = script(conversation(g))
    channel = agree(run, draw, g, card)
    card.close()
    expected = SecureMessaging(keys.AesKeys(bytes.fromhex(g["ksEnc"]), bytes.fromhex(g["ksMac"])))
    select = CommandApdu(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex("A0000002471001"))
    assert channel.seal(select) == expected.seal(select)


def test_a_card_that_wants_the_domain_parameters_named_is_told(g, run, draw, script):
    start, *rest = conversation(g)
    renamed = "0022C1A412" + start[0][10:] + "84010D"
    card = script([(start[0], "6A87"), (renamed, "9000"), *rest])
    agree(run, draw, g, card)
    card.close()


@pytest.mark.parametrize("status", ["6300", "63C2", "6A80", "6982"])
def test_another_password_is_told_from_a_fault(g, run, draw, script, status):
    lines = conversation(g)
    lines[-1] = (lines[-1][0], status)
    with pytest.raises(WrongPassword):
        agree(run, draw, g, script(lines))


def spoil(line: tuple[str, str], answer: str) -> tuple[str, str]:
    return line[0], answer


def test_a_point_off_the_curve_is_refused(g, run, draw, script):
    lines = conversation(g)
    lines[2] = spoil(lines[2], lines[2][1][:-6] + "559000")
    with pytest.raises(PaceFailed, match="not a point"):
        agree(run, draw, g, script(lines))


@pytest.mark.parametrize("step", [2, 3])
def test_our_own_key_sent_back_is_refused(g, run, draw, script, step):
    lines = conversation(g)
    tag = {2: "82", 3: "84"}[step]
    point = lines[step][0][18:-2]
    lines[step] = spoil(lines[step], "7C43" + tag + "41" + point + "9000")
    with pytest.raises(PaceFailed, match="own public key"):
        agree(run, draw, g, script(lines))


def test_a_card_without_the_session_keys_is_refused(g, run, draw, script):
    lines = conversation(g)
    lines[4] = spoil(lines[4], "7C0A8608" + "00" * 8 + "9000")
    with pytest.raises(PaceFailed, match="token"):
        agree(run, draw, g, script(lines))


def test_aes_messaging_against_an_independent_example(vectors):
    """The BSI's worked example: one sealed command's ciphertext, one answer's checksum (AES-128, SSC 1 and 2)."""
    e = {name: bytes.fromhex(value) for name, value in vectors["aes_sm_bsi"].items() if name != "source"}
    channel = SecureMessaging(keys.AesKeys(e["k_enc"], e["k_mac"]))
    sealed = channel.seal(CommandApdu(0x00, 0x22, 0x81, 0xB6, e["d1"]))
    assert sealed.objects == b"\x87\x11\x01" + e["e1"]
    answer = ResponseApdu(e["ad1"] + b"\x8e\x08" + e["a1"], 0x9000)
    assert channel.open(answer).response == ResponseApdu(b"", 0x9000)
    with pytest.raises(ChannelBroken):
        channel.open(answer)
