"""Basic access control from the chip's side (ICAO 9303-11 §4.3), ending in a session of 3DES."""

from __future__ import annotations

import hashlib
import hmac

from drivers.simulated.card.apdu import Refused, Status
from drivers.simulated.card.ciphers import CHECKSUM, ENCRYPTION, Cipher, TripleDes, derive, pad, suite
from drivers.simulated.card.groups import Random
from drivers.simulated.card.messaging import SecureMessaging


def mrz_seed(mrz_information: str) -> bytes:
    """SHA-1 of the MRZ information, 20 bytes: PACE's secret; its first 16 are BAC's seed (§4.3.2, §4.4.2)."""
    return hashlib.sha1(mrz_information.encode("ascii")).digest()  # noqa: S324 - the standard's own


class Bac:
    """The chip's side of basic access control: one challenge, one attempt on it."""

    def __init__(self, mrz_information: str, random: Random) -> None:
        seed = mrz_seed(mrz_information)[:16]
        keys = (derive(seed, purpose, Cipher.TRIPLE_DES) for purpose in (ENCRYPTION, CHECKSUM))
        self._suite = TripleDes(*keys)
        self._random = random
        self._challenge = b""

    def challenge(self) -> bytes:
        """RND.IC, 8 bytes."""
        self._challenge = self._random(8)
        return self._challenge

    def authenticate(self, cryptogram: bytes) -> tuple[bytes, SecureMessaging]:
        """Takes E.IFD and M.IFD, 40 bytes; gives E.IC and M.IC, and the session. Refused with 6300 for wrong ones."""
        challenge, self._challenge = self._challenge, b""
        if not challenge:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        if len(cryptogram) != 40:
            raise Refused(Status.WRONG_LENGTH)
        hidden, checksum = cryptogram[:32], cryptogram[32:]
        if not hmac.compare_digest(self._suite.token(hidden), checksum):
            raise Refused(Status.AUTHENTICATION_FAILED)
        plain = self._suite.decrypt(hidden)
        theirs, echoed, their_key = plain[:8], plain[8:16], plain[16:]
        if not hmac.compare_digest(echoed, challenge):
            raise Refused(Status.AUTHENTICATION_FAILED)
        own_key = self._random(16)
        answer = self._suite.encrypt(challenge + theirs + own_key)
        seed = bytes(a ^ b for a, b in zip(their_key, own_key, strict=True))
        session = SecureMessaging(suite(Cipher.TRIPLE_DES, seed), challenge[4:] + theirs[4:])
        return answer + self._suite.checksum(pad(answer, 8)), session
