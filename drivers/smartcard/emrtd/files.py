"""The elementary files of an eMRTD (ICAO 9303-10 §3.6, §3.11, §4)."""

from __future__ import annotations

from enum import Enum

from drivers.smartcard.apdu import CommandApdu, Exchange

AID = bytes.fromhex("A0000002471001")
"""The eMRTD application (ICAO 9303-10 §3.4)."""


class FileId(Enum):
    """(file identifier, short identifier, tag its content begins with; 0 where it has no wrapping)."""

    ATR_INFO = (0x2F01, 0x01, 0x00)
    DIR = (0x2F00, 0x1E, 0x00)
    CARD_ACCESS = (0x011C, 0x1C, 0x31)
    CARD_SECURITY = (0x011D, 0x1D, 0x30)
    COM = (0x011E, 0x1E, 0x60)
    SOD = (0x011D, 0x1D, 0x77)
    DG1 = (0x0101, 0x01, 0x61)
    DG2 = (0x0102, 0x02, 0x75)
    DG3 = (0x0103, 0x03, 0x63)
    DG4 = (0x0104, 0x04, 0x76)
    DG5 = (0x0105, 0x05, 0x65)
    DG6 = (0x0106, 0x06, 0x66)
    DG7 = (0x0107, 0x07, 0x67)
    DG8 = (0x0108, 0x08, 0x68)
    DG9 = (0x0109, 0x09, 0x69)
    DG10 = (0x010A, 0x0A, 0x6A)
    DG11 = (0x010B, 0x0B, 0x6B)
    DG12 = (0x010C, 0x0C, 0x6C)
    DG13 = (0x010D, 0x0D, 0x6D)
    DG14 = (0x010E, 0x0E, 0x6E)
    DG15 = (0x010F, 0x0F, 0x6F)
    DG16 = (0x0110, 0x10, 0x70)

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
    def in_application(self) -> bool:
        """Whether it lies in the eMRTD application, and not in the master file."""
        return self not in _OF_THE_MASTER_FILE

    @property
    def data_group(self) -> int | None:
        """The data group's number as EF.SOD counts them; None for the other files."""
        return self.short if self.name.startswith("DG") else None


_OF_THE_MASTER_FILE = frozenset((FileId.ATR_INFO, FileId.DIR, FileId.CARD_ACCESS, FileId.CARD_SECURITY))
_DATA_GROUPS = {file.data_group: file for file in FileId if file.data_group is not None}
EXTENDED_ACCESS_ONLY = frozenset((FileId.DG3, FileId.DG4))
"""Fingers and irises: only for terminals that a state has authorised (9303-11 §7). Never read here."""


def data_group(number: int) -> FileId | None:
    """The file of that data group, or None for a number of none."""
    return _DATA_GROUPS.get(number)


def select_application(aid: bytes = AID) -> Exchange[None]:
    """Raises CardRefused."""
    response = yield CommandApdu(0x00, 0xA4, 0x04, 0x0C, aid)
    response.expect_ok("SELECT of the eMRTD application")


def select_master() -> Exchange[None]:
    """The master file, by its identifier. Some chips refuse that and are in it all the same."""
    yield CommandApdu(0x00, 0xA4, 0x00, 0x0C, b"\x3f\x00")
