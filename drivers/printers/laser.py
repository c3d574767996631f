"""A laser printer over IPP, directly: no queue of ours between the kiosk and the paper.

    printer = LaserPrinter("ipps://printer.mairie.example/ipp/print", deadline=5.0, certificate=Path("printer.pem"))
    job_id = await printer.submit(pdf, title="…", on_created=write_it_down)
    while (job := await printer.job(job_id)).state in (JobState.PENDING, JobState.PROCESSING): …
    await printer.close()

A document is sent in two steps, Create-Job and Send-Document (RFC 8011 §4.2.4, §4.3.1; IPP Everywhere
requires both), so that the job's number is known, and can be written down, before a page can come out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from drivers.printers import capabilities as able
from drivers.printers import jobs
from drivers.printers.capabilities import Capabilities
from drivers.printers.conditions import conditions, of_tray, trays_are_empty
from drivers.printers.errors import (
    JobLeft,
    PrinterAddressInvalid,
    PrinterError,
    PrinterNonsense,
    PrinterNotGenuine,
    PrinterRefused,
    PrinterUnfit,
    SubmissionUncertain,
)
from drivers.printers.exchange import Exchange
from drivers.printers.ipp import JOB, PRINTER, UNSUPPORTED, Group
from drivers.printers.ipp_request import Given, Operation
from drivers.printers.ipp_usb import IppUsb
from drivers.printers.port import Condition, Evidence, Intake, JobStatus, PrinterStatus
from drivers.printers.supplies import Inventory, inventory

_STATUS = (
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "printer-input-tray",
    "printer-make-and-model",
    *able.LOADED,
)
_INVENTORY = (
    "printer-make-and-model",
    "printer-input-tray",
    "printer-supply",
    "printer-supply-description",
    "marker-names",
    "marker-levels",
)
_STOPPED = 5  # printer-state
_CLEAR_LOOKS, _CLEAR_PAUSE_S = 20, 0.1
_BAD_REQUEST, _NOT_POSSIBLE, _VALUES_NOT_SUPPORTED = 0x0400, 0x0404, 0x040B


class LaserPrinter:
    """`port.Printer` over IPP. Used from one event loop; every method raises PrinterError subclasses only.

    What the printer can do is asked together with its status, once, and again after it was away.
    """

    def __init__(
        self, uri: str, deadline: float, certificate: Path | None = None, tray: str = "", *, usb: IppUsb | None = None
    ) -> None:
        """`uri` is ipp://…, ipps://…, or usb:SERIAL for a printer that ipp-usb serves.

        `deadline` bounds one answer, in seconds. `certificate` is the printer's own (PEM); without one, ipps://
        needs a certificate that this machine trusts. `tray` is the media-source to print from; empty: the
        printer's choice. Raises PrinterAddressInvalid.
        """
        self._tray = tray
        self._can: Capabilities | None = None
        self._created: set[int] = set()
        self._ipp = Exchange(_address(uri, certificate, usb or IppUsb()), deadline, certificate)

    @property
    def evidence(self) -> Evidence:
        return "ipp-completed"

    async def intake(self) -> Intake:
        """PDF where the printer takes it, else PWG raster. Raises PrinterUnfit when it is neither."""
        return able.intake(await self._abilities())

    async def status(self) -> PrinterStatus:
        """What the printer says of itself (Get-Printer-Attributes, RFC 8011 §4.2.5).

        Raises PrinterUnfit when no document of ours could be printed on it as it is.
        """
        status, can = await self._look()
        able.intake(can)
        able.template(can, self._tray)
        return status

    async def _look(self) -> tuple[PrinterStatus, Capabilities]:
        asked = _STATUS if self._can is not None else (*_STATUS, *able.ASKED)
        printer = await self._printer(asked)
        can = self._can = self._can or able.capabilities(printer)
        state, accepting = printer.integer("printer-state"), printer.boolean("printer-is-accepting-jobs")
        if state not in (3, 4, _STOPPED) or accepting is None:
            raise PrinterNonsense("the printer does not tell its state")
        return PrinterStatus(accepting, self._conditions(printer, state), " ".join(_model(printer))), can

    def _conditions(self, printer: Group, state: int) -> frozenset[Condition]:
        trays = of_tray(printer.octets("printer-input-tray"), self._tray)
        found = set(conditions(printer.texts("printer-state-reasons"), trays))
        if state == _STOPPED:
            found.add(Condition.STOPPED)
        if self._tray and trays_are_empty(trays):
            found.add(Condition.PAPER_OUT)
        if able.a4_is_loaded(printer, self._tray) is False:
            found.add(Condition.PAPER_WRONG)
        return frozenset(found)

    async def inventory(self) -> Inventory:
        """The printer's model, and what is left in its trays and of its toner, as far as it tells."""
        printer = await self._printer(_INVENTORY)
        return inventory(
            _model(printer),
            printer.octets("printer-input-tray"),
            printer.octets("printer-supply"),
            printer.texts("printer-supply-description"),
            printer.texts("marker-names"),
            printer.integers("marker-levels"),
        )

    async def submit(
        self, document: bytes, *, title: str, on_created: Callable[[int], Awaitable[None]] | None = None
    ) -> int:
        """Print what `intake` asks for; gives the job-id. `title` becomes the job-name: no person's name.

        `on_created(job_id)` is awaited after Create-Job and before the document is sent; if it raises, the
        empty job is cancelled. Raises SubmissionUncertain when the answer to Send-Document is lost.
        """
        can = await self._abilities()
        form = able.intake(can).media_type
        job_id = await self._create(title, able.template(can, self._tray))
        try:
            if on_created is not None:
                await on_created(job_id)
        except BaseException:
            await self._drop(job_id)
            raise
        sent: dict[str, Given] = {"job-id": job_id, "document-format": form, "last-document": True}
        try:
            await self._ipp.ask(Operation.SEND_DOCUMENT, sent, document=document)
        except PrinterNotGenuine:
            raise  # not one byte of the document went out
        except PrinterRefused:
            await self._drop(job_id)
            raise
        except PrinterError as error:
            raise SubmissionUncertain("the answer to Send-Document is lost", job_id) from error
        return job_id

    async def _create(self, title: str, template: dict[str, Given]) -> int:
        created = await self._ipp.ask(Operation.CREATE_JOB, {"job-name": title}, template=template)
        job_id = created.group(JOB).integer("job-id")
        if job_id is None or job_id < 1:
            raise PrinterNonsense("the printer created a job without a number")
        self._created.add(job_id)
        if refused := able.SERIOUS & template.keys() & created.group(UNSUPPORTED).attributes.keys():
            await self._drop(job_id)
            raise PrinterUnfit(f"the printer would print without {', '.join(sorted(refused))}")
        return job_id

    async def job(self, job_id: int) -> JobStatus:
        """How far the job is, and what the printer says meanwhile. Raises JobNotFound."""
        asked: dict[str, Given] = {"job-id": job_id, "requested-attributes": jobs.COUNTED}
        job = (await self._ipp.ask(Operation.GET_JOB_ATTRIBUTES, asked)).group(JOB)
        state = jobs.JOB_STATES.get(job.integer("job-state") or 0)
        if state is None or job.integer("job-id") not in (None, job_id):
            raise PrinterNonsense("the printer does not tell the job's state")
        pages = jobs.sheets_on_paper(job)
        try:
            found = (await self._look())[0].conditions
        except PrinterError:
            found = frozenset({Condition.OFFLINE})  # it went away between the two answers
        return JobStatus(state, pages or 0, found, counted=pages is not None)

    async def cancel(self, job_id: int) -> JobStatus:
        """Ask the printer to give the job up, and say how the job stands then: it may still be processing.

        A job that had ended before is no error (Cancel-Job, RFC 8011 §4.3.3). Raises JobNotFound.
        """
        try:
            await self._ipp.ask(Operation.CANCEL_JOB, {"job-id": job_id})
        except PrinterRefused as error:
            if error.status != _NOT_POSSIBLE:
                raise
        return await self.job(job_id)

    async def clear(self) -> None:
        """Cancel whatever of ours the printer still holds, and wait until it holds nothing. Raises JobLeft."""
        for _ in range(_CLEAR_LOOKS):
            left, ours_only = await self._jobs("not-completed")
            owners = {job.job_id: jobs.owner(job, self._created, asked_for_mine=ours_only) for job in left}
            ours = [job_id for job_id, owner in owners.items() if owner is jobs.Owner.OURS]
            if not ours:
                if jobs.Owner.UNTOLD in owners.values():
                    raise JobLeft("the printer holds a job and does not tell whose it is")
                self._created.clear()
                return
            for job_id in ours:
                with contextlib.suppress(PrinterRefused):
                    await self._ipp.ask(Operation.CANCEL_JOB, {"job-id": job_id})
            await asyncio.sleep(_CLEAR_PAUSE_S)
        raise JobLeft("the printer does not give up a job that was cancelled")

    async def find(self, title: str) -> int | None:
        """The newest job of this title that the printer remembers (Get-Jobs, RFC 8011 §4.2.6), or None."""
        known = [job for which in ("completed", "not-completed") for job in (await self._jobs(which))[0]]
        return max((job.job_id for job in known if title in job.names), default=None)

    async def _jobs(self, which: str) -> tuple[tuple[jobs.Listed, ...], bool]:
        """The printer's list, and whether it took `my-jobs`; `which` is `completed` or `not-completed`."""
        asked: dict[str, Given] = {"which-jobs": which, "requested-attributes": jobs.ASKED}
        try:
            return jobs.listed(await self._ipp.ask(Operation.GET_JOBS, {**asked, "my-jobs": True})), True
        except PrinterRefused as error:
            if error.status not in (_BAD_REQUEST, _VALUES_NOT_SUPPORTED):
                raise
        return jobs.listed(await self._ipp.ask(Operation.GET_JOBS, asked)), False

    async def close(self) -> None:
        """Let go of the network; the object can be used again."""
        self._can = None
        await self._ipp.close()

    async def _abilities(self) -> Capabilities:
        if self._can is None:
            self._can = able.capabilities(await self._printer(able.ASKED))
        return self._can

    async def _printer(self, asked: tuple[str, ...]) -> Group:
        """These attributes of the printer. One that is away may come back as another."""
        try:
            answer = await self._ipp.ask(Operation.GET_PRINTER_ATTRIBUTES, {"requested-attributes": asked})
        except PrinterError:
            self._can = None
            raise
        return answer.group(PRINTER)

    async def _drop(self, job_id: int) -> None:
        with contextlib.suppress(PrinterError):
            await asyncio.shield(self._ipp.ask(Operation.CANCEL_JOB, {"job-id": job_id}))


def _model(printer: Group) -> tuple[str, ...]:
    return printer.texts("printer-make-and-model")


def _address(uri: str, certificate: Path | None, usb: IppUsb) -> Callable[[], str]:
    """Where the printer is, to be asked before each request: a USB printer's port changes when it is replugged."""
    try:
        parts = urlsplit(uri)
        scheme, valid = parts.scheme, bool(parts.hostname) and parts.port != 0
    except ValueError:
        scheme, valid = "", False
    if scheme == "usb" and (serial := uri.removeprefix("usb:")):
        scheme, valid = "usb", True
    if not valid or scheme not in ("ipp", "ipps", "usb"):
        raise PrinterAddressInvalid("the printer's address is not ipp://HOST[:PORT]/PATH, ipps://… or usb:SERIAL")
    if certificate is not None and scheme != "ipps":
        raise PrinterAddressInvalid("a printer's certificate goes with an ipps:// address only")
    return (lambda: usb.uri(serial)) if scheme == "usb" else (lambda: uri)
