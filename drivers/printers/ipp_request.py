"""Writing IPP requests (RFC 8010 §3): names and values in, bytes out, no I/O."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TypeAlias

Given: TypeAlias = "int | bool | str | Sequence[Given] | Mapping[str, Given]"
"""Lists are 1setOf, mappings collections; a string is a keyword unless its attribute's name says otherwise."""


class Operation(IntEnum):
    CREATE_JOB = 0x0005
    SEND_DOCUMENT = 0x0006
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B


_OPERATION_GROUP, _JOB_GROUP, _END = b"\x01", b"\x02", b"\x03"
_INTEGER, _BOOLEAN, _KEYWORD = 0x21, 0x22, 0x44
_BEGIN_COLLECTION, _END_COLLECTION, _MEMBER_NAME = 0x34, 0x37, 0x4A
_STRINGS = {
    "attributes-charset": 0x47,
    "attributes-natural-language": 0x48,
    "printer-uri": 0x45,
    "requesting-user-name": 0x42,
    "job-name": 0x42,
    "document-format": 0x49,
}


def request(
    operation: Operation,
    request_id: int,
    uri: str,
    attributes: Mapping[str, Given],
    template: Mapping[str, Given] | None = None,
) -> bytes:
    """A request without its document; `template` are the job's attributes."""
    first = {"attributes-charset": "utf-8", "attributes-natural-language": "en", "printer-uri": uri}
    coded = struct.pack(">BBHi", 2, 0, operation, request_id) + _OPERATION_GROUP + _group({**first, **attributes})
    return coded + (_JOB_GROUP + _group(template) if template else b"") + _END


def _group(attributes: Mapping[str, Given]) -> bytes:
    return b"".join(_values(name.encode(), name, value) for name, value in attributes.items())


def _values(written: bytes, name: str, given: Given) -> bytes:
    """One value, or one after the other; `written` is what stands before the first, before others nothing does."""
    values = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    return b"".join(_value(b"" if number else written, name, value) for number, value in enumerate(values))


def _value(written: bytes, name: str, value: Given) -> bytes:
    match value:
        case bool():
            return _field(_BOOLEAN, written, bytes([value]))
        case int():
            return _field(_INTEGER, written, struct.pack(">i", value))
        case str():
            return _field(_STRINGS.get(name, _KEYWORD), written, value.encode())
        case Mapping():
            # A member's name stands in a value before its own (RFC 8010 §3.1.7).
            members = (_field(_MEMBER_NAME, b"", m.encode()) + _values(b"", m, v) for m, v in value.items())
            return _field(_BEGIN_COLLECTION, written, b"") + b"".join(members) + _field(_END_COLLECTION, b"", b"")
        case _:
            raise TypeError(f"a list within the list {name}")


def _field(tag: int, name: bytes, value: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(value)) + value
