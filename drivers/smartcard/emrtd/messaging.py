"""Secure messaging: every command sealed, every answer proven before it is believed (ICAO 9303-11 §9.8).

    plain command  ->  seal()  ->  CLA|0C  87 ciphertext, 97 Le, 8E checksum
    plain answer   <-  open()  <-  87 ciphertext, 99 status, 8E checksum

The send sequence counter grows by one before each command and before each answer. An error that comes without
protection proves nothing, and chips differ in how they count it: `open` tells it as Unprotected, and the channel
goes on once `bare_answer` has said where the chip's counter stands. A wrong checksum or a malformed answer ends it
for good: somebody else is talking.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from drivers.smartcard import tlv
from drivers.smartcard.apdu import MAX_LE, MAX_SHORT, OK, CommandApdu, ResponseApdu
from drivers.smartcard.emrtd.keys import SessionKeys
from drivers.smartcard.errors import ChannelBroken, MalformedData, Unprotected

_CIPHERTEXT = 0x87
_CIPHERTEXT_ODD = 0x85
"""For commands with an odd instruction byte, whose data are BER-TLV; without a padding indicator (§9.8.4)."""
_LE = 0x97
_STATUS = 0x99
_CHECKSUM = 0x8E
_PADDED_CONTENT = b"\x01"
_FORMS = {
    (_STATUS, _CHECKSUM),
    (_CIPHERTEXT, _STATUS, _CHECKSUM),
    (_CIPHERTEXT_ODD, _STATUS, _CHECKSUM),
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed command and the steps that led to it, under the names of ICAO 9303-11 appendix D.4."""

    masked_header: bytes
    objects: bytes
    """DO'87' (or '85') and DO'97', those that are there."""
    n: bytes
    """What the checksum is over: SSC ‖ padded header ‖ objects, padded."""
    cc: bytes
    apdu: CommandApdu


@dataclass(frozen=True, slots=True)
class Opened:
    """A proven answer and the steps that led to it."""

    k: bytes
    """What the checksum is over: SSC ‖ DO'87' ‖ DO'99', padded."""
    cc: bytes
    response: ResponseApdu = field(repr=False)


def pad(data: bytes, block: int) -> bytes:
    """ISO 9797-1 padding method 2: one byte 80, then zeros to the end of the block."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    """Takes the padding off. Raises MalformedData when there is none."""
    stripped = data.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise MalformedData("decrypted data without padding")
    return stripped[:-1]


class SecureMessaging:
    """One channel: its keys and its counter. `seal` and `open` must take turns."""

    def __init__(self, keys: SessionKeys, counter: int = 0) -> None:
        self._keys = keys
        self._counter = counter
        self._broken = False

    @property
    def fitting(self) -> int:
        """The most bytes of content whose protected answer is a short one: 231 with 3DES, 223 with AES."""
        room = MAX_SHORT - len(tlv.encode(_STATUS, bytes(2)) + tlv.encode(_CHECKSUM, bytes(8))) - 4
        return room // self._keys.block * self._keys.block - 1

    def bare_answer(self, counted: int) -> None:
        """The last command was answered outside the channel, and the chip is thought to have moved its counter on by
        `counted`: 2 for command and answer, 1 for the command alone, 0 where it never came as far."""
        self._counter = (self._counter + counted - 1) % (1 << 8 * self._keys.block)

    @property
    def _after(self) -> int:
        return (self._counter + 1) % (1 << 8 * self._keys.block)

    def seal(self, command: CommandApdu) -> Sealed:
        """Raises ChannelBroken if the channel ended earlier."""
        if self._broken:
            raise ChannelBroken("secure messaging ended earlier")
        self._counter = self._after
        counter, block = self._counter.to_bytes(self._keys.block), self._keys.block
        masked = bytes((command.cla | 0x0C,)) + command.header[1:]
        objects = b""
        if command.data:
            ciphertext = self._keys.encrypt(counter, pad(command.data, block))
            odd = command.ins & 1
            objects += tlv.encode(_CIPHERTEXT_ODD, ciphertext) if odd else tlv.encode(_CIPHERTEXT, b"\x01" + ciphertext)
        if command.le is not None:
            width = 2 if command.extended else 1
            objects += tlv.encode(_LE, (command.le & (1 << 8 * width) - 1).to_bytes(width))
        # Without data objects there is nothing after the padded header to pad (ISO 7816-4 §10.2.3.1).
        n = counter + pad(masked, block) + (pad(objects, block) if objects else b"")
        cc = self._keys.mac(n)
        body = objects + tlv.encode(_CHECKSUM, cc)
        cla, ins, p1, p2 = masked
        le = MAX_LE if command.extended or len(body) > 255 else MAX_SHORT
        return Sealed(masked, objects, n, cc, CommandApdu(cla, ins, p1, p2, body, le))

    def open(self, answer: ResponseApdu) -> Opened:
        """Raises Unprotected for a bare error, after which the channel may be tried again; and ChannelBroken,
        after which it is of no more use."""
        if not answer.data and answer.status != OK and not self._broken:
            raise Unprotected(answer.status)
        try:
            return self._opened(answer)
        except MalformedData as error:
            self._broken = True
            raise ChannelBroken(f"an answer under secure messaging is not formed right: {error}") from error
        except ChannelBroken:
            self._broken = True
            raise

    def _opened(self, answer: ResponseApdu) -> Opened:
        if self._broken:
            raise ChannelBroken("secure messaging ended earlier")
        if not answer.data:
            raise ChannelBroken("the card claims success outside secure messaging")
        self._counter = self._after
        counter = self._counter.to_bytes(self._keys.block)
        objects = tlv.parse(answer.data)
        if tuple(item.tag for item in objects) not in _FORMS:
            raise ChannelBroken("an answer under secure messaging holds other objects than it must")
        k = pad(counter + b"".join(item.raw for item in objects[:-1]), self._keys.block)
        cc = self._keys.mac(k)
        if not hmac.compare_digest(cc, objects[-1].value):
            raise ChannelBroken("the checksum of an answer is wrong")
        return Opened(k, cc, self._plain(objects, counter))

    def _plain(self, objects: tuple[tlv.Tlv, ...], counter: bytes) -> ResponseApdu:
        # The status inside is the proven one; the outer one may be anything on the way.
        status = objects[-2].value
        if len(status) != 2:
            raise MalformedData("a status word of other than two bytes")
        data = b""
        if objects[0].tag != _STATUS:
            data = unpad(self._keys.decrypt(counter, self._ciphertext(objects[0])))
        return ResponseApdu(data, int.from_bytes(status))

    def _ciphertext(self, item: tlv.Tlv) -> bytes:
        ciphertext = item.value
        if item.tag == _CIPHERTEXT:
            if item.value[:1] != _PADDED_CONTENT:
                raise MalformedData("ciphertext without the sign of padding")
            ciphertext = item.value[1:]
        if not ciphertext or len(ciphertext) % self._keys.block:
            raise MalformedData("ciphertext that is not whole padded blocks")
        return ciphertext
