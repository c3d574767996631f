"""A laser printer that is a real IPP printer: CUPS's ippeveprinter with a paper path of our own.

    with VirtualLaser(folder) as laser:
        …                          # print to laser.uri with any IPP client
        laser.control.paper_out(after=1)
        sorted(laser.paper.iterdir())   # 001-1.png, one picture for each page that came out, 203 dpi

It takes PDF, or PWG raster instead (`formats`), has one tray or two, and speaks TLS with a certificate of choice.
The pictures in folder/paper and the documents that came out whole (`documents()`) stay; nothing else does. A page
that arrived as dots is pictured dot by dot, not at 203 dpi.
Another process drives the same printer by LaserControl(folder).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from drivers.simulated.errors import PrinterControlRefused, PrinterNotStarted
from drivers.simulated.paper_path import ask

FULL_TRAY = 250
A4, LETTER = "iso_a4_210x297mm", "na_letter_8.5x11in"
MAIN, BY_PASS = "main", "by-pass-tray"
"""Trays, as media-source calls them. The by-pass tray holds 25 sheets."""
_HOST = Path(__file__).with_name("printer_host.py")
_STOP_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class LaserState:
    """`on` is False while the printer is unplugged; `sheets` are those in the first tray."""

    on: bool
    sheets: int
    uri: str
    cover_open: bool = False


class LaserControl:
    """The hand at the simulated printer. Each call returns when it has taken effect.

    Raises PrinterControlRefused when no simulated printer is there, or it cannot do what it is told.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def paper_out(self, after: int = 0, tray: str = MAIN) -> LaserState:
        """Leave `after` sheets in the tray."""
        return self._do("paper_out", after=after, tray=tray)

    def paper_in(self, sheets: int = FULL_TRAY, tray: str = MAIN, media: str = A4) -> LaserState:
        return self._do("paper_in", sheets=sheets, tray=tray, media=media)

    def cover(self, *, open: bool) -> LaserState:
        """Open or close it. Nothing is fed while it is open, and the printer says so."""
        return self._do("cover", open=open)

    def reports(self, *words: str) -> LaserState:
        """What stays in printer-state-reasons from now on, each word with `-report` at its end: old news."""
        return self._do("reports", of=list(words))

    def jam(self) -> LaserState:
        """The next sheet jams, and the job that wanted it is aborted; the one after goes through."""
        return self._do("jam")

    def gone(self) -> LaserState:
        """Pull the plug: what was printing is lost, and so is the printer's memory of it."""
        return self._do("gone")

    def back(self) -> LaserState:
        """Plug it in again, at the same address. Job numbers begin at 1, as cheap printers do it."""
        return self._do("back")

    def status(self) -> LaserState:
        return self._do("status")

    def _do(self, what: str, **more: object) -> LaserState:
        try:
            answer = ask(self._folder, {"do": what, **more})
        except (OSError, ValueError, TypeError) as error:
            raise PrinterControlRefused("the simulated printer does not answer") from error
        if answer.get("ok") is not True:
            raise PrinterControlRefused(f"{what}: {answer.get('error')}")
        on, cover_open = bool(answer["on"]), bool(answer["cover_open"])
        return LaserState(on, int(str(answer["sheets"])), str(answer["uri"]), cover_open)


class VirtualLaser:
    """The printer itself, from `with` to the end of it, or of this process. See the module."""

    def __init__(
        self,
        folder: Path,
        *,
        formats: Sequence[str] = ("application/pdf",),
        trays: Sequence[str] = (MAIN,),
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        """`folder` is made if need be; it holds `paper/` and, while the printer runs, what it needs.

        `formats` are what it takes, `tls` its certificate and key (PEM): then it speaks IPPS and nothing else.
        """
        self._options = {"formats": list(formats), "trays": list(trays), "tls": [str(f.absolute()) for f in tls or ()]}
        self.folder = folder.absolute()
        self.paper = self.folder / "paper"
        self.control = LaserControl(self.folder)
        self._host: subprocess.Popen[bytes] | None = None
        self._uri = self._behind = ""

    @property
    def uri(self) -> str:
        """ipp://localhost:PORT/ipp/print, or ipps://…; the port is the system's choice."""
        return self._uri

    @property
    def behind(self) -> str:
        """The address of ippeveprinter itself, with its own TLS; it knows nothing of covers and old reports."""
        return self._behind

    def documents(self) -> list[bytes]:
        """The documents whose pages all came out, in print order, exactly as the printer received them."""
        return [file.read_bytes() for file in sorted((self.folder / "documents").iterdir())]

    def start(self) -> None:
        """Start it and wait until it answers. Raises PrinterNotStarted."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._host = subprocess.Popen(
            [sys.executable, "-I", "-S", _HOST, self.folder, json.dumps(self._options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._host.stdout is not None  # noqa: S101 - it is a pipe
        try:
            said = json.loads(self._host.stdout.readline())
        except ValueError:
            said = {}
        if "uri" not in said:
            self.stop()
            raise PrinterNotStarted(str(said.get("error", "the simulated printer does not start")))
        self._uri, self._behind = said["uri"], said["behind"]

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

    def paper_out(self, after: int = 0, tray: str = MAIN) -> None:
        self.control.paper_out(after, tray)

    def paper_in(self, sheets: int = FULL_TRAY, tray: str = MAIN, media: str = A4) -> None:
        self.control.paper_in(sheets, tray, media)

    def jam(self) -> None:
        self.control.jam()

    def gone(self) -> None:
        self.control.gone()

    def back(self) -> None:
        self.control.back()
