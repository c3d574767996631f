"""The files of the logical data structure, built as the issuer writes them (ICAO 9303-10 §3.11, §4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from drivers.simulated.card import FileId, tlv
from drivers.simulated.errors import HolderInvalid
from drivers.simulated.issuing import mrz

TAGS = {
    FileId.DG1: 0x61,
    FileId.DG2: 0x75,
    FileId.DG7: 0x67,
    FileId.DG11: 0x6B,
    FileId.DG12: 0x6C,
    FileId.DG13: 0x6D,
    FileId.DG14: 0x6E,
    FileId.DG15: 0x6F,
    FileId.DG16: 0x70,
}


def com(groups: Iterable[FileId]) -> bytes:
    """EF.COM (§4.6.1): LDS 1.7, Unicode 4.0.0, and the tags of the data groups present."""
    versions = tlv.encode(0x5F01, b"0107") + tlv.encode(0x5F36, b"040000")
    return tlv.encode(0x60, versions + tlv.encode(0x5C, bytes(TAGS[group] for group in sorted(groups))))


def dg1(zone: tuple[str, ...]) -> bytes:
    """DG1 (§4.7.1): the machine readable zone."""
    return tlv.encode(0x61, tlv.encode(0x5F1F, "".join(zone).encode("ascii")))


def dg7(picture: bytes) -> bytes:
    """DG7 (§4.7.7): the holder's signature, one picture."""
    return tlv.encode(0x67, tlv.encode(0x02, b"\x01") + tlv.encode(0x5F43, picture))


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
    return tlv.encode(0x6B, _listed(fields))


def dg11_cnibe(
    *, surname: tuple[str, str], given: tuple[str, str], personal_number: str, birthplace: str | None, sex: str
) -> bytes:
    """DG11 as Algeria's CNIBE is told to have it: LATIN<<ARABIC in each field, in ISO-8859-6, tags of its own.

    Raises HolderInvalid for a name that code page cannot write.
    """
    texts = [(0x5F0E, _both(*surname)), (0x5F0F, _both(*given)), (0x5F10, personal_number)]
    if birthplace:
        texts.append((0x5F11, mrz.latin(birthplace) + "<<"))
    texts += [(0x5F16, "C<<"), (0x5F18, "O+<<"), (0x5F42, sex + "<<O+")]
    try:
        return tlv.encode(0x6B, _listed([(tag, tlv.encode(tag, text.encode("iso8859-6"))) for tag, text in texts]))
    except UnicodeEncodeError:
        raise HolderInvalid("the holder's names cannot be written in ISO-8859-6") from None


def dg12(*, authority: str, issued: dt.date, personalised: dt.datetime) -> bytes:
    """DG12 (§4.7.12): who issued the card, when, and when its chip was written."""
    moment = f"{personalised:%Y%m%d%H%M%S}".encode("ascii")
    fields = [
        (0x5F19, tlv.encode(0x5F19, authority.replace(" ", "<").encode("utf-8"))),
        (0x5F26, tlv.encode(0x5F26, f"{issued:%Y%m%d}".encode("ascii"))),
        (0x5F55, tlv.encode(0x5F55, moment)),
    ]
    return tlv.encode(0x6C, _listed(fields))


def dg13(content: bytes) -> bytes:
    """DG13 (§4.7.13): whatever the State likes."""
    return tlv.encode(0x6D, content)


def dg14(infos: bytes) -> bytes:
    """DG14 (§4.7.14): what the chip can do, a SET of SecurityInfo."""
    return tlv.encode(0x6E, infos)


def dg15(public_key: bytes) -> bytes:
    """DG15 (§4.7.15): the active authentication key, a DER SubjectPublicKeyInfo."""
    return tlv.encode(0x6F, public_key)


def dg16(*, person: str, telephone: str, recorded: dt.date) -> bytes:
    """DG16 (§4.7.16): whom to notify, one person."""
    template = tlv.encode(0x5F50, f"{recorded:%Y%m%d}".encode("ascii"))
    template += tlv.encode(0x5F51, person.encode("utf-8")) + tlv.encode(0x5F52, telephone.encode("ascii"))
    return tlv.encode(0x70, tlv.encode(0x02, b"\x01") + tlv.encode(0xA1, template))


def directory(applications: Iterable[bytes]) -> bytes:
    """EF.DIR (§3.11.2): the applications on the chip."""
    return b"".join(tlv.encode(0x61, tlv.encode(0x4F, name)) for name in applications)


def atr_info(*, command: int, response: int) -> bytes:
    """EF.ATR/INFO (§3.11.1): card capabilities, and the most bytes of an APDU with extended length either way."""
    sizes = b"".join(tlv.encode(0x02, size.to_bytes(2, "big")) for size in (command, response))
    return tlv.encode(0x47, bytes.fromhex("8401E0")) + tlv.encode(0x7F66, sizes)


def name(surname: str, given: str) -> str:
    """A name of DG11 in its own script: the parts apart by two fillers, words by one (9303-3 §4.6)."""
    return "<".join(surname.split()) + "<<" + "<".join(given.split())


def _both(latin: str, arabic: str) -> str:
    return f"{mrz.latin(latin)}<<{arabic}"


def _listed(fields: list[tuple[int, bytes]]) -> bytes:
    tags = b"".join(tag.to_bytes(2, "big") for tag, _ in fields)
    return tlv.encode(0x5C, tags) + b"".join(content for _, content in fields)
