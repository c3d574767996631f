"""The chip's file system: the master file, the eMRTD application, and one for the PIN (ICAO 9303-10 §3)."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.simulated.card import tlv
from drivers.simulated.card.apdu import Answer, Command, Refused, Status
from drivers.simulated.card.image import FileId
from drivers.simulated.card.plan import Platform

APPLICATION = bytes.fromhex("A0000002471001")
_MASTER_FILE = b"\x3f\x00"
_OPEN = frozenset({FileId.CARD_ACCESS, FileId.DIR, FileId.ATR_INFO})  # readable before the channel stands
_OFFSET, _DISCRETIONARY = 0x54, 0x53


class FileSystem:
    """Selection and reading; `opened` says that a session stands, which all but a few files ask for."""

    def __init__(self, files: Mapping[FileId, bytes], platform: Platform, pin_application: bytes | None = None) -> None:
        self._files = files
        self._platform = platform
        self._names = {APPLICATION, pin_application or APPLICATION}
        self.application: bytes | None = None
        self._current: FileId | None = None

    def leave(self) -> None:
        """Back to the master file, nothing selected."""
        self.application = None
        self._current = None

    @property
    def in_application(self) -> bool:
        """Whether the eMRTD application is selected."""
        return self.application == APPLICATION

    @property
    def in_data_group(self) -> bool:
        """Whether the current file is a data group."""
        return self._current is not None and self._current.is_data_group

    def select(self, command: Command, *, opened: bool) -> Answer:
        """SELECT (ISO 7816-4 §11.2.2): an application by name, a file of the present folder, the master file."""
        if command.p2 not in (0x00, 0x0C):
            raise Refused(Status.WRONG_P1P2)
        if command.p1 == 0x04:
            return self._select_application(command)
        if command.p1 == 0x00 and command.data in (b"", _MASTER_FILE):
            if not self._platform.master_file:
                raise Refused(Status.WRONG_LENGTH)
            self.leave()
            return Answer()
        if command.p1 not in (0x00, 0x02):
            raise Refused(Status.WRONG_P1P2)
        if len(command.data) != 2:
            raise Refused(Status.WRONG_LENGTH)
        wanted = int.from_bytes(command.data, "big")
        self._current = self._found([file for file in self._here() if file.identifier == wanted], opened=opened)
        return Answer()

    def _select_application(self, command: Command) -> Answer:
        if command.data not in self._names:
            raise Refused(Status.FILE_NOT_FOUND)
        self.application, self._current = command.data, None
        wanted = command.p2 == 0x00 and command.le is not None
        return Answer(tlv.encode(0x6F, tlv.encode(0x84, command.data)) if wanted else b"")

    def _here(self) -> list[FileId]:
        if self.application not in (None, APPLICATION):
            return []
        return [file for file in self._files if file.in_master_file != self.in_application]

    def _found(self, found: list[FileId], *, opened: bool) -> FileId:
        if self.in_application and not opened:
            # Said before whether the file exists: a closed card tells nothing of what it holds.
            raise Refused(Status.SECURITY_NOT_SATISFIED)
        if not found:
            raise Refused(Status.FILE_NOT_FOUND)
        return found[0]

    def read(self, command: Command, *, opened: bool, room: int) -> Answer:
        """READ BINARY, at most `room` bytes when the length is left to the card (ISO 7816-4 §11.3.3)."""
        if command.ins & 1:
            return self._read_odd(command, opened=opened, room=room)
        offset = command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            if command.p1 & 0x60:
                raise Refused(Status.WRONG_P1P2)
            self._locate(command.p1 & 0x1F, opened=opened)
            offset = command.p2
        if command.data or command.le is None:
            raise Refused(Status.WRONG_LENGTH)
        return self._part(command, offset, command.le, opened=opened, room=room)

    def _read_odd(self, command: Command, *, opened: bool, room: int) -> Answer:
        """INS B1: the offset in tag 54, the bytes in tag 53; reaches beyond 32 kB."""
        if not self._platform.odd_read:
            raise Refused(Status.UNKNOWN_INS)
        if command.p1 or command.p2 & 0xE0:
            raise Refused(Status.WRONG_P1P2)
        if command.p2:
            self._locate(command.p2, opened=opened)
        try:
            ((tag, value),) = tlv.decode(command.data)
        except ValueError:
            raise Refused(Status.WRONG_DATA) from None
        if tag != _OFFSET or not 1 <= len(value) <= 4 or command.le is None:
            raise Refused(Status.WRONG_DATA)
        wanted = min(command.le, room)
        heads = len(tlv.encode(_DISCRETIONARY, bytes(wanted))) - wanted
        answer = self._part(
            command, int.from_bytes(value, "big"), max(1, command.le - heads), opened=opened, room=max(0, room - heads)
        )
        return Answer(tlv.encode(_DISCRETIONARY, answer.data), answer.status)

    def _locate(self, short: int, *, opened: bool) -> None:
        """Makes the file of that short identifier the current one."""
        if not self._platform.short_identifiers:
            raise Refused(Status.WRONG_P1P2)
        self._current = self._found([file for file in self._here() if file.short == short], opened=opened)

    def _part(self, command: Command, offset: int, length: int, *, opened: bool, room: int) -> Answer:
        if self._current is None:
            raise Refused(Status.NO_CURRENT_FILE)
        if self._current not in _OPEN and not opened:
            raise Refused(Status.SECURITY_NOT_SATISFIED)
        content = self._files[self._current]
        if offset >= len(content):
            raise Refused(Status.WRONG_OFFSET)
        largest = self._platform.largest_read or length
        if length > largest and not command.any_le:
            raise Refused(Status.WRONG_LENGTH)
        wanted = min(length, room, largest) if command.any_le else length
        part = content[offset : offset + wanted]
        if len(part) > room:
            raise Refused(Status.WRONG_LENGTH)
        complete = command.any_le or len(part) == length
        return Answer(part, Status.OK if complete else Status.END_OF_FILE)
