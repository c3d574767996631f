"""A ticket printer for 80 mm paper that speaks ESC/POS on TCP or on a pseudo-terminal.

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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from drivers.simulated.errors import PrinterControlRefused, PrinterNotStarted
from drivers.simulated.paper_path import ask
from drivers.simulated.thermal_makes import MAKES
from drivers.simulated.thermal_paper import FULL_ROLL

_STOP_DEADLINE = 10.0
Fault = Literal["drop", "freeze", "garble", "half-open"]


@dataclass(frozen=True, slots=True)
class ThermalState:
    """`strips` fell off; `hanging_rows` hang, dots on them; `waiting` bytes of the `received` are in the buffer.

    `rows` went past the head; `rubbish` characters were no command, and so were printed as text.
    """

    on: bool
    online: bool
    connected: bool
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
        """A new roll. What hangs goes on hanging: nobody promises that a clerk tears it off."""
        return self._do("paper_in", mm=mm)

    def tear(self) -> ThermalState:
        """Somebody pulls off what hangs."""
        return self._do("tear")

    def near_end(self, on: bool = True) -> ThermalState:
        return self._do("near_end", on=on)

    def cover(self, open: bool) -> ThermalState:
        return self._do("cover_open", on=open)

    def cutter(self, stuck: bool) -> ThermalState:
        """A stuck blade fails at its next cut; once free, the printer goes on when told to, or switched off and on."""
        return self._do("cutter_stuck", on=stuck)

    def hot(self, on: bool = True) -> ThermalState:
        """The head waits until it has cooled."""
        return self._do("hot", on=on)

    def speed(self, rows: int) -> ThermalState:
        """Rows of dots a second; 0 for as quick as can be."""
        return self._do("speed", rows=rows)

    def fail(self, at: int, how: Fault) -> ThermalState:
        """With the `at`th byte from now: the connection is reset; or all stops until `thaw`; or the next answer
        is nonsense; or the line is dead without a word, until `thaw` gives it up, and printing goes on."""
        return self._do("fail", at=at, how=how)

    def thaw(self) -> ThermalState:
        return self._do("thaw")

    def gone(self) -> ThermalState:
        """Pull the plug: what is not on paper is forgotten."""
        return self._do("gone")

    def back(self) -> ThermalState:
        """Plug it in again, at the same address."""
        return self._do("back")

    def wait(self, *, strips: int = 0, received: int = 0) -> ThermalState:
        """Returns when so many strips have fallen and so many bytes came, in all."""
        return self._do("wait", strips=strips, received=received)

    def status(self) -> ThermalState:
        return self._do("status")

    def _do(self, what: str, **more: object) -> ThermalState:
        try:
            answer = ask(self._folder, {"do": what, **more})
        except (OSError, ValueError, TypeError) as error:
            raise PrinterControlRefused("the simulated ticket printer does not answer") from error
        if answer.pop("ok", False) is not True:
            raise PrinterControlRefused(f"{what}: {answer.get('error')}")
        return ThermalState(**answer)  # type: ignore[arg-type]


class VirtualThermal:
    """The printer itself, from `with` to the end of it, or of this process. See the module."""

    def __init__(
        self,
        folder: Path,
        transport: Literal["tcp", "pty"] = "tcp",
        *,
        model: str = "epson-tm-t20iii",
        speed: int = 0,
        refuses: bool = False,
        echoes: bool | None = None,
    ) -> None:
        """`model` is one of `MAKES`, `echoes` deviates from it; `speed` in rows a second, 0 for as quick as can be.

        On TCP a second connection waits for the end of the first, or is reset where `refuses`.
        Raises PrinterNotStarted for a model that is none.
        """
        self.folder = folder.absolute()
        self.paper = self.folder / "paper"
        self.control = ThermalControl(self.folder)
        self._transport = transport
        if model not in MAKES:
            raise PrinterNotStarted(f"no ticket printer {model!r} is simulated; there are {', '.join(MAKES)}")
        make = MAKES[model] if echoes is None else replace(MAKES[model], echoes=echoes)
        self._settings = {"make": asdict(make), "speed": speed, "refuses": refuses}
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
