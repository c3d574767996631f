"""PACE from the chip's side (ICAO 9303-11 §4.4): generic, integrated and chip authentication mapping."""

from __future__ import annotations

import hmac

from Crypto.Cipher import AES

from drivers.simulated.card import tlv
from drivers.simulated.card.apdu import Refused, Status
from drivers.simulated.card.ciphers import ENCRYPTION, PASSWORD, Suite, chain, derive, pad, suite
from drivers.simulated.card.groups import Element, Random, draw, standard
from drivers.simulated.card.mapping import integrated, nonce_size
from drivers.simulated.card.messaging import SecureMessaging
from drivers.simulated.card.plan import Mapping, PaceVariant


class Pace:
    """The chip's side of one PACE run: four steps, each allowed once and in order.

    Every step takes and gives the data inside the dynamic authentication data (7C). Refused ends the run.
    `chip_key` is the static private key that the chip authentication mapping proves; `astray` makes the chip send
    public keys that are none.
    """

    def __init__(
        self,
        variant: PaceVariant,
        secret: bytes,
        random: Random,
        *,
        chip_key: int | None = None,
        astray: bool = False,
    ) -> None:
        self._variant = variant
        self._group = standard(variant.parameters)
        self._key = derive(secret, PASSWORD, variant.cipher)
        self._random = random
        self._chip_key = chip_key
        self._astray = astray
        self._nonce = b""
        self._map_key = 0
        self._mapped: Element | None = None
        self._own: Element | None = None
        self._theirs: Element | None = None
        self._shared = b""

    def encrypted_nonce(self) -> bytes:
        """Step 1: gives z, the nonce under the password's key."""
        if self._nonce:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        mapped = self._variant.mapping is Mapping.INTEGRATED
        self._nonce = self._random(nonce_size(self._variant.cipher) if mapped else 16)
        return chain(self._variant.cipher, self._key, self._nonce)

    def map_nonce(self, terminal: bytes) -> bytes:
        """Step 2: takes the terminal's mapping data, gives ours: a key, or nothing in the integrated mapping."""
        if not self._nonce or self._mapped is not None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        try:
            if self._variant.mapping is Mapping.INTEGRATED:
                if len(terminal) != self._variant.cipher.key_size:
                    raise ValueError("the nonce has another size than a key")
                self._mapped = integrated(self._group, self._variant.cipher, self._nonce, terminal)
                return b""
            theirs = self._group.decode(terminal)
            self._map_key = draw(self._group, self._random)
            h = theirs.times(self._map_key)
            self._mapped = self._group.generator.times(int.from_bytes(self._nonce, "big")).plus(h)
        except ValueError:
            raise Refused(Status.WRONG_DATA) from None
        return self._sent(self._group.generator.times(self._map_key))

    def agree(self, terminal: bytes) -> bytes:
        """Step 3: takes and gives an ephemeral key on the mapped generator."""
        if self._mapped is None or self._own is not None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        try:
            self._theirs = self._group.decode(terminal)
        except ValueError:
            raise Refused(Status.WRONG_DATA) from None
        private = draw(self._group, self._random)
        self._own = self._mapped.times(private)
        if self._own == self._theirs:  # §4.4.1: a reflected key is an attack
            raise Refused(Status.WRONG_DATA)
        self._shared = self._theirs.times(private).secret()
        return self._sent(self._own)

    def authenticate(self, token: bytes) -> tuple[bytes, SecureMessaging]:
        """Step 4: takes the terminal's token, gives our data objects and the session.

        Refused with 6300 for a wrong token.
        """
        if self._own is None or self._theirs is None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        keys = suite(self._variant.cipher, self._shared)
        if not hmac.compare_digest(self._token(keys, self._own), token):
            raise Refused(Status.AUTHENTICATION_FAILED)
        objects = tlv.encode(0x86, self._token(keys, self._theirs)) + self._chip_proof()
        return objects, SecureMessaging(keys, bytes(keys.block))

    def _chip_proof(self) -> bytes:
        """The encrypted chip authentication data of §4.4.3.5, as a data object; b"" in the other mappings."""
        if self._variant.mapping is not Mapping.CHIP_AUTHENTICATION:
            return b""
        if self._chip_key is None:
            raise Refused(Status.INTERNAL_ERROR)
        order = self._group.order
        proof = pow(self._chip_key, -1, order) * self._map_key % order
        plain = pad(proof.to_bytes((order.bit_length() + 7) // 8, "big"), 16)
        key = derive(self._shared, ENCRYPTION, self._variant.cipher)
        vector = AES.new(key, AES.MODE_ECB).encrypt(b"\xff" * 16)
        return tlv.encode(0x8A, bytes(AES.new(key, AES.MODE_CBC, vector).encrypt(plain)))

    def _token(self, keys: Suite, key: Element) -> bytes:
        """Over the public key data object of §9.4 that the other side sent."""
        value = tlv.encode(0x06, self._variant.oid) + tlv.encode(self._group.tag, key.encode())
        return keys.token(tlv.encode(0x7F49, value))

    def _sent(self, key: Element) -> bytes:
        return self._group.strangers() if self._astray else key.encode()
