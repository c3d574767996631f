"""Reading a file of the chip in as few commands as it lets itself be read (ISO 7816-4 §11.3.3).

A file is asked for by its short identifier, a whole block at once: the answer holds its length and often all of it.
Chips differ in what they take for too much. What one refuses is remembered (`Sizes`), and never asked of it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.smartcard import tlv
from drivers.smartcard.apdu import MAX_SHORT, OK, CommandApdu, Exchange, ResponseApdu
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.errors import CardRefused, FileAbsent, MalformedData

MAX_FILE = 1 << 20
"""Bytes; faces of the largest chips stay under a tenth of it."""
_LADDER = (MAX_SHORT, 223, 192, 160, 128, 96)
_HEADER = 8
_SMALLEST_BLOCK = 16
_FAR = 0x8000
"""READ BINARY with INS B0 counts offsets in 15 bits."""
_WRAPPING = 5
"""Bytes at most of tag and length of the data object 53 in which INS B1 answers."""
_END_OF_FILE = 0x6282
_NOT_FOUND = {0x6A82, 0x6A83}
_TOO_MUCH = {0x6700, 0x6B00, 0x6281, 0x6282, 0x6F00, 0x6A86, 0x6A87}

Progress = Callable[[int, int], None]
"""Called with (bytes read, bytes in all) after each block."""


class Sizes:
    """How many bytes this chip may be asked for at once; `extended` is what an extended answer of it holds, or 0.

    `fitting` is the most that fits a short answer as the channel now wraps it (256 without a channel).
    """

    def __init__(self, extended: int = 0) -> None:
        self._most = extended or MAX_SHORT
        self.fitting = MAX_SHORT
        self.by_selection = False
        self.header_first = False

    @property
    def block(self) -> int:
        return self._most if self._most > MAX_SHORT else min(self._most, self.fitting)

    def too_much(self, asked: int) -> bool:
        """The chip refused to give `asked` bytes; whether there is a smaller number to try."""
        smaller = [size for size in _LADDER if size < asked]
        if smaller:
            self._most = smaller[0]
        return bool(smaller)

    def at_most(self, size: int) -> None:
        """The chip itself named, or gave, the number."""
        self._most = min(self._most, max(size, _SMALLEST_BLOCK))


@dataclass
class Partial:
    """What has been read of a file: reading goes on from here in another session with the same chip."""

    total: int | None = None
    content: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def complete(self) -> bool:
        return self.total is not None and len(self.content) >= self.total


def read(file: FileId, sizes: Sizes, partial: Partial, progress: Progress | None = None) -> Exchange[bytes]:
    """The whole file, from its tag to its end, into `partial`. Raises FileAbsent, CardRefused, MalformedData."""
    started = partial.total is not None
    if not started:
        yield from _begin(file, sizes, partial)
    elif not partial.complete:
        yield from _select(file)  # a new session has no current file
    total = partial.total or 0
    if progress:
        progress(min(len(partial.content), total), total)
    while not partial.complete:
        partial.content += yield from _next(file, sizes, len(partial.content), total)
        if progress:
            progress(len(partial.content), total)
    return bytes(partial.content[:total])


def _begin(file: FileId, sizes: Sizes, partial: Partial) -> Exchange[None]:
    """The first block. By short identifier, a whole block; else only the header; else by SELECT."""
    if not sizes.by_selection:
        asked = _HEADER if sizes.header_first else sizes.block
        response = yield _by_short_identifier(file, asked)
        if _refused_length(response) and not sizes.header_first:
            sizes.header_first = True
            _learn(sizes, response, asked)
            response = yield _by_short_identifier(file, _HEADER)
        if response.status in (OK, _END_OF_FILE) and response.data:
            return _started(file, sizes, partial, response.data, asked)
        if response.status in _NOT_FOUND and file.in_application:
            raise FileAbsent(f"the card has no {file.name}")
    yield from _select(file)
    response = yield CommandApdu(0x00, 0xB0, 0x00, 0x00, le=_HEADER)
    if response.status not in (OK, _END_OF_FILE) or not response.data:
        raise CardRefused(f"READ BINARY of {file.name}", response.status)
    sizes.by_selection = True
    _started(file, sizes, partial, response.data, _HEADER)


def _by_short_identifier(file: FileId, le: int) -> CommandApdu:
    return CommandApdu(0x00, 0xB0, 0x80 | file.short, 0x00, le=le)


def _select(file: FileId) -> Exchange[None]:
    response = yield CommandApdu(0x00, 0xA4, 0x02, 0x0C, file.identifier)
    if response.status in _NOT_FOUND:
        raise FileAbsent(f"the card has no {file.name}")
    response.expect_ok(f"SELECT of {file.name}")


def _started(file: FileId, sizes: Sizes, partial: Partial, start: bytes, asked: int) -> None:
    total = len(start) if not file.tag else _length(file, start)
    if len(start) > asked:
        raise MalformedData(f"the first block of {file.name} is longer than asked for")
    if _SMALLEST_BLOCK <= len(start) < min(asked, total):
        sizes.at_most(len(start))  # as much as fits, says the chip
    partial.total = total
    partial.content += start


def _length(file: FileId, start: bytes) -> int:
    tag, length, head = tlv.header(start)
    if tag != file.tag:
        raise MalformedData(f"{file.name} begins with another tag")
    if head + length > MAX_FILE:
        raise MalformedData(f"{file.name} claims to be longer than any file of a card")
    return head + length


def _next(file: FileId, sizes: Sizes, at: int, total: int) -> Exchange[bytes]:
    while True:
        asked = min(sizes.block - (_WRAPPING if at >= _FAR else 0), total - at)
        response = yield _at_offset(at, asked)
        if response.status in (OK, _END_OF_FILE) and response.data:
            break
        if not _refused_length(response):
            raise CardRefused(f"READ BINARY of {file.name}", response.status)
        if not _learn(sizes, response, asked) and not sizes.too_much(asked):
            raise CardRefused(f"READ BINARY of {file.name}", response.status)
    block = _unwrapped(response.data) if at >= _FAR else response.data
    if len(block) > asked or len(block) < min(asked, _SMALLEST_BLOCK):
        # A byte at a time would make a long file take for ever.
        raise MalformedData(f"a block of {file.name} has another size than asked for")
    if len(block) < asked:
        sizes.at_most(len(block))
    return block


def _at_offset(at: int, le: int) -> CommandApdu:
    if at < _FAR:
        return CommandApdu(0x00, 0xB0, at >> 8, at & 0xFF, le=le)
    offset = tlv.encode(0x54, at.to_bytes((at.bit_length() + 7) // 8))
    return CommandApdu(0x00, 0xB1, 0x00, 0x00, offset, le=len(tlv.encode(0x53, bytes(le))))


def _unwrapped(data: bytes) -> bytes:
    return tlv.single(data, 0x53).value


def _refused_length(response: ResponseApdu) -> bool:
    return response.status in _TOO_MUCH or response.status >> 8 == 0x6C


def _learn(sizes: Sizes, response: ResponseApdu, asked: int) -> bool:
    """Whether the chip named a length less than `asked` that it would give (6Cxx; 6C00 names none)."""
    named = response.status & 0xFF if response.status >> 8 == 0x6C else 0
    if not _SMALLEST_BLOCK <= named < asked:
        return False
    sizes.at_most(named)
    return True
