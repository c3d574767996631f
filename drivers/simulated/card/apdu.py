"""Command APDUs as the card reads them, and the status words it answers with (ISO 7816-4 §5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

PROTECTED = 0x0C
CHAINED = 0x10


class Status(IntEnum):
    OK = 0x9000
    END_OF_FILE = 0x6282
    AUTHENTICATION_FAILED = 0x6300
    WRONG_LENGTH = 0x6700
    LAST_OF_CHAIN_EXPECTED = 0x6883
    SECURITY_NOT_SATISFIED = 0x6982
    BLOCKED = 0x6983
    CONDITIONS_NOT_SATISFIED = 0x6985
    NO_CURRENT_FILE = 0x6986
    PROTECTION_MISSING = 0x6987
    PROTECTION_INCORRECT = 0x6988
    WRONG_DATA = 0x6A80
    FILE_NOT_FOUND = 0x6A82
    WRONG_P1P2 = 0x6A86
    OBJECT_MISSING = 0x6A87
    REFERENCE_NOT_FOUND = 0x6A88
    WRONG_OFFSET = 0x6B00
    UNKNOWN_INS = 0x6D00
    UNKNOWN_CLA = 0x6E00
    INTERNAL_ERROR = 0x6F00


class Refused(Exception):
    """Ends a command with a status word; never leaves the card."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Command:
    """`le` is the length expected, None when none is, 256 or 65536 for zero; `any_le` says that it was zero."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None
    any_le: bool = False
    extended: bool = False

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins, self.p1, self.p2))

    @property
    def capacity(self) -> int:
        """The longest answer the command's form leaves room for, in bytes without the status word."""
        return 65536 if self.extended else 256

    def expecting(self, le: int, *, widest: int) -> Command:
        """With `le` as its length field says it: zero stands for the widest."""
        return replace(self, le=le or widest, any_le=le == 0)


@dataclass(frozen=True, slots=True)
class Answer:
    data: bytes = b""
    status: int = Status.OK

    def encode(self) -> bytes:
        return self.data + self.status.to_bytes(2, "big")


def parse(apdu: bytes) -> Command:
    """The command in `apdu`, in its seven forms (ISO 7816-4 §5.2). Raises Refused."""
    if len(apdu) < 4:
        raise Refused(Status.WRONG_LENGTH)
    command, body = Command(*apdu[:4]), apdu[4:]
    if not body:
        return command
    if len(body) == 1:
        return command.expecting(body[0], widest=256)
    if body[0]:
        return _with_data(command, body[0], body[1:], le_size=1)
    command = replace(command, extended=True)
    if len(body) == 3:
        return command.expecting(int.from_bytes(body[1:], "big"), widest=65536)
    return _with_data(command, int.from_bytes(body[1:3], "big"), body[3:], le_size=2)


def _with_data(command: Command, lc: int, rest: bytes, *, le_size: int) -> Command:
    command = replace(command, data=rest[:lc])
    tail = rest[lc:]
    if lc == 0 or len(rest) < lc or len(tail) not in (0, le_size):
        raise Refused(Status.WRONG_LENGTH)
    return command.expecting(int.from_bytes(tail, "big"), widest=256**le_size) if tail else command
