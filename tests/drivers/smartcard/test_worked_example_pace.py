"""ICAO 9303-11 appendices G and H, and the BSI's worked example: PACE, every number of them."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest

from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import domain, keys, mapping, pace, security_infos
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.emrtd.passwords import Mrz, Pin
from drivers.smartcard.emrtd.security_infos import PACE, PaceInfo
from drivers.smartcard.errors import ChannelBroken, PaceFailed, WrongPassword

MRZ = Mrz("T22000129", dt.date(1964, 8, 12), dt.date(2010, 10, 31))
EXAMPLES = {"ECDH": ("pace_ecdh_gm_aes128_appendix_G1", 13), "DH": ("pace_dh_gm_aes128_appendix_G2", 0)}


@pytest.fixture(params=EXAMPLES)
def agreement(request) -> str:
    return str(request.param)


@pytest.fixture
def g(vectors, agreement) -> dict[str, str]:
    return dict(vectors[EXAMPLES[agreement][0]])


@pytest.fixture
def group(agreement) -> domain.Group:
    return domain.standardised(EXAMPLES[agreement][1])


def hexadecimal(data: bytes) -> str:
    return data.hex().upper()


def public(g: dict[str, str], name: str) -> str:
    """A point of appendix G is given as two coordinates, a number as it is."""
    return g[name] if name in g else "04" + g[name + "X"] + g[name + "Y"]


def test_password(g):
    assert MRZ.secret.hex().upper() == g["tvKeySeed"] == hashlib.sha1(MRZ.information).hexdigest().upper()
    assert hexadecimal(pace.password_key(MRZ, "AES-128")) == g["tv_K_pi"]
    # The example also gives what the same seed makes for 3DES: its parity bits are set.
    assert hexadecimal(keys.derive(MRZ.secret, keys.FOR_ENCRYPTION, "3DES")) == g["tvKenc"]
    assert hexadecimal(keys.derive(MRZ.secret, keys.FOR_MAC, "3DES")) == g["tvKmac"]


def test_password_information(vectors):
    assert MRZ.information.decode() == vectors[EXAMPLES["ECDH"][0]]["password_mrz_information"]


def test_card_access(g, agreement):
    chosen = security_infos.choose_pace(security_infos.parse(bytes.fromhex(g["efCardAccessData"])))
    assert chosen == info(agreement)


def info(agreement: str) -> PaceInfo:
    if agreement == "DH":
        return PaceInfo(PACE + b"\x01\x02", "DH", "GM", "AES-128", 0)
    return PaceInfo(PACE + b"\x02\x02", "ECDH", "GM", "AES-128", 13)


def test_nonce_and_mapping(g, group):
    s = pace.decrypt_nonce(bytes.fromhex(g["tv_K_pi"]), bytes.fromhex(g["nonceEncypted"]), "AES-128")
    assert hexadecimal(s) == g["nonceDecrypted"]
    terminal, chip = int(g["terminalPrivateKey"], 16), int(g["chipPrivateKey"], 16)
    ours, theirs = group.generator.times(terminal), group.generator.times(chip)
    assert hexadecimal(ours.encode()) == public(g, "terminalPublicKey")
    assert hexadecimal(theirs.encode()) == public(g, "chipPublicKey")
    assert hexadecimal(theirs.times(terminal).encode()) == public(g, "sharedSecret")
    mapped = mapping.GenericMapping(group, terminal)
    assert mapped.sent == ours.encode()
    assert hexadecimal(mapped.generator(s, theirs.encode()).times(1).encode()) == public(g, "mappedGenerator")


def test_key_agreement(g, group, agreement):
    generator = group.decode(bytes.fromhex(public(g, "mappedGenerator")))
    terminal, chip = int(g["terminalEphemeralPrivateKey"], 16), int(g["chipEphemeralPrivateKey"], 16)
    assert hexadecimal(generator.times(terminal).encode()) == public(g, "terminalEphemeralPublicKey")
    assert hexadecimal(generator.times(chip).encode()) == public(g, "chipEphemeralPublicKey")
    k = generator.times(chip).times(terminal).secret()
    assert hexadecimal(k) == g["ephemeralKeyPairSharedSecret" if agreement == "ECDH" else "sharedSecretEphemeral"]
    session = keys.session_keys("AES-128", k)
    if agreement == "ECDH":
        assert hexadecimal(session.enc) == g["ksEnc"]
        assert hexadecimal(session.mac_key) == g["ksMac"]


@pytest.mark.parametrize(
    ("side", "key", "token"),
    [("inputDataTTerminal", "chipEphemeralPublicKey", "tifd"), ("inputDataTChip", "terminalEphemeralPublicKey", "tic")],
)
def test_tokens(g, group, agreement, side, key, token):
    data = pace.public_key_object(group.agreement, info(agreement).protocol, bytes.fromhex(public(g, key)))
    assert hexadecimal(data) == g[side]
    assert hexadecimal(session_keys(g).token(data)) == g[token]


def session_keys(g) -> keys.SessionKeys:
    secret = g.get("ephemeralKeyPairSharedSecret") or g["sharedSecretEphemeral"]
    return keys.session_keys("AES-128", bytes.fromhex(secret))


STEPS = tuple(f"generalAuthenticateStep{step}Msg" for step in (1, 2, 3, 4))


def conversation(g) -> list[tuple[str, str]]:
    """Appendix G.2 leaves out the status words of the last two answers."""
    answers = [g[step + "Chip"] for step in STEPS]
    answers = [answer if answer.endswith("9000") else answer + "9000" for answer in answers]
    return [(g["initializePaceMsgTerminal"], "9000"), *zip((g[s + "Terminal"] for s in STEPS), answers, strict=True)]


def agree(run, draw, g, agreement, card) -> SecureMessaging:
    random = draw(g["terminalPrivateKey"], g["terminalEphemeralPrivateKey"])

    def carry(command: CommandApdu) -> ResponseApdu:
        return ResponseApdu.decode(card.transmit(command.encode()))

    run(pace.set_authentication_template(MRZ.reference, info(agreement)), carry)
    established: pace.Established = run(pace.key_agreement(MRZ, info(agreement), random), carry)
    assert established.chip is None
    return established.messaging


def test_the_whole_conversation(g, agreement, run, draw, script):
    """The generators a real read uses say each command of the example, byte for byte."""
    card = script(conversation(g))
    channel = agree(run, draw, g, agreement, card)
    card.close()
    expected = SecureMessaging(session_keys(g))
    select = CommandApdu(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex("A0000002471001"))
    assert channel.seal(select) == expected.seal(select)


@pytest.mark.parametrize("status", ["6A80", "6A87", "6A88"])
def test_a_card_that_wants_the_domain_parameters_named_is_told(g, agreement, run, draw, script, status):
    start, *rest = conversation(g)
    renamed = "0022C1A412" + start[0][10:] + f"8401{EXAMPLES[agreement][1]:02X}"
    card = script([(start[0], status), (renamed, "9000"), *rest])
    agree(run, draw, g, agreement, card)
    card.close()


@pytest.mark.parametrize("status", ["6300", "63C2", "6A80", "6982", "6988"])
def test_another_password_is_told_from_a_fault(g, agreement, run, draw, script, status):
    lines = conversation(g)
    lines[-1] = (lines[-1][0], status)
    with pytest.raises(WrongPassword):
        agree(run, draw, g, agreement, script(lines))


def spoil(line: tuple[str, str], answer: str) -> tuple[str, str]:
    return line[0], answer


@pytest.mark.parametrize("step", [2, 3])
def test_a_key_that_is_no_element_of_the_group_is_refused(g, agreement, run, draw, script, step):
    lines = conversation(g)
    last = int(lines[step][1][-6:-4], 16) ^ 1
    lines[step] = spoil(lines[step], f"{lines[step][1][:-6]}{last:02X}9000")
    with pytest.raises(PaceFailed, match=r"not a point|not in the subgroup"):
        agree(run, draw, g, agreement, script(lines))


@pytest.mark.parametrize("step", [2, 3])
def test_our_own_key_sent_back_is_refused(g, agreement, run, draw, script, step):
    lines = conversation(g)
    own, tag = lines[step][0][10:-2], {2: "82", 3: "84"}[step]
    answer = own.replace({2: "81", 3: "83"}[step] + own[6:8], tag + own[6:8], 1) if agreement == "ECDH" else None
    lines[step] = spoil(lines[step], (answer or own[:6] + tag + own[8:]) + "9000")
    with pytest.raises(PaceFailed, match="own public key"):
        agree(run, draw, g, agreement, script(lines))


def test_a_card_without_the_session_keys_is_refused(g, agreement, run, draw, script):
    lines = conversation(g)
    lines[4] = spoil(lines[4], "7C0A8608" + "00" * 8 + "9000")
    with pytest.raises(PaceFailed, match="token"):
        agree(run, draw, g, agreement, script(lines))


# -- integrated mapping, appendix H


def test_integrated_mapping_onto_a_curve(vectors):
    h = vectors["pace_im_ecdh_appendix_H1"]
    group = domain.standardised(13)
    s, t = bytes.fromhex(h["s"]), bytes.fromhex(h["t"])
    drawn = mapping.pseudo_random(group.prime, "AES-128", s, t)
    assert hexadecimal(drawn.to_bytes(32)) == h["Rp_s_t"]
    mapped = mapping.IntegratedMapping(group, "AES-128", t).generator(s, b"")
    assert hexadecimal(mapped.encode()) == "04" + h["mapped_generator_x"] + h["mapped_generator_y"]


def test_integrated_mapping_onto_numbers(vectors):
    h = vectors["pace_im_dh_appendix_H2"]
    group = domain.standardised(0)
    assert (group.prime, group.order) == (int(h["p"], 16), int(h["q"], 16))
    assert hexadecimal(group.generator.encode()) == h["g"]
    s, t = bytes.fromhex(h["s"]), bytes.fromhex(h["t"])
    assert mapping.pseudo_random(group.prime, "AES-128", s, t) == int(h["Rp_s_t"], 16)
    mapped = mapping.IntegratedMapping(group, "AES-128", t).generator(s, b"")
    assert int.from_bytes(mapped.encode()) == int(h["mapped_generator"], 16)


# -- the BSI's worked example: another password, another hand


@pytest.fixture
def b(vectors, agreement) -> dict[str, str]:
    return {"ECDH": vectors["bsi_eac_worked_example_ecdh"], "DH": vectors["bsi_eac_worked_example_dh"]}[agreement]


def number(text: str) -> int:
    return int(text, 16)


def test_an_independent_example_of_the_generic_mapping(b, group):
    """TR-03110's PIN as the password; keys of other lengths than appendix G draws."""
    s = bytes.fromhex(b["nonce"])
    assert (
        pace.decrypt_nonce(pace.password_key(Pin("123456"), "AES-128"), bytes.fromhex(b["nonce_enc"]), "AES-128") == s
    )
    mapped = mapping.GenericMapping(group, number(b["map_pcd_priv_key"]))
    assert number(mapped.sent.hex()) == number(b["map_pcd_pub_key"])
    assert number(group.generator.times(number(b["map_picc_priv_key"])).encode().hex()) == number(b["map_picc_pub_key"])
    generator = mapped.generator(s, bytes.fromhex(b["map_picc_pub_key"]))
    assert number(generator.times(1).encode().hex()) == number(b["map_generator"])
    shared = group.decode(bytes.fromhex(b["map_picc_pub_key"])).times(number(b["map_pcd_priv_key"]))
    assert number(shared.encode().hex()) == number(b["map_shared_secret_h"])


