"""From a citizen's choice to paper, at most once, each step durable before the next.

    issuance = Issuance(ledger, registry, signer, stations=…, print_document=…)
    await issuance.deliver()                                    # at start: close what an earlier run left open
    issued = await issuance.prepare(act, station=…, …)          # requested → granted → signed
    ending = await issuance.put_on_paper(issued, on_progress)   # submitting → submitted → evidence → settled
    issuance.answered(issued, CameOut.YES)                      # of an unknown paper the citizen is asked
    ending = await issuance.confirm(issued)                     # and a member of staff may have seen it
    await issuance.void(issued, code="E-…")                     # or, when the visit ends first

1. No step is taken before the ledger holds the one before it. When the ledger refuses, nothing more is
   done: the grant stays as it is recorded, and recovery closes it.
2. `submitting` stands before the first byte goes to the printer, and stands once; before it the printer has
   given up whatever was sent earlier. One at a time is at the printers, a visit or the recovery of an earlier
   one: what the one clears away must not be what the other prints.
3. A paper of which nothing is known keeps its grant open until it is confirmed or voided: the visit's end voids.
4. Nothing is issued before the registry was asked how far it knows this ledger: one put back to an older day
   would issue twice.
5. A grant that came to no paper is VOIDED. When the registry is away the settlement waits in the ledger,
   and `deliver` (called at start, and between visits) brings it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from contextlib import suppress

from drivers.printers.errors import PrinterError
from kiosk.catalogue.codes import code_of
from kiosk.issuance.errors import Abandoned
from kiosk.issuance.granting import Wanted, grant_and_sign
from kiosk.issuance.issued import Ending as Ending
from kiosk.issuance.issued import Issued as Issued
from kiosk.issuance.issued import ending_of
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.ports import OnProgress, PaperOutcome, PrintDocument, Registry, Signer, SignPresence
from kiosk.issuance.records import (
    Answered,
    CameOut,
    Confirmed,
    Failed,
    Outcome,
    Requested,
    StationName,
    Submitted,
    Submitting,
)
from kiosk.issuance.recovery import Recovered, bring, decide, evidence_of, forget, settle
from kiosk.issuance.rollback import check_against
from kiosk.issuance.rules import (
    Abandon,
    AskPrinter,
    check_next,
    job_title,
    next_action,
)
from kiosk.issuance.station import Station, by_name
from printing.job import measure
from registry.client import SignedAct
from registry.errors import RegistryAbsent, RegistryError
from registry.models import Language


class Issuance:
    """Issues documents, one visit at a time, at the stations there are."""

    def __init__(
        self,
        ledger: Ledger,
        registry: Registry,
        signer: Signer,
        *,
        stations: Iterable[Station],
        print_document: PrintDocument,
    ) -> None:
        self._ledger = ledger
        self._registry = registry
        self._signer = signer
        self._stations = by_name(stations)
        self._print_document = print_document
        self._live: set[str] = set()
        self._delivering = asyncio.Lock()
        self._at_printer = asyncio.Lock()
        self._head_known = False

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    # -- choice → signed document

    async def prepare(
        self,
        act: SignedAct,
        *,
        presentation_id: str,
        document_type: str,
        language: Language,
        template_sha256: str,
        station: StationName,
        sign_presence: SignPresence,
    ) -> Issued:
        """Ask the registry for a grant, with the card still in the reader, and have the document signed for a station.

        Raises what the registry, the card or the signer raised, after recording it and voiding the grant;
        LedgerError when the ledger cannot record, or is older than the registry knows it. Cancelling it
        records `failed`; `deliver` then voids.
        """
        await self._check_head()
        grant_id = secrets.token_hex(16)
        wanted = Wanted(presentation_id, document_type, language, template_sha256, self._stations[station].form)
        self._ledger.append(grant_id, Requested(document_type=document_type, language=language))
        self._live.add(grant_id)
        try:
            grant, pdf = await grant_and_sign(
                self._ledger, self._registry, self._signer, grant_id, act, wanted, sign_presence
            )
            return Issued(grant, station, pdf, measure(pdf))
        except asyncio.CancelledError:
            self._live.discard(grant_id)
            self._ledger.append(grant_id, Failed(code=Abandoned.code))
            raise
        except Exception as error:
            self._heard(error)
            await self._give_up(grant_id, code_of(error))
            raise

    # -- signed document → paper

    async def put_on_paper(self, issued: Issued, on_progress: OnProgress) -> Ending:
        """Print it, once, and tell the registry. Every ending is returned, good or bad.

        An `unknown` one is not settled: `confirm` or `void` must follow. Raises StepRefused when it was put on
        paper, or voided, before. Raises LedgerError when the ledger cannot record, and what `on_progress`
        raises: the job is cancelled, and `deliver` finds out what became of it. So it does after a cancelled
        call.
        """
        async with self._at_printer:
            return await self._put_on_paper(self._stations[issued.station], issued, on_progress)

    async def _put_on_paper(self, station: Station, issued: Issued, on_progress: OnProgress) -> Ending:
        submitting = Submitting(
            station=station.name,
            printer=station.digest(self._ledger.keeper),
            pages=issued.size.pages,
            length=issued.size.pages if station.form == "a4" else issued.size.millimetres,
        )
        check_next(self._ledger.records(issued.grant_id), submitting)
        held = False
        try:
            try:
                await station.printer.clear()
            except PrinterError as error:
                self._ledger.append(issued.grant_id, Failed(code=error.code))
                await self._settle(issued.grant_id)
                return ending_of(self._ledger, issued, frozenset())
            self._ledger.append(issued.grant_id, submitting)
            paper = await self._print(station, issued, on_progress)
            on_paper = evidence_of(paper)
            self._ledger.append(issued.grant_id, on_paper)
            held = on_paper.outcome is Outcome.UNKNOWN
            if not held:
                await self._settle(issued.grant_id)
        finally:
            if not held:
                self._live.discard(issued.grant_id)
        return ending_of(self._ledger, issued, paper.conditions)

    async def _print(self, station: Station, issued: Issued, on_progress: OnProgress) -> PaperOutcome:
        taken: list[int] = []

        async def on_submitted(job_id: int) -> None:
            taken.append(job_id)
            self._ledger.append(issued.grant_id, Submitted(job_id=job_id))

        try:
            return await self._print_document(
                station.printer,
                issued.pdf,
                title=job_title(issued.grant_id),
                deadline=station.deadline,
                on_progress=on_progress,
                on_submitted=on_submitted,
            )
        except Exception:
            # Nobody follows the job any more: it must not come out behind a citizen's back.
            for job_id in taken:
                with suppress(PrinterError):
                    await station.printer.cancel(job_id)
            raise

    # -- a paper of which nothing is known

    def answered(self, issued: Issued, came_out: CameOut) -> None:
        """Record what the citizen says of the paper. Raises StepRefused, LedgerError."""
        self._ledger.append(issued.grant_id, Answered(came_out=came_out))

    async def confirm(self, issued: Issued) -> Ending:
        """A member of staff has seen the whole paper: it is printed. Raises StepRefused, LedgerError."""
        self._ledger.append(issued.grant_id, Confirmed(pages=issued.size.pages))
        try:
            await self._settle(issued.grant_id)
        finally:
            self._live.discard(issued.grant_id)
        return ending_of(self._ledger, issued, frozenset())

    # -- ends

    async def void(self, issued: Issued, *, code: str = Abandoned.code) -> bool:
        """End a signed document that will not be printed: the visit is over. `code` says why.

        True when the registry knows how the grant ended. One that is being printed is left alone. Raises
        LedgerError.
        """
        if isinstance(next_action(self._ledger.records(issued.grant_id)), AskPrinter):
            return False
        return await self._give_up(issued.grant_id, code)

    async def decide(self) -> Recovered:
        """Find out what became of every open grant that no visit holds; all of them wait. Raises LedgerError."""
        async with self._delivering:
            return Recovered((), len(await self._decide()), None)

    async def deliver(self) -> Recovered:
        """`decide`, and tell the registry. Raises LedgerError; nothing was written where it is LedgerRolledBack."""
        async with self._delivering:
            with suppress(RegistryError):  # one that is away: settling says so
                await self._check_head()
            recovered = await bring(self._ledger, self._registry, await self._decide())
            self._head_known = self._head_known and not recovered.waiting
            return recovered

    async def _decide(self) -> tuple[str, ...]:
        return await decide(
            self._ledger,
            self._stations.values(),
            signer=self._signer,
            live=self._live,
            at_printer=self._at_printer,
        )

    async def _check_head(self) -> None:
        """Once, and again after the registry was away. Raises LedgerRolledBack, RegistryError."""
        if not self._head_known:
            check_against(self._ledger, await self._registry.ledger_head())
            self._head_known = True

    def _heard(self, error: Exception) -> None:
        """While the registry is away, another might issue in this kiosk's name: an older disk, for one."""
        if isinstance(error, RegistryAbsent):
            self._head_known = False

    async def _give_up(self, grant_id: str, code: str) -> bool:
        try:
            if isinstance(next_action(self._ledger.records(grant_id)), Abandon):
                self._ledger.append(grant_id, Failed(code=code))
            return await self._settle(grant_id)
        finally:
            self._live.discard(grant_id)

    async def _settle(self, grant_id: str) -> bool:
        await forget(self._signer, grant_id)
        try:
            await settle(self._ledger, self._registry, grant_id)
        except RegistryError as error:
            self._heard(error)
            return False  # the ledger keeps it open, and `deliver` says why it waits
        return True
