"""Calls that may never return, kept off the event loop and off its own threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """The result of `work`, run in a thread of its own. Raises what `work` raises.

    Unlike asyncio.to_thread, a call that hangs (a stopped service, a dying disk) keeps neither the loop nor the
    process from ending.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return  # given up meanwhile
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def call() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - carried to the caller, who raises it
            failure = error
        with suppress(RuntimeError):  # the loop ended meanwhile
            loop.call_soon_threadsafe(tell, result, failure)

    threading.Thread(target=call, name="diagnostics", daemon=True).start()
    return await done
