"""The process behind the simulated laser: it keeps a real ippeveprinter, its private D-Bus, and the tray.

    printer_host.py FOLDER      (started by drivers.simulated.printer, never by hand)

- ippeveprinter listens where its host name leads, and `-n localhost` leads to 127.0.0.1 and ::1 only: nothing
  is offered to the network, and nothing is advertised (`-r off`). It insists on a D-Bus for DNS-SD, so it
  gets one of its own that can start nothing.
- Commands arrive as JSON lines on FOLDER/control.sock, one answer line each; `feed` is the paper path's.
- It ends when its standard input ends, that is with the process that started it, however that ends; the
  printer and the bus get a death signal, so that killing this process leaves nothing behind either.

Standard library only, no import of ours: it is run by path, isolated, by whatever interpreter there is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

FULL_TRAY = 250
START_DEADLINE = 10.0
PORTS_TO_TRY = 5
_MEDIA = "size1=iso_a4_210x297mm&type1=stationery&level1={sheets}&level3=-2"
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>custom</type><listen>unix:path=bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""


class NotStarted(Exception):
    """One of the programs does not come up; the message says which and why."""


class Host:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = folder / "run"
        self.spool = folder / "spool"
        self.port = 0
        self._sheets = FULL_TRAY
        self._jam = False
        self._bus: asyncio.subprocess.Process | None = None
        self._printer: asyncio.subprocess.Process | None = None
        self._noise = b""
        self._changing = asyncio.Lock()

    # --- programs

    async def start(self) -> None:
        for private in (self.run, self.spool):
            shutil.rmtree(private, ignore_errors=True)
            private.mkdir(mode=0o700)
        (self.folder / "paper").mkdir(exist_ok=True)
        (self.folder / "documents").mkdir(mode=0o700, exist_ok=True)
        (self.run / "bus.conf").write_text(_BUS)
        command = self.run / "paper-path"
        words = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-I", "-S"]
        words += [str(Path(__file__).with_name("paper_path.py")), str(self.folder)]
        command.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$1"\n')
        command.chmod(0o700)
        await self._start_bus()
        for left in reversed(range(PORTS_TO_TRY)):
            self.port = _free_port()
            try:
                return await self.power_on()
            except NotStarted:
                if not left:
                    raise

    async def _start_bus(self) -> None:
        self._bus = await self._spawn(
            "dbus-daemon", "--config-file=bus.conf", "--nofork", "--nopidfile", "--print-address"
        )
        assert self._bus.stdout is not None  # noqa: S101 - it is a pipe
        if not await asyncio.wait_for(self._bus.stdout.readline(), START_DEADLINE):
            raise NotStarted("dbus-daemon does not start")

    async def power_on(self) -> None:
        """Start the printer on its port and wait until it answers."""
        if self._printer is not None:
            return
        self._printer = printer = await self._spawn(
            "ippeveprinter", "-r", "off", "-n", "localhost", "-p", str(self.port),
            "-d", str(self.spool), "-K", str(self.run), "-D", "file:///dev/null",
            "-f", "application/pdf", "-c", str(self.run / "paper-path"), "-M", "DEMO", "-m", "Laser", "Shubbak Laser",
        )  # fmt: skip
        listening = asyncio.create_task(self._listen_to(printer))
        try:
            async with asyncio.timeout(START_DEADLINE):
                while not await self._load_tray():
                    if printer.returncode is not None:
                        await listening
                        said = self._noise.decode("utf-8", "replace").strip().splitlines()
                        raise NotStarted(f"ippeveprinter: {said[-1] if said else 'does not start'}")
                    await asyncio.sleep(0.02)
        except (TimeoutError, NotStarted) as error:
            await self.power_off()
            raise error if isinstance(error, NotStarted) else NotStarted("ippeveprinter does not answer") from None

    async def power_off(self) -> None:
        """As if the plug were pulled: the printer and the job in it die at once, its memory is lost."""
        printer, self._printer = self._printer, None
        if printer is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(printer.pid, signal.SIGKILL)
            await printer.wait()
        for left in self.spool.glob("*"):
            left.unlink(missing_ok=True)

    async def stop(self) -> None:
        await self.power_off()
        if self._bus is not None and self._bus.returncode is None:
            self._bus.kill()
            await self._bus.wait()
        for private in (self.run, self.spool):
            shutil.rmtree(private, ignore_errors=True)

    async def _spawn(self, *words: str) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                "setpriv", "--pdeathsig", "KILL", *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE if words[0] == "ippeveprinter" else asyncio.subprocess.DEVNULL,
                cwd=self.run,
                env={
                    "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/bin",
                    "LANG": "C.UTF-8",
                    "HOME": str(self.run),
                    "TMPDIR": str(self.run),
                    "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=bus",
                },
                start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise NotStarted(f"{words[0]} or setpriv is not installed") from error

    async def _listen_to(self, printer: asyncio.subprocess.Process) -> None:
        """Keep the printer's last words, in memory only: its log names jobs."""
        assert printer.stderr is not None  # noqa: S101 - it is a pipe
        while said := await printer.stderr.read(4096):
            self._noise = (self._noise + said)[-2000:]

    # --- tray

    async def _load_tray(self) -> bool:
        """Set the tray's level by the printer's own media form; False when the printer does not answer."""
        form = f"GET /media?{_MEDIA.format(sheets=self._sheets)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try:
            reader, writer = await asyncio.open_connection("localhost", self.port)
        except OSError:
            return False
        try:
            writer.write(form.encode())
            await reader.readuntil(b"</html>")
            return True
        except (OSError, EOFError):
            return False
        finally:
            writer.close()

    async def _set_sheets(self, sheets: int) -> None:
        self._sheets = sheets
        if self._printer is not None:
            await self._load_tray()

    async def _feed(self) -> str:
        if self._jam:
            self._jam = False
            return "jam"
        if self._sheets == 0:
            return "empty"
        await self._set_sheets(self._sheets - 1)
        return "sheet"

    # --- commands

    async def obey(self, request: dict[str, Any]) -> dict[str, Any]:
        async with self._changing:
            match request:
                case {"do": "feed"}:
                    return {"ok": True, "fed": await self._feed()}
                case {"do": "paper_out", "after": int(after)} if 0 <= after <= FULL_TRAY:
                    await self._set_sheets(after)
                case {"do": "paper_in", "sheets": int(sheets)} if 0 < sheets <= FULL_TRAY:
                    await self._set_sheets(sheets)
                case {"do": "jam"}:
                    self._jam = True
                case {"do": "gone"}:
                    await self.power_off()
                case {"do": "back"}:
                    await self.power_on()
                case {"do": "status"}:
                    pass
                case _:
                    return {"ok": False, "error": "no such command"}
            return {"ok": True, "on": self._printer is not None, "sheets": self._sheets, "uri": self.uri}

    @property
    def uri(self) -> str:
        return f"ipp://localhost:{self.port}/ipp/print"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                try:
                    answer = await self.obey(json.loads(line))
                except (ValueError, NotStarted) as error:
                    answer = {"ok": False, "error": str(error)}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # the caller went away, or sent a line without end
        finally:
            writer.close()


