"""The process behind the simulated laser: it keeps a real ippeveprinter, its private D-Bus, and the tray.

    printer_host.py FOLDER OPTIONS      (started by drivers.simulated.printer, never by hand)

- OPTIONS is JSON: {"formats": ["application/pdf"], "trays": ["main"], "tls": [CERTIFICATE, KEY] or null}.
- The address belongs to the front (printer_front), which passes everything on to ippeveprinter.
- ippeveprinter listens where its host name leads, and `-n localhost` leads to 127.0.0.1 and ::1 only: nothing
  is offered to the network, and nothing is advertised (`-r off`). It insists on a D-Bus for DNS-SD, so it
  gets one of its own that can start nothing.
- Commands arrive as JSON lines on FOLDER/control.sock, one answer line each; `feed` is the paper path's.
- It ends when its standard input ends, that is with the process that started it, however that ends; the
  printer and the bus get a death signal, so that killing this process leaves nothing behind either.

Standard library only, and what lies beside this file: it is run by path, isolated, by whatever interpreter there is.
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
import ssl
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent))  # isolated, Python does not look beside the script
from printer_front import Front  # type: ignore[import-not-found]
from printer_trays import Refused, Trays  # type: ignore[import-not-found]

START_DEADLINE = 10.0
PORTS_TO_TRY = 5
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>custom</type><listen>unix:path=bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""


class NotStarted(Exception):
    """One of the programs does not come up; the message says which and why."""


class Host:
    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self.folder = folder
        self.run = folder / "run"
        self.spool = folder / "spool"
        self.port = 0
        self._inner = 0
        self._formats = ",".join(options["formats"])
        self._trays = Trays(options["trays"])
        self._tls: list[str] = options["tls"]
        self._front = Front(self._trays.edit, self._tls_context())
        self._bus: asyncio.subprocess.Process | None = None
        self._printer: asyncio.subprocess.Process | None = None
        self._noise = b""
        self._changing = asyncio.Lock()

    # --- programs

    async def start(self) -> None:
        for private in (self.run, self.spool):
            shutil.rmtree(private, ignore_errors=True)
            private.mkdir(mode=0o700)
        for file, name in zip(self._tls, ("localhost.crt", "localhost.key"), strict=False):
            shutil.copyfile(file, self.run / name)  # ippeveprinter's own TLS uses the same
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
            self.port, self._inner = _free_ports()
            try:
                return await self.power_on()
            except NotStarted:
                if not left:
                    raise

    def _tls_context(self) -> ssl.SSLContext | None:
        if not self._tls:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = self._tls
        context.load_cert_chain(certificate, key)
        return context

    async def _start_bus(self) -> None:
        self._bus = await self._spawn(
            "dbus-daemon", "--config-file=bus.conf", "--nofork", "--nopidfile", "--print-address"
        )
        assert self._bus.stdout is not None  # noqa: S101 - it is a pipe
        if not await asyncio.wait_for(self._bus.stdout.readline(), START_DEADLINE):
            raise NotStarted("dbus-daemon does not start")

    async def power_on(self) -> None:
        """Start the printer, wait until it answers, and open its front."""
        if self._printer is not None:
            return
        self._printer = printer = await self._spawn(
            "ippeveprinter", "-r", "off", "-n", "localhost", "-p", str(self._inner),
            "-d", str(self.spool), "-K", str(self.run), "-D", "file:///dev/null",
            "-f", self._formats, "-c", str(self.run / "paper-path"), "-M", "DEMO", "-m", "Laser", "Shubbak Laser",
        )  # fmt: skip
        listening = asyncio.create_task(self._listen_to(printer))
        try:
            async with asyncio.timeout(START_DEADLINE):
                while not await self._load_trays():
                    if printer.returncode is not None:
                        await listening
                        said = self._noise.decode("utf-8", "replace").strip().splitlines()
                        raise NotStarted(f"ippeveprinter: {said[-1] if said else 'does not start'}")
                    await asyncio.sleep(0.02)
            await self._front.open(self.port, self._inner)
        except (TimeoutError, NotStarted, OSError) as error:
            await self.power_off()
            raise error if isinstance(error, NotStarted) else NotStarted("ippeveprinter does not answer") from None

    async def power_off(self) -> None:
        """As if the plug were pulled: the printer and the job in it die at once, its memory is lost."""
        await self._front.close()
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
                    "BEHIND_THE_FRONT": str(self._inner),  # for the paper path
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

    # --- trays

    async def _load_trays(self) -> bool:
        """Set the trays by the printer's own media form; False when the printer does not answer."""
        form = f"GET /media?{self._trays.media_form()} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try:
            reader, writer = await asyncio.open_connection("localhost", self._inner)
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

    async def _feed(self, wanted: str) -> str:
        fed: str = self._trays.feed(wanted)
        if fed == "sheet":
            await self._load_trays()
        return fed

    # --- commands

    async def obey(self, request: dict[str, Any]) -> dict[str, Any]:
        async with self._changing:
            match request:
                case {"do": "feed", "tray": str(wanted)}:
                    return {"ok": True, "fed": await self._feed(wanted)}
                case {"do": "paper_out", "after": int(after), "tray": str(tray)}:
                    self._trays.load(tray, after)
                    await self._load_trays()
                case {"do": "paper_in", "sheets": int(sheets), "tray": str(tray), "media": str(media)} if sheets > 0:
                    self._trays.load(tray, sheets, media)
                    await self._load_trays()
                case {"do": "cover", "open": bool(is_open)}:
                    self._trays.cover_open = is_open
                case {"do": "reports", "of": [*words]}:
                    self._trays.reports = [str(word) for word in words]
                case {"do": "jam"}:
                    self._trays.jam = True
                case {"do": "gone"}:
                    await self.power_off()
                case {"do": "back"}:
                    await self.power_on()
                case {"do": "status"}:
                    pass
                case _:
                    return {"ok": False, "error": "no such command"}
            return {"ok": True, "on": self._printer is not None, "uri": self.uri, **self._trays.state()}

    @property
    def uri(self) -> str:
        return f"ipp{'s' if self._tls else ''}://localhost:{self.port}/ipp/print"

    @property
    def behind(self) -> str:
        """ippeveprinter itself, behind its front."""
        return f"ipp{'s' if self._tls else ''}://localhost:{self._inner}/ipp/print"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                try:
                    answer = await self.obey(json.loads(line))
                except (ValueError, NotStarted, Refused) as error:
                    answer = {"ok": False, "error": str(error)}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # the caller went away, or sent a line without end
        finally:
            writer.close()


