"""EF.DIR: the applications of the chip (ISO 7816-4 §12.2.4.2, ICAO 9303-10 §3.11.1)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.lds.objects import Objects
from drivers.smartcard.errors import MalformedData

_TEMPLATE, _AID = 0x61, 0x4F
_SHORTEST, _LONGEST = 5, 16


@dataclass(frozen=True, slots=True)
class Directory:
    applications: tuple[bytes, ...]
    """Their identifiers."""


def parse(content: bytes) -> Directory:
    """Raises MalformedData."""
    aids = [_aid(item) for item in tlv.parse(content)]
    if not all(_SHORTEST <= len(aid) <= _LONGEST for aid in aids):
        raise MalformedData("EF.DIR holds an application identifier of no such length")
    return Directory(tuple(aids))


def _aid(item: tlv.Tlv) -> bytes:
    if item.tag == _AID:
        return item.value
    if item.tag != _TEMPLATE:
        raise MalformedData("EF.DIR holds something that is no application")
    return Objects(item.value).need(_AID)
