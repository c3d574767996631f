"""Chip authentication from the chip's side (ICAO 9303-11 §6.2; version 2 as in TR-03110-2 §3.4)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.simulated.card import tlv
from drivers.simulated.card.apdu import Refused, Status
from drivers.simulated.card.ciphers import Cipher, suite
from drivers.simulated.card.groups import Random, standard
from drivers.simulated.card.messaging import SecureMessaging
from drivers.simulated.card.plan import ChipKey


@dataclass(frozen=True, slots=True)
class ChipAuthentication:
    """One key and the cipher chosen; `agree` restarts secure messaging."""

    key: ChipKey
    cipher: Cipher

    def agree(self, terminal: bytes, random: Random) -> tuple[bytes, SecureMessaging]:
        """Takes the terminal's ephemeral key; gives the answer's data objects and the new session.

        Refused with 6A80 for a key that is none.
        """
        group = standard(self.key.parameters)
        try:
            theirs = group.decode(terminal)
            secret = theirs.times(self.key.private).secret()
        except ValueError:
            raise Refused(Status.WRONG_DATA) from None
        if self.key.version == 1:
            keys = suite(self.cipher, secret)
            return b"", SecureMessaging(keys, bytes(keys.block))
        nonce = random(8)
        keys = suite(self.cipher, secret + nonce)
        covered = tlv.encode(0x06, self.key.oid(self.cipher)) + tlv.encode(group.tag, theirs.encode())
        token = keys.token(tlv.encode(0x7F49, covered))
        return tlv.encode(0x81, nonce) + tlv.encode(0x82, token), SecureMessaging(keys, bytes(keys.block))


def chosen(keys: tuple[ChipKey, ...], reference: bytes | None, oid: bytes | None) -> ChipAuthentication:
    """What a terminal chose by tags 84 and 80; `oid` None is MSE:Set KAT, which is 3DES only.

    Refused with 6A88 where no key, or more than one, is meant, and with 6A80 for an unknown protocol.
    """
    named = None if reference is None else int.from_bytes(reference, "big")
    fitting = [key for key in keys if named is None or key.key_id == named]
    if not fitting:
        raise Refused(Status.REFERENCE_NOT_FOUND)
    offers = [ChipAuthentication(key, cipher) for key in fitting for cipher in key.ciphers]
    if oid is None:
        offers = [offer for offer in offers if offer.cipher is Cipher.TRIPLE_DES and offer.key.version == 1]
    else:
        offers = [offer for offer in offers if offer.key.oid(offer.cipher) == oid]
    if not offers:
        raise Refused(Status.WRONG_DATA)
    if len(offers) > 1:
        raise Refused(Status.REFERENCE_NOT_FOUND)
    return offers[0]
