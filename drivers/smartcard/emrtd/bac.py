"""Basic access control: the MRZ opens the chip (ICAO 9303-11 §4.3).

    GET CHALLENGE            -> RND.IC
    EXTERNAL AUTHENTICATE    E_IFD ‖ M_IFD  ->  E_IC ‖ M_IC

Both sides prove that they know the keys derived from the MRZ, and leave with session keys for 3DES.
The names below are those of appendix D.
"""

from __future__ import annotations

import hmac

from drivers.smartcard.apdu import OK, CommandApdu, Exchange
from drivers.smartcard.emrtd.keys import SessionKeys, session_keys
from drivers.smartcard.emrtd.messaging import SecureMessaging, pad
from drivers.smartcard.emrtd.passwords import Mrz
from drivers.smartcard.emrtd.randomness import Randomness
from drivers.smartcard.errors import CardRefused, ChannelBroken, MalformedData, WrongPassword

_CRYPTOGRAM_BYTES = 32
_SEED_BYTES = 16
_NO_COUNTER = b""  # BAC's own messages are outside any channel, and 3DES takes no IV from a counter

# What cards answer to EXTERNAL AUTHENTICATE when the keys differ (ISO 7816-4 §11.5.4, and what is seen).
_WRONG_KEYS = {0x6300, 0x6982, 0x6988, 0x6A80}


def access_keys(password: Mrz) -> SessionKeys:
    """K_Enc and K_MAC from K_seed, the first 16 bytes of SHA-1(MRZ_information) (§4.3.2)."""
    return session_keys("3DES", password.secret[:_SEED_BYTES])


def proof(keys: SessionKeys, rnd_ifd: bytes, rnd_ic: bytes, k_ifd: bytes) -> bytes:
    """E_IFD ‖ M_IFD over S = RND.IFD ‖ RND.IC ‖ K.IFD (§4.3.3)."""
    e_ifd = keys.encrypt(_NO_COUNTER, rnd_ifd + rnd_ic + k_ifd)
    return e_ifd + keys.mac(pad(e_ifd, keys.block))


def chip_secret(keys: SessionKeys, answer: bytes, rnd_ifd: bytes, rnd_ic: bytes) -> bytes:
    """K.IC from E_IC ‖ M_IC, once the checksum and both random numbers are proven right (§4.3.3)."""
    e_ic, m_ic = answer[:_CRYPTOGRAM_BYTES], answer[_CRYPTOGRAM_BYTES:]
    if not hmac.compare_digest(keys.mac(pad(e_ic, keys.block)), m_ic):
        raise ChannelBroken("the card's answer to BAC has a wrong checksum")
    r = keys.decrypt(_NO_COUNTER, e_ic)
    if not (hmac.compare_digest(r[:8], rnd_ic) and hmac.compare_digest(r[8:16], rnd_ifd)):
        raise MalformedData("the card's answer to BAC is to another question")
    return r[16:]


def session(k_ifd: bytes, k_ic: bytes, rnd_ifd: bytes, rnd_ic: bytes) -> tuple[SessionKeys, int]:
    """Session keys from K.IFD ⊕ K.IC, and the first send sequence counter (§4.3.3, §9.8.6.3)."""
    seed = bytes(a ^ b for a, b in zip(k_ifd, k_ic, strict=True))
    return session_keys("3DES", seed), int.from_bytes(rnd_ic[-4:] + rnd_ifd[-4:])


def mutual_authentication(password: Mrz, random: Randomness) -> Exchange[SecureMessaging]:
    """BAC with the eMRTD application selected. Draws RND.IFD (8 bytes), then K.IFD (16).

    Raises WrongPassword, ChannelBroken, CardRefused, MalformedData.
    """
    keys = access_keys(password)
    response = yield CommandApdu(0x00, 0x84, 0x00, 0x00, le=8)
    rnd_ic = response.expect_ok("GET CHALLENGE")
    if len(rnd_ic) != 8:
        raise MalformedData("a challenge of other than 8 bytes")
    rnd_ifd, k_ifd = random(8), random(16)
    cryptogram = proof(keys, rnd_ifd, rnd_ic, k_ifd)
    response = yield CommandApdu(0x00, 0x82, 0x00, 0x00, cryptogram, le=_CRYPTOGRAM_BYTES + 8)
    if response.status in _WRONG_KEYS or response.status & 0xFFF0 == 0x63C0:
        raise WrongPassword("the card does not accept this MRZ")
    if response.status != OK:
        raise CardRefused("EXTERNAL AUTHENTICATE", response.status)
    if len(response.data) != _CRYPTOGRAM_BYTES + 8:
        raise MalformedData("the card's answer to BAC has another length")
    k_ic = chip_secret(keys, response.data, rnd_ifd, rnd_ic)
    return SecureMessaging(*session(k_ifd, k_ic, rnd_ifd, rnd_ic))
