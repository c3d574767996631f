"""The inside of the simulated ticket printer: bytes in, answers and strips of paper out. No I/O, no clock.

    engine = Engine(width=576, dpi=203)
    engine.receive(b"…")                # as much as `room` says
    while engine.step(): …              # one command, or one row of dots
    engine.answers, engine.strips       # what it says, what was cut off

It does what the real ones do, also where that is dangerous: what is in the buffer when the paper ends stays
there, and goes on when there is paper again. Written from Epson's command reference, and apart from the
driver: neither hides the other's mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, field

CLEAR = b"\x01\x03\x14\x01\x06\x02\x08"
_CUTS = {0: "full", 48: "full", 1: "partial", 49: "partial", 65: "full", 66: "partial"}
_FED_BEFORE_CUT = 12
"""Millimetres between head and blade."""
_NEAR_END = 3000
_GARBAGE_ROWS = 24
"""How high a line of text is that nobody meant to print."""


@dataclass
class Engine:
    """`roll` is the paper left in millimetres; flags are set, answers and strips are taken from outside."""

    width: int = 576
    dpi: int = 203
    buffer: int = 4096
    echoes: bool = True
    near_end_sensor: bool = True
    roll: float = 80_000.0
    cover_open: bool = False
    cutter_stuck: bool = False
    hot: bool = False
    near_end: bool = False
    received: bytearray = field(default_factory=bytearray)
    answers: bytearray = field(default_factory=bytearray)
    hanging: list[bytes] = field(default_factory=list)
    strips: list[list[bytes]] = field(default_factory=list)
    rubbish: int = 0
    rows_printed: int = 0
    cutter_error: bool = False
    _tail: bytes = b""
    _raster: tuple[int, int] | None = None
    _function: tuple[int, int, bytearray] | None = None
    _image: bytes | None = None
    _image_across: int = 0

    @property
    def row_mm(self) -> float:
        return 25.4 / self.dpi

    @property
    def room(self) -> int:
        """Bytes it takes now."""
        return self.buffer - len(self.received)

    @property
    def online(self) -> bool:
        return not (self.cover_open or self.roll < self.row_mm or self.cutter_error or self.hot)

    # --- real time: on receipt, whatever waits

    def receive(self, data: bytes) -> None:
        """Take at most `room` bytes; real-time commands among them, even inside a picture, act at once."""
        self.received += data
        seen = self._tail + data
        at = 0
        while (at := seen.find(b"\x10", at)) >= 0:
            rest = seen[at:]
            if rest[1:2] == b"\x04" and len(rest) >= 3:
                self._tell(rest[2])
                at += 3
            elif rest[1:2] == b"\x05" and len(rest) >= 3:
                self._recover(rest[2])
                at += 3
            elif rest[1:3] == b"\x14\x08" and len(rest) >= 10:
                if rest[3:10] == CLEAR:
                    self._clear()
                    self.answers += b"\x37\x25\x00"
                    del self.received[:]
                    self.received += rest[10:]
                at += 10
            elif (len(rest) < 10 and (b"\x10\x14\x08" + CLEAR).startswith(rest)) or len(rest) < 3:
                self._tail = rest
                return
            else:
                at += 1
        self._tail = b""

    def _tell(self, n: int) -> None:
        empty = self.roll < self.row_mm
        near = self.near_end_sensor and (self.near_end or self.roll < _NEAR_END)
        bits = {
            1: 0x12 | (0 if self.online else 0x08),
            2: 0x12
            | (0x04 if self.cover_open else 0)
            | (0x20 if empty else 0)
            | (0x40 if self.cutter_error or self.hot else 0),
            3: 0x12 | (0x08 if self.cutter_error else 0) | (0x40 if self.hot else 0),
            4: 0x12 | (0x0C if near or empty else 0) | (0x60 if empty else 0),
        }.get(n)
        if bits is not None:
            self.answers.append(bits)

    def _recover(self, n: int) -> None:
        """DLE ENQ: only an error that can be recovered from listens."""
        if self.cutter_error and not self.cutter_stuck and n in (1, 2):
            self.cutter_error = False
            if n == 2:
                self._clear()

    def power_off(self) -> None:
        """What is not on paper is lost."""
        self._clear()
        self.answers.clear()
        self.cutter_error = False

    def _clear(self) -> None:
        self.received.clear()
        self._raster = self._image = self._function = None

    # --- in order

    def step(self) -> bool:
        """One command, or one row of a picture; False while it waits for more bytes or for a hand."""
        if not self.online:
            return False
        if self._raster is not None:
            return self._burn()
        if self._function is not None:
            return self._collect()
        return self._command()

    def _burn(self) -> bool:
        across, left = self._raster or (0, 0)
        if len(self.received) < across:
            return False
        row = bytes(self.received[:across])
        del self.received[:across]
        self._print(row)
        self._raster = (across, left - 1) if left > 1 else None
        return True

    def _print(self, row: bytes) -> None:
        self.hanging.append(row[: self.width // 8].ljust(self.width // 8, b"\0"))
        self.rows_printed += 1
        self.roll = max(0.0, self.roll - self.row_mm)

    def _feed(self, rows: int) -> None:
        for _ in range(rows):
            if self.roll < self.row_mm:
                return
            self._print(b"")

    def _take(self, count: int) -> bytes:
        taken = bytes(self.received[:count])
        del self.received[:count]
        return taken

    def _command(self) -> bool:
        data = bytes(self.received[:16])
        if not data:
            return False
        two, three = data[:2], data[:3]
        if two == b"\x1b@":
            self._take(2)
        elif three == b"\x1dv0":
            return self._begin_raster(data)
        elif two in (b"\x1bJ", b"\x1bd"):
            if len(data) < 3:
                return False
            self._take(3)
            self._feed(data[2] if two == b"\x1bJ" else data[2] * 30)
        elif two == b"\x1dV":
            return self._cut(data)
        elif two == b"\x1dr":
            if len(data) < 3:
                return False
            self._take(3)
            near = self.near_end_sensor and (self.near_end or self.roll < _NEAR_END)
            self.answers.append((0x03 if near else 0) | (0x0C if self.roll < self.row_mm else 0))
        elif two == b"\x1da" or two == b"\x1dI" or two == b"\x1b=":
            if len(data) < 3:
                return False
            self._take(3)
        elif three in (b"\x1d(H", b"\x1d(L", b"\x1d(D"):
            return self._begin_function(data)
        elif data[0] == 0x10:
            return self._skip_real_time(data)
        elif data[0] == 0x0A:
            self._take(1)
            self._feed(_GARBAGE_ROWS)
        else:
            return self._text(data)
        return True

    def _begin_raster(self, data: bytes) -> bool:
        if len(data) < 8:
            return False
        across, height = int.from_bytes(data[4:6], "little"), int.from_bytes(data[6:8], "little")
        self._take(8)
        if across and height:
            self._raster = (across, height)
        return True

    def _cut(self, data: bytes) -> bool:
        if len(data) < 3 or (data[2] in (65, 66) and len(data) < 4):
            return False
        if data[2] not in _CUTS:
            return self._text(data)
        fed = data[2] in (65, 66)
        self._take(4 if fed else 3)
        if fed:
            self._feed(round(_FED_BEFORE_CUT / self.row_mm) + data[3])
        if self.cutter_stuck:
            self.cutter_error = True
            return True
        self.strips.append(self.hanging)
        self.hanging = []
        return True

    def _begin_function(self, data: bytes) -> bool:
        if len(data) < 5:
            return False
        self._take(5)
        self._function = (data[2], int.from_bytes(data[3:5], "little"), bytearray())
        return True

    def _collect(self) -> bool:
        """A function's body may be longer than the buffer: it goes to a memory of its own."""
        letter, size, body = self._function or (0, 0, bytearray())
        body += self._take(size - len(body))
        if len(body) < size:
            return False
        self._function = None
        self._perform(letter, bytes(body))
        return True

    def _perform(self, letter: int, body: bytes) -> None:
        if letter == ord("H") and body[:2] == b"\x30\x30" and len(body) == 6 and self.echoes:
            self.answers += b"\x37\x22" + body[2:] + b"\x00"
        elif letter == ord("L") and body[:2] == b"\x30\x70" and len(body) > 10:
            self._image_across = (int.from_bytes(body[6:8], "little") + 7) // 8
            self._image = body[10:]
        elif letter == ord("L") and body[:2] in (b"\x30\x32", b"\x30\x02") and self._image is not None:
            for at in range(0, len(self._image), self._image_across or 1):
                self._print(self._image[at : at + self._image_across])
            self._image = None

    def _skip_real_time(self, data: bytes) -> bool:
        """It acted when it came; in its turn it does nothing."""
        length = 10 if data[1:3] == b"\x14\x08" else 3
        if len(data) < length and len(self.received) < length:
            return False
        self._take(length)
        return True

    def _text(self, data: bytes) -> bool:
        """Whatever is no command is printed, as nonsense that shows."""
        self._take(1)
        self.rubbish += 1
        if self.rubbish % 48 == 1:
            for _ in range(_GARBAGE_ROWS):
                self._print(bytes((data[0],)) * (self.width // 8))
        return True