def _free_port() -> int:
    """A port that is free on both loopback addresses at this moment."""
    with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
        four.bind(("127.0.0.1", 0))
        port = int(four.getsockname()[1])
        with contextlib.suppress(OSError):  # taken, or no IPv6: ippeveprinter will say so
            six.bind(("::1", port))
        return port


def _control_socket(folder: Path) -> socket.socket:
    directory = os.open(folder, os.O_PATH)
    try:
        (folder / "control.sock").unlink(missing_ok=True)
        control = socket.socket(socket.AF_UNIX)
        # Through the directory's descriptor, because the path of a Unix socket has at most 107 bytes.
        control.bind(f"/proc/self/fd/{directory}/control.sock")
        (folder / "control.sock").chmod(0o600)
        return control
    finally:
        os.close(directory)


async def main(folder: Path) -> int:
    loop = asyncio.get_running_loop()
    over = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(over), sys.stdin)
    host = Host(folder)
    try:
        await host.start()
        server = await asyncio.start_unix_server(host.serve, sock=_control_socket(folder))
        print(json.dumps({"uri": host.uri}), flush=True)  # noqa: T201 - the parent reads this line
        await over.read()
        server.close()
    except (NotStarted, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)  # noqa: T201
        return 1
    finally:
        await host.stop()
        (folder / "control.sock").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    os.umask(0o077)  # papers name persons, if only invented ones
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is the parent's to answer
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
