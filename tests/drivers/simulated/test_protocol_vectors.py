"""The mappings, groups and proofs of the chip against the standards' own numbers (ICAO 9303-11, BSI TR-03110)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import ciphers
from cryptography.hazmat.primitives.ciphers import modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from drivers.simulated.card.active import Rsa
from drivers.simulated.card.apdu import Refused
from drivers.simulated.card.chip_authentication import ChipAuthentication
from drivers.simulated.card.ciphers import Cipher, derive, suite
from drivers.simulated.card.groups import standard
from drivers.simulated.card.mapping import integrated, pseudo_random
from drivers.simulated.card.pace import Pace
from drivers.simulated.card.plan import ChipKey, Mapping, PaceVariant

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "protocols.json").read_text())
DH, ECDH = 0, 13


def number(text: str) -> int:
    return int(text, 16)


def scripted(*numbers: str) -> Callable[[int], bytes]:
    """Randomness that gives these numbers in turn, each made as long as it is asked for."""
    left = [number(text) for text in numbers]
    return lambda size: left.pop(0).to_bytes(size, "big")


@pytest.mark.parametrize(("vectors", "group"), [("integrated_ecdh", ECDH), ("integrated_dh", DH)])
def test_the_integrated_mapping_of_appendix_h(vectors: str, group: int) -> None:
    given, domain = VECTORS[vectors], standard(group)
    s, t = bytes.fromhex(given["s"]), bytes.fromhex(given["t"])
    assert pseudo_random(Cipher.AES_128, domain.modulus, s, t) == number(given["Rp_s_t"])
    mapped = integrated(domain, Cipher.AES_128, s, t)
    if group == DH:
        assert mapped.encode().hex().upper() == given["mapped_generator"]
    else:
        assert mapped.encode().hex().upper() == "04" + given["mapped_generator_x"] + given["mapped_generator_y"]


def test_the_chip_maps_as_appendix_h_does() -> None:
    given = VECTORS["integrated_ecdh"]
    chip = Pace(PaceVariant(Mapping.INTEGRATED), b"123456", scripted(given["s"], "05"))
    chip.encrypted_nonce()
    assert chip.map_nonce(bytes.fromhex(given["t"])) == b""
    point = bytes.fromhex("04" + given["mapped_generator_x"] + given["mapped_generator_y"])
    group = standard(ECDH)
    assert chip.agree(group.generator.encode()) == group.decode(point).times(5).encode()


def test_the_group_of_appendix_h2_is_rfc_5114s() -> None:
    given, group = VECTORS["integrated_dh"], standard(DH)
    assert (group.modulus, group.order) == (number(given["p"]), number(given["q"]))
    assert group.generator.encode().hex().upper() == given["g"]


def test_pace_over_dh_of_appendix_g2() -> None:
    given = VECTORS["generic_dh"]
    variant = PaceVariant(parameters=DH)
    random = scripted(given["nonceDecrypted"], given["chipPrivateKey"], given["chipEphemeralPrivateKey"])
    chip = Pace(variant, bytes.fromhex(given["tvKeySeed"]), random)
    assert derive(bytes.fromhex(given["tvKeySeed"]), 3).hex().upper() == given["tv_K_pi"]
    assert chip.encrypted_nonce().hex().upper() == given["nonceEncypted"]
    assert chip.map_nonce(bytes.fromhex(given["terminalPublicKey"])).hex().upper() == given["chipPublicKey"]
    own = chip.agree(bytes.fromhex(given["terminalEphemeralPublicKey"]))
    assert own.hex().upper() == given["chipEphemeralPublicKey"]
    proof, _ = chip.authenticate(bytes.fromhex(given["tifd"]))
    assert proof.hex().upper() == "8608" + given["tic"]


@pytest.mark.parametrize(("vectors", "group"), [("eac_ecdh", ECDH), ("eac_dh", DH)])
def test_pace_of_the_bsi_worked_examples(vectors: str, group: int) -> None:
    given, order = VECTORS[vectors], standard(group).order
    keys = (number(given[name]) % order for name in ("map_picc_priv_key", "picc_priv_key"))
    chip = Pace(PaceVariant(parameters=group), b"123456", scripted(given["nonce"], *(f"{key:x}" for key in keys)))
    assert chip.encrypted_nonce().hex().upper() == given["nonce_enc"]
    assert number(chip.map_nonce(bytes.fromhex(given["map_pcd_pub_key"])).hex()) == number(given["map_picc_pub_key"])
    assert number(chip.agree(bytes.fromhex(given["pcd_pub_key"])).hex()) == number(given["picc_pub_key"])
    proof, _ = chip.authenticate(bytes.fromhex(given["authentication_token_pcd"]))
    assert proof.hex().upper() == "8608" + given["authentication_token_picc"]


@pytest.mark.parametrize(("vectors", "group"), [("eac_ecdh", ECDH), ("eac_dh", DH)])
def test_chip_authentication_version_2_of_the_bsi_worked_examples(vectors: str, group: int) -> None:
    given = VECTORS[vectors]
    key = ChipKey(group, number(given["ca_picc_priv_key"]), version=2)
    public = standard(group).generator.times(key.private)
    assert number(public.encode().hex()) == number(given["ca_picc_pub_key"])
    agreement = ChipAuthentication(key, Cipher.AES_128)
    terminal = bytes.fromhex(given["ca_pcd_pub_key"])
    objects, session = agreement.agree(terminal, lambda _: bytes.fromhex(given["ca_nonce"]))
    assert objects.hex().upper() == "8108" + given["ca_nonce"] + "8208" + given["ca_picc_token"]
    assert session.room(256) == 223


@pytest.mark.parametrize(("vectors", "group"), [("eac_ecdh", ECDH), ("eac_dh", DH)])
def test_the_session_keys_of_chip_authentication(vectors: str, group: int) -> None:
    given = VECTORS[vectors]
    secret = bytes.fromhex(given["ca_shared_secret_k"]) + bytes.fromhex(given["ca_nonce"])
    theirs = standard(group).decode(bytes.fromhex(given["ca_pcd_pub_key"]))
    assert theirs.times(number(given["ca_picc_priv_key"])).secret() + bytes.fromhex(given["ca_nonce"]) == secret
    assert [derive(secret, purpose).hex().upper() for purpose in (1, 2)] == [given["ca_k_enc"], given["ca_k_mac"]]
    assert suite(Cipher.AES_128, secret).block == 16


@pytest.mark.parametrize("given", VECTORS["recovered"], ids=lambda given: str(given["hash"]))
def test_what_rsa_signs_is_iso_9796_2s_message(given: dict[str, str]) -> None:
    """With 1 for a private exponent the signature is the message representative itself."""
    size = len(given["F"]) // 2
    chip = Rsa((1 << 8 * size) - 1, 1, given["hash"].lower())
    signature = chip.sign(bytes.fromhex(given["RND_IFD"]), lambda wanted: bytes.fromhex(given["M1"])[-wanted:])
    assert signature.hex().upper() == given["F"].upper()


@pytest.mark.parametrize("cipher", list(Cipher))
@pytest.mark.parametrize("group", [0, 8, 14, 18])
def test_the_pseudo_random_function_written_out_once_more(cipher: Cipher, group: int) -> None:
    """There are no published numbers for the longer keys: §4.4.3.3.2 again, by another library and step by step."""
    long, modulus = cipher in (Cipher.AES_192, Cipher.AES_256), standard(group).modulus
    c0, c1 = (
        ("d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676",
         "54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517")
        if long
        else ("a668892a7c41e3ca739f40b057d85904", "a4e136ac725f738b01c1f60217c188ad")
    )  # fmt: skip
    size = {Cipher.AES_192: 24, Cipher.AES_256: 32}.get(cipher, 16)
    s, t = bytes(range(32 if long else 16)), bytes(range(100, 100 + size))

    def encrypted(key: bytes, data: bytes) -> bytes:
        if cipher is Cipher.TRIPLE_DES:
            method = ciphers.Cipher(TripleDES(key + key[:8]), modes.CBC(bytes(8)))
        else:
            method = ciphers.Cipher(AES(key), modes.CBC(bytes(16)))
        writer = method.encryptor()
        return writer.update(data) + writer.finalize()

    key, drawn = encrypted(t, s)[:size], b""
    while 8 * len(drawn) < modulus.bit_length() + 64:
        drawn += encrypted(key, bytes.fromhex(c1))
        key = encrypted(key, bytes.fromhex(c0))[:size]
    assert pseudo_random(cipher, modulus, s, t) == int.from_bytes(drawn, "big") % modulus


@pytest.mark.parametrize("mapping", list(Mapping))
@pytest.mark.parametrize("cipher", list(Cipher))
def test_the_nonce_has_as_many_blocks_as_hold_a_key_where_it_is_mapped_whole(mapping: Mapping, cipher: Cipher) -> None:
    chip = Pace(PaceVariant(mapping, cipher), b"123456", lambda size: bytes([7]) * size)
    long = mapping is Mapping.INTEGRATED and cipher in (Cipher.AES_192, Cipher.AES_256)
    assert len(chip.encrypted_nonce()) == (32 if long else 16)
    if mapping is Mapping.INTEGRATED:
        for size in {15, 16, 24, 32} - {cipher.key_size}:  # those of other ciphers too
            with pytest.raises(Refused, match="6A80"):
                chip.map_nonce(bytes(range(size)))
        assert chip.map_nonce(bytes(range(cipher.key_size))) == b""
