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
_STEP = 16
"""Bytes by which a smaller block must be smaller: who refuses 231 will hardly give 223."""
_HEADER = 8
_FAR = 0x8000
"""READ BINARY with INS B0 counts offsets in 15 bits."""
_WRAPPING = 5
"""Bytes at most of tag and length of the data object 53 in which INS B1 answers."""
_SMALL_BLOCK, _SPARE_BLOCKS = 16, 16
"""A file may take so many commands more than in small blocks: a byte at a time would take for ever."""
_END_OF_FILE = 0x6282
_GIVEN = {OK, _END_OF_FILE, 0x6281}
_NOT_FOUND = {0x6A82, 0x6A83}
_TOO_MUCH = {0x6700, 0x6B00, 0x6281, 0x6282, 0x6F00, 0x6A87, OK}
_NO_SHORT_IDENTIFIER = {0x6A86, 0x6981, 0x6986, 0x6A81, *_NOT_FOUND}
_MORE_EXACT = 0x6C

Progress = Callable[[int, int], None]
"""Called with (bytes read, bytes in all) after each block."""


class Sizes:
    """How many bytes this chip may be asked for at once; `extended` is what an extended answer of it holds, or 0.

    `fitting` is the most that fits a short answer as the channel now wraps it (256 without a channel). What is
    learned of one chip: `by_selection` that it knows no short identifiers, `header_first` that it must not be asked
    for more than a file has.
    """

    def __init__(self, extended: int = 0, *, header_first: bool = False) -> None:
        self._most = extended or MAX_SHORT
        self.fitting = MAX_SHORT
        self.header_first = self._always_header = header_first
        self.by_selection = False
        self.by_identifier = False

    @property
    def block(self) -> int:
        return self._most if self._most > MAX_SHORT else min(self._most, self.fitting)

    def too_much(self, asked: int) -> bool:
        """The chip refused to give `asked` bytes of no fewer left; whether there is a smaller number to try."""
        self.header_first = self._always_header  # it was not for what lies beyond the end, then
        smaller = [size for size in _LADDER if size <= asked - _STEP]
        if smaller:
            self._most = smaller[0]
        return bool(smaller)

    def at_most(self, size: int) -> None:
        """The chip itself named the number."""
        self._most = min(self._most, size)


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
    if partial.total is None:
        yield from _begin(file, sizes, partial)
    elif not partial.complete:
        yield from _select(file)  # a new session has no current file
    total = partial.total or 0
    if progress:
        progress(min(len(partial.content), total), total)
    commands = total // _SMALL_BLOCK + _SPARE_BLOCKS
    while not partial.complete:
        commands -= 1
        if commands < 0:
            raise MalformedData(f"the card gives {file.name} in crumbs")
        partial.content += yield from _next(file, sizes, len(partial.content), total)
        if progress:
            progress(len(partial.content), total)
    return bytes(partial.content[:total])


def _begin(file: FileId, sizes: Sizes, partial: Partial) -> Exchange[None]:
    """The first block: by short identifier, or after SELECT where the chip knows none."""
    if not sizes.by_selection:
        asked, response = yield from _first(file, sizes, 0x80 | file.short)
        if response.status in _GIVEN and response.data:
            sizes.by_identifier = True
            return _started(file, sizes, partial, response, asked)
        if response.status in _NOT_FOUND and sizes.by_identifier:
            raise FileAbsent(f"the card has no {file.name}")
        if sizes.by_identifier and response.status not in _NO_SHORT_IDENTIFIER:
            raise CardRefused(f"READ BINARY of {file.name}", response.status)
    yield from _select(file)
    asked, response = yield from _first(file, sizes, 0x00)
    if response.status not in _GIVEN or not response.data:
        raise CardRefused(f"READ BINARY of {file.name}", response.status)
    # What lies in the master file may be reached otherwise than what lies in the application.
    sizes.by_selection = sizes.by_selection or (file.in_application and not sizes.by_identifier)
    _started(file, sizes, partial, response, asked)


