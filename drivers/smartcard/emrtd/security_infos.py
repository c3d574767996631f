"""SecurityInfos of EF.CardAccess, EF.CardSecurity and DG14: what the chip can do (ICAO 9303-11 §9.2; TR-03110-3 A.1).

SecurityInfos ::= SET OF SEQUENCE { protocol OBJECT IDENTIFIER, requiredData ANY, optionalData ANY OPTIONAL }
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.domain import NUMBERS, Agreement
from drivers.smartcard.emrtd.keys import KEY_BYTES, CipherName
from drivers.smartcard.emrtd.mapping import MappingName
from drivers.smartcard.errors import MalformedData, PaceUnsupported

_SET, _SEQUENCE, _OID, _INTEGER = 0x31, 0x30, 0x06, 0x02

_SMARTCARD = bytes.fromhex("04007F00070202")
"""bsi-de protocols(2) smartcard(2), 0.4.0.127.0.7.2.2."""
PUBLIC_KEY = _SMARTCARD + b"\x01"
"""id-PK: a static key for chip authentication."""
CHIP_AUTHENTICATION = _SMARTCARD + b"\x03"
"""id-CA."""
PACE = _SMARTCARD + b"\x04"
"""id-PACE: every variant begins with it."""
ACTIVE_AUTHENTICATION = bytes.fromhex("678108010105")
"""id-icao-mrtd-security-aaProtocolObject, 2.23.136.1.1.5."""
_PACE_VERSION = 2
_KINDS: dict[int, tuple[Agreement, MappingName]] = {
    1: ("DH", "GM"),
    2: ("ECDH", "GM"),
    3: ("DH", "IM"),
    4: ("ECDH", "IM"),
    6: ("ECDH", "CAM"),
}
_CIPHERS: dict[int, CipherName] = {1: "3DES", 2: "AES-128", 3: "AES-192", 4: "AES-256"}
_FIRST_CURVE = 8
_P224 = 10
"""Its prime is 1 mod 4: no integrated mapping (§9.5.1)."""


@dataclass(frozen=True, slots=True)
class SecurityInfo:
    """`protocol` is the object identifier's content bytes; `fields` what follows it."""

    protocol: bytes
    fields: tuple[tlv.Tlv, ...]
    raw: bytes

    def integer(self, index: int) -> int | None:
        """The field at `index` as a number, or None if it is absent or no INTEGER."""
        if index >= len(self.fields) or self.fields[index].tag != _INTEGER:
            return None
        return int.from_bytes(self.fields[index].value, signed=True)


def parse(data: bytes) -> tuple[SecurityInfo, ...]:
    """From the SET's bytes (all of EF.CardAccess, or the value of DG14). Raises MalformedData."""
    infos = []
    for item in tlv.single(data, _SET).children():
        parts = item.children() if item.tag == _SEQUENCE else ()
        if len(parts) < 2 or parts[0].tag != _OID:
            raise MalformedData("a SecurityInfo is not a sequence that begins with an object identifier")
        infos.append(SecurityInfo(parts[0].value, parts[1:], item.raw))
    return tuple(infos)


def pace_infos(infos: tuple[SecurityInfo, ...]) -> tuple[SecurityInfo, ...]:
    """Those that speak of PACE in any variant."""
    return tuple(info for info in infos if info.protocol.startswith(PACE))


@dataclass(frozen=True, slots=True)
class PaceInfo:
    """A PACE variant that can be run here: `protocol` as in MSE:Set AT, `parameters` the domain's number.

    `ambiguous` where the chip has several domains for PACE, in whatever variant, and must be told which (§4.4.4.1).
    """

    protocol: bytes
    agreement: Agreement
    mapping: MappingName
    cipher: CipherName
    parameters: int
    ambiguous: bool = False


def choose_pace(infos: tuple[SecurityInfo, ...]) -> PaceInfo | None:
    """The variant to run; None when no PACE is advertised at all.

    One that also proves the chip (CAM) comes first, then the cheaper over the dearer (ECDH before DH), then the
    stronger cipher. Raises PaceUnsupported when PACE is advertised in other variants only: falling back to BAC
    would let anyone who can change EF.CardAccess choose the weaker protocol.
    """
    known = pace_variants(infos)
    if not known and pace_infos(infos):
        raise PaceUnsupported("the card's PACE is of no kind that is spoken here")
    return max(known, key=_preference, default=None)


