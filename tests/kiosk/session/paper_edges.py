"""A registry, a signer, a renderer and printers of a few lines each, that do what the test says."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pypdfium2

from drivers.printers.port import Condition, Evidence, Intake, JobState, JobStatus, PrinterStatus
from printing.documents import DocumentCatalogue, PageRequest
from printing.forms import Form
from registry.client import SignedAct, SignedGrant
from registry.errors import Unreachable
from registry.models import ActRequest, BirthAct, Challenge, Grant, GrantRequest, LedgerHead, Settlement

SHA = "ab" * 32


def one_page() -> bytes:
    document, written = pypdfium2.PdfDocument.new(), io.BytesIO()
    document.new_page(595, 842)
    document.save(written)
    return written.getvalue()


@dataclass
class FakePrinter:
    """`conditions` it says of itself; `sure` whether it can tell what came out; `papers` that did."""

    evidence: Evidence
    conditions: frozenset[Condition] = frozenset()
    sure: bool = True
    papers: list[str] = field(default_factory=list)

    async def intake(self) -> Intake:
        return Intake("application/pdf")

    async def status(self) -> PrinterStatus:
        return PrinterStatus(accepting=True, conditions=self.conditions)

    async def clear(self) -> None:
        return

    async def submit(
        self, document: bytes, *, title: str, on_created: Callable[[int], Awaitable[None]] | None = None
    ) -> int:
        assert on_created is not None
        await on_created(len(self.papers) + 1)
        self.papers.append(title)
        return len(self.papers)

    async def job(self, job_id: int) -> JobStatus:
        return JobStatus(JobState.COMPLETED, 1, self.conditions, counted=self.sure)

    async def cancel(self, job_id: int) -> JobStatus:
        return await self.job(job_id)

    async def close(self) -> None:
        return


class FakeRegistry:
    """Grants everything; `away` answers nothing, so often that it `refused`; `head` is what it knows of the ledger."""

    def __init__(self) -> None:
        self.away = False
        self.refused = 0
        self.granted: list[str] = []
        self.settled: dict[str, Settlement] = {}
        self.head = LedgerHead(seq=0, head=None)

    async def ledger_head(self) -> LedgerHead:
        self._answer()
        return self.head

    async def act(self, asked: ActRequest) -> SignedAct:
        self._answer()
        return SignedAct("act", SHA, BirthAct.model_construct())

    async def challenge(self) -> Challenge:
        self._answer()
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
        return Challenge(challenge_id=secrets.token_hex(16), nonce=secrets.token_hex(32), expires_at=soon)

    async def grant(self, grant_id: str, request: GrantRequest) -> SignedGrant:
        self._answer()
        self.granted.append(grant_id)
        now = dt.datetime.now(dt.UTC)
        grant = Grant(
            grant_id=grant_id,
            reference=f"DZ-2026-1601-{len(self.granted):07}",
            act_sha256=request.act_sha256,
            document_type=request.document_type,
            language=request.language,
            copy_number=1,
            kiosk="demo-1",
            requester=SHA,
            capacity="self",
            card_proof="active-authentication",
            holder_proof="pin",
            status_list="demo",
            status_index=0,
            template_sha256=request.template_sha256,
            issued_at=now,
            expires_at=now + dt.timedelta(minutes=15),
        )
        return SignedGrant(grant_id, grant)

    async def settle(self, grant_id: str, settlement: Settlement) -> None:
        self._answer()
        assert grant_id not in self.settled, "told twice"
        self.settled[grant_id] = settlement
        assert settlement.ledger_seq is not None
        self.head = LedgerHead(seq=settlement.ledger_seq, head=settlement.ledger_head)

    def _answer(self) -> None:
        if self.away:
            self.refused += 1
            raise Unreachable("no route")


@dataclass(frozen=True)
class SignedPdf:
    pdf: bytes
    sha256: str


class FakeSigner:
    async def status(self) -> None:
        return

    async def issue(self, act_jws: str, grant_jws: str, form: Form) -> SignedPdf:
        pdf = one_page()
        return SignedPdf(pdf, hashlib.sha256(pdf).hexdigest())

    async def forget(self, grant_id: str) -> None:
        return


class FakeRenderer:
    """The documents that ship; a preview is one word, and `set` keeps in which form each was asked for."""

    def __init__(self) -> None:
        self.catalogue = DocumentCatalogue()
        self.set: list[Form] = []

    def preview(self, page: PageRequest, ppi: float) -> list[bytes]:
        self.set.append(page.form)
        return [b"page"]

    def forget(self) -> None:
        return
