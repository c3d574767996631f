"""A ticket printer of 80 mm paper that speaks ESC/POS on TCP or on a pseudo-terminal.

    with VirtualThermal(folder) as thermal:
        …                                # print to thermal.address
        thermal.control.paper_out(after_mm=30)
        sorted(thermal.paper.glob("[0-9]*.png"))   # a picture for each strip that was cut off

What hangs from the printer and is not cut off yet is paper/hanging.png; it comes off with the next cut. Another
process drives the same printer by ThermalControl(folder).
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from drivers.simulated.errors import PrinterControlRefused, PrinterNotStarted
from drivers.simulated.paper_path import ask

FULL_ROLL = 80_000
_STOP_DEADLINE = 10.0
Fault = Literal["drop", "freeze", "garble"]


@dataclass(frozen=True, slots=True)
class ThermalState:
    """`strips` were cut off; `hanging_rows` hang; `waiting` bytes are in the buffer; `rubbish` was printed as text."""

    on: bool
    online: bool
    paper_mm: float
    strips: int
    hanging_rows: int
    rows: int
    waiting: int
    received: int
    rubbish: int


class ThermalControl:
    """The hand at the simulated printer. Each call returns when it has taken effect.

    Raises PrinterControlRefused when no simulated printer is there, or it cannot do what it is told.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def paper_out(self, after_mm: float = 0) -> ThermalState:
        """Leave so many millimetres on the roll."""
        return self._do("paper_out", after_mm=after_mm)

    def paper_in(self, mm: float = FULL_ROLL) -> ThermalState:
        return self._do("paper_in", mm=mm)

    def near_end(self, on: bool = True) -> ThermalState:
        return self._do("near_end", on=on)

    def cover(self, open: bool) -> ThermalState:
        return self._do("cover_open", on=open)

    def cutter(self, stuck: bool) -> ThermalState:
        """A stuck blade fails at its next cut; freed, it goes on after DLE ENQ, or when switched off and on."""
        return self._do("cutter", on=stuck)

    def hot(self, on: bool) -> ThermalState:
        return self._do("hot", on=on)

    def speed(self, rows: int) -> ThermalState:
        """Rows of dots a second; 0 for as quick as can be."""
        return self._do("speed", rows=rows)

    def fail(self, at: int, how: Fault) -> ThermalState:
        """After so many bytes more: the line drops, everything stops until `thaw`, or nonsense is answered."""
        return self._do("fail", at=at, how=how)

    def thaw(self) -> ThermalState:
        return self._do("thaw")

    def gone(self) -> ThermalState:
        """Pull the plug: what was printing is lost, and so is what it had received."""
        return self._do("gone")

    def back(self) -> ThermalState:
        return self._do("back")

    def status(self) -> ThermalState:
        return self._do("status")

    def _do(self, what: str, **more: object) -> ThermalState:
        try:
            answer = ask(self._folder, {"do": what, **more})
        except (OSError, ValueError, TypeError) as error:
            raise PrinterControlRefused("the simulated ticket printer does not answer") from error
        if answer.pop("ok", False) is not True:
            raise PrinterControlRefused(f"{what}: {answer.get('error')}")
        del answer["address"]
        return ThermalState(**answer)  # type: ignore[arg-type]


class VirtualThermal:
    """The printer itself, from `with` to the end of it, or of this process. See the module."""

    def __init__(
        self,
        folder: Path,
        transport: Literal["tcp", "pty"] = "tcp",
        *,
        width: int = 576,
        dpi: int = 203,
        buffer: int = 4096,
        echoes: bool = True,
    ) -> None:
        self.folder = folder.absolute()
        self.paper = self.folder / "paper"
        self.control = ThermalControl(self.folder)
        self._transport = transport
        self._settings = {"width": width, "dpi": dpi, "buffer": buffer, "echoes": echoes}
        self._host: subprocess.Popen[bytes] | None = None
        self.address = ""

    def start(self) -> None:
        """Start it and wait until it answers. Raises PrinterNotStarted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        module = [sys.executable, "-I", "-m", "drivers.simulated.thermal_host"]
        self._host = subprocess.Popen(
            [*module, self.folder, self._transport, json.dumps(self._settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._host.stdout is not None  # noqa: S101 - it is a pipe
        try:
            self.address = json.loads(self._host.stdout.readline())["address"]
        except ValueError:
            self.stop()
            raise PrinterNotStarted("the simulated ticket printer does not start") from None

    def stop(self) -> None:
        """Switch it off. The papers stay."""
        host, self._host = self._host, None
        if host is None:
            return
        try:
            host.communicate(timeout=_STOP_DEADLINE)  # closes its standard input: that ends it
        except subprocess.TimeoutExpired:
            host.kill()
            host.communicate()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()