def pace_variants(infos: tuple[SecurityInfo, ...]) -> tuple[PaceInfo, ...]:
    """All that can be run here, in the order of the file."""
    advertised = pace_infos(infos)
    ambiguous = len({info.integer(1) for info in advertised} - {None}) > 1
    return tuple(replace(found, ambiguous=ambiguous) for info in advertised if (found := _pace(info)) is not None)


def _pace(info: SecurityInfo) -> PaceInfo | None:
    kind, cipher = (*info.protocol[len(PACE) :], 0, 0)[:2]
    number = info.integer(1)
    if len(info.protocol) != len(PACE) + 2 or kind not in _KINDS or cipher not in _CIPHERS:
        return None
    if info.integer(0) != _PACE_VERSION or number not in NUMBERS:
        return None  # explicit domain parameters are nobody's word for anything (§9.2.2)
    agreement, mapping = _KINDS[kind]
    if (agreement == "DH") != (number < _FIRST_CURVE) or (mapping == "IM" and number == _P224):
        return None
    if mapping == "CAM" and _CIPHERS[cipher] == "3DES":
        return None
    return PaceInfo(info.protocol, agreement, mapping, _CIPHERS[cipher], number)


def _preference(info: PaceInfo) -> tuple[bool, bool, bool, int]:
    return (
        info.mapping == "CAM",
        info.agreement == "ECDH",
        info.cipher != "3DES",
        KEY_BYTES[info.cipher],
    )


@dataclass(frozen=True, slots=True)
class StaticKeyInfo:
    """A ChipAuthenticationPublicKeyInfo (§9.2.6): `spki` is its SubjectPublicKeyInfo, not looked at yet."""

    agreement: Agreement
    spki: bytes
    key_id: int | None


@dataclass(frozen=True, slots=True)
class ChipInfo:
    """A ChipAuthenticationInfo (§9.2.5) that can be run here."""

    protocol: bytes
    agreement: Agreement
    cipher: CipherName
    version: int
    key_id: int | None

    @classmethod
    def of_key(cls, key: StaticKeyInfo) -> ChipInfo:
        """3DES of version 1, for chips of EAC 1.1 that name a key and no protocol."""
        kind = b"\x01" if key.agreement == "DH" else b"\x02"
        return cls(CHIP_AUTHENTICATION + kind + b"\x01", key.agreement, "3DES", 1, key.key_id)

    @property
    def key_reference(self) -> bytes:
        """DO'84' of MSE:Set; nothing where the chip has one key without a number."""
        if self.key_id is None:
            return b""
        return tlv.encode(0x84, self.key_id.to_bytes(max(1, (self.key_id.bit_length() + 7) // 8)))

    def preference(self) -> tuple[bool, bool, bool, int]:
        """The greater the better: version 1 asks for no terminal authentication first; AES, elliptic curves."""
        return self.version == 1, self.cipher != "3DES", self.agreement == "ECDH", KEY_BYTES[self.cipher]


def chip_infos(infos: tuple[SecurityInfo, ...]) -> tuple[ChipInfo, ...]:
    """The ways of chip authentication that are spoken here."""
    found = []
    for info in infos:
        kind, cipher = (*info.protocol[len(CHIP_AUTHENTICATION) :], 0, 0)[:2]
        version = info.integer(0)
        if not info.protocol.startswith(CHIP_AUTHENTICATION) or kind not in (1, 2) or cipher not in _CIPHERS:
            continue
        if len(info.protocol) == len(CHIP_AUTHENTICATION) + 2 and version in (1, 2):
            agreement: Agreement = "DH" if kind == 1 else "ECDH"
            found.append(ChipInfo(info.protocol, agreement, _CIPHERS[cipher], version, _key_id(info)))
    return tuple(found)


def static_keys(infos: tuple[SecurityInfo, ...]) -> tuple[StaticKeyInfo, ...]:
    """The static keys that are named."""
    agreements: dict[bytes, Agreement] = {PUBLIC_KEY + b"\x01": "DH", PUBLIC_KEY + b"\x02": "ECDH"}
    return tuple(
        StaticKeyInfo(agreements[info.protocol], info.fields[0].raw, _key_id(info))
        for info in infos
        if info.protocol in agreements and info.fields[0].tag == _SEQUENCE
    )


def _key_id(info: SecurityInfo) -> int | None:
    number = info.integer(1)
    if number is not None and not 0 <= number < 1 << 32:
        raise MalformedData("a key's number is no number of a key")
    return number
