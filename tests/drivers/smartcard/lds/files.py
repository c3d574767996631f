"""The files of a chip as an issuer writes them, from ICAO 9303-10 and ISO/IEC 19794-5 and 39794-5; its own encoder."""

from __future__ import annotations

import io

from PIL import Image


def tlv(tag: int, *parts: bytes) -> bytes:
    value = b"".join(parts)
    size = len(value)
    length = bytes([size]) if size < 0x80 else bytes([0x80 | (size.bit_length() + 7) // 8]) + _bytes(size)
    return _bytes(tag) + length + value


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def count(number: int) -> bytes:
    return tlv(0x02, bytes([number]))


def dg1(zone: str) -> bytes:
    return tlv(0x61, tlv(0x5F1F, zone.encode()))


def picture(kind: str, width: int = 30, height: int = 40) -> bytes:
    """A real picture: "image/jpeg", "image/jp2" or "image/j2c"."""
    out = io.BytesIO()
    image = Image.new("RGB", (width, height), (90, 120, 150))
    if kind == "image/jpeg":
        image.save(out, "JPEG")
    else:
        image.save(out, "JPEG2000", no_jp2=kind == "image/j2c")
    return out.getvalue()


def face(image: bytes, points: int = 0, *, longer: int = 0) -> bytes:
    """One face of a record; the header's own size of the picture is a lie, as it is on some cards."""
    size = (1).to_bytes(2, "big") + (1).to_bytes(2, "big")
    inner = points.to_bytes(2, "big") + bytes(14) + bytes(8 * points) + b"\x01\x00" + size + bytes(4) + b"\x00\x50"
    return (4 + len(inner) + len(image) + longer).to_bytes(4, "big") + inner + image


def record(*faces: bytes, version: bytes = b"010\0", number: int | None = None, longer: int = 0) -> bytes:
    body = b"".join(faces)
    total = (14 + len(body) + longer).to_bytes(4, "big")
    return b"FAC\0" + version + total + (len(faces) if number is None else number).to_bytes(2, "big") + body


def extensible(*images: bytes, wrapped: bool = True, in_a_row: bool = True) -> bytes:
    """A face block of ISO/IEC 39794-5, as much of it as is there by necessity."""
    version = tlv(0xA0, tlv(0x80, b"\x03"), tlv(0x81, b"\x07\xe3"))
    rows = []
    for number, image in enumerate(images):
        information = tlv(0xA1, tlv(0xA0, tlv(0x80, b"\x02")), tlv(0xA7, tlv(0x80, b"\x01"), tlv(0x81, b"\x01")))
        chosen = tlv(0xA1, tlv(0xA0, tlv(0xA0, tlv(0x80, image), information)))
        rows.append(tlv(0x80, bytes([number])) + chosen + tlv(0xA2, tlv(0x80, b"\x01")))
    blocks = b"".join(tlv(0x30, row) for row in rows) if in_a_row else rows[0]
    block = tlv(0x65, version, tlv(0xA1, blocks))
    return tlv(0xA1, block) if wrapped else block


def dg2(*records: bytes, tag: int = 0x5F2E, number: int | None = None) -> bytes:
    header = tlv(0xA1, tlv(0x81, b"\x02"), tlv(0x87, b"\x01\x01"), tlv(0x88, b"\x00\x08"))
    templates = [tlv(0x7F60, header, tlv(tag, record)) for record in records]
    return tlv(0x75, tlv(0x7F61, count(len(records) if number is None else number), *templates))


def details(tag: int, *parts: tuple[int, bytes], listed: bool = True) -> bytes:
    """DG11 or DG12: the list of tags, then what they hold."""
    tags = b"".join(_bytes(tag) for tag, _ in parts)
    return tlv(tag, *([tlv(0x5C, tags)] if listed else []), *(tlv(tag, value) for tag, value in parts))


def dg11(*parts: tuple[int, bytes]) -> bytes:
    return details(0x6B, *parts)


def others(tag: int, *names: str) -> bytes:
    """What is in A0: a number, and so many names."""
    return count(len(names)) + b"".join(tlv(tag, name.encode()) for name in names)
