"""BER-TLV as chips use it: definite lengths in their shortest form, nothing left over (ISO 7816-4 §5.2.2)."""

from __future__ import annotations


def encode(tag: int, value: bytes) -> bytes:
    """One data object."""
    length = len(value)
    if length < 0x80:
        head = bytes((length,))
    else:
        size = length.to_bytes((length.bit_length() + 7) // 8, "big")
        head = bytes((0x80 | len(size),)) + size
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + head + value


def decode(data: bytes) -> list[tuple[int, bytes]]:
    """The data objects of `data`, one after another. Raises ValueError for anything but a whole number of them."""
    objects = []
    while data:
        tag, data = _tag(data)
        length, data = _length(data)
        if len(data) < length:
            raise ValueError("a data object is cut short")
        objects.append((tag, data[:length]))
        data = data[length:]
    return objects


def _tag(data: bytes) -> tuple[int, bytes]:
    size = 1 if data[0] & 0x1F != 0x1F else 2
    if len(data) < size or (size == 2 and data[1] & 0x80):
        raise ValueError("a tag is cut short or longer than two bytes")
    return int.from_bytes(data[:size], "big"), data[size:]


def _length(data: bytes) -> tuple[int, bytes]:
    if not data:
        raise ValueError("a length is missing")
    size = data[0] - 0x80
    if size < 0:
        return data[0], data[1:]
    length = int.from_bytes(data[1 : 1 + size], "big")
    if not 1 <= size <= 3 or len(data) < 1 + size or length < 0x80 or length < 1 << 8 * (size - 1):
        raise ValueError("a length is not in its shortest form")
    return length, data[1 + size :]
