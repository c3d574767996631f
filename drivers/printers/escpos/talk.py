"""One connection to a ticket printer: what is sent and what it answers, put together.

Two kinds of answers come. Those in their turn (`GS r`, the echo) follow what was sent before them, and come late
where that is slow. Those at once (`DLE EOT`, the cleared buffer) come as soon as the question is read. What is
sent and not yet answered in its turn never exceeds the printer's buffer, so that a question is always read.

A real-time answer does not say what it answers. Dots that hold 10h 04h make the printer give one more; so the
questions are counted, and where such dots are on their way, answers are believed only when none was too many.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from drivers.printers.errors import JobLeft, PrinterSilent
from drivers.printers.escpos import answers, commands
from drivers.printers.escpos.answers import Answer, Answers, Cleared, Echo, RealTime, Sensor, Unasked
from drivers.printers.escpos.ports import BytePort
from drivers.printers.port import Condition

A = TypeVar("A", RealTime, Sensor, Echo, Cleared)
InTurn = TypeVar("InTurn", Sensor, Echo)

PATIENCE = 30.0
"""Seconds until a line on which nothing moves is given up: two bands of 2 KB at 200 bytes a second, and a half more."""
_LATE_S = 0.5
"""After so long without an answer in its turn the printer is asked what keeps it."""
_ROUNDS = 3
_MEANING = {1: answers.offline, 2: answers.why_offline, 3: answers.errors, 4: answers.paper}
NEED_A_HAND = frozenset({Condition.PAPER_OUT, Condition.COVER_OPEN, Condition.CUTTER})
"""What never passes by itself, as a hot head cools."""


class Halted(Exception):
    """The printer waits for a hand before it goes on with what it holds."""

    def __init__(self, conditions: frozenset[Condition]) -> None:
        super().__init__(", ".join(sorted(conditions)))
        self.conditions = conditions


class Talk:
    """Every method raises PrinterUnreachable, PrinterSilent, PrinterNonsense. One conversation at a time."""

    def __init__(self, port: BytePort, deadline: float) -> None:
        self._port = port
        self._deadline = deadline
        self._answers = Answers()
        self._heard: list[RealTime | Sensor | Echo | Cleared] = []
        self._fences: deque[bool] = deque()
        self._owed = self._dropping = 0
        self._too_many = False

    async def close(self) -> None:
        await self._port.close()

    # --- in its turn

    @property
    def unanswered(self) -> int:
        """How much of what was sent with a fence has not been processed."""
        return len(self._fences)

    async def send(self, data: bytes) -> None:
        """A fence (`GS r 1`) goes with it: `in_turn(Sensor, …)` returns when it has been processed."""
        self._fences.append(commands.ASKS_AT_ONCE in data)
        await self._port.write(data + commands.PAPER_SENSOR, PATIENCE)

    async def send_unanswered(self, data: bytes) -> None:
        await self._port.write(data, PATIENCE)

    async def in_turn(
        self,
        kind: type[InTurn],
        tell: Callable[[frozenset[Condition]], None],
        halts: frozenset[Condition] = NEED_A_HAND,
    ) -> InTurn:
        """The next answer of a kind, however long what stands before it takes. Raises Halted for one of `halts`.

        `tell` hears what the printer says of itself meanwhile: off line, while it says nothing.
        """
        spoke = _now()
        while True:
            try:
                return await self._next(kind, min(_LATE_S, self._deadline))
            except PrinterSilent:
                pass
            try:
                found = await self.conditions()
                spoke = _now()
            except PrinterSilent:
                found = frozenset({Condition.OFFLINE})
                if _now() - spoke > PATIENCE:
                    raise
            tell(found)
            if found & halts:
                raise Halted(found)

    # --- at once

    async def conditions(self) -> frozenset[Condition]:
        """What the printer says of itself now; nothing where its answers cannot be told apart."""
        for _ in range(_ROUNDS):
            while self._owed:  # asked before, on a slow line: the next answers are to that
                await self._next(RealTime, self._deadline)
            await self.drain()
            self._too_many = False
            found = await self._ask_all()
            if any(self._fences) or self._too_many:
                await self._listen(self._deadline / 4)
            if not self._too_many:
                return found
        return frozenset()

    async def _ask_all(self) -> frozenset[Condition]:
        found: frozenset[Condition] = frozenset()
        for n, meaning in _MEANING.items():
            await self._port.write(commands.real_time_status(n), self._deadline)
            self._owed += 1
            found |= meaning((await self._next(RealTime, self._deadline)).bits)
        explained = found - {Condition.OFFLINE, Condition.PAPER_LOW}
        return found - {Condition.OFFLINE} if explained else found

    async def drop(self) -> None:
        """Have everything dropped that was sent and is not on paper. Returns when the printer says that it did.

        Raises JobLeft when it answers, but not to that.
        """
        patience = PATIENCE if self._fences else self._deadline
        self._dropping += 1
        await self._port.write(commands.RECOVER + commands.CLEAR, patience)
        try:
            await self._next(Cleared, patience)
        except PrinterSilent:
            await self.conditions()
            raise JobLeft("the ticket printer answers, and does not drop what it holds") from None
        self.expect_nothing()  # what was dropped is not answered any more

    def expect_nothing(self) -> None:
        """Forget what was asked in its turn."""
        self._fences.clear()
        self._heard.clear()

    # --- what comes

    async def drain(self) -> None:
        """Real-time answers that came are old news. Raises PrinterUnreachable when the line was cut meanwhile."""
        while data := await self._port.read(0):
            self._take_in(data)
        self._heard = [answer for answer in self._heard if not isinstance(answer, RealTime)]

    async def _listen(self, seconds: float) -> None:
        until = _now() + seconds
        while (left := until - _now()) > 0:
            self._take_in(await self._port.read(left))

    async def _next(self, kind: type[A], seconds: float) -> A:
        """The next answer of a kind. Raises PrinterSilent."""
        until = _now() + seconds
        while True:
            for at, answer in enumerate(self._heard):
                if isinstance(answer, kind):
                    del self._heard[at]
                    return answer
            if (left := until - _now()) <= 0:
                raise PrinterSilent("the ticket printer does not answer")
            self._take_in(await self._port.read(left))

    def _take_in(self, data: bytes) -> None:
        for answer in self._answers.feed(data):
            self._note(answer)

    def _note(self, answer: Answer) -> None:
        """Keep an answer that was asked for."""
        match answer:
            case RealTime():
                if not self._owed:
                    self._too_many = True
                    return
                self._owed -= 1
            case Sensor():
                if not self._fences:
                    return
                self._fences.popleft()
            case Echo():
                self._owed = 0  # a question that meets it on its way is not answered
            case Cleared():
                if not self._dropping:  # to one on an earlier connection, on a line that never ends
                    self._too_many = True
                    return
                self._owed = 0
                self._dropping -= 1
                if self._dropping:  # to one that nobody waits for any more
                    return
            case Unasked():
                return
        self._heard.append(answer)


def _now() -> float:
    return asyncio.get_running_loop().time()
