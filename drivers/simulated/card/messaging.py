"""Secure messaging from the chip's side (ICAO 9303-11 §9.8), with 3DES or AES.

A command carries its data encrypted (tag 87; 85 when its instruction is odd), its expected length (97) and a
checksum (8E); an answer its data (87 or 85), its status word (99) and a checksum. The send sequence counter
counts both ways.
"""

from __future__ import annotations

import hmac
from dataclasses import replace

from drivers.simulated.card import tlv
from drivers.simulated.card.apdu import CHAINED, Answer, Command, Refused, Status
from drivers.simulated.card.ciphers import Suite, pad, unpad

_DATA, _DATA_ODD, _LE, _STATUS, _MAC = 0x87, 0x85, 0x97, 0x99, 0x8E


class SecureMessaging:
    """One session: it unprotects commands and protects answers, each exactly once and in turn."""

    def __init__(self, suite: Suite, counter: bytes) -> None:
        self._suite = suite
        self._counter = int.from_bytes(counter, "big")
        self._odd = False

    def count(self, messages: int) -> None:
        """Counts messages that were not protected as messages: what a chip at fault does."""
        self._counter += messages

    def unprotect(self, command: Command) -> Command:
        """The command inside. Raises Refused when it is not protected exactly as it should be."""
        self._counter += 1
        self._odd = bool(command.ins & 1)
        objects = self._objects(command.data)
        checksum = objects.pop(_MAC)
        covered = b"".join(tlv.encode(tag, value) for tag, value in objects.items())
        if not self._covers(command.header, covered, checksum):
            raise Refused(Status.PROTECTION_INCORRECT)
        plain = Command(command.cla & CHAINED, command.ins, command.p1, command.p2, extended=command.extended)
        if self._tag in objects:
            plain = replace(plain, data=self._decrypted(objects[self._tag]))
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
        allowed = ([self._tag, _LE, _MAC], [self._tag, _MAC], [_LE, _MAC], [_MAC])
        if [tag for tag, _ in listed] not in allowed:
            # Out of order, twice, unknown, or without a checksum at all.
            raise Refused(Status.PROTECTION_INCORRECT if listed else Status.PROTECTION_MISSING)
        objects = dict(listed)
        if len(objects[_MAC]) != 8 or len(objects.get(_LE, b"\0")) not in (1, 2):
            raise Refused(Status.PROTECTION_INCORRECT)
        return objects

    def _decrypted(self, value: bytes) -> bytes:
        if not self._odd:
            if value[:1] != b"\x01":
                raise Refused(Status.PROTECTION_INCORRECT)
            value = value[1:]
        if not value or len(value) % self._suite.block:
            raise Refused(Status.PROTECTION_INCORRECT)
        try:
            return unpad(self._suite.decrypt(value, self._ssc))
        except ValueError:
            raise Refused(Status.PROTECTION_INCORRECT) from None

    def protect(self, answer: Answer) -> bytes:
        """The response APDU that carries `answer`; its outer status word repeats the inner one."""
        self._counter += 1
        objects = b""
        if answer.data:
            hidden = self._suite.encrypt(pad(answer.data, self._suite.block), self._ssc)
            objects = tlv.encode(self._tag, hidden if self._odd else b"\x01" + hidden)
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
    def _tag(self) -> int:
        """An odd instruction's data are themselves data objects, and carry no padding indicator (§9.8.4)."""
        return _DATA_ODD if self._odd else _DATA

    @property
    def _ssc(self) -> bytes:
        block: int = self._suite.block
        return (self._counter % (1 << 8 * block)).to_bytes(block, "big")
