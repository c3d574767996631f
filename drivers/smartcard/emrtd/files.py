"""The elementary files of an eMRTD and how they are read (ICAO 9303-10 §3.6, §4; ISO 7816-4 §11.3.3)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from drivers.smartcard import tlv
from drivers.smartcard.apdu import OK, CommandApdu, Exchange, ResponseApdu
from drivers.smartcard.errors import CardRefused, FileAbsent, MalformedData

AID = bytes.fromhex("A0000002471001")
"""The eMRTD application (ICAO 9303-10 §3.4)."""

BLOCK = 223
"""Bytes asked for at a time: the most that fits a short answer once AES secure messaging has wrapped it."""
MAX_FILE = 0x8000
"""READ BINARY with INS B0 counts offsets in 15 bits; no file of an identity card is longer."""
_HEADER = 4
_SMALLEST_BLOCK = 16
_END_OF_FILE = 0x6282
_NOT_FOUND = {0x6A82, 0x6A83}

Progress = Callable[[int, int], None]
"""Called with (bytes read, bytes in all) after each block."""


class FileId(Enum):
    """(file identifier, short identifier, tag its content begins with)."""

    COM = (0x011E, 0x1E, 0x60)
    SOD = (0x011D, 0x1D, 0x77)
    CARD_ACCESS = (0x011C, 0x1C, 0x31)
    DG1 = (0x0101, 0x01, 0x61)
    DG2 = (0x0102, 0x02, 0x75)
    DG11 = (0x010B, 0x0B, 0x6B)
    DG12 = (0x010C, 0x0C, 0x6C)
    DG14 = (0x010E, 0x0E, 0x6E)
    DG15 = (0x010F, 0x0F, 0x6F)

    @property
    def identifier(self) -> bytes:
        return self.value[0].to_bytes(2)

    @property
    def short(self) -> int:
        return self.value[1]

    @property
    def tag(self) -> int:
        return self.value[2]

    @property
    def data_group(self) -> int | None:
        """The data group's number as EF.SOD counts them; None for the other files."""
        return self.short if self.name.startswith("DG") else None


def select_application() -> Exchange[None]:
    """Raises CardRefused."""
    response = yield CommandApdu(0x00, 0xA4, 0x04, 0x0C, AID)
    response.expect_ok("SELECT of the eMRTD application")


def read(file: FileId, progress: Progress | None = None) -> Exchange[bytes]:
    """The whole file, from its tag to its end, in as few commands as it takes.

    The first command asks for a whole block by short identifier; a card that does not like that is read
    the plain way. Raises FileAbsent, CardRefused, MalformedData.
    """
    response = yield CommandApdu(0x00, 0xB0, 0x80 | file.short, 0x00, le=BLOCK)
    if response.status in (OK, _END_OF_FILE) and response.data:
        return (yield from _rest(file, response.data, progress))
    if response.status in _NOT_FOUND and file is not FileId.CARD_ACCESS:
        raise FileAbsent(f"the card has no {file.name}")
    return (yield from read_by_selection(file, progress))


def read_by_selection(file: FileId, progress: Progress | None = None) -> Exchange[bytes]:
    """As `read`, by SELECT, then the header, then the rest. Raises the same."""
    response = yield CommandApdu(0x00, 0xA4, 0x02, 0x0C, file.identifier)
    if response.status in _NOT_FOUND:
        raise FileAbsent(f"the card has no {file.name}")
    response.expect_ok(f"SELECT of {file.name}")
    response = yield CommandApdu(0x00, 0xB0, 0x00, 0x00, le=_HEADER)
    return (yield from _rest(file, _block(file, response), progress))


def _block(file: FileId, response: ResponseApdu) -> bytes:
    if response.status not in (OK, _END_OF_FILE):
        raise CardRefused(f"READ BINARY of {file.name}", response.status)
    if not response.data:
        raise MalformedData(f"{file.name} ends before its length says")
    return response.data


def _rest(file: FileId, start: bytes, progress: Progress | None) -> Exchange[bytes]:
    tag, length, head = tlv.header(start)
    total = head + length
    if tag != file.tag:
        raise MalformedData(f"{file.name} begins with another tag")
    if total > MAX_FILE:
        raise MalformedData(f"{file.name} claims to be longer than any file of a card")
    content = bytearray(start[:total])
    if progress:
        progress(len(content), total)
    while len(content) < total:
        asked = min(BLOCK, total - len(content))
        at = len(content)
        response = yield CommandApdu(0x00, 0xB0, at >> 8, at & 0xFF, le=asked)
        block = _block(file, response)
        if len(block) > asked or len(block) < min(asked, _SMALLEST_BLOCK):
            # A byte at a time would make a long file take for ever.
            raise MalformedData(f"a block of {file.name} has another size than asked for")
        content += block
        if progress:
            progress(len(content), total)
    return bytes(content)
