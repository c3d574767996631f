"""The registry behaving badly on request, for demonstrations and tests.

    down          connections are refused, open ones cut        slow        no answer until the fault is lifted
    nonsense      200 and bytes that mean nothing               huge        an answer of some megabytes
    altered-act   a signed act, changed after signing           altered-grant   a grant likewise
    up            all is well again

Controlled through a Unix socket, one JSON object a line: `{"do": "slow"}` is answered `{"ok": true}`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, get_args

from registry.errors import SetupError

Fault = Literal["down", "slow", "nonsense", "huge", "altered-act", "altered-grant", "up"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
_MAX_LINE = 1024
_CONTROL_DEADLINE = 10.0
_ALTERED = {"act": "version", "grant": "copy_number"}


class Faults:
    """The fault in force. `set` belongs to the server's event loop; `spoiled` to any thread."""

    def __init__(self) -> None:
        self.now: Fault = "up"
        self._lifted = asyncio.Event()
        self._lifted.set()

    def set(self, fault: Fault) -> None:
        self.now = fault
        if fault == "slow":
            self._lifted.clear()
        else:
            self._lifted.set()

    async def wait(self) -> None:
        """Returns at once unless slow."""
        await self._lifted.wait()

    def spoiled(self, token: str, kind: Literal["act", "grant"]) -> str:
        """The token, or where it is to be altered, one with another number in its payload and the old signature."""
        if self.now != f"altered-{kind}":
            return token
        header, payload, signature = token.split(".")
        body = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        body[_ALTERED[kind]] += 1
        altered = base64.urlsafe_b64encode(json.dumps(body, ensure_ascii=False).encode()).decode().rstrip("=")
        return f"{header}.{altered}.{signature}"


async def serve_control(path: Path, apply: Callable[[Fault], Awaitable[None]]) -> asyncio.Server:
    """Listens on `path` (mode 0600) and hands each fault asked for to `apply`. Raises SetupError."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                fault = _asked(line)
                if fault is not None:
                    await apply(fault)
                writer.write(json.dumps({"ok": fault is not None}).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):  # a line too long, or the asker gone
            pass
        finally:
            writer.close()

    return await asyncio.start_unix_server(converse, sock=_bound(path), limit=_MAX_LINE)


def control(path: Path, fault: Fault) -> None:
    """Asks the registry whose control socket is `path` to behave so. Raises SetupError when it does not answer."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(_CONTROL_DEADLINE)
            line.connect(str(path))
            line.sendall(json.dumps({"do": fault}).encode() + b"\n")
            answer = json.loads(line.makefile("rb").readline(_MAX_LINE))
    except (OSError, ValueError) as error:
        raise SetupError(f"the registry's control socket does not answer: {type(error).__name__}") from None
    if answer != {"ok": True}:
        raise SetupError("the registry does not know that fault")


def _bound(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise SetupError(f"the registry's control socket cannot be made: {error.strerror or error}") from None
    finally:
        os.umask(before)
    return listener


def _asked(line: bytes) -> Fault | None:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return None
    wanted = asked.get("do") if isinstance(asked, dict) else None
    return next((fault for fault in FAULTS if fault == wanted), None)