def _first(file: FileId, sizes: Sizes, p1: int) -> Exchange[tuple[int, ResponseApdu]]:
    """(bytes asked for, the answer) of the first READ BINARY that the chip does not find too much."""
    asked = _HEADER if sizes.header_first else sizes.block
    response = yield _binary(p1, asked)
    named = _named(response, asked)
    if named:
        # As much as the file has, or as the chip gives at once: the file's length tells which.
        response = yield _binary(p1, named)
        if response.data and _length(file, response.data) > named:
            sizes.at_most(named)
        return named, response
    if asked > _HEADER and _refused(response):
        header = yield _binary(p1, _HEADER)
        if header.status in _GIVEN and header.data:
            if _length(file, header.data) < asked <= MAX_SHORT:
                sizes.header_first = True
            else:
                sizes.too_much(asked)
            return _HEADER, header
        return _HEADER, header if header.status in _NOT_FOUND else response
    return asked, response


def _binary(p1: int, le: int) -> CommandApdu:
    return CommandApdu(0x00, 0xB0, p1, 0x00, le=le)


def _select(file: FileId) -> Exchange[None]:
    response = yield CommandApdu(0x00, 0xA4, 0x02, 0x0C, file.identifier)
    if response.status in _NOT_FOUND:
        raise FileAbsent(f"the card has no {file.name}")
    response.expect_ok(f"SELECT of {file.name}")


def _started(file: FileId, sizes: Sizes, partial: Partial, response: ResponseApdu, asked: int) -> None:
    if len(response.data) > asked:
        raise MalformedData(f"the first block of {file.name} is longer than asked for")
    partial.total = _length(file, response.data)
    partial.content += response.data
    _weigh(sizes, response, len(response.data), min(asked, partial.total))


def _weigh(sizes: Sizes, response: ResponseApdu, given: int, asked: int) -> None:
    """A warning with fewer bytes than there are: it was asked for too much, and may give more if asked for less."""
    if response.status != OK and given < asked:
        sizes.too_much(asked)


def _length(file: FileId, start: bytes) -> int:
    """Of the whole file, by its first bytes; a file without a wrapping is as long as what comes of it."""
    if not file.tag:
        return len(start)
    tag, length, head = tlv.header(start)
    if tag != file.tag:
        raise MalformedData(f"{file.name} begins with another tag")
    if head + length > MAX_FILE:
        raise MalformedData(f"{file.name} claims to be longer than any file of a card")
    return head + length


def _next(file: FileId, sizes: Sizes, at: int, total: int) -> Exchange[bytes]:
    while True:
        asked = min(max(sizes.block - (_WRAPPING if at >= _FAR else 0), 1), total - at)
        response = yield _at_offset(at, asked)
        if response.status in _GIVEN and response.data:
            break
        named = _named(response, asked)
        if named:
            sizes.at_most(named)
        elif not _refused(response):
            raise CardRefused(f"READ BINARY of {file.name}", response.status)
        elif not sizes.too_much(asked):
            raise MalformedData(f"{file.name} ends before its end, or in blocks too small: {response.status:04X}")
    block = _unwrapped(response.data) if at >= _FAR else response.data
    if not 0 < len(block) <= asked:
        raise MalformedData(f"a block of {file.name} has another size than asked for")
    _weigh(sizes, response, len(block), asked)
    return block


def _at_offset(at: int, le: int) -> CommandApdu:
    if at < _FAR:
        return CommandApdu(0x00, 0xB0, at >> 8, at & 0xFF, le=le)
    offset = tlv.encode(0x54, at.to_bytes((at.bit_length() + 7) // 8))
    return CommandApdu(0x00, 0xB1, 0x00, 0x00, offset, le=len(tlv.encode(0x53, bytes(le))))


def _unwrapped(data: bytes) -> bytes:
    return tlv.single(data, 0x53).value


def _refused(response: ResponseApdu) -> bool:
    """For its length, as it seems."""
    return not response.data and (response.status in _TOO_MUCH or response.status >> 8 == _MORE_EXACT)


def _named(response: ResponseApdu, asked: int) -> int:
    """The length less than `asked` that the chip says it would give, or 0 (6Cxx; 6C00 names none)."""
    named = response.status & 0xFF if response.status >> 8 == _MORE_EXACT else 0
    return named if named < asked else 0
