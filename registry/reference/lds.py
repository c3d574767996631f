"""The few fields the registry reads from a card's files (ICAO 9303-10 §4.7).

The bytes come from a kiosk, so they are hostile until the SOD vouches for them, and are read strictly
even then. Only `Malformed` comes out. The kiosk's card reader has its own code for the same files: the
registry does not believe a kiosk's reading of a card, nor share its mistakes.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

MAX_FILE = 48_000
_MRZ_TD1 = 90
_ACTIVE_AUTHENTICATION = bytes.fromhex("678108010105")  # 2.23.136.1.1.5
_ECDSA_PLAIN_SHA256 = bytes.fromhex("04007f00070101040103")  # 0.4.0.127.0.7.1.1.4.1.3


class Malformed(ValueError):
    """The file is not what its standard says."""


@dataclass(frozen=True)
class MachineReadable:
    """What DG1 says that the registry compares."""

    document_number: str
    issuing_state: str
    expires_on: dt.date


def unwrap(data: bytes, tag: int) -> bytes:
    """The value of the one TLV object that `data` is."""
    objects = read_tlv(data)
    if len(objects) != 1 or objects[0][0] != tag:
        raise Malformed(f"not one object of tag {tag:X}")
    return objects[0][1]


def read_tlv(data: bytes) -> list[tuple[int, bytes]]:
    """The objects of one level: tags of one or two bytes, definite lengths (ISO 7816-4 §5.2.2)."""
    if len(data) > MAX_FILE:
        raise Malformed("too long")
    objects: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        tag, at = _tag(data, at)
        length, at = _length(data, at)
        if at + length > len(data):
            raise Malformed("an object longer than its file")
        objects.append((tag, data[at : at + length]))
        at += length
    return objects


def machine_readable(dg1: bytes) -> MachineReadable:
    """DG1 of a TD1 card: 61 { 5F1F: three lines of 30 } (9303-5 §4.2.2), its check digits checked."""
    mrz = unwrap(unwrap(dg1, 0x61), 0x5F1F)
    if not re.fullmatch(rb"[A-Z0-9<]{90}", mrz):
        raise Malformed("not a TD1 machine readable zone")
    first, second = mrz[:30].decode(), mrz[30:60].decode()
    number, expiry = first[5:14], second[8:14]
    if _check_digit(number) != first[14] or _check_digit(expiry) != second[14]:
        raise Malformed("a check digit of the machine readable zone is wrong")
    # A `<` in the check digit's place would continue a longer number in the optional data: not issued here.
    if not re.fullmatch(r"[A-Z0-9]{1,9}<*", number):
        raise Malformed("not a document number of up to nine characters")
    try:
        expires_on = dt.date(2000 + int(expiry[:2]), int(expiry[2:4]), int(expiry[4:]))
    except ValueError:
        raise Malformed("not a date of expiry") from None
    return MachineReadable(number.rstrip("<"), first[2:5].rstrip("<"), expires_on)


def personal_number(dg11: bytes) -> str:
    """The NIN: DG11's tag 5F10, 18 digits (9303-10 §4.7.11)."""
    found = [value for tag, value in read_tlv(unwrap(dg11, 0x6B)) if tag == 0x5F10]
    if len(found) != 1 or not re.fullmatch(rb"[0-9]{18}", found[0]):
        raise Malformed("not one personal number of 18 digits")
    return found[0].decode()


def names_plain_ecdsa(dg14: bytes) -> bool:
    """Whether DG14 announces active authentication by ecdsa-plain-SHA256 (9303-11 §9.2.5).

    ActiveAuthenticationInfo ::= SEQUENCE { protocol OID, version INTEGER (1), signatureAlgorithm OID }
    """
    wanted = [(0x06, _ACTIVE_AUTHENTICATION), (0x02, b"\x01"), (0x06, _ECDSA_PLAIN_SHA256)]
    infos = read_tlv(unwrap(unwrap(dg14, 0x6E), 0x31))
    return any(tag == 0x30 and read_tlv(value) == wanted for tag, value in infos)


def active_authentication_key(dg15: bytes) -> bytes:
    """DG15's SubjectPublicKeyInfo, DER (9303-10 §4.7.15)."""
    return unwrap(dg15, 0x6F)


def _tag(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first & 0x1F != 0x1F:
        return first, at + 1
    if at + 1 >= len(data) or data[at + 1] & 0x80:
        raise Malformed("a tag of more than two bytes")
    return first << 8 | data[at + 1], at + 2


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise Malformed("an object without length")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if not 1 <= count <= 3 or at + 1 + count > len(data):
        raise Malformed("a length of that form is not used in cards")
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def _check_digit(text: str) -> str:
    """9303-3 §4.9."""
    values = (0 if c == "<" else int(c, 36) for c in text)
    return str(sum(value * (7, 3, 1)[i % 3] for i, value in enumerate(values)) % 10)
