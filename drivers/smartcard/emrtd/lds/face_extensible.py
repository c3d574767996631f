"""A face of ISO/IEC 39794-5:2019, in the extensible ASN.1 of that series (DER, automatic tags).

[A1] { 65 { A0 version, A1 representations { 30 { 80 number, A1 representation { A0 base { A0 two-dimensional
{ 80 picture, A1 information … } } } … } … } } }

A1 around it, and the SEQUENCE of a single representation, are left out by some issuers.
"""

from __future__ import annotations

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.lds.objects import Objects
from drivers.smartcard.emrtd.lds.picture import Picture, describe
from drivers.smartcard.errors import MalformedData

_WRAPPING, _FACE_BLOCK, _REPRESENTATIONS, _SEQUENCE = 0xA1, 0x65, 0xA1, 0x30
_TO_THE_PICTURE = (0xA1, 0xA0, 0xA0, 0x80)


def parse(record: bytes) -> tuple[Picture, ...]:
    """Every representation of the face. Raises MalformedData."""
    block, end = tlv.take(record)
    if block.tag == _WRAPPING:
        block, end = tlv.single(block.value, _FACE_BLOCK), end
    if block.tag != _FACE_BLOCK or end != len(record):
        raise MalformedData("DG2 holds no face record of a known format")
    representations = Objects(block.value).need(_REPRESENTATIONS)
    items = tlv.parse(representations)
    if items and all(item.tag == _SEQUENCE for item in items):
        return tuple(_picture(item.value) for item in items)
    return (_picture(representations),)


def _picture(representation: bytes) -> Picture:
    value = representation
    for tag in _TO_THE_PICTURE:
        value = Objects(value).need(tag)
    return describe(value)
