"""The chip's file system: the master file with EF.CardAccess, and the eMRTD application (ICAO 9303-10 §3)."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.simulated.card import tlv
from drivers.simulated.card.apdu import Answer, Command, Refused, Status
from drivers.simulated.card.image import FileId

APPLICATION = bytes.fromhex("A0000002471001")
_MASTER_FILE = b"\x3f\x00"
_DATA_GROUPS = frozenset({FileId.DG1, FileId.DG2, FileId.DG11, FileId.DG14, FileId.DG15})


class FileSystem:
    """Selection and reading; `opened` says that a session stands, which all but EF.CardAccess ask for."""

    def __init__(self, files: Mapping[FileId, bytes]) -> None:
        self._files = files
        self.in_application = False
        self._current: FileId | None = None

    def leave(self) -> None:
        """Back to the master file, nothing selected."""
        self.in_application = False
        self._current = None

    def select(self, command: Command, *, opened: bool) -> Answer:
        """SELECT (ISO 7816-4 §11.2.2): the application by name, a file of the present folder, the master file."""
        if command.p2 not in (0x00, 0x0C):
            raise Refused(Status.WRONG_P1P2)
        if command.p1 == 0x04:
            return self._select_application(command)
        if command.p1 == 0x00 and command.data in (b"", _MASTER_FILE):
            self.leave()
            return Answer()
        if command.p1 not in (0x00, 0x02):
            raise Refused(Status.WRONG_P1P2)
        if len(command.data) != 2:
            raise Refused(Status.WRONG_LENGTH)
        self._current = self._find(int.from_bytes(command.data, "big"), opened=opened)
        return Answer()

    def _select_application(self, command: Command) -> Answer:
        if command.data != APPLICATION:
            raise Refused(Status.FILE_NOT_FOUND)
        self.in_application, self._current = True, None
        wanted = command.p2 == 0x00 and command.le is not None
        return Answer(tlv.encode(0x6F, tlv.encode(0x84, APPLICATION)) if wanted else b"")

    def _find(self, identifier: int, *, opened: bool, mask: int = 0xFFFF) -> FileId:
        here = [file for file in self._files if (file is not FileId.CARD_ACCESS) == self.in_application]
        found = [file for file in here if file & mask == identifier]
        if self.in_application and not opened:
            # Said before whether the file exists: a closed card tells nothing of what it holds.
            raise Refused(Status.SECURITY_NOT_SATISFIED)
        if not found:
            raise Refused(Status.FILE_NOT_FOUND)
        return found[0]

    def read(self, command: Command, *, opened: bool, room: int) -> Answer:
        """READ BINARY, at most `room` bytes when the length is left to the card (ISO 7816-4 §11.3.3)."""
        offset = self._locate(command, opened=opened)
        if self._current is None:
            raise Refused(Status.NO_CURRENT_FILE)
        if self._current is not FileId.CARD_ACCESS and not opened:
            raise Refused(Status.SECURITY_NOT_SATISFIED)
        if command.data or command.le is None:
            raise Refused(Status.WRONG_LENGTH)
        content = self._files[self._current]
        if offset >= len(content):
            raise Refused(Status.WRONG_OFFSET)
        length = min(command.le, room) if command.any_le else command.le
        part = content[offset : offset + length]
        if len(part) > room:
            raise Refused(Status.WRONG_LENGTH)
        complete = command.any_le or len(part) == command.le
        return Answer(part, Status.OK if complete else Status.END_OF_FILE)

    def _locate(self, command: Command, *, opened: bool) -> int:
        """Makes the file meant the current one; gives the offset meant."""
        if not command.p1 & 0x80:
            return command.p1 << 8 | command.p2
        if command.p1 & 0x60:
            raise Refused(Status.WRONG_P1P2)
        self._current = self._find(command.p1 & 0x1F, opened=opened, mask=0x1F)
        return command.p2

    @property
    def in_data_group(self) -> bool:
        """Whether the current file is a data group."""
        return self._current in _DATA_GROUPS
