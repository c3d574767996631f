"""SecurityInfos of EF.CardAccess and DG14: what the chip says it can do (ICAO 9303-11 §9.2).

SecurityInfos ::= SET OF SEQUENCE { protocol OBJECT IDENTIFIER, requiredData ANY, optionalData ANY OPTIONAL }
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.smartcard import tlv
from drivers.smartcard.errors import MalformedData, PaceUnsupported

_SET, _SEQUENCE, _OID, _INTEGER = 0x31, 0x30, 0x06, 0x02

PACE = bytes.fromhex("04007F0007020204")
"""id-PACE, 0.4.0.127.0.7.2.2.4: every variant begins with it."""
PACE_ECDH_GM_AES_128 = PACE + b"\x02\x02"
BRAINPOOL_P256R1 = 13
_PACE_VERSION = 2


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
    """A PACE variant that can be run here: `protocol` as in MSE:Set AT, `parameters` the domain's number."""

    protocol: bytes
    parameters: int


def choose_pace(infos: tuple[SecurityInfo, ...]) -> PaceInfo | None:
    """The variant to run; None when no PACE is advertised at all.

    Raises PaceUnsupported when PACE is advertised in other variants only: falling back to BAC would let
    anyone who can change EF.CardAccess choose the weaker protocol.
    """
    advertised = pace_infos(infos)
    for info in advertised:
        if (info.protocol, info.integer(0), info.integer(1)) == (PACE_ECDH_GM_AES_128, _PACE_VERSION, BRAINPOOL_P256R1):
            return PaceInfo(info.protocol, BRAINPOOL_P256R1)
    if advertised:
        raise PaceUnsupported("the card's PACE is not generic mapping, AES-128, brainpoolP256r1")
    return None
