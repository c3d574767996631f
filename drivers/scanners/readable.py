"""Waiting for a descriptor inside the event loop."""

from __future__ import annotations

import asyncio


async def readable(descriptor: int, seconds: float | None) -> bool:
    """Whether there is something to read within so many seconds; without a number it waits as long as it takes."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        async with asyncio.timeout(seconds):
            await ready.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
    return True
