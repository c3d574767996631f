"""ICAO 9303-11 appendix D: BAC and 3DES secure messaging, every number of the example."""

from __future__ import annotations

import datetime as dt

import pytest

from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import bac, keys
from drivers.smartcard.emrtd.messaging import SecureMessaging, pad
from drivers.smartcard.emrtd.passwords import Mrz


@pytest.fixture(scope="module")
def d(vectors):
    return {name: bytes.fromhex(value) for name, value in vectors["bac_appendix_D"].items() if name not in TEXTS}


TEXTS = ("source", "mrz_information")
MRZ = Mrz("L898902C", dt.date(1969, 8, 6), dt.date(1994, 6, 23))


def test_access_keys(d, vectors):
    assert MRZ.information.decode() == vectors["bac_appendix_D"]["mrz_information"]
    assert MRZ.secret == d["sha1_mrz_information"]
    assert MRZ.secret[:16] == d["K_seed"]
    access = bac.access_keys(MRZ)
    assert (access.enc, access.mac_key) == (d["K_enc"], d["K_mac"])


def test_each_step_of_the_mutual_authentication(d):
    access = bac.access_keys(MRZ)
    assert d["RND_IFD"] + d["RND_IC"] + d["K_IFD"] == d["S"]
    assert access.encrypt(b"", d["S"]) == d["E_IFD"]
    assert access.mac(pad(d["E_IFD"], 8)) == d["M_IFD"]
    assert bac.proof(access, d["RND_IFD"], d["RND_IC"], d["K_IFD"]) == d["E_IFD"] + d["M_IFD"]
    assert access.decrypt(b"", d["ext_auth_resp"][:32]) == d["R"]
    assert bac.chip_secret(access, d["ext_auth_resp"], d["RND_IFD"], d["RND_IC"]) == d["K_IC"]
    session, counter = bac.session(d["K_IFD"], d["K_IC"], d["RND_IFD"], d["RND_IC"])
    assert (session.enc, session.mac_key) == (d["KS_enc"], d["KS_mac"])
    assert counter.to_bytes(8) == d["SSC"]


def test_the_conversation_and_the_channel_it_opens(d, vectors, run, draw, script):
    """The very generator a real opening uses: BAC, then the example's EF.COM read through the channel it returned."""
    card = script(
        [
            ("0084000008", d["RND_IC"].hex() + "9000"),
            (d["ext_auth_cmd"].hex(), d["ext_auth_resp"].hex() + "9000"),
            *conversation(vectors),
        ]
    )

    def plain(command: CommandApdu) -> ResponseApdu:
        return ResponseApdu.decode(card.transmit(command.encode()))

    random = draw(d["RND_IFD"].hex(), d["K_IFD"].hex())
    channel = run(bac.mutual_authentication(MRZ, random), plain)

    answers = [channel.open(plain(channel.seal(command).apdu)).response for command in COMMANDS.values()]
    assert [answer.status for answer in answers] == [0x9000] * 3
    content = b"".join(answer.data for answer in answers)
    assert content.hex().upper() == "60145F0104303130365F36063034303030305C026175"
    card.close()


def conversation(vectors) -> list[tuple[str, str]]:
    steps = vectors["sm_3des_appendix_D4"]["sequence"]
    sent = [value for name, value in steps if name == "tvProtectedCmd"]
    got = [value for name, value in steps if name == "tvProtectedRAPDU"]
    return list(zip(sent, got, strict=True))


COMMANDS = {
    "0CA4020C": CommandApdu(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex("011E")),
    "0CB00000": CommandApdu(0x00, 0xB0, 0x00, 0x00, le=4),
    "0CB00004": CommandApdu(0x00, 0xB0, 0x00, 0x04, le=0x12),
}


def test_each_step_of_secure_messaging(vectors):
    """Appendix D.4 in its own order: the name of each number says which of ours it must equal."""
    steps = [(name, value.upper()) for name, value in vectors["sm_3des_appendix_D4"]["sequence"]]
    values = dict(steps[:2])
    channel = SecureMessaging(
        keys.TripleDesKeys(bytes.fromhex(values["tvKSEnc"]), bytes.fromhex(values["tvKSMAC"])),
        int(vectors["bac_appendix_D"]["SSC"], 16),
    )
    checked = 2
    ours: dict[str, str] = {}
    for at, (name, value) in enumerate(steps[2:], start=2):
        if name == "tvMaskedHeader":
            ours = command_steps(channel.seal(COMMANDS[value]))
        elif name == "tvProtectedRAPDU":
            raw = bytes.fromhex(value)
            ours = response_steps(channel.open(ResponseApdu.decode(raw)), raw)
        assert ours[name] == value, f"step {at}: {name}"
        checked += 1
    assert checked == 45


def command_steps(sealed) -> dict[str, str]:
    m = pad(sealed.masked_header, 8) + sealed.objects
    assert pad(m, 8) == sealed.n[8:]
    tag_97 = sealed.objects[sealed.objects.rfind(b"\x97\x01") :] if b"\x97\x01" in sealed.objects else b""
    return {
        "tvMaskedHeader": sealed.masked_header.hex().upper(),
        "tvDataDO": sealed.objects.removesuffix(tag_97).hex().upper(),
        "tvDO97": tag_97.hex().upper(),
        "tvM": m.hex().upper(),
        "tvN": sealed.n.hex().upper(),
        "tvCC": sealed.cc.hex().upper(),
        "tvDO8E": (b"\x8e\x08" + sealed.cc).hex().upper(),
        "tvProtectedCmd": sealed.apdu.encode().hex().upper(),
    }


def response_steps(opened, raw: bytes) -> dict[str, str]:
    body = raw[:-2]
    return {
        "tvProtectedRAPDU": raw.hex().upper(),
        "tvDataDO": body[:-14].hex().upper(),
        "tvDO99": body[-14:-10].hex().upper(),
        "tvDO8E": body[-10:].hex().upper(),
        "tvK": opened.k.hex().upper(),
        "tvCC": opened.cc.hex().upper(),
        "tvDecryptedData": opened.response.data.hex().upper(),
        "tvRawUnprotectedRAPDU": (opened.response.data + opened.response.status.to_bytes(2)).hex().upper(),
    }


def test_key_derivation_of_all_examples(vectors):
    """Appendices D, G and I: secret, then the two keys that come of it."""
    values = [bytes.fromhex(value) for value in vectors["kdf_misc"]["hex_in_order"]]
    ciphers: dict[int, keys.CipherName] = {0: "3DES", 3: "3DES", 6: "AES-128", 9: "AES-128", 12: "AES-128"}
    for at, cipher in ciphers.items():
        session = keys.session_keys(cipher, values[at])
        assert [session.enc, session.mac_key] == values[at + 1 : at + 3]
