"""What issuance needs of the rooms below: the shapes of `registry.client`, `signing.client` and `printing.job`.

Small Protocols, so that tests put parts with durable memory and faults of their own behind them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from drivers.printers.port import Printer
from printing.forms import Form
from printing.job import OnProgress as OnProgress
from printing.job import OnSubmitted
from printing.job import PaperOutcome as PaperOutcome
from registry.client import SignedGrant
from registry.models import Challenge, GrantRequest, LedgerHead, Settlement

SignPresence = Callable[[bytes], Awaitable[bytes | None]]
"""The card's raw active-authentication signature over 8 bytes, None from one that signs nothing; raises when the
card is not in the reader."""


class Registry(Protocol):
    """Raises `registry.errors.RegistryError` subclasses only.

    `grant` answers with a grant for exactly this request. `settle` may be repeated unchanged, takes VOIDED
    for an id it has never seen (which closes it), and raises Conflict for a settlement that contradicts.
    `ledger_head` is the newest entry of this kiosk's ledger that a settlement named.
    """

    async def challenge(self) -> Challenge: ...
    async def grant(self, grant_id: str, request: GrantRequest) -> SignedGrant: ...
    async def settle(self, grant_id: str, settlement: Settlement) -> None: ...
    async def ledger_head(self) -> LedgerHead: ...


class SignedDocument(Protocol):
    """`sha256` is of `pdf`, in lower-case hexadecimal."""

    @property
    def pdf(self) -> bytes: ...
    @property
    def sha256(self) -> str: ...


class Signer(Protocol):
    """Raises `signing.errors.SigningError` subclasses only. `forget` drops the bytes it keeps for a grant."""

    async def issue(self, act_jws: str, grant_jws: str, form: Form) -> SignedDocument: ...
    async def forget(self, grant_id: str) -> object: ...


class PrintDocument(Protocol):
    """`printing.job.print_document`: every ending is returned; only what a callback raises comes through."""

    async def __call__(
        self,
        printer: Printer,
        pdf: bytes,
        *,
        title: str,
        deadline: float,
        on_progress: OnProgress,
        on_submitted: OnSubmitted,
    ) -> PaperOutcome: ...


@runtime_checkable
class FindsJobs(Protocol):
    """A printer that can look a job up by its name (IPP Get-Jobs), finished ones included."""

    async def find(self, title: str) -> int | None: ...
