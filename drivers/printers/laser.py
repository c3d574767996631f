"""A laser printer over IPP, directly: no queue of ours between the kiosk and the paper.

    printer = LaserPrinter("ipp://localhost:8631/ipp/print", deadline=5.0)
    job_id = await printer.submit(pdf, title="…", on_created=write_it_down)
    while (job := await printer.job(job_id)).state in (JobState.PENDING, JobState.PROCESSING): …
    await printer.close()

A document is sent in two steps, Create-Job and Send-Document (RFC 8011 §4.2.4, §4.3.1; IPP Everywhere
requires both), so that the job's number is known, and can be written down, before a page can come out. pyipp
speaks; `drivers.printers.ipp` reads. Redirects are not followed: they would carry a document elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pyipp import IPP, IPPConnectionError, IPPError
from pyipp.enums import IppOperation, IppTag
from pyipp.tags import ATTRIBUTE_TAG_MAP

from drivers.printers.conditions import conditions
from drivers.printers.errors import (
    JobLeft,
    JobNotFound,
    PrinterAddressInvalid,
    PrinterBusy,
    PrinterError,
    PrinterNonsense,
    PrinterRefused,
    PrinterSilent,
    PrinterUnreachable,
    SubmissionUncertain,
)
from drivers.printers.ipp import JOB, MAX_ANSWER, PRINTER, Answer, Group, parse
from drivers.printers.port import Condition, Evidence, Intake, JobState, JobStatus, PrinterStatus
from drivers.printers.supplies import Inventory, inventory

# pyipp leaves out attributes that its table lacks, and sends `media` as a name instead of a keyword.
ATTRIBUTE_TAG_MAP.update({"media": IppTag.KEYWORD, "print-scaling": IppTag.KEYWORD})

_USER = "shubbak"
_TEMPLATE = {"media": "iso_a4_210x297mm", "sides": "one-sided", "print-scaling": "none"}
"""A4 on one side, unscaled: the modules of the seal must stay whole dots."""
_STATUS = (
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "printer-input-tray",
    "printer-make-and-model",
)
_INVENTORY = (
    "printer-make-and-model",
    "printer-input-tray",
    "printer-supply",
    "printer-supply-description",
    "marker-names",
    "marker-levels",
)
_COUNTS = ("job-impressions-completed", "job-pages-completed", "job-media-sheets-completed")
_STOPPED = 5  # printer-state
_JOB_STATES = {
    3: JobState.PENDING,
    4: JobState.PENDING,  # pending-held
    5: JobState.PROCESSING,
    6: JobState.PROCESSING,  # processing-stopped
    7: JobState.CANCELED,
    8: JobState.ABORTED,
    9: JobState.COMPLETED,
}
_CLEAR_LOOKS, _CLEAR_PAUSE_S = 20, 0.1
_NOT_POSSIBLE, _NOT_FOUND, _BUSY = 0x0404, 0x0406, 0x0507


class _TooLong(aiohttp.ClientPayloadError):
    pass


class _BoundedResponse(aiohttp.ClientResponse):
    """An answer of at most MAX_ANSWER bytes; pyipp would read whatever comes."""

    async def read(self) -> bytes:
        body = bytearray()
        async for chunk in self.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER:
                self.close()
                raise _TooLong
        return bytes(body)


async def _refuse_redirect(*_: object) -> None:
    raise _TooLong("redirect")


def _session() -> aiohttp.ClientSession:
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(
        # A connection for each request: one kept open dies unseen when the printer is switched off.
        connector=aiohttp.TCPConnector(force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=_BoundedResponse,
        trace_configs=[trace],
        auto_decompress=False,
    )


class LaserPrinter:
    """`port.Printer` over IPP. Used from one event loop; every method raises PrinterError subclasses only."""

    def __init__(self, uri: str, deadline: float) -> None:
        """`uri` is ipp://… or ipps://… (the certificate is checked); `deadline` bounds one answer, in seconds."""
        try:
            parts = urlsplit(uri)
            valid = parts.scheme in ("ipp", "ipps") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid:
            raise PrinterAddressInvalid("the printer's address is not ipp://HOST[:PORT]/PATH")
        self._deadline = deadline
        self._requests = 0
        # request_timeout is above ours, so that one clock decides; pyipp's own does not cover the body.
        self._ipp = IPP(uri, request_timeout=int(deadline) + 60, verify_ssl=True)

    async def status(self) -> PrinterStatus:
        """What the printer says of itself (Get-Printer-Attributes, RFC 8011 §4.2.5)."""
        answer = await self._ask(IppOperation.GET_PRINTER_ATTRIBUTES, {"requested-attributes": list(_STATUS)})
        printer = answer.group(PRINTER)
        state, accepting = printer.integer("printer-state"), printer.boolean("printer-is-accepting-jobs")
        if state not in (3, 4, _STOPPED) or accepting is None:
            raise PrinterNonsense("the printer does not tell its state")
        found = conditions(printer.texts("printer-state-reasons"), printer.octets("printer-input-tray"))
        if state == _STOPPED:
            found |= {Condition.STOPPED}
        return PrinterStatus(accepting, found, " ".join(printer.texts("printer-make-and-model")))

    async def inventory(self) -> Inventory:
        """The printer's model, and what is left in its trays and of its toner, as far as it tells."""
        answer = await self._ask(IppOperation.GET_PRINTER_ATTRIBUTES, {"requested-attributes": list(_INVENTORY)})
        printer = answer.group(PRINTER)
        return inventory(
            printer.texts("printer-make-and-model"),
            printer.octets("printer-input-tray"),
            printer.octets("printer-supply"),
            printer.texts("printer-supply-description"),
            printer.texts("marker-names"),
            printer.integers("marker-levels"),
        )

    async def submit(
        self, document: bytes, *, title: str, on_created: Callable[[int], Awaitable[None]] | None = None
    ) -> int:
        """Print a PDF; gives the job-id. `title` becomes the job-name, which printers display: no person's name.

        `on_created(job_id)` is awaited after Create-Job and before the document is sent; if it raises, the
        empty job is cancelled. Raises SubmissionUncertain when the answer to Send-Document is lost.
        """
        created = await self._ask(IppOperation.CREATE_JOB, {"job-name": title}, template=_TEMPLATE)
        job_id = created.group(JOB).integer("job-id")
        if job_id is None or job_id < 1:
            raise PrinterNonsense("the printer created a job without a number")
        try:
            if on_created is not None:
                await on_created(job_id)
        except BaseException:
            await self._drop(job_id)
            raise
        try:
            await self._ask(
                IppOperation.SEND_DOCUMENT,
                {"job-id": job_id, "document-format": "application/pdf", "last-document": True},
                document=document,
            )
        except PrinterRefused:
            await self._drop(job_id)
            raise
        except PrinterError as error:
            raise SubmissionUncertain("the answer to Send-Document is lost", job_id) from error
        return job_id

    async def job(self, job_id: int) -> JobStatus:
        """How far the job is, and what the printer says meanwhile. Raises JobNotFound."""
        answer = await self._ask(IppOperation.GET_JOB_ATTRIBUTES, {"job-id": job_id})
        job = answer.group(JOB)
        state = _JOB_STATES.get(job.integer("job-state") or 0)
        if state is None or job.integer("job-id") not in (None, job_id):
            raise PrinterNonsense("the printer does not tell the job's state")
        pages = _pages(job)
        try:
            found = (await self.status()).conditions
        except PrinterError:
            found = frozenset({Condition.OFFLINE})  # it went away between the two answers
        return JobStatus(state, pages or 0, found, counted=pages is not None)

    @property
    def evidence(self) -> Evidence:
        return "ipp-completed"

    async def intake(self) -> Intake:
        """What a document is sent as."""
        return Intake("application/pdf")

    async def clear(self) -> None:
        """Cancel whatever of ours the printer still holds, and wait until it holds nothing. Raises JobLeft."""
        for _ in range(_CLEAR_LOOKS):
            left = await self._jobs("not-completed")
            if not left:
                return
            for job_id in left:
                with contextlib.suppress(PrinterRefused):
                    await self._ask(IppOperation.CANCEL_JOB, {"job-id": job_id})
            await asyncio.sleep(_CLEAR_PAUSE_S)
        raise JobLeft("the printer does not give up a job that was cancelled")

    async def cancel(self, job_id: int) -> JobStatus:
        """Ask the printer to give the job up, and say how the job stands then: it may still be processing.

        A job that had ended before is no error (Cancel-Job, RFC 8011 §4.3.3). Raises JobNotFound.
        """
        try:
            await self._ask(IppOperation.CANCEL_JOB, {"job-id": job_id})
        except PrinterRefused as error:
            if error.status != _NOT_POSSIBLE:
                raise
        return await self.job(job_id)

    async def find(self, title: str) -> int | None:
        """The newest job of this title that the printer remembers (Get-Jobs, RFC 8011 §4.2.6), or None."""
        jobs = {**await self._jobs("completed"), **await self._jobs("not-completed")}
        return max((job_id for job_id, names in jobs.items() if title in names), default=None)

    async def _jobs(self, which: str) -> dict[int, tuple[str, ...]]:
        """Our jobs' names, by job-id; `which` is `completed` or `not-completed`."""
        asked = {"which-jobs": which, "my-jobs": True, "requested-attributes": ["job-id", "job-name"]}
        answer = await self._ask(IppOperation.GET_JOBS, asked)
        found = ((job.integer("job-id"), job.texts("job-name")) for job in answer.groups if job.tag == JOB)
        return {job_id: names for job_id, names in found if job_id is not None}

    async def close(self) -> None:
        """Let go of the network; the object can be used again."""
        session, self._ipp.session = self._ipp.session, None
        if session is not None:
            await session.close()

    async def _drop(self, job_id: int) -> None:
        with contextlib.suppress(PrinterError):
            await asyncio.shield(self._ask(IppOperation.CANCEL_JOB, {"job-id": job_id}))

    async def _ask(
        self,
        operation: IppOperation,
        attributes: dict[str, Any],
        *,
        template: dict[str, str] | None = None,
        document: bytes = b"",
    ) -> Answer:
        """One request and its answer. Raises PrinterRefused and below for an IPP error status."""
        self._requests += 1
        message: dict[str, Any] = {
            "request-id": self._requests,
            "operation-attributes-tag": {"requesting-user-name": _USER, **attributes},
            "data": document,
        }
        if template:
            message["job-attributes-tag"] = template
        answer = parse(await self._exchange(operation, message))
        if answer.request_id != self._requests:
            raise PrinterNonsense("the answer belongs to another request")
        if answer.status >= 0x0100:
            raise _refusal(operation, answer.status)
        return answer

    async def _exchange(self, operation: IppOperation, message: dict[str, Any]) -> bytes:
        if self._ipp.session is None:
            self._ipp.session = _session()
        try:
            async with asyncio.timeout(self._deadline):
                answer: bytes = await self._ipp.raw(operation, message)
        except TimeoutError as error:
            raise PrinterSilent(f"no answer to {operation.name} within {self._deadline:g} s") from error
        except IPPConnectionError as error:
            raise _connection_failure(error.__cause__) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _connection_failure(error) from error
        except (IPPError, ValueError, TypeError, LookupError, struct.error) as error:
            # An HTTP error status, or headers and bodies that pyipp and aiohttp stumble over.
            raise PrinterNonsense(f"no IPP answer to {operation.name}") from error
        return answer


def _connection_failure(cause: BaseException | None) -> PrinterError:
    if isinstance(cause, TimeoutError):
        return PrinterSilent("the printer does not answer")
    if isinstance(cause, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return PrinterNonsense("the printer's answer is not HTTP, too long, or a redirect")
    return PrinterUnreachable("no connection to the printer")


def _refusal(operation: IppOperation, status: int) -> PrinterRefused:
    kind = {_NOT_FOUND: JobNotFound, _BUSY: PrinterBusy}.get(status, PrinterRefused)
    return kind(f"{operation.name} was answered with IPP status 0x{status:04x}", status)


def _pages(job: Group) -> int | None:
    """Sides put on paper so far; on one-sided jobs sheets, pages and impressions are the same number."""
    for name in _COUNTS:
        count = job.integer(name)
        if count is not None and count >= 0:
            return count
    return None
