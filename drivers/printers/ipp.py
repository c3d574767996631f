"""Reading IPP answers strictly (RFC 8010 §3): bytes in, attribute groups out, no I/O.

A printer stands on a network and may be anything: lengths are unsigned, bounded by the answer itself, and
nothing is read twice.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from drivers.printers.errors import PrinterNonsense

MAX_ANSWER = 1 << 20
_MAX_DEPTH = 8

OPERATION, JOB, PRINTER, UNSUPPORTED = 0x01, 0x02, 0x04, 0x05
_END = 0x03
_LAST_DELIMITER = 0x0F
_OUT_OF_BAND = range(0x10, 0x20)
_INTEGERS = (0x21, 0x23)
_BOOLEAN = 0x22
_BEGIN_COLLECTION, _END_COLLECTION, _MEMBER_NAME = 0x34, 0x37, 0x4A
_CHARACTERS = range(0x41, 0x4A)
_FIXED = {0x21: 4, 0x22: 1, 0x23: 4, 0x31: 11, 0x32: 9, 0x33: 8}

Value: TypeAlias = "int | bool | str | bytes | Mapping[str, tuple[Value, ...]] | None"
"""What we use is decoded, a collection as its members; dates, ranges, resolutions, octet strings and the like stay
bytes; out-of-band values are None."""


@dataclass(frozen=True, slots=True)
class Group:
    """One attribute group: its delimiter tag, and each attribute's values in order."""

    tag: int
    attributes: Mapping[str, tuple[Value, ...]]

    def integer(self, name: str) -> int | None:
        """A single integer or enum; None when it is absent or has no value. Raises PrinterNonsense."""
        values = self.attributes.get(name, (None,))
        if len(values) != 1 or not isinstance(values[0], int | None) or isinstance(values[0], bool):
            raise PrinterNonsense(f"{name} is not one integer")
        return values[0]

    def integers(self, name: str) -> tuple[int, ...]:
        """The values that are integers or enums."""
        return tuple(v for v in self.attributes.get(name, ()) if isinstance(v, int) and not isinstance(v, bool))

    def boolean(self, name: str) -> bool | None:
        """A single boolean; None when it is absent. Raises PrinterNonsense."""
        values = self.attributes.get(name, (None,))
        if len(values) != 1 or not isinstance(values[0], bool | None):
            raise PrinterNonsense(f"{name} is not one boolean")
        return values[0]

    def texts(self, name: str) -> tuple[str, ...]:
        """The values that are character strings."""
        return tuple(v for v in self.attributes.get(name, ()) if isinstance(v, str))

    def octets(self, name: str) -> tuple[bytes, ...]:
        """The values as octets; some printers send an octetString as text."""
        values = self.attributes.get(name, ())
        return tuple(v.encode() if isinstance(v, str) else v for v in values if isinstance(v, str | bytes))

    def collections(self, name: str) -> tuple[Mapping[str, tuple[Value, ...]], ...]:
        """The values that are collections, each as its members."""
        return tuple(v for v in self.attributes.get(name, ()) if isinstance(v, Mapping))


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is the status-code; `request_id` the number of the request it answers."""

    status: int
    request_id: int
    groups: tuple[Group, ...]

    def group(self, tag: int) -> Group:
        """The first group of a kind, or an empty one."""
        return next((g for g in self.groups if g.tag == tag), Group(tag, MappingProxyType({})))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise PrinterNonsense("the answer ends in the middle of an attribute")
        self._at += count
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def field(self) -> bytes:
        """A two-byte unsigned length and so many octets."""
        return self.take(int.from_bytes(self.take(2), "big"))


def parse(data: bytes) -> Answer:
    """Read one IPP response of at most MAX_ANSWER bytes. Raises PrinterNonsense and nothing else."""
    if len(data) > MAX_ANSWER:
        raise PrinterNonsense("the answer is too long")
    reader = _Reader(data)
    major, _minor, status, request_id = struct.unpack(">BBHi", reader.take(8))
    if major not in (1, 2):
        raise PrinterNonsense(f"IPP version {major}")
    groups: list[Group] = []
    tag = reader.byte()
    while tag != _END:
        if tag > _LAST_DELIMITER:
            raise PrinterNonsense("an attribute outside any group")
        group, tag = _group(reader, tag)
        groups.append(group)
    return Answer(status, request_id, tuple(groups))


def _group(reader: _Reader, group_tag: int) -> tuple[Group, int]:
    """One group, and the delimiter that follows it."""
    found: dict[str, list[Value]] = {}
    current: list[Value] | None = None
    while (tag := reader.byte()) > _LAST_DELIMITER:
        if name := reader.field():
            text = name.decode("ascii", "replace")
            if text in found:
                raise PrinterNonsense("an attribute stands twice in its group")
            current = found[text] = []
        if current is None:
            raise PrinterNonsense("a value without an attribute")
        current.append(_value(reader, tag))
    return Group(group_tag, MappingProxyType({name: tuple(values) for name, values in found.items()})), tag


def _value(reader: _Reader, tag: int, depth: int = 0) -> Value:
    octets = reader.field()
    if tag == _BEGIN_COLLECTION:
        return _collection(reader, depth + 1)
    if tag in (_END_COLLECTION, _MEMBER_NAME):
        raise PrinterNonsense("a collection's part outside a collection")
    if tag in _FIXED and len(octets) != _FIXED[tag]:
        raise PrinterNonsense("a value of the wrong length")
    if tag in _OUT_OF_BAND:
        return None
    if tag in _INTEGERS:
        return int.from_bytes(octets, "big", signed=True)
    if tag == _BOOLEAN:
        return octets != b"\0"
    return octets.decode("utf-8", "replace") if tag in _CHARACTERS else octets


def _collection(reader: _Reader, depth: int) -> Mapping[str, tuple[Value, ...]]:
    """A collection's members (RFC 8010 §3.1.6), up to its end; values before the first name are dropped."""
    if depth > _MAX_DEPTH:
        raise PrinterNonsense("collections nested too deep")
    members: dict[str, tuple[Value, ...]] = {}
    name = ""
    while (tag := reader.byte()) != _END_COLLECTION:
        if tag <= _LAST_DELIMITER:
            raise PrinterNonsense("a collection that does not end")
        reader.field()  # a member's own name stands in a value
        if tag == _MEMBER_NAME:
            name = reader.field().decode("ascii", "replace")
            members[name] = ()
        else:
            value = _value(reader, tag, depth)
            members[name] = (*members.get(name, ()), value)
    reader.field()
    reader.field()
    members.pop("", None)
    return MappingProxyType(members)
