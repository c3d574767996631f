"""The commands of the simulated ticket printer that wait their turn: one endless generator.

It waits wherever a printer would: in the middle of a command for its next byte, after a row of dots for paper.
Whatever is no command is printed as text, and so shows on the paper. Names are those of Epson's reference.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from drivers.simulated.thermal_dots import CHARACTER, boxes, doubled, scaled
from drivers.simulated.thermal_paper import BLADE

if TYPE_CHECKING:
    from drivers.simulated.thermal_engine import Engine

Doing = Generator[bool, None, None]
"""Yields True when something was done, False when it cannot go on without more bytes."""
GRAPHICS_MEMORY = 384 << 10
_DLE, _ESC, _GS, _LF, _CR = 0x10, 0x1B, 0x1D, 0x0A, 0x0D
_RESERVED_CUTS = 8
_SETTINGS = {
    _ESC: dict(zip(b" !%-23=EGMRSTUVat{$\\", b"\1\1\1\1\0\1\1\1\1\1\1\0\1\1\1\1\1\1\2\2", strict=True)),
    _GS: dict(zip(b"!BHbfhwLPW", b"\1\1\1\1\1\1\1\2\2\2", strict=True)),
}
"""Bytes that follow a setting of text, margins and the like: taken, and no picture is the worse for it."""


class Commands:
    """Forgets all, line of text, stored picture and reserved cuts, by being thrown away."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._paper = engine.paper
        self._text = bytearray()
        self._stored: Iterator[bytes] = iter(())
        self._cuts: list[int] = []
        self._known = {
            b"\x1b@": self._initialize,
            b"\x1bJ": self._feed_dots,
            b"\x1bd": self._feed_lines,
            b"\x1dv": self._raster,
            b"\x1dV": self._cut,
            b"\x1dr": self._sensor,
            b"\x1da": self._tell_unasked,
            b"\x1dI": self._identify,
            b"\x1d(": self._function,
            b"\x1d8": self._long_function,
        }

    def run(self) -> Doing:
        while True:
            first = yield from self._byte()
            if first in (_ESC, _GS):
                yield from self._command(first)
            elif first == _DLE:
                yield from self._passed_by()
            elif first == _LF:
                yield from self._print_text()
                yield from self._feed(self._line)
            elif first != _CR:
                yield from self._write(bytes((first,)))
            yield True

    def _take(self, count: int) -> Generator[bool, None, bytes]:
        received = self._engine.received
        while len(received) < count:
            yield False
        taken = bytes(received[:count])
        del received[:count]
        return taken

    def _byte(self) -> Generator[bool, None, int]:
        return (yield from self._take(1))[0]

    def _word(self) -> Generator[bool, None, int]:
        return int.from_bytes((yield from self._take(2)), "little")

    def _some(self, count: int, keep: int) -> Generator[bool, None, bytes]:
        """The first `keep` of `count` bytes; the rest is let go, however much it is."""
        kept = bytearray()
        while count:
            taken = yield from self._take(min(count, max(1, len(self._engine.received))))
            kept += taken[: keep - len(kept)]
            count -= len(taken)
        return bytes(kept)

    def _command(self, first: int) -> Doing:
        name = yield from self._byte()
        if name in _SETTINGS[first]:
            yield from self._take(_SETTINGS[first][name])
        elif (known := self._known.get(bytes((first, name)))) is not None:
            yield from known()
        else:
            yield from self._write(bytes((first, name)))

    def _passed_by(self) -> Doing:
        """A real-time command has acted when it came; in its turn it does nothing."""
        name = yield from self._byte()
        if name in (0x04, 0x05):
            yield from self._take(1)
        elif name == 0x14 and self._engine.make.clears:
            number = yield from self._byte()
            yield from self._take(7 if number == 8 else 2)
        else:
            yield from self._write(bytes((_DLE, name)))

    def _initialize(self) -> Doing:
        self._text.clear()
        self._engine.tell_unasked(False)
        yield True

    # --- answers in their turn

    def _sensor(self) -> Doing:
        """GS r: true only now, because all before is done."""
        n = yield from self._byte()
        if n in (1, 49):
            self._engine.answers.append(bytes((self._engine.sensor,)))
        elif n in (2, 50):
            self._engine.answers.append(b"\x00")

    def _tell_unasked(self) -> Doing:
        self._engine.tell_unasked((yield from self._byte()) != 0)

    def _identify(self) -> Doing:
        n = yield from self._byte()
        make = self._engine.make
        numbers = {1: b"\x20", 49: b"\x20", 2: b"\x02", 50: b"\x02", 3: b"\x01", 51: b"\x01"}
        words = {65: "1.00 ESC/POS", 66: make.maker, 67: make.model, 68: "SIMULATED"}
        if n in numbers:
            self._engine.answers.append(numbers[n])
        elif n in words:
            self._engine.answers.append(b"_" + words[n].encode() + b"\0")

    def _function(self) -> Doing:
        """GS ( H: what is asked for is sent back, and only now. L: graphics. D, E: settings."""
        letter = yield from self._byte()
        if letter not in b"HLDE":
            yield from self._write(b"\x1d(" + bytes((letter,)))
            return
        size = yield from self._word()
        if letter == ord("L"):
            yield from self._graphics(size)
            return
        body = yield from self._some(size, 6)
        if letter == ord("H") and size == 6 and body[:2] == b"\x30\x30" and self._engine.make.echoes:
            self._engine.answers.append(b"\x37\x22" + body[2:] + b"\x00")

    def _long_function(self) -> Doing:
        letter = yield from self._byte()
        if letter != ord("L"):
            yield from self._write(b"\x1d8" + bytes((letter,)))
            return
        size = yield from self._take(4)
        yield from self._graphics(int.from_bytes(size, "little"))

    # --- pictures

    def _raster(self) -> Doing:
        """GS v 0: rows are burnt as they come."""
        kind, mode = yield from self._take(2)
        if kind != ord("0") or mode not in (0, 1, 2, 3, 48, 49, 50, 51):
            yield from self._write(b"\x1dv" + bytes((kind, mode)))
            return
        across = yield from self._word()
        height = yield from self._word()
        for _ in range(height if across else 0):
            row = yield from self._some(across, self._paper.across)
            for _ in range(2 if mode & 2 else 1):
                yield from self._burn(doubled(row) if mode & 1 else row)

    def _graphics(self, size: int) -> Doing:
        """GS ( L and GS 8 L: function 112 stores a picture, 50 prints it and forgets it."""
        head = yield from self._some(min(size, 10), 10)
        stores = head[:2] == b"\x30\x70" and len(head) == 10
        data = yield from self._some(size - len(head), GRAPHICS_MEMORY if stores else 0)
        if head in (b"\x30\x02", b"\x30\x32"):
            stored, self._stored = self._stored, iter(())
            for row in stored:
                yield from self._burn(row)
        elif stores:
            across, height = (int.from_bytes(head[6:8], "little") + 7) // 8, int.from_bytes(head[8:], "little")
            right = head[2] == 48 and {*head[3:5]} <= {1, 2} and 0 < across * height == len(data) == size - 10
            self._stored = scaled(data, across, *head[3:5]) if right else iter(())

    def _burn(self, row: bytes) -> Doing:
        yield from self._print_text()
        self._paper.burn(row)
        if self._cuts and self._cuts[0] <= self._paper.rows:
            del self._cuts[0]
            self._engine.cut()
        yield True

    # --- paper

    @property
    def _line(self) -> int:
        """Rows of a line of text: a sixth of an inch."""
        return self._paper.past(25.4 / 6)

    def _feed_dots(self) -> Doing:
        yield from self._feed((yield from self._byte()))

    def _feed_lines(self) -> Doing:
        yield from self._feed((yield from self._byte()) * self._line)

    def _feed(self, rows: int) -> Doing:
        for _ in range(rows):
            yield from self._burn(b"")

    def _cut(self) -> Doing:
        """GS V in its four forms: here; fed to the blade; when this place is at the blade; fed, and turned back."""
        form = yield from self._byte()
        here, fed, reserved, turned_back = (0, 1, 48, 49), (65, 66), (97, 98), (103, 104)
        if form not in here + fed + reserved + turned_back:
            yield from self._write(b"\x1dV" + bytes((form,)))
            return
        ahead = 0 if form in here else self._paper.past(BLADE) + (yield from self._byte())
        yield from self._print_text()
        if form in reserved:
            self._cuts = sorted({*self._cuts, self._paper.rows + ahead})[:_RESERVED_CUTS]
            return
        yield from self._feed(ahead)
        self._engine.cut()
        if form in turned_back and not self._engine.cutter_error:
            self._paper.draw_back()

    # --- what nobody meant to print

    def _write(self, characters: bytes) -> Doing:
        self._engine.rubbish += len(characters)
        self._text += characters
        if len(self._text) * CHARACTER >= self._paper.across * 8:
            yield from self._print_text()

    def _print_text(self) -> Doing:
        text, self._text = bytes(self._text), bytearray()
        for row in boxes(text):
            yield from self._burn(row)
