"""The process behind the simulated ticket printer: the line to it, its speed, its paper tray, the hand at it.

    python -I -m drivers.simulated.thermal_host FOLDER tcp|pty SETTINGS   (started by drivers.simulated.thermal)

One connection at a time, as the real ones. What the engine cannot take yet is not read, so that the line backs
up. Commands arrive as JSON lines on FOLDER/control.sock. It ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import signal
import socket
import struct
import sys
import termios
import tty
import zlib
from pathlib import Path
from typing import Any

from drivers.simulated.thermal_engine import Engine

_MOST = 4096
_TURN = 64
"""Steps between two looks at what came: real-time commands are answered while it prints."""


class Line:
    """What is connected now: bytes in by `arrived`, out by `say`."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.loop = asyncio.get_running_loop()

    async def read(self, count: int) -> bytes:
        while True:
            try:
                return os.read(self.descriptor, count)
            except BlockingIOError:
                ready = asyncio.Event()
                self.loop.add_reader(self.descriptor, ready.set)
                try:
                    await ready.wait()
                finally:
                    self.loop.remove_reader(self.descriptor)

    def say(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self.descriptor, data)


class Host:
    def __init__(self, folder: Path, transport: str, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.paper = folder / "paper"
        self.transport = transport
        self.engine = Engine(**settings)
        self.speed = 0
        self.address = ""
        self.on = True
        self.total = 0
        self.fail: tuple[int, str] | None = None
        self.frozen = False
        self._strips = 0
        self._line: Line | None = None
        self._connection: socket.socket | None = None
        self._wake = asyncio.Event()
        self._room = asyncio.Event()

    # --- the line

    async def start(self) -> None:
        self.paper.mkdir(parents=True, exist_ok=True)
        self._strips = max((int(file.stem) for file in self.paper.glob("[0-9]*.png")), default=0)
        if self.transport == "pty":
            ours, theirs = pty.openpty()
            for side in (ours, theirs):
                tty.setraw(side, termios.TCSANOW)
            self._kept = theirs  # open for good, or the line would end with each who closes it
            self.address = f"serial:{os.ttyname(theirs)}?baud=115200"
            self._line = Line(ours)
            self._receiving = asyncio.create_task(self._receive(self._line))
        else:
            self._listen(0)
        self._printing = asyncio.create_task(self._print())

    def _listen(self, port: int) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(1)
        listening.setblocking(False)
        self._port = int(listening.getsockname()[1])
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._receiving = asyncio.create_task(self._accept(listening))

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                connection, _ = await loop.sock_accept(listening)
                await self._serve_line(connection)

    async def _serve_line(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _MOST)
        self._connection, self._line = connection, Line(connection.fileno())
        try:
            await self._receive(self._line)
        except OSError:
            pass  # who was connected went away
        finally:
            self._hang_up()

    def _hang_up(self, reset: bool = False) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._line = None
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    async def _receive(self, line: Line) -> None:
        while True:
            while not self.on or self.frozen or self.engine.room <= 0:
                self._room.clear()
                await self._room.wait()
            room = self.engine.room
            if self.fail is not None:
                room = min(room, self.fail[0] - self.total) or 1
            data = await line.read(min(room, _MOST))
            if not data:
                return
            if not self.on:
                continue  # nobody takes it
            self.total += len(data)
            self.engine.receive(data)
            self._answer()
            if self.fail is not None and self.total >= self.fail[0]:
                how, self.fail = self.fail[1], None
                if how == "drop":
                    self._hang_up(reset=True)
                    return
                self.frozen = how == "freeze"
                if how == "garble":
                    line.say(b"\xff\x80")
            self._wake.set()

    def _answer(self) -> None:
        if self.engine.answers and self._line is not None and not self.frozen:
            self._line.say(bytes(self.engine.answers))
        self.engine.answers.clear()

    # --- head and paper

    async def _print(self) -> None:
        while True:
            before = self.engine.rows_printed
            moved = self.on and not self.frozen
            for _ in range(_TURN):
                if not moved or not (moved := self.engine.step()):
                    break
            self._answer()
            self._drop()
            if moved:
                printed = self.engine.rows_printed - before
                self._room.set()
                await asyncio.sleep(printed / self.speed if self.speed else 0)
            else:
                self._room.set()
                self._wake.clear()
                await self._wake.wait()

    def _drop(self) -> None:
        for strip in self.engine.strips:
            self._strips += 1
            self._draw(self.paper / f"{self._strips:03}.png", strip)
        self.engine.strips.clear()
        hanging = self.paper / "hanging.png"
        if self.engine.hanging:
            if not self.engine.online or not self.engine.received:
                self._draw(hanging, self.engine.hanging)
        else:
            hanging.unlink(missing_ok=True)

    def _draw(self, file: Path, rows: list[bytes]) -> None:
        """One bit a dot, black where it was burnt, at the resolution of the head."""
        dots = round(self.engine.dpi / 0.0254)
        head = struct.pack(">IIBBBBB", self.engine.width, max(1, len(rows)), 1, 0, 0, 0, 0)
        white = b"\xff" * (self.engine.width // 8)
        lines = b"".join(b"\0" + bytes(byte ^ 0xFF for byte in row) for row in rows) or b"\0" + white
        parts = ((b"IHDR", head), (b"pHYs", struct.pack(">IIB", dots, dots, 1)), (b"IDAT", zlib.compress(lines)))
        draft = file.with_suffix(".draft")
        with draft.open("wb") as out:
            out.write(b"\x89PNG\r\n\x1a\n")
            for name, body in (*parts, (b"IEND", b"")):
                out.write(struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)))
        draft.rename(file)

    # --- the hand at it

    def obey(self, request: dict[str, Any]) -> dict[str, Any]:
        engine = self.engine
        match request:
            case {"do": "paper_out", "after_mm": int(after) | float(after)} if after >= 0:
                engine.roll = float(after)
            case {"do": "paper_in", "mm": int(mm) | float(mm)} if mm > 0:
                engine.roll = float(mm)
            case {"do": "near_end" | "cover_open" | "hot" as flag, "on": bool(on)}:
                setattr(engine, flag, on)
            case {"do": "cutter", "on": bool(stuck)}:
                engine.cutter_stuck = stuck
            case {"do": "speed", "rows": int(rows)} if rows >= 0:
                self.speed = rows
            case {"do": "fail", "at": int(at), "how": "drop" | "freeze" | "garble" as how} if at > 0:
                self.fail = (self.total + at, how)
            case {"do": "thaw"}:
                self.frozen = False
            case {"do": "gone"}:
                self._power(False)
            case {"do": "back"}:
                self._power(True)
            case {"do": "status"}:
                pass
            case _:
                return {"ok": False, "error": "no such command"}
        self._wake.set()
        self._room.set()
        return {
            "ok": True,
            "on": self.on,
            "address": self.address,
            "paper_mm": engine.roll,
            "online": engine.online,
            "strips": self._strips,
            "hanging_rows": len(engine.hanging),
            "rows": engine.rows_printed,
            "waiting": len(engine.received),
            "received": self.total,
            "rubbish": engine.rubbish,
        }

    def _power(self, on: bool) -> None:
        if on == self.on:
            return
        self.on = on
        if not on:
            self.frozen = False
            self.engine.power_off()
            if self.transport == "tcp":
                self._hang_up(reset=True)
                self._receiving.cancel()
        elif self.transport == "tcp":
            self._listen(self._port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                try:
                    answer = self.obey(json.loads(line))
                except ValueError as error:
                    answer = {"ok": False, "error": str(error)}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # the caller went away, or sent a line without end
        finally:
            writer.close()


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


async def main(folder: Path, transport: str, settings: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(over), sys.stdin)
    host = Host(folder, transport, settings)
    await host.start()
    server = await asyncio.start_unix_server(host.serve, sock=_control_socket(folder))
    print(json.dumps({"address": host.address}), flush=True)  # noqa: T201 - the parent reads this line
    await over.read()
    server.close()
    (folder / "control.sock").unlink(missing_ok=True)


if __name__ == "__main__":
    os.umask(0o077)  # papers name persons, if only invented ones
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is the parent's to answer
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])))
