"""What a chip was made to do, as plain data: how it opens, what it proves itself with, what its platform can."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from drivers.simulated.card.ciphers import Cipher

_PROTOCOLS = bytes.fromhex("04007F00070202")  # bsi-de protocols(2) smartcard(2)
_CIPHERS = list(Cipher)


class Password(IntEnum):
    """PACE's passwords by their references (9303-11 §4.4.4.1; the PIN as in TR-03110-3 table B.2)."""

    MRZ = 1
    CAN = 2
    PIN = 3


class Mapping(StrEnum):
    GENERIC = "GM"
    INTEGRATED = "IM"
    CHIP_AUTHENTICATION = "CAM"


@dataclass(frozen=True, slots=True)
class PaceVariant:
    """One PACEInfo; `parameters` is the number of standardised domain parameters, below 8 for DH."""

    mapping: Mapping = Mapping.GENERIC
    cipher: Cipher = Cipher.AES_128
    parameters: int = 13

    @property
    def oid(self) -> bytes:
        """The object identifier's value (§9.2.3)."""
        kind = {("GM", True): 1, ("GM", False): 2, ("IM", True): 3, ("IM", False): 4, ("CAM", False): 6}
        return _PROTOCOLS + bytes((4, kind[self.mapping.value, self.parameters < 8], 1 + _CIPHERS.index(self.cipher)))


@dataclass(frozen=True, slots=True)
class ChipKey:
    """A static key pair for chip authentication or PACE-CAM; `key_id` None where the chip has one only."""

    parameters: int
    private: int = field(repr=False)
    ciphers: tuple[Cipher, ...] = (Cipher.AES_128,)
    key_id: int | None = None
    version: int = 1

    def oid(self, cipher: Cipher) -> bytes:
        """id-CA-… of this key with that cipher (§9.2.7)."""
        return _PROTOCOLS + bytes((3, 1 if self.parameters < 8 else 2, 1 + _CIPHERS.index(cipher)))


class PinKind(StrEnum):
    """VERIFY (ISO 7816-4 §11.6.6) inside the channel, or PACE with the PIN as its password (TR-03110-2 §2.4)."""

    VERIFY = "verify"
    PACE = "pace"


@dataclass(frozen=True, slots=True)
class PinPlan:
    """`application` is the name of the application in which VERIFY works; None for the eMRTD application."""

    kind: PinKind = PinKind.VERIFY
    reference: int = 0x81
    application: bytes | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """What the chip's platform can and how it is queer; the quirks are those told of real cards (facts of the CNIBE).

    `largest_read` is the most data bytes of one READ BINARY, 0 for as many as the command's form holds.
    """

    extended_length: bool = True
    largest_read: int = 0
    short_identifiers: bool = True
    odd_read: bool = True
    get_response: bool = False  # case 4 commands are answered 61xx, as under T=0
    reference_required: bool = False  # PACE's MSE wants tag 84 even where it says nothing new, else 6A87
    master_file: bool = True  # else SELECT of the master file is answered 6700
    bare_select: bool = False  # SELECT inside the channel is answered by a bare 9000
    one_bac_try: bool = False  # after a failed or broken session GET CHALLENGE is 6A88 until a reset


@dataclass(frozen=True, slots=True)
class AccessPlan:
    """How the chip opens. `passwords` are those PACE takes; `bac` says whether BAC is there too."""

    paces: tuple[PaceVariant, ...] = (PaceVariant(),)
    passwords: tuple[Password, ...] = (Password.MRZ, Password.CAN)
    bac: bool = False
    nine_digit_bac: bool = False  # BAC of a long document number made from its first nine characters only
