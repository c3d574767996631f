"""How the chip lets itself be opened: PACE (ICAO 9303-11 §4.4) or BAC (§4.3), each ending in a session."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from Crypto.Cipher import AES

from drivers.simulated.card import tlv
from drivers.simulated.card.apdu import Refused, Status
from drivers.simulated.card.curve import GENERATOR, ORDER, SIZE, Point
from drivers.simulated.card.messaging import (
    CHECKSUM,
    ENCRYPTION,
    PASSWORD,
    Aes,
    SecureMessaging,
    TripleDes,
    derive,
    derive_3des,
    pad,
)

Random = Callable[[int], bytes]

PACE_ECDH_GM_AES128 = bytes.fromhex("04007F00070202040202")  # id-PACE-ECDH-GM-AES-CBC-CMAC-128
BRAINPOOL_P256R1 = 13  # standardised domain parameters (§9.5.1)
MRZ_PASSWORD, CAN_PASSWORD = 1, 2


def mrz_seed(mrz_information: str) -> bytes:
    """SHA-1 of the MRZ information, 20 bytes: PACE's secret; its first 16 are BAC's seed (§4.3.2, §4.4.2)."""
    return hashlib.sha1(mrz_information.encode("ascii")).digest()  # noqa: S324 - the standard's own


def _scalar(random: Random) -> int:
    while True:
        number = int.from_bytes(random(SIZE), "big")
        if 0 < number < ORDER:
            return number


class Pace:
    """The chip's side of one PACE run: four steps, each allowed once and in order.

    Every step takes and gives the data inside the dynamic authentication data (7C). Refused ends the run.
    """

    def __init__(self, secret: bytes, random: Random) -> None:
        self._key = derive(secret, PASSWORD)
        self._random = random
        self._nonce = b""
        self._mapped: Point | None = None
        self._own: Point | None = None
        self._theirs: Point | None = None
        self._shared = b""

    def encrypted_nonce(self) -> bytes:
        """Step 1: gives z, the nonce under the password's key."""
        if self._nonce:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        self._nonce = self._random(16)
        return bytes(AES.new(self._key, AES.MODE_CBC, bytes(16)).encrypt(self._nonce))

    def map_nonce(self, terminal: bytes) -> bytes:
        """Step 2: the generic mapping (§4.4.3.3.1); takes and gives a mapping key."""
        if not self._nonce or self._mapped is not None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        theirs, private = _point(terminal), _scalar(self._random)
        try:
            secret = theirs.times(private)
            self._mapped = GENERATOR.times(int.from_bytes(self._nonce, "big")).plus(secret)
        except ValueError:
            raise Refused(Status.WRONG_DATA) from None
        return GENERATOR.times(private).encode()

    def agree(self, terminal: bytes) -> bytes:
        """Step 3: takes and gives an ephemeral key on the mapped generator."""
        if self._mapped is None or self._own is not None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        self._theirs, private = _point(terminal), _scalar(self._random)
        self._own = self._mapped.times(private)
        if self._own == self._theirs:  # §4.4.1: a reflected key is an attack
            raise Refused(Status.WRONG_DATA)
        self._shared = self._theirs.times(private).x.to_bytes(SIZE, "big")
        return self._own.encode()

    def authenticate(self, token: bytes) -> tuple[bytes, SecureMessaging]:
        """Step 4: takes the terminal's token, gives ours and the session. Refused with 6300 for a wrong one."""
        if self._own is None or self._theirs is None:
            raise Refused(Status.CONDITIONS_NOT_SATISFIED)
        suite = Aes(derive(self._shared, ENCRYPTION), derive(self._shared, CHECKSUM))
        if not hmac.compare_digest(suite.checksum(_token_input(self._own)), token):
            raise Refused(Status.AUTHENTICATION_FAILED)
        return suite.checksum(_token_input(self._theirs)), SecureMessaging(suite, bytes(16))


def _point(encoded: bytes) -> Point:
    try:
        return Point.decode(encoded)
    except ValueError:
        raise Refused(Status.WRONG_DATA) from None


def _token_input(key: Point) -> bytes:
    """The public key data object of §9.4.4 that the other side's token covers."""
    return tlv.encode(0x7F49, tlv.encode(0x06, PACE_ECDH_GM_AES128) + tlv.encode(0x86, key.encode()))


class Bac:
    """The chip's side of basic access control: one challenge, one attempt on it."""

    def __init__(self, mrz_information: str, random: Random) -> None:
        seed = mrz_seed(mrz_information)[:16]
        self._suite = TripleDes(derive_3des(seed, ENCRYPTION), derive_3des(seed, CHECKSUM))
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
        if not hmac.compare_digest(self._suite.checksum(pad(hidden, 8)), checksum):
            raise Refused(Status.AUTHENTICATION_FAILED)
        plain = self._suite.decrypt(hidden)
        theirs, echoed, their_key = plain[:8], plain[8:16], plain[16:]
        if not hmac.compare_digest(echoed, challenge):
            raise Refused(Status.AUTHENTICATION_FAILED)
        own_key = self._random(16)
        answer = self._suite.encrypt(challenge + theirs + own_key)
        seed = bytes(a ^ b for a, b in zip(their_key, own_key, strict=True))
        session = TripleDes(derive_3des(seed, ENCRYPTION), derive_3des(seed, CHECKSUM))
        counter = challenge[4:] + theirs[4:]
        return answer + self._suite.checksum(pad(answer, 8)), SecureMessaging(session, counter)
