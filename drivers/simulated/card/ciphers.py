"""The ciphers of the chip's protocols, their keys and checksums (ICAO 9303-11 §9.7.1, §9.8.6, §9.8.7)."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Protocol

from Crypto.Cipher import AES, DES, DES3
from Crypto.Hash import CMAC

ENCRYPTION, CHECKSUM, PASSWORD = 1, 2, 3


class Cipher(StrEnum):
    TRIPLE_DES = "3DES"
    AES_128 = "AES-128"
    AES_192 = "AES-192"
    AES_256 = "AES-256"

    @property
    def key_size(self) -> int:
        """Bytes of a key; 3DES has two of 8."""
        return {"AES-192": 24, "AES-256": 32}.get(self.value, 16)


def derive(secret: bytes, purpose: int, cipher: Cipher = Cipher.AES_128) -> bytes:
    """The key derivation function of §9.7.1; a 3DES key gets its parity bits."""
    digest = hashlib.sha256 if cipher.key_size > 16 else hashlib.sha1
    key = digest(secret + purpose.to_bytes(4, "big")).digest()[: cipher.key_size]
    if cipher is not Cipher.TRIPLE_DES:
        return key
    return bytes(byte & 0xFE | (1 + (byte >> 1).bit_count()) & 1 for byte in key)


def pad(data: bytes, block: int) -> bytes:
    """Padding method 2 of ISO/IEC 9797-1."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    """Raises ValueError when `data` is not padded."""
    stripped = data.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise ValueError("the padding is missing")
    return stripped[:-1]


def chain(cipher: Cipher, key: bytes, data: bytes) -> bytes:
    """CBC from a zero initial vector, over whole blocks."""
    if cipher is Cipher.TRIPLE_DES:
        return bytes(DES3.new(key, DES3.MODE_CBC, bytes(8)).encrypt(data))
    return bytes(AES.new(key, AES.MODE_CBC, bytes(16)).encrypt(data))


class Suite(Protocol):
    """A cipher and a checksum with their session keys; `ssc` has the width of a block."""

    block: int

    def encrypt(self, data: bytes, ssc: bytes) -> bytes: ...
    def decrypt(self, data: bytes, ssc: bytes) -> bytes: ...
    def checksum(self, data: bytes) -> bytes: ...
    def token(self, data: bytes) -> bytes:
        """The checksum of data that nobody has padded yet (§4.4.3.4)."""
        ...


def suite(cipher: Cipher, secret: bytes) -> Suite:
    """The session keys of a shared secret (§9.7.4)."""
    keys = derive(secret, ENCRYPTION, cipher), derive(secret, CHECKSUM, cipher)
    return TripleDes(*keys) if cipher is Cipher.TRIPLE_DES else Aes(*keys)


class Aes:
    """AES CBC with the encrypted counter as its initial vector, CMAC cut to 8 bytes (§9.8.7)."""

    block = 16

    def __init__(self, encryption: bytes, checksum: bytes) -> None:
        self._encryption, self._checksum = encryption, checksum

    def encrypt(self, data: bytes, ssc: bytes) -> bytes:
        return bytes(AES.new(self._encryption, AES.MODE_CBC, self._vector(ssc)).encrypt(data))

    def decrypt(self, data: bytes, ssc: bytes) -> bytes:
        return bytes(AES.new(self._encryption, AES.MODE_CBC, self._vector(ssc)).decrypt(data))

    def checksum(self, data: bytes) -> bytes:
        return bytes(CMAC.new(self._checksum, data, ciphermod=AES).digest()[:8])

    def token(self, data: bytes) -> bytes:
        return self.checksum(data)

    def _vector(self, ssc: bytes) -> bytes:
        return bytes(AES.new(self._encryption, AES.MODE_ECB).encrypt(ssc))


class TripleDes:
    """3DES CBC with a zero initial vector and the retail MAC (§9.8.6)."""

    block = 8

    def __init__(self, encryption: bytes, checksum: bytes) -> None:
        self._encryption, self._checksum = encryption, checksum

    def encrypt(self, data: bytes, ssc: bytes = b"") -> bytes:
        return bytes(DES3.new(self._encryption, DES3.MODE_CBC, bytes(8)).encrypt(data))

    def decrypt(self, data: bytes, ssc: bytes = b"") -> bytes:
        return bytes(DES3.new(self._encryption, DES3.MODE_CBC, bytes(8)).decrypt(data))

    def checksum(self, data: bytes) -> bytes:
        first, second = DES.new(self._checksum[:8], DES.MODE_ECB), DES.new(self._checksum[8:], DES.MODE_ECB)
        last = DES.new(self._checksum[:8], DES.MODE_CBC, bytes(8)).encrypt(data)[-8:]
        return bytes(first.encrypt(second.decrypt(last)))

    def token(self, data: bytes) -> bytes:
        return self.checksum(pad(data, 8))
