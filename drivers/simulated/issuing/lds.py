"""The files of the logical data structure, built as the issuer writes them (ICAO 9303-10 §4)."""

from __future__ import annotations

import datetime as dt

from drivers.simulated.card import tlv

PACE_INFO = bytes.fromhex("3012060A04007F0007020204020202010202010D")
"""PACEInfo: id-PACE-ECDH-GM-AES-CBC-CMAC-128, version 2, brainpoolP256r1 (9303-11 §9.2.1)."""

_AA_INFO = bytes.fromhex("30170606678108010105020101060A04007F00070101040103")
"""ActiveAuthenticationInfo: version 1, ecdsa-plain-SHA256 (9303-11 §9.2.4, TR-03111 §5.2.1.1)."""


def com(tags: list[int]) -> bytes:
    """EF.COM (§4.6.1): LDS 1.7, Unicode 4.0.0, and the tags of the data groups present."""
    versions = tlv.encode(0x5F01, b"0107") + tlv.encode(0x5F36, b"040000")
    return tlv.encode(0x60, versions + tlv.encode(0x5C, bytes(tags)))


def dg1(mrz: tuple[str, str, str]) -> bytes:
    """DG1 (§4.7.1): the machine readable zone."""
    return tlv.encode(0x61, tlv.encode(0x5F1F, "".join(mrz).encode("ascii")))


def dg2(jpeg: bytes, *, width: int, height: int, sex: str) -> bytes:
    """DG2 (§4.7.2): one full frontal face in a facial record of ISO/IEC 19794-5:2005."""
    gender = b"\x02" if sex == "F" else b"\x01"
    features = bytes(2) + gender + bytes(1 + 1 + 3 + 2 + 3 + 3)  # no points; eyes, hair, pose and the rest unsaid
    size = width.to_bytes(2, "big") + height.to_bytes(2, "big")
    picture = b"\x01\x00" + size + b"\x01\x00" + bytes(2 + 2)  # full frontal, JPEG, sRGB, source unsaid
    block = features + picture + jpeg
    block = (len(block) + 4).to_bytes(4, "big") + block
    record = b"FAC\x00010\x00" + (len(block) + 14).to_bytes(4, "big") + b"\x00\x01" + block
    # The CBEFF header (ISO/IEC 7816-11): facial features, and the owner and type of the record's format.
    header = tlv.encode(0xA1, bytes.fromhex("80020101" + "810102" + "87020101" + "88020008"))
    instance = tlv.encode(0x7F60, header + tlv.encode(0x5F2E, record))
    return tlv.encode(0x75, tlv.encode(0x7F61, tlv.encode(0x02, b"\x01") + instance))


def dg11(*, latin: str, arabic: str, personal_number: str, date_of_birth: dt.date, birthplace: str | None) -> bytes:
    """DG11 (§4.7.11), UTF-8: the full name, the other name, the personal number, the full date of birth."""
    fields = [
        (0x5F0E, tlv.encode(0x5F0E, latin.encode("utf-8"))),
        (0x5F0F, tlv.encode(0xA0, tlv.encode(0x02, b"\x01") + tlv.encode(0x5F0F, arabic.encode("utf-8")))),
        (0x5F10, tlv.encode(0x5F10, personal_number.encode("ascii"))),
        (0x5F2B, tlv.encode(0x5F2B, f"{date_of_birth:%Y%m%d}".encode("ascii"))),
    ]
    if birthplace:
        fields.append((0x5F11, tlv.encode(0x5F11, birthplace.replace(" ", "<").encode("utf-8"))))
    tags = b"".join(tag.to_bytes(2, "big") for tag, _ in fields)
    return tlv.encode(0x6B, tlv.encode(0x5C, tags) + b"".join(field for _, field in fields))


def name(surname: str, given: str) -> str:
    """A name of DG11 in its own script: the parts apart by two fillers, words by one (9303-3 §4.6)."""
    return "<".join(surname.split()) + "<<" + "<".join(given.split())


def dg14(*, pace: bool) -> bytes:
    """DG14 (§4.7.14): what the chip can do, PACE too when it has it."""
    return tlv.encode(0x6E, tlv.encode(0x31, (PACE_INFO if pace else b"") + _AA_INFO))


def dg15(public_key: bytes) -> bytes:
    """DG15 (§4.7.15): the active authentication key, a DER SubjectPublicKeyInfo."""
    return tlv.encode(0x6F, public_key)


def card_access() -> bytes:
    """EF.CardAccess (§3.11.3): the SecurityInfos a terminal needs before it can open the chip."""
    return tlv.encode(0x31, PACE_INFO)
