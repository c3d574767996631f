"""The mappings of PACE: from the chip's nonce to a generator that nobody could have chosen (ICAO 9303-11 §4.4.3.3).

A mapping is a step of the exchange: it yields nothing itself, but says what is sent in step 2 and makes the
generator of what comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

from drivers.smartcard.emrtd.domain import Element, Group, private_key
from drivers.smartcard.emrtd.keys import KEY_BYTES, CipherName, cbc
from drivers.smartcard.emrtd.randomness import Randomness
from drivers.smartcard.errors import PaceFailed

MappingName = Literal["GM", "IM", "CAM"]

_C0 = {
    16: bytes.fromhex("a668892a7c41e3ca739f40b057d85904"),
    32: bytes.fromhex("d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676"),
}
_C1 = {
    16: bytes.fromhex("a4e136ac725f738b01c1f60217c188ad"),
    32: bytes.fromhex("54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517"),
}


class Mapping(Protocol):
    """`sent` is what the terminal gives in step 2; `generator` makes of the chip's answer what both go on with.
    `reckon_ahead` may be called before: what can be known of the generator's multiple without that answer.
    """

    @property
    def sent(self) -> bytes: ...
    def reckon_ahead(self, nonce: bytes, factor: int) -> None: ...
    def generator(self, nonce: bytes, received: bytes) -> Generator: ...


class Generator(Protocol):
    """What both sides go on with: it is only ever multiplied."""

    def times(self, factor: int) -> Element: ...


@dataclass(frozen=True)
class MappedGenerator:
    """Ĝ = s·G + x·P, P the chip's mapping key and x ours. It is not reckoned itself: y times it is
    (y·s)·G + (y·x)·P, which is one long product less, and the first half needs nothing of the chip's."""

    mapping: GenericMapping
    nonce: bytes = field(repr=False)
    chip: Element = field(repr=False)

    def times(self, factor: int) -> Element:
        agreed = self.chip.times(factor * self.mapping.private % self.mapping.group.order)
        return self.mapping.of_the_nonce(self.nonce, factor).plus(agreed)


@dataclass
class GenericMapping:
    """Ĝ = s·G + H with H of a Diffie-Hellman agreement (§4.4.3.3.1). Also the mapping phase of CAM (§4.4.3.3.3)."""

    group: Group
    private: int = field(repr=False)
    theirs: bytes = b""
    _ahead: tuple[bytes, int, Element] | None = field(default=None, init=False, repr=False)

    @cached_property
    def sent(self) -> bytes:
        return self.group.generator.times(self.private).encode()

    def generator(self, nonce: bytes, received: bytes) -> MappedGenerator:
        chip = self.group.decode(received)
        self.theirs = chip.encode()
        if self.theirs == self.sent:
            raise PaceFailed("the card sent our own public key back")
        if int.from_bytes(nonce) % self.group.order == 0:
            raise PaceFailed("the card's nonce is zero")
        return MappedGenerator(self, nonce, chip)

    def reckon_ahead(self, nonce: bytes, factor: int) -> None:
        if int.from_bytes(nonce) % self.group.order:
            self._ahead = nonce, factor, self.of_the_nonce(nonce, factor)

    def of_the_nonce(self, nonce: bytes, factor: int) -> Element:
        """(y·s)·G."""
        if self._ahead is not None and self._ahead[:2] == (nonce, factor):
            return self._ahead[2]
        return self.group.generator.times(factor * int.from_bytes(nonce) % self.group.order)


@dataclass(frozen=True)
class IntegratedMapping:
    """Ĝ = f(R(s, t)), with a nonce t of ours (§4.4.3.3.2)."""

    group: Group
    cipher: CipherName
    sent: bytes = field(repr=False)

    def reckon_ahead(self, nonce: bytes, factor: int) -> None:
        """Nothing: it is little."""

    def generator(self, nonce: bytes, received: bytes) -> Element:
        if received:
            raise PaceFailed("the card answers the integrated mapping with data")
        return self.group.from_field(pseudo_random(self.group.prime, self.cipher, nonce, self.sent))


def pseudo_random(prime: int, cipher: CipherName, s: bytes, t: bytes) -> int:
    """R_p(s, t), a number modulo `prime` (figure 2). Raises PaceFailed for a nonce of another length than the cipher's:
    the fewest whole blocks that are no shorter than its key, 16 or 32 bytes."""
    if len(s) != -(-KEY_BYTES[cipher] // 16) * 16:
        raise PaceFailed("the card's nonce has not the length of the integrated mapping")
    encrypt = _encryption(cipher)
    key, mapped = encrypt(t, s), b""
    while 8 * len(mapped) < prime.bit_length() + 64:
        mapped += encrypt(key, _C1[len(s)])
        key = encrypt(key, _C0[len(s)])
    return int.from_bytes(mapped) % prime


def _encryption(cipher: CipherName) -> Callable[[bytes, bytes], bytes]:
    def encrypt(key: bytes, data: bytes) -> bytes:
        encryptor = cbc(cipher, key[: KEY_BYTES[cipher]]).encryptor()
        return encryptor.update(data) + encryptor.finalize()

    return encrypt


def of(name: MappingName, group: Group, cipher: CipherName, random: Randomness) -> GenericMapping | IntegratedMapping:
    """Draws the mapping key, or the nonce t of the integrated mapping."""
    if name == "IM":
        return IntegratedMapping(group, cipher, random(KEY_BYTES[cipher]))
    return GenericMapping(group, private_key(group, random))
