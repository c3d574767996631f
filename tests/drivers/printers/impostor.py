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
