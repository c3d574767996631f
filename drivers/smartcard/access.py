"""What a card shows before it is opened: its access protocols, and how much it gives at once (ICAO 9303-11 §9.2.11)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from drivers.smartcard.apdu import MAX_SHORT, Exchange
from drivers.smartcard.emrtd import domain, files, pace, reading, security_infos
from drivers.smartcard.emrtd.answer_to_reset import announces_extended_length, buffer_sizes
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.keys import CipherName
from drivers.smartcard.emrtd.mapping import MappingName
from drivers.smartcard.emrtd.passwords import Can
from drivers.smartcard.emrtd.reading import Partial, Sizes
from drivers.smartcard.emrtd.security_infos import PaceInfo, SecurityInfo
from drivers.smartcard.errors import CardRefused, FileAbsent, MalformedData
from drivers.smartcard.profile import Quirks

Kind = Literal["PACE", "BAC"]
_WRAPPING = 40
"""Bytes at most that secure messaging adds to an extended answer."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the card is opened: `mapping`, `cipher` and `curve` are None for BAC; `passwords` holds "can", "mrz"."""

    kind: Kind
    mapping: MappingName | None
    cipher: CipherName | None
    curve: str | None
    passwords: frozenset[str]
    pace: PaceInfo | None = field(default=None, repr=False)
    infos: tuple[SecurityInfo, ...] = field(default=(), repr=False)


def shown(sizes: Sizes, quirks: Quirks) -> Exchange[Access]:
    """By EF.CardAccess. A card that does not give one is opened by BAC; whether it should have one its signed files
    tell later. Raises PaceUnsupported, MalformedData."""
    if quirks.select_master == "3F00":
        yield from files.select_master()
    try:
        infos = security_infos.parse((yield from reading.read(FileId.CARD_ACCESS, sizes, Partial())))
    except (FileAbsent, CardRefused):
        infos = ()
    found = security_infos.choose_pace(infos)
    if found is None:
        return Access("BAC", None, None, None, frozenset(("mrz",)), None, infos)
    curve = domain.standardised(found.parameters).name
    return Access("PACE", found.mapping, found.cipher, curve, frozenset(("can", "mrz")), found, infos)


def sizes_stated(atr: bytes, sizes: Sizes) -> Exchange[Sizes]:
    """Extended answers are asked for only where EF.ATR/INFO states the chip's buffers (§9.3.1.2), and that file only
    where the ATR announces them."""
    if not announces_extended_length(atr):
        return sizes
    try:
        stated = buffer_sizes((yield from reading.read(FileId.ATR_INFO, sizes, Partial())))
    except (FileAbsent, CardRefused, MalformedData):
        return sizes
    if stated is None or stated.answer - _WRAPPING <= MAX_SHORT:
        return sizes
    return Sizes(stated.answer - _WRAPPING, header_first=sizes.header_first)


def takes_can(info: PaceInfo) -> Exchange[bool]:
    """The chip is asked (MSE:Set AT), which costs no try; it is then ready for PACE with a CAN."""
    try:
        yield from pace.set_authentication_template(Can.reference, info)
    except CardRefused:
        return False
    return True
