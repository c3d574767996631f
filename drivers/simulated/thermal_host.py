"""The process behind the simulated ticket printer: its line, its speed, its paper tray, the hand at it.

    python -I -m drivers.simulated.thermal_host FOLDER tcp|pty SETTINGS   (started by drivers.simulated.thermal)

What the engine cannot take yet is not read, so that the line backs up. Commands arrive as JSON lines on
FOLDER/control.sock. It ends when its standard input ends. Standard library only.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from drivers.simulated.thermal_channel import open_channel
from drivers.simulated.thermal_engine import Engine
from drivers.simulated.thermal_makes import Make
from drivers.simulated.thermal_paper import Paper, picture

_TURN = 64
"""Steps between two looks at the line."""
_TICK = 0.002
"""Seconds that the head may be ahead of its time."""
_ECHO = b"\x37\x22"
_MOST_COMMAND = 4096
_PATIENCE = 20.0
_QUIET = 0.1
"""Seconds without printing until what hangs is drawn."""


class Host:
    """`total` bytes were received; a fault is (at which of them, what happens)."""

    def __init__(self, folder: Path, transport: str, settings: dict[str, Any]) -> None:
        self.paper_folder = folder / "paper"
        self.paper_folder.mkdir(parents=True, exist_ok=True)
        self.strips = max((int(file.stem) for file in self.paper_folder.glob("[0-9]*.png")), default=0)
        make = Make(**settings["make"])
        self.paper = Paper(make.width, make.dpi)
        self.engine = Engine(make, self.paper)
        self.channel = open_channel(transport, folder, refuses=settings["refuses"])
        self.speed = int(settings["speed"])
        self.on = True
        self.total = 0
        self.frozen = False
        self.dead = False
        self._fault: tuple[int, str] | None = None
        self._garbles = False
        self._unheard: bytes | None = None
        self._drawn = -1
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._progress = asyncio.Condition()
        self._printing = asyncio.create_task(self._print())
        self._receiving = asyncio.create_task(self._receive())

    # --- the line

    async def _receive(self) -> None:
        while True:
            while self.frozen or self.dead or self.engine.room <= 0:
                self._room.clear()
                await self._room.wait()
            until = self._fault[0] - self.total if self._fault else self.engine.room
            data = await self.channel.read(min(self.engine.room, until))
            self.total += len(data)
            self.engine.receive(data)
            self._answer()
            self._work.set()
            if self._fault is not None and self.total >= self._fault[0]:
                self._fail(self._fault[1])

    def _fail(self, how: str) -> None:
        self._fault = None
        match how:
            case "drop":
                self.channel.drop()
            case "freeze":
                self.frozen = True
            case "half-open":
                self.dead = True
            case "garble":
                self._garbles = True

    def _answer(self) -> None:
        """Say what is to be said. An echo that nobody could hear is kept, the latest one, for who comes next."""
        answers, self.engine.answers = self.engine.answers, []
        if self._unheard is not None and self.channel.connected:
            answers.insert(0, self._unheard)
            self._unheard = None
        for answer in answers:
            if self._garbles:
                self._garbles = False
                answer = bytes(byte ^ 0xFF for byte in answer)
            heard = not self.dead and self.channel.say(answer)
            if not heard and answer.startswith(_ECHO):
                self._unheard = answer

    # --- head and paper

    async def _print(self) -> None:
        loop = asyncio.get_running_loop()
        busy_until = 0.0
        while True:
            for _ in range(_TURN):
                rows = self.paper.rows
                if not self.on or self.frozen or not self.engine.step():
                    self._work.clear()
                    break
                if self.speed and self.paper.rows > rows:
                    busy_until = max(busy_until, loop.time()) + (self.paper.rows - rows) / self.speed
                    if busy_until - loop.time() > _TICK:
                        break
            self._answer()
            self._drop_strips()
            self._room.set()
            await self._tell_progress()
            if not self._work.is_set():
                quiet = loop.call_later(_QUIET, self._draw_hanging)
                await self._work.wait()
                quiet.cancel()
            else:
                await asyncio.sleep(max(0.0, busy_until - loop.time()) if self.speed else 0)

    def _drop_strips(self) -> None:
        for strip in self.paper.strips:
            self.strips += 1
            self._draw(self.paper_folder / f"{self.strips:03}.png", strip)
            self._drawn = -1
        self.paper.strips.clear()

    def _draw_hanging(self) -> None:
        file = self.paper_folder / "hanging.png"
        if not self.paper.hanging:
            file.unlink(missing_ok=True)
        elif self.paper.rows != self._drawn:
            self._draw(file, bytes(self.paper.out))
        self._drawn = self.paper.rows

    def _draw(self, file: Path, rows: bytes) -> None:
        draft = file.with_suffix(".draft")
        draft.write_bytes(picture(rows, self.paper.across, self.paper.dpi))
        draft.rename(file)

    async def _tell_progress(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    # --- the hand at it

    async def obey(self, request: dict[str, Any]) -> dict[str, Any]:
        if not await self._do(request):
            return {"ok": False, "error": "no such command, or it does not come to that"}
        self.engine.look_around()
        self._answer()
        self._drop_strips()
        self._draw_hanging()
        self._work.set()
        self._room.set()
        return {"ok": True} | self.state()

    async def _do(self, request: dict[str, Any]) -> bool:
        engine = self.engine
        match request:
            case {"do": "paper_out", "after_mm": int(mm) | float(mm)} if mm >= 0:
                self.paper.roll = float(mm)
            case {"do": "paper_in", "mm": int(mm) | float(mm)} if 0 < mm <= 1_000_000:
                self.paper.roll = float(mm)
            case {"do": "near_end" | "cover_open" | "hot" | "cutter_stuck" as flag, "on": bool(on)}:
                setattr(engine, flag, on)
            case {"do": "tear"}:
                self.paper.tear()
            case {"do": "speed", "rows": int(rows)} if rows >= 0:
                self.speed = rows
            case {"do": "fail", "at": int(at), "how": "drop" | "freeze" | "garble" | "half-open" as how} if at > 0:
                if self.on:
                    await self._stop_receiving()  # a reading that has begun knows nothing of it
                    self._fault = (self.total + at, how)
                    self._go_on_receiving()
            case {"do": "thaw"}:
                await self._thaw()
            case {"do": "gone"}:
                await self._power_off()
            case {"do": "back"}:
                self._power_on()
            case {"do": "wait", "strips": int(strips), "received": int(received)}:
                return await self._comes_to(strips, received)
            case {"do": "status"}:
                pass
            case _:
                return False
        return True

    async def _comes_to(self, strips: int, received: int) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE), self._progress:
                return await self._progress.wait_for(lambda: self.strips >= strips and self.total >= received)
        except TimeoutError:
            return False

    def state(self) -> dict[str, Any]:
        return {
            "on": self.on,
            "online": self.engine.online,
            "connected": self.channel.connected,
            "paper_mm": self.paper.roll,
            "strips": self.strips,
            "hanging_rows": self.paper.hanging,
            "rows": self.paper.rows,
            "waiting": len(self.engine.received),
            "received": self.total,
            "rubbish": self.engine.rubbish,
        }

    async def _stop_receiving(self) -> None:
        self._receiving.cancel()
        await asyncio.gather(self._receiving, return_exceptions=True)

    def _go_on_receiving(self) -> None:
        self._receiving = asyncio.create_task(self._receive())

    async def _thaw(self) -> None:
        self.frozen = False
        if self.dead:
            self.dead = False
            await self._stop_receiving()
            self.channel.drop()
            self._go_on_receiving()

    async def _power_off(self) -> None:
        if self.on:
            self.on = self.frozen = self.dead = self._garbles = False
            self._fault = self._unheard = None
            await self._stop_receiving()
            self.channel.off()
            self.engine.power_off()

    def _power_on(self) -> None:
        if not self.on:
            self.on = True
            self.channel.on()
            self._go_on_receiving()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                try:
                    answer = await self.obey(json.loads(line))
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
    server = await asyncio.start_unix_server(host.serve, sock=_control_socket(folder), limit=_MOST_COMMAND)
    print(json.dumps({"address": host.channel.address}), flush=True)  # noqa: T201 - the parent reads this line
    await over.read()
    server.close()
    await host.obey({"do": "status"})
    if host.on:
        host.channel.off()
    (folder / "control.sock").unlink(missing_ok=True)


if __name__ == "__main__":
    os.umask(0o077)  # papers name persons, if only invented ones
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is the parent's to answer
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])))
