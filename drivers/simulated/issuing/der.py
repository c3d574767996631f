"""DER as the issuer writes it (X.690): the few types that the chip's security files need."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.simulated.card import tlv


def sequence(*parts: bytes) -> bytes:
    return tlv.encode(0x30, b"".join(parts))


def set_of(parts: Iterable[bytes]) -> bytes:
    """In the order DER asks for (§11.6)."""
    return tlv.encode(0x31, b"".join(sorted(parts)))


def integer(number: int) -> bytes:
    return tlv.encode(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    return tlv.encode(0x04, value)


def bits(value: bytes) -> bytes:
    return tlv.encode(0x03, b"\0" + value)


def oid(value: bytes | str) -> bytes:
    """Of an encoded value or of a dotted name."""
    return tlv.encode(0x06, value if isinstance(value, bytes) else _encoded(value))


def _encoded(dotted: str) -> bytes:
    first, second, *rest = (int(part) for part in dotted.split("."))
    value = b""
    for arc in (40 * first + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        value += bytes(reversed(digits))
    return value
