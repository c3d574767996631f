"""The scanners a kiosk has: held while they are there, taken again when they come back.

    scanners = Scanners([wedge, camera], told)     # told("wedge", "E-SCANNER-ABSENT"), told("wedge", None): it is there
    scanners.start()
    async with aclosing(scanners.zones()) as zones:     # a camera looks only meanwhile
        async for zone in zones: …
    scanners.look()                                # a device came (drivers.hotplug): try at once
    await scanners.stop()

What is scanned while nobody asks is dropped. A scanner that fails is told once and tried again, for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence

from drivers.scanners.errors import ScannerError, ScannerFault
from drivers.scanners.port import MrzScanner, Zone

RETRY_S = 5.0
"""How long until a scanner that is away is tried again, should nobody say that a device came."""
_WAITING = 4
"""So many zones wait at most: one is enough for a visit."""


class Scanners:
    def __init__(
        self,
        scanners: Sequence[MrzScanner],
        told: Callable[[str, str | None], None],
        *,
        retry: float = RETRY_S,
    ) -> None:
        self._scanners = scanners
        self._told = told
        self._retry = retry
        self._states: dict[str, str | None] = {}
        self._came = {scanner.name: asyncio.Event() for scanner in scanners}
        self._asked: asyncio.Queue[Zone] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(scanner.name for scanner in self._scanners)

    @property
    def states(self) -> dict[str, str | None]:
        """The code of what is wrong with each scanner tried so far, or None."""
        return dict(self._states)

    def start(self) -> None:
        """Takes the scanners that are held always."""
        self._tasks = [asyncio.create_task(self._keep(s)) for s in self._scanners if not s.on_demand]

    async def stop(self) -> None:
        """Lets go of all. Twice is once."""
        tasks, self._tasks = self._tasks, []
        await _end(tasks)

    def look(self) -> None:
        """A device came: a scanner that is away is tried at once."""
        for came in self._came.values():
            came.set()

    async def zones(self) -> AsyncGenerator[Zone, None]:
        """Zones from now on, from every scanner; one listener at a time. It never ends by itself."""
        if self._asked is not None:
            raise RuntimeError("somebody is already waiting for a zone")
        queue: asyncio.Queue[Zone] = asyncio.Queue(_WAITING)
        self._asked = queue
        tasks = [asyncio.create_task(self._keep(s)) for s in self._scanners if s.on_demand]
        try:
            while True:
                yield await queue.get()
        finally:
            self._asked = None
            await _end(tasks)

    async def _keep(self, scanner: MrzScanner) -> None:
        came = self._came[scanner.name]
        while True:
            came.clear()
            try:
                async with scanner, contextlib.aclosing(scanner.events()) as zones:
                    self._say(scanner.name, None)
                    async for zone in zones:
                        self._deliver(zone)
            except ScannerError as error:
                self._say(scanner.name, error.code)
            except Exception as error:  # noqa: BLE001 - a fault of ours is reported, but must not end the watch
                self._say(scanner.name, ScannerFault.code)
                _report(scanner.name, error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._retry):
                    await came.wait()

    def _deliver(self, zone: Zone) -> None:
        if self._asked is not None and not self._asked.full():
            self._asked.put_nowait(zone)

    def _say(self, name: str, code: str | None) -> None:
        if self._states.get(name, "") != code:
            self._states[name] = code
            self._told(name, code)


def _report(name: str, error: Exception) -> None:
    message = f"the {name} scanner failed unforeseen"
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
