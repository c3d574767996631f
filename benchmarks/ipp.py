"""The barest IPP there is (RFC 8010): a request written by hand, an answer of which two numbers are read."""

from __future__ import annotations

import re
import struct
from urllib.parse import urlsplit

import aiohttp

PRINT_JOB, GET_JOB_ATTRIBUTES, GET_PRINTER_ATTRIBUTES = 0x0002, 0x0009, 0x000B
COMPLETED, IDLE = 9, 3
_INTEGER, _URI, _NAME, _KEYWORD, _CHARSET, _LANGUAGE, _TYPE = 0x21, 0x45, 0x42, 0x44, 0x47, 0x48, 0x49


class BareIpp:
    """`http` decides about connections. No attribute is read but the one that is waited for."""

    def __init__(self, uri: str, http: aiohttp.ClientSession) -> None:
        parts = urlsplit(uri)
        self._uri = uri.encode()
        self._url = f"http://{parts.hostname}:{parts.port}{parts.path}"
        self._http = http
        self.requests = 0

    async def print_job(self, document: bytes) -> int:
        """Print-Job (RFC 8011 §4.2.1); gives the job-id."""
        attributes = [(_NAME, b"job-name", b"bench"), (_TYPE, b"document-format", b"application/pdf")]
        return _integer(await self._ask(PRINT_JOB, attributes, document), b"job-id")

    async def job_state(self, job_id: int) -> int:
        attributes = [
            (_INTEGER, b"job-id", struct.pack(">i", job_id)),
            (_KEYWORD, b"requested-attributes", b"job-state"),
        ]
        return _integer(await self._ask(GET_JOB_ATTRIBUTES, attributes), b"job-state")

    async def printer_state(self) -> int:
        attributes = [(_KEYWORD, b"requested-attributes", b"printer-state")]
        return _integer(await self._ask(GET_PRINTER_ATTRIBUTES, attributes), b"printer-state")

    async def _ask(self, operation: int, attributes: list[tuple[int, bytes, bytes]], document: bytes = b"") -> bytes:
        self.requests += 1
        first = [
            (_CHARSET, b"attributes-charset", b"utf-8"),
            (_LANGUAGE, b"attributes-natural-language", b"en"),
            (_URI, b"printer-uri", self._uri),
        ]
        body = struct.pack(">BBHiB", 2, 0, operation, self.requests, 1)
        body += b"".join(map(_attribute, first + attributes)) + b"\x03" + document
        async with self._http.post(self._url, data=body, headers={"Content-Type": "application/ipp"}) as answer:
            said = await answer.read()
        (status,) = struct.unpack_from(">H", said, 2)
        if status >= 0x0100:
            raise RuntimeError(f"the printer answered {operation:#06x} with {status:#06x}")
        return said


def _attribute(given: tuple[int, bytes, bytes]) -> bytes:
    tag, name, value = given
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(value)) + value


def _integer(answer: bytes, name: bytes) -> int:
    """An attribute's value: its name, a length of 4, then 4 bytes."""
    found = re.search(re.escape(struct.pack(">H", len(name)) + name + b"\x00\x04") + b"(.{4})", answer, re.DOTALL)
    if found is None:
        raise RuntimeError(f"the printer does not tell {name.decode()}")
    return int.from_bytes(found[1], "big")
