"""The simulated laser's front: it stands before ippeveprinter and adds what that cannot be told while it is idle.

Whatever arrives goes to ippeveprinter as it is; its answers are edited on their way back (printer_trays). With a
certificate it speaks TLS, and nothing else.
Standard library only, no import of ours: the host reads it by path.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable

_LOOPBACK = ("127.0.0.1", "::1")
_LENGTH = re.compile(rb"\r\nContent-Length: *(\d{1,9})(?=\r\n)", re.IGNORECASE)


class Front:
    def __init__(self, edit: Callable[[bytes], bytes], tls: ssl.SSLContext | None) -> None:
        """`edit` is given the body of each answer."""
        self._edit = edit
        self._tls = tls
        self._inner = 0
        self._server: asyncio.Server | None = None

    async def open(self, port: int, inner: int) -> None:
        """Take connections on `port`, and pass them to ippeveprinter's, `inner`. Raises OSError."""
        self._inner = inner
        self._server = await asyncio.start_server(self._serve, _LOOPBACK, port, ssl=self._tls)

    async def close(self) -> None:
        """Take no more; connections end with ippeveprinter's."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        try:
            answers, there = await asyncio.open_connection("localhost", self._inner)
            asked = asyncio.create_task(_pass_on(reader, there))
            try:
                await self._answer(answers, writer)
            finally:
                asked.cancel()
                await asyncio.wait([asked])
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # one of the two went away
        finally:
            for end in (writer, there):
                if end is not None:
                    end.close()

    async def _answer(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await answers.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if length is not None:
                body = self._edit(await answers.readexactly(int(length[1])))
                head = _LENGTH.sub(b"\r\nContent-Length: %d" % len(body), head, count=1)
                writer.write(head + body)
            else:
                writer.write(head)
                if b" 100 " not in head[:14]:  # chunked, or up to the end: as it is
                    await _pass_on(answers, writer)
                    return
            await writer.drain()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
