"""Things that only pretend to be a printer: what a test says, over real connections."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from drivers.printers.laser import LaserPrinter

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def pretend(talk: Talk, work: Callable[[LaserPrinter], Coroutine[Any, Any, Any]], *, deadline: float = 5.0) -> Any:
    async def run() -> Any:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        printer = LaserPrinter(f"ipp://127.0.0.1:{server.sockets[0].getsockname()[1]}/ipp/print", deadline)
        try:
            return await work(printer)
        finally:
            await printer.close()
            server.close()

    return asyncio.run(run())


async def request(reader: asyncio.StreamReader) -> bytes:
    """One HTTP request's body; aiohttp sends ours with a Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return await reader.readexactly(length)


def saying(raw: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(raw)
        writer.close()

    return talk


def http(body: bytes, status: bytes = b"200 OK", *headers: bytes) -> bytes:
    lines = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", body)
    return b"\r\n".join(lines)


def answering(*bodies: bytes) -> Talk:
    """Each IPP body in turn, with the request-id of its request put in; after the last one, silence for ever."""
    left = list(bodies)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await request(reader)
        if not left:
            await reader.read()
        else:
            body = left.pop(0)
            writer.write(http(body[:4] + asked[4:8] + body[8:]))
        writer.close()

    return talk


def ipp(status: int, *groups: bytes) -> bytes:
    return struct.pack(">BBHi", 2, 0, status, 0) + b"".join(groups) + b"\x03"


def integer(tag: int, name: bytes, value: int) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">Hi", 4, value)


JOB_7 = b"\x02" + integer(0x21, b"job-id", 7)


def keyword(name: bytes, *values: bytes) -> bytes:
    names = (name, *[b""] * (len(values) - 1))
    return b"".join(
        struct.pack(">BH", 0x44, len(n)) + n + struct.pack(">H", len(v)) + v for n, v in zip(names, values, strict=True)
    )


CREATE, SEND, CANCEL, JOB_ATTRIBUTES, JOBS, PRINTER_ATTRIBUTES = 0x05, 0x06, 0x08, 0x09, 0x0A, 0x0B


class Scripted:
    """A printer that answers each operation as it is told, and keeps what it was asked, in order.

    An answer is a body, or a function from the request to a body.
    """

    def __init__(self, answers: dict[int, bytes | Callable[[bytes], bytes]]) -> None:
        self.answers = answers
        self.asked: list[int] = []
        self.requests: list[bytes] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(self.hear(await request(reader))))
        writer.close()

    def hear(self, asked: bytes) -> bytes:
        """Keep the request, and give the answer's body."""
        operation = int.from_bytes(asked[2:4], "big")
        self.asked.append(operation)
        self.requests.append(asked)
        told = self.answers.get(operation, ipp(0x0501))
        body = told if isinstance(told, bytes) else told(asked)
        return body[:4] + asked[4:8] + body[8:]


READY = ipp(
    0,
    b"\x04",
    integer(0x23, b"printer-state", 3),
    struct.pack(">BH", 0x22, 25) + b"printer-is-accepting-jobs" + b"\0\1\1",
    keyword(b"printer-state-reasons", b"none"),
    keyword(b"media-ready", b"iso_a4_210x297mm"),
)
"""An idle printer that has A4, and does not tell what else it can do."""
