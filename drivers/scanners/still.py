"""One colour picture of whoever stands before a camera. It is taken in a child, which is gone when it is done."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

from drivers.scanners.camera import ENVIRONMENT
from drivers.scanners.errors import ScannerFault, ScannerSlow

MOST_BYTES = 4 << 20
_PART = 1 << 16


async def take(source: str, deadline: float) -> bytes:
    """A JPEG, from `source` as `Camera` has it, within `deadline` seconds. Raises ScannerFault, ScannerSlow."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-m", f"{__package__}.still_child", source),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd="/",
        env=ENVIRONMENT,
        start_new_session=True,
    )
    picture = bytearray()
    try:
        async with asyncio.timeout(deadline):
            assert child.stdout is not None  # noqa: S101 - a pipe was asked for
            while len(picture) <= MOST_BYTES and (part := await child.stdout.read(_PART)):
                picture += part
            status = await child.wait() if len(picture) <= MOST_BYTES else 1
    except TimeoutError:
        raise ScannerSlow("the camera gave no picture in time") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.communicate()  # what is left in the pipe too: without that its end is never seen
    if status != 0 or not picture:
        raise ScannerFault("the camera gave no picture")
    return bytes(picture)
