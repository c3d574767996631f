"""Secure messaging from the chip's side (ICAO 9303-11 §9.8), with 3DES or AES-128.

A command carries its data encrypted (tag 87), its expected length (97) and a checksum (8E); an answer its data
(87), its status word (99) and a checksum. The send sequence counter counts both ways.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Protocol

from Crypto.Cipher import AES, DES, DES3
from Crypto.Hash import CMAC

from drivers.simulated.card import tlv
from drivers.simulated.card.apdu import Answer, Command, Refused, Status

ENCRYPTION, CHECKSUM, PASSWORD = 1, 2, 3
_DATA, _LE, _STATUS, _MAC = 0x87, 0x97, 0x99, 0x8E


def derive(secret: bytes, purpose: int) -> bytes:
    """A 16-byte key for AES-128 (9303-11 §9.7.1.2)."""
    return hashlib.sha1(secret + purpose.to_bytes(4, "big")).digest()[:16]  # noqa: S324 - the standard's own


def derive_3des(seed: bytes, purpose: int) -> bytes:
    """A two-key 3DES key with its parity bits set (9303-11 §9.7.1.1)."""
    return bytes(byte & 0xFE | (1 + (byte >> 1).bit_count()) & 1 for byte in derive(seed, purpose))


def pad(data: bytes, block: int) -> bytes:
    """Padding method 2 of ISO/IEC 9797-1."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    """Raises ValueError when `data` is not padded."""
    stripped = data.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise ValueError("the padding is missing")
    return stripped[:-1]


class Suite(Protocol):
    """A cipher and a checksum with their session keys; `ssc` has the width of a block."""

    block: int

    def encrypt(self, data: bytes, ssc: bytes) -> bytes: ...
    def decrypt(self, data: bytes, ssc: bytes) -> bytes: ...
    def checksum(self, data: bytes) -> bytes: ...


class Aes:
    """AES-128 CBC with the encrypted counter as its initial vector, CMAC cut to 8 bytes (§9.8.6.3, §9.8.7.2)."""

    block = 16

    def __init__(self, encryption: bytes, checksum: bytes) -> None:
        self._encryption, self._checksum = encryption, checksum

    def encrypt(self, data: bytes, ssc: bytes) -> bytes:
        return bytes(AES.new(self._encryption, AES.MODE_CBC, self._vector(ssc)).encrypt(data))

    def decrypt(self, data: bytes, ssc: bytes) -> bytes:
        return bytes(AES.new(self._encryption, AES.MODE_CBC, self._vector(ssc)).decrypt(data))

    def checksum(self, data: bytes) -> bytes:
        return bytes(CMAC.new(self._checksum, data, ciphermod=AES).digest()[:8])

    def _vector(self, ssc: bytes) -> bytes:
        return bytes(AES.new(self._encryption, AES.MODE_ECB).encrypt(ssc))


class TripleDes:
    """3DES CBC with a zero initial vector and the retail MAC (§9.8.6.2, §9.8.7.1)."""

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


class SecureMessaging:
    """One session: it unprotects commands and protects answers, each exactly once and in turn."""

    def __init__(self, suite: Suite, counter: bytes) -> None:
        self._suite = suite
        self._counter = int.from_bytes(counter, "big")

    def unprotect(self, command: Command) -> Command:
        """The command inside. Raises Refused when it is not protected exactly as it should be."""
        self._counter += 1
        objects = self._objects(command.data)
        checksum = objects.pop(_MAC)
        covered = b"".join(tlv.encode(tag, value) for tag, value in objects.items())
        if not self._covers(command.header, covered, checksum):
            raise Refused(Status.PROTECTION_INCORRECT)
        plain = Command(0, command.ins, command.p1, command.p2, extended=command.extended)
        if _DATA in objects:
            plain = replace(plain, data=self._decrypted(objects[_DATA]))
        if _LE in objects:
            le = objects[_LE]
            plain = plain.expecting(int.from_bytes(le, "big"), widest=256 ** len(le))
        return plain

    def _covers(self, header: bytes, objects: bytes, checksum: bytes) -> bool:
        block = self._suite.block
        start = self._ssc + pad(header, block)
        if hmac.compare_digest(self._suite.checksum(pad(start + objects, block)), checksum):
            return True
        # A command without data objects: ISO 7816-4 §10.3.3 pads the header and nothing more, 9303-11 reads as
        # if the whole were padded once more. Terminals do either, and either covers the same bytes.
        return not objects and hmac.compare_digest(self._suite.checksum(start), checksum)

    def _objects(self, data: bytes) -> dict[int, bytes]:
        try:
            listed = tlv.decode(data)
        except ValueError:
            raise Refused(Status.PROTECTION_INCORRECT) from None
        if [tag for tag, _ in listed] not in ([_DATA, _LE, _MAC], [_DATA, _MAC], [_LE, _MAC], [_MAC]):
            # Out of order, twice, unknown, or without a checksum at all.
            raise Refused(Status.PROTECTION_INCORRECT if listed else Status.PROTECTION_MISSING)
        objects = dict(listed)
        if len(objects[_MAC]) != 8 or len(objects.get(_LE, b"\0")) not in (1, 2):
            raise Refused(Status.PROTECTION_INCORRECT)
        return objects

    def _decrypted(self, value: bytes) -> bytes:
        if len(value) < 1 + self._suite.block or value[0] != 1 or (len(value) - 1) % self._suite.block:
            raise Refused(Status.PROTECTION_INCORRECT)
        try:
            return unpad(self._suite.decrypt(value[1:], self._ssc))
        except ValueError:
            raise Refused(Status.PROTECTION_INCORRECT) from None

    def protect(self, answer: Answer) -> bytes:
        """The response APDU that carries `answer`; its outer status word repeats the inner one."""
        self._counter += 1
        objects = b""
        if answer.data:
            hidden = self._suite.encrypt(pad(answer.data, self._suite.block), self._ssc)
            objects = tlv.encode(_DATA, b"\x01" + hidden)
        objects += tlv.encode(_STATUS, answer.status.to_bytes(2, "big"))
        checksum = self._suite.checksum(pad(self._ssc + objects, self._suite.block))
        return Answer(objects + tlv.encode(_MAC, checksum), answer.status).encode()

    def room(self, capacity: int) -> int:
        """The longest data whose protected answer fits in `capacity` bytes."""
        blocks = capacity // self._suite.block
        while blocks and self._protected(blocks * self._suite.block) > capacity:
            blocks -= 1
        return max(0, blocks * self._suite.block - 1)

    @staticmethod
    def _protected(padded: int) -> int:
        return len(tlv.encode(_DATA, bytes(1 + padded))) + 4 + 10

    @property
    def _ssc(self) -> bytes:
        block: int = self._suite.block
        return (self._counter % (1 << 8 * block)).to_bytes(block, "big")
