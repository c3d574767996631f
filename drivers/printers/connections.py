"""HTTP to one printer: few connections, and none that may be dying under a request that could print.

A connection that idles dies unseen when the printer is switched off, and a document lost on it ends in nobody
knowing. So a connection is used again only

- by a request that follows at once, at most `_KEPT_S` after the last answer;
- when that answer said that the printer keeps it: HTTP/1.1 implies as much, but some close without a word;
- when nothing, its end least of all, has come over it since;
- by more than questions only when this printer has already answered a question on a used connection.

A question whose used connection ends without an answer is asked once more on a new one, and from then on nothing
but questions go over used ones. Nothing else is ever sent twice. Redirects are not followed: they would carry a
document elsewhere. An answer has at most MAX_ANSWER bytes. The printer's certificate is checked on each connection.
"""

from __future__ import annotations

import select
import weakref
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from drivers.printers.errors import PrinterNonsense
from drivers.printers.ipp import MAX_ANSWER
from drivers.printers.tls import trust

_KEPT_S = 0.5
"""Far shorter than any printer keeps an idle connection."""
_STIRS = select.POLLIN | select.POLLHUP | select.POLLERR
_CUT_OFF = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientConnectionResetError)
_HEADERS = {"Content-Type": "application/ipp", "Accept": "application/ipp"}
_again: ContextVar[bool] = ContextVar("again", default=False)
"""Whether the request under way goes over a used connection."""


class Connections:
    """Used from one event loop. What it raises is aiohttp's, OSError, ValueError, or PrinterNonsense."""

    def __init__(self, certificate: Path | None) -> None:
        """Raises PrinterNotGenuine when the certificate cannot be read."""
        self._pool = _Pool(ssl=trust(certificate), keepalive_timeout=_KEPT_S)
        self._keeps: bool | None = None  # not known yet
        self._session = aiohttp.ClientSession(
            connector=self._pool,
            response_class=_Response,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),  # one clock decides: the caller's
            auto_decompress=False,
        )

    async def post(self, url: URL, body: bytes, *, question: bool) -> bytes:
        """The answer's body. A `question` changes nothing in the printer, however often it is asked."""
        if not (question or self._keeps):
            self._pool.leave()
        try:
            answer = await self._post(url, body)
        except _CUT_OFF:
            if not _again.get():
                raise
            self._keeps = False
            if not question:
                raise
            self._pool.leave()
            return await self._post(url, body)
        if _again.get() and self._keeps is None:
            self._keeps = True
        return answer

    async def _post(self, url: URL, body: bytes) -> bytes:
        answer = bytearray()
        async with self._session.post(url, data=body, headers=_HEADERS, allow_redirects=False) as response:
            if response.status != 200:
                raise PrinterNonsense(f"the printer answered with HTTP status {response.status}")
            async for chunk in response.content.iter_any():
                answer += chunk
                if len(answer) > MAX_ANSWER:
                    raise PrinterNonsense("the printer's answer is too long")
        return bytes(answer)

    async def close(self) -> None:
        await self._session.close()


class _Pool(aiohttp.TCPConnector):
    """aiohttp's, but for which of the used connections it gives out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._given: weakref.WeakSet[ResponseHandler] = weakref.WeakSet()

    async def connect(self, *args: Any, **kwargs: Any) -> Connection:
        _again.set(False)
        while (connection := await super().connect(*args, **kwargs)).protocol in self._given:
            if _rests(connection):
                _again.set(True)
                return connection
            connection.close()
        if connection.protocol is not None:
            self._given.add(connection.protocol)
        return connection

    def leave(self) -> None:
        """Give out none of the connections there are."""
        for protocol in self._given:
            protocol.force_close()


def _rests(connection: Connection) -> bool:
    """Asked of the socket itself: the event loop has not heard of what came a moment ago."""
    transport, protocol = connection.transport, connection.protocol
    if transport is None or protocol is None or protocol.should_close:
        return False
    poll = select.poll()
    poll.register(transport.get_extra_info("socket"), _STIRS)
    return not poll.poll(0)


class _Response(aiohttp.ClientResponse):
    """Sees to it that a connection which the printer does not promise to keep is not used again."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        protocol = connection.protocol  # kept here: a short answer gives the connection back at once
        await super().start(connection)
        if protocol is not None and self.headers.get("Connection", "").strip().lower() != "keep-alive":
            protocol.force_close()
        return self
