"""The pseudo-random function of PACE's integrated mapping (ICAO 9303-11 §4.4.3.3.2)."""

from __future__ import annotations

from drivers.simulated.card.ciphers import Cipher, chain
from drivers.simulated.card.groups import Element, Group

_CONSTANTS = {
    16: (
        bytes.fromhex("a668892a7c41e3ca739f40b057d85904"),
        bytes.fromhex("a4e136ac725f738b01c1f60217c188ad"),
    ),
    32: (
        bytes.fromhex("d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676"),
        bytes.fromhex("54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517"),
    ),
}


def nonce_size(cipher: Cipher) -> int:
    """Bytes of the chip's nonce s: as many blocks as hold a key."""
    return 32 if cipher.key_size > 16 else 16


def pseudo_random(cipher: Cipher, modulus: int, s: bytes, t: bytes) -> int:
    """Rp(s, t), a number below `modulus`; `s` has `nonce_size` bytes, `t` as many as a key."""
    seed, generating = _CONSTANTS[len(s)]
    wanted, bits = modulus.bit_length() + 64, 8 * len(s)
    key, number = chain(cipher, t, s), b""
    for _ in range(-(-wanted // bits)):
        key = key[: cipher.key_size]
        number += chain(cipher, key, generating)
        key = chain(cipher, key, seed)
    return int.from_bytes(number, "big") % modulus


def integrated(group: Group, cipher: Cipher, s: bytes, t: bytes) -> Element:
    """The generator that the two nonces choose. Raises ValueError where they choose none."""
    return group.from_field(pseudo_random(cipher, group.modulus, s, t))
