"""Session keys of secure messaging, and how they are derived (ICAO 9303-11 §9.7).

Two suites: two-key 3DES with retail MAC (BAC), and AES-128 with CMAC (PACE). Both use SHA-1 in the key
derivation, because the standard says so (§9.7.1.1-2).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

FOR_ENCRYPTION = 1
FOR_MAC = 2
FOR_PASSWORD = 3

KEY_BYTES = 16
MAC_BYTES = 8


class SessionKeys(Protocol):
    """What secure messaging needs of a suite. Data handed over is whole blocks; `counter` is the SSC."""

    @property
    def block(self) -> int: ...
    def encrypt(self, counter: bytes, padded: bytes) -> bytes: ...
    def decrypt(self, counter: bytes, ciphertext: bytes) -> bytes: ...
    def mac(self, padded: bytes) -> bytes: ...


def derive(secret: bytes, purpose: int) -> bytes:
    """KDF(K, c) for AES-128: the first 16 bytes of SHA-1(K ‖ c), c as four bytes (§9.7.1.2)."""
    digest = hashlib.sha1(secret + purpose.to_bytes(4))  # noqa: S324 - the standard's own choice for this key size
    return digest.digest()[:KEY_BYTES]


def derive_des(secret: bytes, purpose: int) -> bytes:
    """KDF(K, c) for 3DES: as for AES-128, with the parity bit of each byte made odd (§9.7.1.1)."""
    return bytes(b & 0xFE | (b.bit_count() & 1 ^ b & 1 ^ 1) for b in derive(secret, purpose))


@dataclass(frozen=True, slots=True)
class TripleDesKeys:
    """3DES-CBC with a zero IV, and the retail MAC (ISO 9797-1 algorithm 3); ICAO 9303-11 §9.8.6.1."""

    enc: bytes = field(repr=False)
    mac_key: bytes = field(repr=False)
    block: int = field(default=8, init=False)

    @classmethod
    def derived(cls, secret: bytes) -> TripleDesKeys:
        return cls(derive_des(secret, FOR_ENCRYPTION), derive_des(secret, FOR_MAC))

    def _cipher(self) -> Cipher[CBC]:
        return Cipher(TripleDES(self.enc + self.enc[:8]), CBC(bytes(8)))

    def encrypt(self, counter: bytes, padded: bytes) -> bytes:
        encryptor = self._cipher().encryptor()
        return encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, counter: bytes, ciphertext: bytes) -> bytes:
        decryptor = self._cipher().decryptor()
        return decryptor.update(ciphertext) + decryptor.finalize()

    def mac(self, padded: bytes) -> bytes:
        """Single DES under the first half through all blocks but the last, which takes the whole key."""
        chain = bytes(8)
        if len(padded) > 8:
            single = Cipher(TripleDES(self.mac_key[:8] * 3), CBC(bytes(8))).encryptor()
            chain = (single.update(padded[:-8]) + single.finalize())[-8:]
        last = Cipher(TripleDES(self.mac_key + self.mac_key[:8]), CBC(chain)).encryptor()
        return last.update(padded[-8:]) + last.finalize()


@dataclass(frozen=True, slots=True)
class AesKeys:
    """AES-128-CBC with IV = E(K_enc, SSC), and CMAC cut to 8 bytes; ICAO 9303-11 §9.8.6.2-3."""

    enc: bytes = field(repr=False)
    mac_key: bytes = field(repr=False)
    block: int = field(default=16, init=False)

    @classmethod
    def derived(cls, secret: bytes) -> AesKeys:
        return cls(derive(secret, FOR_ENCRYPTION), derive(secret, FOR_MAC))

    def _cipher(self, counter: bytes) -> Cipher[CBC]:
        encryptor = Cipher(AES128(self.enc), ECB()).encryptor()  # noqa: S305 - one block, the IV of §9.8.6.2
        return Cipher(AES128(self.enc), CBC(encryptor.update(counter) + encryptor.finalize()))

    def encrypt(self, counter: bytes, padded: bytes) -> bytes:
        encryptor = self._cipher(counter).encryptor()
        return encryptor.update(padded) + encryptor.finalize()

    def decrypt(self, counter: bytes, ciphertext: bytes) -> bytes:
        decryptor = self._cipher(counter).decryptor()
        return decryptor.update(ciphertext) + decryptor.finalize()

    def mac(self, padded: bytes) -> bytes:
        cmac = CMAC(AES128(self.mac_key))
        cmac.update(padded)
        return cmac.finalize()[:MAC_BYTES]
