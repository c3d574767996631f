"""What a picture says of itself: its format by its first bytes, its size out of its own header.

JPEG (ISO/IEC 10918-1 annex B), JP2 (ISO/IEC 15444-1 annex I) and the bare codestream of JPEG 2000 (annex A).
Nothing is decoded here.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.smartcard.errors import MalformedData

MOST_PIXELS = 8192
"""Along either side. A card's picture has a few hundred."""

_JPEG = b"\xff\xd8\xff"
_JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_CODESTREAM = b"\xff\x4f\xff\x51"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """The picture as it came; width and height in pixels."""

    image: bytes
    mime: str
    width: int
    height: int


def describe(image: bytes) -> Picture:
    """Raises MalformedData for another format, or a picture without a believable size."""
    if image.startswith(_JPEG):
        mime, (width, height) = "image/jpeg", _jpeg_size(image)
    elif image.startswith(_JP2):
        mime, (width, height) = "image/jp2", _jp2_size(image)
    elif image.startswith(_CODESTREAM):
        mime, (width, height) = "image/j2c", _codestream_size(image)
    else:
        raise MalformedData("a picture of the card is in no known format")
    if not (1 <= width <= MOST_PIXELS and 1 <= height <= MOST_PIXELS):
        raise MalformedData("a picture of the card has a size that no picture of a card has")
    return Picture(image, mime, width, height)


def _jpeg_size(image: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(image) and image[at] == 0xFF:
        marker = image[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _STANDALONE:
            at += 2
        elif marker in _START_OF_FRAME:
            return _number(image, at + 7, 2), _number(image, at + 5, 2)
        elif marker in (_START_OF_SCAN, _END_OF_IMAGE):
            break
        else:
            at += 2 + max(_number(image, at + 2, 2), 2)
    raise MalformedData("a JPEG of the card says no size")


def _jp2_size(image: bytes) -> tuple[int, int]:
    """Of the image header, which is first in the JP2 header box (§I.5.3.1)."""
    at = 0
    while at + 8 <= len(image):
        length, kind, head = _number(image, at, 4), image[at + 4 : at + 8], 8
        if length == 1:
            length, head = _number(image, at + 8, 8), 16
        if kind == b"jp2h":
            start = at + head
            if image[start + 4 : start + 8] != b"ihdr" or len(image) < start + 16:
                break
            return _number(image, start + 12, 4), _number(image, start + 8, 4)
        if length < head:
            break
        at += length
    raise MalformedData("a JP2 of the card says no size")


def _codestream_size(image: bytes) -> tuple[int, int]:
    """Of the SIZ segment: the reference grid less its offset (§A.5.1)."""
    if len(image) < 24:
        raise MalformedData("a JPEG 2000 codestream of the card says no size")
    right, bottom, left, top = (_number(image, at, 4) for at in range(8, 24, 4))
    return right - left, bottom - top


def _number(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length])
