"""A scanner on a serial line: a pseudo-terminal, at whose other end the driver listens.

with SimulatedLine() as line:
    driver = SerialLine(line.device, …)
    line.send("I<UTO…\\r7408…\\rERIKSSON…\\r")
"""

from __future__ import annotations

import os
import tty
from types import TracebackType
from typing import Self


class SimulatedLine:
    def __enter__(self) -> Self:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.device = os.ttyname(self._theirs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()
        self.let_go()

    def send(self, text: str) -> None:
        """Latin-1; whatever it takes, STX and ETX too."""
        os.write(self._ours, text.encode("latin-1"))

    def let_go(self) -> None:
        """Our hold on the driver's end: from then on only the driver has it."""
        if self._theirs >= 0:
            os.close(self._theirs)
            self._theirs = -1

    def unplug(self) -> None:
        """The cable is pulled out. Twice is once."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1
