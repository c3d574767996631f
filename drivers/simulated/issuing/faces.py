"""DG2: one face in a biometric information template (ICAO 9303-10 §4.7.2), by either standard for its record."""

from __future__ import annotations

from drivers.simulated.card import tlv
from drivers.simulated.issuing.design import FaceDesign

_FORMAT_CODES = {"JPEG": 2, "JP2": 3, "J2K": 3}


def dg2(picture: bytes, design: FaceDesign, *, width: int, height: int, sex: str) -> bytes:
    """The group with one instance; `width` and `height` are the picture's, in pixels."""
    if design.record == "19794-5":
        record = tlv.encode(0x5F2E, _record_2005(picture, design, width=width, height=height, sex=sex))
        format_type = "88020008"
    else:
        record = tlv.encode(0x7F2E, _record_2019(picture, design, width=width, height=height))
        format_type = "88020029"
    # The CBEFF header (ISO/IEC 7816-11): facial features, and the owner and type of the record's format.
    header = tlv.encode(0xA1, bytes.fromhex("80020101" + "810102" + "87020101" + format_type))
    instance = tlv.encode(0x7F60, header + record)
    return tlv.encode(0x75, tlv.encode(0x7F61, tlv.encode(0x02, b"\x01") + instance))


def _record_2005(picture: bytes, design: FaceDesign, *, width: int, height: int, sex: str) -> bytes:
    """A facial record of ISO/IEC 19794-5:2005: one full frontal face."""
    gender = b"\x02" if sex == "F" else b"\x01"
    features = bytes(2) + gender + bytes(1 + 1 + 3 + 2 + 3 + 3)  # no points; eyes, hair, pose and the rest unsaid
    size = width.to_bytes(2, "big") + height.to_bytes(2, "big")
    kind = b"\x00" if design.coding == "JPEG" else b"\x01"
    information = b"\x01" + kind + size + b"\x01\x00" + bytes(2 + 2)  # full frontal, sRGB, source unsaid
    block = features + information + picture
    block = (len(block) + 4).to_bytes(4, "big") + block
    return b"FAC\x00010\x00" + (len(block) + 14).to_bytes(4, "big") + b"\x00\x01" + block


def _record_2019(picture: bytes, design: FaceDesign, *, width: int, height: int) -> bytes:
    """A FaceImageDataBlock of ISO/IEC 39794-5:2019, in DER with its automatic tags."""
    version = tlv.encode(0xA0, tlv.encode(0x80, _number(3)) + tlv.encode(0x81, _number(2019)))
    size = tlv.encode(0xA7, tlv.encode(0x80, _number(width)) + tlv.encode(0x81, _number(height)))
    coding = tlv.encode(0xA0, tlv.encode(0x80, _number(_FORMAT_CODES[design.coding])))
    flat = tlv.encode(0xA0, tlv.encode(0x80, picture) + tlv.encode(0xA1, coding + size))
    image = tlv.encode(0xA1, tlv.encode(0xA0, flat))
    representations = tlv.encode(0xA1, tlv.encode(0x30, tlv.encode(0x80, _number(1)) + image))
    return tlv.encode(0xA1, tlv.encode(0x65, version + representations))


def _number(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