def _free_ports() -> tuple[int, int]:
    """Two ports that are free on both loopback addresses at this moment."""
    with contextlib.ExitStack() as held:
        ports = []
        for _ in range(2):
            four = held.enter_context(socket.socket())
            six = held.enter_context(socket.socket(socket.AF_INET6))
            four.bind(("127.0.0.1", 0))
            ports.append(int(four.getsockname()[1]))
            with contextlib.suppress(OSError):  # taken, or no IPv6: ippeveprinter will say so
                six.bind(("::1", ports[-1]))
    return ports[0], ports[1]


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


async def main(folder: Path, options: dict[str, Any]) -> int:
    loop = asyncio.get_running_loop()
    over = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(over), sys.stdin)
    host: Host | None = None
    try:
        host = Host(folder, options)
        await host.start()
        server = await asyncio.start_unix_server(host.serve, sock=_control_socket(folder))
        print(json.dumps({"uri": host.uri, "behind": host.behind}), flush=True)  # noqa: T201 - the parent reads this line
        await over.read()
        server.close()
    except (NotStarted, OSError) as error:
        print(json.dumps({"error": str(error)}), flush=True)  # noqa: T201
        return 1
    finally:
        if host is not None:
            await host.stop()
        (folder / "control.sock").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    os.umask(0o077)  # papers name persons, if only invented ones
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is the parent's to answer
    sys.exit(asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2]))))
