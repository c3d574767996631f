"""The inside of the simulated ticket printer: ESC/POS in, answers out, dots on paper. No I/O, no clock.

    engine = Engine(MAKES["epson-tm-t20iii"], paper)
    engine.receive(b"…")          # at most `room` bytes
    while engine.step(): …        # one command, or one row of dots
    engine.answers                # what it says, answer by answer

It does what the real ones do, also where that is dangerous: what is in the buffer when the paper ends stays there,
and goes on when there is paper again. Real-time commands act when their bytes arrive, even inside a picture; the
others wait their turn (`thermal_commands`). Written from Epson's command reference, and apart from the driver:
neither hides the other's mistake.
"""

from __future__ import annotations

from drivers.simulated.thermal_commands import Commands
from drivers.simulated.thermal_makes import Make
from drivers.simulated.thermal_paper import NEAR_END, Paper

CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
_DLE = 0x10


class Engine:
    """Cover, blade and heat are set from outside. `rubbish` counts the characters printed as text."""

    def __init__(self, make: Make, paper: Paper) -> None:
        self.make = make
        self.paper = paper
        self.cover_open = False
        self.cutter_stuck = False
        self.cutter_error = False
        self.hot = False
        self.near_end = False
        self.rubbish = 0
        self.answers: list[bytes] = []
        self.received = bytearray()
        self._begin()

    def _begin(self) -> None:
        """As after it was switched on."""
        self.cutter_error = False
        self._tail = b""
        self.tell_unasked(False)
        self._clear()

    def _clear(self) -> None:
        self.received.clear()
        self._doing = Commands(self).run()

    def power_off(self) -> None:
        """What is not on paper is forgotten."""
        self.answers.clear()
        self._begin()

    @property
    def room(self) -> int:
        """Bytes it takes now."""
        return self.make.buffer - len(self.received)

    @property
    def online(self) -> bool:
        return not (self.cover_open or self.paper.empty or self.cutter_error or self.hot)

    @property
    def sensor(self) -> int:
        """The roll's end, near and here: as GS r and GS a tell it."""
        nearly = self.make.senses and (self.near_end or self.paper.roll < NEAR_END)
        return 0x03 * nearly | 0x0C * self.paper.empty

    def step(self) -> bool:
        """One command, or one row of dots. False while it waits, for bytes or for a hand."""
        if not self.online:
            return False
        done = next(self._doing)
        self.look_around()
        return done

    def cut(self) -> None:
        if self.cutter_stuck:
            self.cutter_error = True
        else:
            self.paper.cut()

    # --- in real time

    def receive(self, data: bytes) -> None:
        """Take it, and do at once what is to be done at once."""
        self.received += data
        seen = self._tail + data
        at = 0
        while (at := seen.find(_DLE, at)) >= 0 and not _unfinished(seen[at : at + len(CLEAR)]):
            if seen.startswith(CLEAR, at) and self.make.clears:
                at += len(CLEAR)
                self._free_blade()
                self._clear()
                self.received += seen[at:]
                self.answers.append(b"\x37\x25\x00")
            elif seen.startswith(b"\x10\x04", at):
                self._tell(seen[at + 2])
                at += 3
            elif seen.startswith(b"\x10\x05", at):
                self._recover(seen[at + 2], seen[at + 3 :])
                at += 3
            else:
                at += 1
        self._tail = seen[at:] if at >= 0 else b""
        self.look_around()

    def _tell(self, n: int) -> None:
        """DLE EOT."""
        empty = self.paper.empty
        said = {
            1: 0x08 * (not self.online),
            2: 0x04 * self.cover_open | 0x20 * empty | 0x40 * (self.cutter_error or self.hot),
            3: 0x08 * self.cutter_error | 0x40 * self.hot,
            4: 0x0C * (self.sensor != 0) | 0x60 * empty,
        }
        if n in said:
            self.answers.append(bytes((0x12 | said[n],)))

    def _recover(self, n: int, after: bytes) -> None:
        """DLE ENQ: heard only in an error that can be recovered from; 2 forgets what waits."""
        if self.cutter_error and n in (1, 2):
            self._free_blade()
            if n == 2 and not self.cutter_error:
                self._clear()
                self.received += after

    def _free_blade(self) -> None:
        self.cutter_error = self.cutter_error and self.cutter_stuck

    # --- unasked

    def tell_unasked(self, on: bool) -> None:
        """GS a: from now on every change is told, and the state as it is."""
        self._unasked = on
        self._told = b""

    def look_around(self) -> None:
        """Tell of a change, if that was wanted."""
        if not self._unasked:
            return
        first = 0x10 | 0x08 * (not self.online) | 0x20 * self.cover_open
        told = bytes((first, 0x08 * self.cutter_error | 0x40 * self.hot, self.sensor, 0))
        if told != self._told:
            self._told = told
            self.answers.append(told)


def _unfinished(data: bytes) -> bool:
    """Whether more bytes may still make it a real-time command."""
    return len(data) < 2 or (len(data) < 3 and data[1] in (0x04, 0x05)) or (len(data) < 10 and CLEAR.startswith(data))