def test_an_independent_example_of_the_key_agreement(b, group, agreement):
    generator = group.decode(bytes.fromhex(b["map_generator"]))
    ours, theirs = generator.times(number(b["pcd_priv_key"])), generator.times(number(b["picc_priv_key"]))
    assert number(ours.encode().hex()) == number(b["pcd_pub_key"])
    assert number(theirs.encode().hex()) == number(b["picc_pub_key"])
    secret = theirs.times(number(b["pcd_priv_key"])).secret()
    assert hexadecimal(secret) == b["shared_secret_k"]
    session = keys.session_keys("AES-128", secret)
    assert (hexadecimal(session.enc), hexadecimal(session.mac_key)) == (b["k_enc"], b["k_mac"])
    protocol = info(agreement).protocol
    tokens = [session.token(pace.public_key_object(agreement, protocol, k.encode())) for k in (theirs, ours)]
    assert [hexadecimal(t) for t in tokens] == [b["authentication_token_pcd"], b["authentication_token_picc"]]


def test_the_example_s_card_access_holds_its_pace(b, agreement):
    """Beside terminal and chip authentication, which are no PACE."""
    infos = security_infos.parse(bytes.fromhex(b["ef_cardaccess"]))
    assert [i.protocol for i in security_infos.pace_infos(infos)].count(info(agreement).protocol) == 1
    assert security_infos.choose_pace(infos) is not None


def test_aes_messaging_against_an_independent_example(b):
    """One sealed command's ciphertext, one answer's checksum (AES-128, SSC 1 and 2)."""
    e = {name: bytes.fromhex(b[name]) for name in ("k_enc", "k_mac", "d1", "e1", "ad1", "a1")}
    channel = SecureMessaging(keys.AesKeys(e["k_enc"], e["k_mac"]))
    sealed = channel.seal(CommandApdu(0x00, 0x22, 0x81, 0xB6, e["d1"]))
    assert sealed.objects == bytes((0x87, len(e["e1"]) + 1, 0x01)) + e["e1"]
    answer = ResponseApdu(e["ad1"] + b"\x8e\x08" + e["a1"], 0x9000)
    assert channel.open(answer).response == ResponseApdu(b"", 0x9000)
    with pytest.raises(ChannelBroken):
        channel.open(answer)
