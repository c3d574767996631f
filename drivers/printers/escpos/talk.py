"""One connection to a ticket printer: what is sent and what it answers, put together.

An answer is waited for by its kind; what comes unasked is no news. Data that was sent and is not yet
answered for never exceeds what the printer's buffer takes, so that a real-time question always gets through.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

from drivers.printers.errors import PrinterSilent
from drivers.printers.escpos import answers, commands
from drivers.printers.escpos.answers import Answers, Cleared, Echo, RealTime, Sensor
from drivers.printers.escpos.ports import BytePort
from drivers.printers.port import Condition

A = TypeVar("A", RealTime, Sensor, Echo, Cleared)


class Talk:
    """Raises PrinterUnreachable, PrinterSilent, PrinterNonsense."""

    def __init__(self, port: BytePort, deadline: float) -> None:
        self._port = port
        self._deadline = deadline
        self._answers = Answers()
        self._heard: list[RealTime | Sensor | Echo | Cleared] = []

    async def close(self) -> None:
        await self._port.close()

    async def send(self, data: bytes) -> None:
        await self._port.write(data)

    async def await_(self, kind: type[A], seconds: float | None = None) -> A:
        """The next answer of a kind. Raises PrinterSilent after `seconds`, or the deadline."""
        until = _now() + (self._deadline if seconds is None else seconds)
        while True:
            for at, answer in enumerate(self._heard):
                if isinstance(answer, kind):
                    del self._heard[at]
                    return answer
            left = until - _now()
            if left <= 0:
                raise PrinterSilent("the ticket printer does not answer")
            self._heard += self._answers.feed(await self._port.read(left))

    async def drain(self) -> None:
        """Forget what came and was not asked for."""
        while data := await self._port.read(0):
            list(self._answers.feed(data))
        self._heard.clear()

    async def conditions(self) -> frozenset[Condition]:
        """By real-time status, which is answered whatever waits."""
        meaning = {1: answers.offline, 2: answers.why_offline, 3: answers.errors, 4: answers.paper}
        found: frozenset[Condition] = frozenset()
        self._heard = [answer for answer in self._heard if not isinstance(answer, RealTime)]
        for n, read in meaning.items():
            await self.send(commands.real_time_status(n))
            found |= read((await self.await_(RealTime)).bits)
        if found - {Condition.OFFLINE, Condition.PAPER_LOW}:
            found -= {Condition.OFFLINE}  # the reason is told
        return found

    async def fence(self) -> frozenset[Condition]:
        """Returns when all that was sent has been processed."""
        await self.send(commands.PAPER_SENSOR)
        await self.await_(Sensor)
        return frozenset()


def _now() -> float:
    return asyncio.get_running_loop().time()
