"""Session keys of secure messaging, and how they are derived (ICAO 9303-11 §9.7, §9.8.6, §9.8.7).

Four suites: two-key 3DES with retail MAC, and AES-128, -192 or -256 with CMAC. 3DES and AES-128 use SHA-1 in
the key derivation and the others SHA-256, because the standard says so (§9.7.1.1-2).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal, Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

FOR_ENCRYPTION = 1
FOR_MAC = 2
FOR_PASSWORD = 3
MAC_BYTES = 8

CipherName = Literal["3DES", "AES-128", "AES-192", "AES-256"]
KEY_BYTES: dict[CipherName, int] = {"3DES": 16, "AES-128": 16, "AES-192": 24, "AES-256": 32}
BLOCK_BYTES: dict[CipherName, int] = {"3DES": 8, "AES-128": 16, "AES-192": 16, "AES-256": 16}


class SessionKeys(Protocol):
    """What secure messaging needs of a suite. Data handed over is whole blocks; `counter` is the SSC."""

    @property
    def block(self) -> int: ...
    def encrypt(self, counter: bytes, padded: bytes) -> bytes: ...
    def decrypt(self, counter: bytes, ciphertext: bytes) -> bytes: ...
    def mac(self, padded: bytes) -> bytes: ...
    def token(self, data: bytes) -> bytes: ...


def derive(secret: bytes, purpose: int, cipher: CipherName) -> bytes:
    """KDF(K, c): the first bytes of H(K ‖ c), c as four bytes; for 3DES the parity bit of each byte is made odd.

    Where a nonce goes into it (TR-03110-3 A.2.3), `secret` is K ‖ r.
    """
    hashed = hashlib.sha1 if cipher in ("3DES", "AES-128") else hashlib.sha256
    key = hashed(secret + purpose.to_bytes(4)).digest()[: KEY_BYTES[cipher]]
    return bytes(b & 0xFE | (b.bit_count() & 1 ^ b & 1 ^ 1) for b in key) if cipher == "3DES" else key


def session_keys(cipher: CipherName, secret: bytes, nonce: bytes = b"") -> SessionKeys:
    """KS.Enc and KS.MAC of a shared secret (§9.7.4); `nonce` is chip authentication's of version 2."""
    secret += nonce
    enc, mac = derive(secret, FOR_ENCRYPTION, cipher), derive(secret, FOR_MAC, cipher)
    return TripleDesKeys(enc, mac) if cipher == "3DES" else AesKeys(enc, mac)


def cbc(cipher: CipherName, key: bytes, iv: bytes | None = None) -> Cipher[CBC]:
    """The block cipher in CBC mode, with a zero IV where none is given."""
    iv = iv or bytes(BLOCK_BYTES[cipher])
    return Cipher(TripleDES(key + key[:8]) if cipher == "3DES" else AES(key), CBC(iv))


@dataclass(frozen=True, slots=True)
class TripleDesKeys:
    """3DES-CBC with a zero IV, and the retail MAC (ISO 9797-1 algorithm 3); §9.8.6."""

    enc: bytes = field(repr=False)
    mac_key: bytes = field(repr=False)
    block: int = field(default=8, init=False)

    def encrypt(self, counter: bytes, padded: bytes) -> bytes:
        encryptor = cbc("3DES", self.enc).encryptor()
        return encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, counter: bytes, ciphertext: bytes) -> bytes:
        decryptor = cbc("3DES", self.enc).decryptor()
        return decryptor.update(ciphertext) + decryptor.finalize()

    def mac(self, padded: bytes) -> bytes:
        """Single DES under the first half through all blocks but the last, which takes the whole key."""
        chain = bytes(8)
        if len(padded) > 8:
            single = Cipher(TripleDES(self.mac_key[:8] * 3), CBC(bytes(8))).encryptor()
            chain = (single.update(padded[:-8]) + single.finalize())[-8:]
        last = Cipher(TripleDES(self.mac_key + self.mac_key[:8]), CBC(chain)).encryptor()
        return last.update(padded[-8:]) + last.finalize()

    def token(self, data: bytes) -> bytes:
        """An authentication token (§4.4.3.4): the padding is the checksum's own, method 2."""
        return self.mac(data + b"\x80" + bytes(-(len(data) + 1) % 8))


class AesKeys:
    """AES-CBC with IV = E(K_enc, SSC), and CMAC cut to 8 bytes; §9.8.7.

    The key schedules are made once: between two of a chip's answers nothing in this processor is warm, and every call
    that is left out is time on each of eighty commands.
    """

    block = 16

    def __init__(self, enc: bytes, mac_key: bytes) -> None:
        self.enc, self.mac_key = enc, mac_key
        blocks = Cipher(AES(enc), ECB())  # noqa: S305 - the IV of §9.8.7.1; what is decrypted is chained below
        self._forward, self._back = blocks.encryptor(), blocks.decryptor()
        self._cmac = CMAC(AES(mac_key))

    def __repr__(self) -> str:
        return "AesKeys(…)"

    def encrypt(self, counter: bytes, padded: bytes) -> bytes:
        encryptor = Cipher(AES(self.enc), CBC(self._forward.update(counter))).encryptor()
        return encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, counter: bytes, ciphertext: bytes) -> bytes:
        before = self._forward.update(counter) + ciphertext[:-16]
        plain = int.from_bytes(self._back.update(ciphertext)) ^ int.from_bytes(before)
        return plain.to_bytes(len(ciphertext))

    def mac(self, padded: bytes) -> bytes:
        cmac = self._cmac.copy()
        cmac.update(padded)
        return cmac.finalize()[:MAC_BYTES]

    def token(self, data: bytes) -> bytes:
        """An authentication token (§4.4.3.4): CMAC pads by itself."""
        return self.mac(data)
