"""An event loop whose clock jumps: when nothing is ready, the next timer is due at once.

    loop = VirtualLoop()
    loop.run_until_complete(a_day_at_the_counter())   # and it is evening, seconds later
    loop.end()

Work for threads is done on the spot, in the loop's own thread, so that no clock can run away from it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _Jump(selectors.DefaultSelector):
    """Never waits for a timer: it puts the clock forward instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(None if timeout is None else 0)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is handed on, as an executor does
            done.set_exception(error)
        return done

    def end(self) -> None:
        """Whatever still runs is cancelled, as at the end of `asyncio.run`."""
        try:
            tasks = asyncio.all_tasks(self)
            for task in tasks:
                task.cancel()
            self.run_until_complete(_gone(tasks))
        finally:
            self.close()


async def _gone(tasks: set[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)
