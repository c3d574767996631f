"""BER-TLV as cards speak it (ISO 7816-4 §5.2, X.690 §8.1), bounded and strict.

Tags are kept as the integer of their bytes (0x5F1F); tags of one to three bytes, definite lengths of up
to 0xFFFFFF. A length may be written longer than needed, as some cards do in their files.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.smartcard.errors import MalformedData

MAX_OBJECTS = 256


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object; `raw` are its bytes as they came, header included."""

    tag: int
    value: bytes
    raw: bytes

    def children(self) -> tuple[Tlv, ...]:
        return parse(self.value)


def header(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """(tag, length of the value, length of the header) of the object that begins at `at`.

    Only the header needs to be there, so that a file's size is known from its first bytes.
    Raises MalformedData.
    """
    tag, after_tag = _tag(data, at)
    if after_tag >= len(data):
        raise MalformedData("a data object ends before its length")
    first = data[after_tag]
    if first < 0x80:
        return tag, first, after_tag + 1 - at
    count = first & 0x7F
    if not 1 <= count <= 3:
        raise MalformedData("a data object's length is indefinite or too long")
    end = after_tag + 1 + count
    if end > len(data):
        raise MalformedData("a data object ends inside its length")
    return tag, int.from_bytes(data[after_tag + 1 : end]), end - at


def _tag(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise MalformedData("a data object is missing")
    tag, end = data[at], at + 1
    if tag & 0x1F != 0x1F:
        return tag, end
    for _ in range(2):
        if end >= len(data):
            raise MalformedData("a data object ends inside its tag")
        byte = data[end]
        tag, end = tag << 8 | byte, end + 1
        if byte < 0x80:
            return tag, end
    raise MalformedData("a data object's tag is too long")


def take(data: bytes, at: int = 0) -> tuple[Tlv, int]:
    """The object at `at` and the offset after it. Raises MalformedData."""
    tag, length, head = header(data, at)
    end = at + head + length
    if end > len(data):
        raise MalformedData("a data object is longer than what holds it")
    return Tlv(tag, data[at + head : end], data[at:end]), end


def parse(data: bytes) -> tuple[Tlv, ...]:
    """All objects of `data`, which they must fill exactly. Raises MalformedData."""
    objects: list[Tlv] = []
    at = 0
    while at < len(data):
        if len(objects) == MAX_OBJECTS:
            raise MalformedData("too many data objects")
        item, at = take(data, at)
        objects.append(item)
    return tuple(objects)


def single(data: bytes, tag: int) -> Tlv:
    """The only object of `data`, which must have this tag. Raises MalformedData."""
    item, end = take(data)
    if item.tag != tag or end != len(data):
        raise MalformedData(f"expected exactly one data object {tag:X}")
    return item


def find(objects: tuple[Tlv, ...], tag: int) -> Tlv:
    """The one object with this tag. Raises MalformedData if there is none, or more than one."""
    found = [item for item in objects if item.tag == tag]
    if len(found) != 1:
        raise MalformedData(f"expected one data object {tag:X}, found {len(found)}")
    return found[0]


def encode(tag: int, value: bytes) -> bytes:
    """The object's bytes, its length as short as possible (DER)."""
    tag_bytes = tag.to_bytes((tag.bit_length() + 7) // 8 or 1)
    if len(value) < 0x80:
        return tag_bytes + bytes([len(value)]) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8)
    return tag_bytes + bytes([0x80 | len(length)]) + length + value
