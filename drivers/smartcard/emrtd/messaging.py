"""Secure messaging: every command sealed, every answer proven before it is believed (ICAO 9303-11 §9.8).

    plain command  ->  seal()  ->  CLA|0C  87 ciphertext, 97 Le, 8E checksum
    plain answer   <-  open()  <-  87 ciphertext, 99 status, 8E checksum

The send sequence counter grows by one before each command and before each answer. A channel that was
once broken stays broken: an answer outside it means that the card has thrown its keys away, and a wrong
checksum that somebody else is talking.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from drivers.smartcard import tlv
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd.keys import SessionKeys
from drivers.smartcard.errors import ChannelBroken, MalformedData

_CIPHERTEXT = 0x87
_LE = 0x97
_STATUS = 0x99
_CHECKSUM = 0x8E
_PADDED_CONTENT = b"\x01"


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed command and the steps that led to it, under the names of ICAO 9303-11 appendix D.4."""

    masked_header: bytes
    objects: bytes
    """DO'87' and DO'97', those that are there."""
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

    def _next_counter(self) -> bytes:
        if self._broken:
            raise ChannelBroken("secure messaging ended earlier")
        self._counter = (self._counter + 1) % (1 << 8 * self._keys.block)
        return self._counter.to_bytes(self._keys.block)

    def seal(self, command: CommandApdu) -> Sealed:
        """Raises ChannelBroken if the channel ended earlier."""
        counter = self._next_counter()
        block = self._keys.block
        masked = bytes((command.cla | 0x0C,)) + command.header[1:]
        objects = b""
        if command.data:
            ciphertext = self._keys.encrypt(counter, pad(command.data, block))
            objects += tlv.encode(_CIPHERTEXT, _PADDED_CONTENT + ciphertext)
        if command.le is not None:
            objects += tlv.encode(_LE, bytes((command.le & 0xFF,)))
        # Without data objects there is nothing after the padded header to pad (ISO 7816-4 §10.2.3.1).
        n = counter + pad(masked, block) + (pad(objects, block) if objects else b"")
        cc = self._keys.mac(n)
        body = objects + tlv.encode(_CHECKSUM, cc)
        cla, ins, p1, p2 = masked
        return Sealed(masked, objects, n, cc, CommandApdu(cla, ins, p1, p2, body, 256))

    def open(self, answer: ResponseApdu) -> Opened:
        """Raises ChannelBroken, after which the channel is of no more use."""
        counter = self._next_counter()
        try:
            return self._opened(answer, counter)
        except MalformedData as error:
            self._broken = True
            raise ChannelBroken(f"an answer under secure messaging is not formed right: {error}") from error
        except ChannelBroken:
            self._broken = True
            raise

    def _opened(self, answer: ResponseApdu, counter: bytes) -> Opened:
        if not answer.data:
            raise ChannelBroken(f"the card answered outside secure messaging: status {answer.status:04X}")
        objects = tlv.parse(answer.data)
        tags = tuple(item.tag for item in objects)
        if tags not in ((_STATUS, _CHECKSUM), (_CIPHERTEXT, _STATUS, _CHECKSUM)):
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
        if objects[0].tag == _CIPHERTEXT:
            indicator, ciphertext = objects[0].value[:1], objects[0].value[1:]
            if indicator != _PADDED_CONTENT or not ciphertext or len(ciphertext) % self._keys.block:
                raise MalformedData("ciphertext that is not whole padded blocks")
            data = unpad(self._keys.decrypt(counter, ciphertext))
        return ResponseApdu(data, int.from_bytes(status))
