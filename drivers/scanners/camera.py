"""A camera that reads the zone off the card, held any way round: for whoever cannot see the numbers to type.

It looks only while somebody waits for a zone. Each look has a deadline; the child that overstays it is killed with
all it started, and a fresh one goes on. Three in a row are a fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from drivers.scanners.errors import OcrUnavailable, ScannerAbsent, ScannerError, ScannerFault, ScannerSlow
from drivers.scanners.port import Find, Zone

Reader = Literal["ocr-b", "tesseract"]
READERS: tuple[Reader, ...] = ("ocr-b", "tesseract")
_TRIES = 3
_LONGEST_WORD = 4096
_FAULTS: dict[str, type[ScannerError]] = {
    kind.code: kind for kind in (OcrUnavailable, ScannerAbsent, ScannerFault, ScannerSlow)
}
# No setting of ours reaches the readers of type, and none of them takes more than one of the kiosk's processors.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}


class Camera:
    """`source` is a V4L2 device, best `/dev/v4l/by-id/…-video-index0`, or a folder of pictures in its place;
    `deadline` is for one picture, in seconds."""

    name = "camera"
    on_demand = True

    def __init__(self, source: str, find: Find, *, readers: Sequence[Reader] = READERS, deadline: float = 10.0) -> None:
        self._find = find
        self._deadline = deadline
        module = f"{__package__}.camera_child"
        self._command = [sys.executable, "-I", "-m", module, source, f"{deadline:g}", *readers]
        self._child: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        """Raises ScannerAbsent, ScannerFault, OcrUnavailable, ScannerSlow."""
        try:
            await self._begin()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def events(self) -> AsyncGenerator[Zone, None]:
        """Raises ScannerAbsent, ScannerFault, ScannerSlow."""
        late = 0
        while True:
            try:
                async for zone in self._look():
                    yield zone
                late = 0
            except ScannerSlow:
                late += 1
                if late == _TRIES:
                    raise
                await self._end()
                await self._begin()

    async def _begin(self) -> None:
        self._child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env=ENVIRONMENT,
            limit=_LONGEST_WORD,
            start_new_session=True,
        )
        async with self._in_time():
            await self._word()

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.communicate()

    async def _look(self) -> AsyncGenerator[Zone, None]:
        """The zones of one picture."""
        if self._child is None or self._child.stdin is None:
            raise ScannerAbsent("the camera is not open")
        with contextlib.suppress(OSError):
            self._child.stdin.write(b"look\n")
        zone, done = None, False
        async with self._in_time():
            while not done and zone is None:
                word = await self._word()
                done = bool(word.get("done"))
                zone = self._find(str(word.get("text", "")))
        if zone is None:
            return
        yield zone
        async with self._in_time():
            while not done:
                done = bool((await self._word()).get("done"))

    async def _word(self) -> dict[str, Any]:
        if self._child is None or self._child.stdout is None:
            raise ScannerAbsent("the camera is not open")
        try:
            word = json.loads(await self._child.stdout.readline() or b'{"fault": ""}')
        except ValueError:
            raise ScannerFault("the camera's child talks nonsense") from None
        if not isinstance(word, dict):
            raise ScannerFault("the camera's child talks nonsense")
        if "fault" in word:
            raise _FAULTS.get(str(word["fault"]), ScannerFault)("the camera's child has given up")
        return word

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline):
                yield
        except TimeoutError:
            raise ScannerSlow("a picture was not read in time") from None
