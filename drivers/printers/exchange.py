"""One IPP request and its answer over HTTP (RFC 8010 §4); `connections` carries them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp
from yarl import URL

from drivers.printers.connections import Connections
from drivers.printers.errors import (
    JobNotFound,
    PrinterBusy,
    PrinterError,
    PrinterNonsense,
    PrinterNotGenuine,
    PrinterRefused,
    PrinterSilent,
    PrinterUnreachable,
)
from drivers.printers.ipp import Answer, parse
from drivers.printers.ipp_request import Given, Operation, request
from drivers.printers.tls import STRANGERS

USER = "shubbak"
_IPP_PORT = 631
_NOT_FOUND, _BUSY = 0x0406, 0x0507
_SCHEMES = {"ipp": "http", "ipps": "https"}
_QUESTIONS = (Operation.GET_JOB_ATTRIBUTES, Operation.GET_JOBS, Operation.GET_PRINTER_ATTRIBUTES)


class Exchange:
    """Used from one event loop. Every method raises PrinterError subclasses only."""

    def __init__(self, address: Callable[[], str], deadline: float, certificate: Path | None) -> None:
        """`address` gives the ipp:// or ipps:// URI at each request; `deadline` bounds one answer, in seconds."""
        self._address = address
        self._deadline = deadline
        self._certificate = certificate
        self._requests = 0
        self._connections: Connections | None = None

    async def ask(
        self,
        operation: Operation,
        attributes: Mapping[str, Given],
        *,
        template: Mapping[str, Given] | None = None,
        document: bytes = b"",
    ) -> Answer:
        """Raises PrinterRefused and below for an IPP error status."""
        self._requests += 1
        number = self._requests
        uri = self._address()
        head = request(operation, number, uri, {"requesting-user-name": USER, **attributes}, template)
        answer = parse(await self._post(operation, uri, head + document))
        if answer.request_id != number:
            raise PrinterNonsense("the answer belongs to another request")
        if answer.status >= 0x0100:
            raise _refusal(operation, answer.status)
        return answer

    async def close(self) -> None:
        """Let go of the network; the object can be used again."""
        connections, self._connections = self._connections, None
        if connections is not None:
            await connections.close()

    async def _post(self, operation: Operation, uri: str, body: bytes) -> bytes:
        try:
            if self._connections is None:
                self._connections = Connections(self._certificate)
            async with asyncio.timeout(self._deadline):
                return await self._connections.post(_url(uri), body, question=operation in _QUESTIONS)
        except TimeoutError as error:
            raise PrinterSilent(f"no answer to {operation.name} within {self._deadline:g} s") from error
        except STRANGERS as error:
            raise PrinterNotGenuine("what answers at the printer's address is not this kiosk's printer") from error
        except (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, ValueError, LookupError) as error:
            # Headers and bodies that aiohttp stumbles over among them.
            raise PrinterNonsense(f"no IPP answer to {operation.name}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise PrinterUnreachable("no connection to the printer") from error


def _url(uri: str) -> URL:
    ipp = URL(uri)
    return URL.build(
        scheme=_SCHEMES[ipp.scheme], host=ipp.host or "", port=ipp.explicit_port or _IPP_PORT, path=ipp.path
    )


def _refusal(operation: Operation, status: int) -> PrinterError:
    kind = {_NOT_FOUND: JobNotFound, _BUSY: PrinterBusy}.get(status, PrinterRefused)
    return kind(f"{operation.name} was answered with IPP status 0x{status:04x}", status)
