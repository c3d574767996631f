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
_ACTIVE_AUTHENTICATION = [(0x06, bytes.fromhex("678108010105")), (0x02, b"\x01")]  # 2.23.136.1.1.5, version 1
_ECDSA_PLAIN = bytes.fromhex("04007f000701010401")  # 0.4.0.127.0.7.1.1.4.1, and the number of a hash
_HASHES = {2: "sha224", 3: "sha256", 4: "sha384", 5: "sha512"}
_CHIP_KEY = bytes.fromhex("04007f0007020201")  # 0.4.0.127.0.7.2.2.1, and 1 for DH, 2 for ECDH
_CHIP_MAPPING = bytes.fromhex("04007f000702020406")  # 0.4.0.127.0.7.2.2.4.6, and the number of a cipher


@dataclass(frozen=True)
class _Layout:
    """Where the fields stand, the lines put behind one another; each check digit follows its field."""

    number: slice
    expiry: slice
    optional: slice
    continues: bool


_LAYOUTS = {
    90: _Layout(slice(5, 14), slice(38, 44), slice(15, 30), continues=True),
    72: _Layout(slice(36, 45), slice(57, 63), slice(64, 71), continues=True),
    88: _Layout(slice(44, 53), slice(65, 71), slice(72, 86), continues=False),
}


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
    """DG1: 61 { 5F1F: the zone of a TD1, TD2 or TD3 document } (9303-5, -6, -4 §4.2.2), the check digits of what is
    read here checked. A number longer than its field goes on in the optional data (9303-5 §4.2.2, note j)."""
    zone = unwrap(unwrap(dg1, 0x61), 0x5F1F)
    layout = _LAYOUTS.get(len(zone))
    if layout is None or not re.fullmatch(rb"[A-Z0-9<]+", zone):
        raise Malformed("not a machine readable zone")
    text = zone.decode()
    number, digit, more = text[layout.number], text[layout.number.stop], text[layout.optional]
    if digit == "<" and layout.continues:
        rest, digit = _continued(more)
        number += rest
    if _check_digit(number) != digit:
        raise Malformed("a check digit of the machine readable zone is wrong")
    if not re.fullmatch(r"[A-Z0-9]+<*", number):
        raise Malformed("not a document number")
    return MachineReadable(number.rstrip("<"), text[2:5].rstrip("<"), _expiry(text, layout.expiry))


def _continued(optional: str) -> tuple[str, str]:
    """What a long number goes on with, and the check digit after it."""
    rest = optional.split("<")[0]
    if len(rest) < 2:
        raise Malformed("a long document number does not go on in the optional data")
    return rest[:-1], rest[-1]


def _expiry(text: str, at: slice) -> dt.date:
    expiry = text[at]
    if _check_digit(expiry) != text[at.stop]:
        raise Malformed("a check digit of the machine readable zone is wrong")
    try:
        return dt.date(2000 + int(expiry[:2]), int(expiry[2:4]), int(expiry[4:]))
    except ValueError:
        raise Malformed("not a date of expiry") from None


def personal_number(dg11: bytes) -> str:
    """The NIN: DG11's tag 5F10, 18 digits (9303-10 §4.7.11)."""
    found = [value for tag, value in read_tlv(unwrap(dg11, 0x6B)) if tag == 0x5F10]
    if len(found) != 1 or not re.fullmatch(rb"[0-9]{18}", found[0]):
        raise Malformed("not one personal number of 18 digits")
    return found[0].decode()


def signature_hash(dg14: bytes) -> str | None:
    """The hash of active authentication by plain ECDSA that DG14 announces, if it does (9303-11 §9.2.5).

    ActiveAuthenticationInfo ::= SEQUENCE { protocol OID, version INTEGER (1), signatureAlgorithm OID }
    """
    for info in _security_infos(dg14):
        if [tag for tag, _ in info] == [0x06, 0x02, 0x06] and info[:2] == _ACTIVE_AUTHENTICATION:
            algorithm = info[2][1]
            if algorithm[:-1] == _ECDSA_PLAIN and algorithm[-1] in _HASHES:
                return _HASHES[algorithm[-1]]
    return None


def names_chip_key(dg14: bytes) -> bool:
    """Whether DG14 holds a key for chip authentication (9303-11 §9.2.4)."""
    return any(info and info[0][0] == 0x06 and info[0][1][:-1] == _CHIP_KEY for info in _security_infos(dg14))


def names_chip_mapping(dg14: bytes) -> bool:
    """Whether DG14 announces PACE with chip authentication mapping (9303-11 §9.2.1)."""
    return any(info and info[0][0] == 0x06 and info[0][1][:-1] == _CHIP_MAPPING for info in _security_infos(dg14))


def _security_infos(dg14: bytes) -> list[list[tuple[int, bytes]]]:
    return [read_tlv(value) for tag, value in read_tlv(unwrap(unwrap(dg14, 0x6E), 0x31)) if tag == 0x30]


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
