"""How long each stage of a visit took, in milliseconds, for the log and `visit.json`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from drivers.printers.port import Printer
from kiosk.issuance.ports import OnProgress, PaperOutcome, PrintDocument
from printing.forms import Form
from printing.job import print_document
from signing.client import SignedDocument, SignerClient

STAGES = ("card", "registry", "seal_and_sign", "submit", "paper")


class Stopwatch:
    """Sums by stage; the citizen's own time (typing, taking the card) belongs to none."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter() - start) * 1000)

    @contextmanager
    def rest(self, name: str) -> Iterator[None]:
        """The time of the block less what other stages took within it."""
        start, before = time.perf_counter(), sum(self._sums.values())
        try:
            yield
        finally:
            within = sum(self._sums.values()) - before
            self.add(name, max(0.0, (time.perf_counter() - start) * 1000 - within))

    def add(self, name: str, milliseconds: float) -> None:
        self._sums[name] += milliseconds

    def milliseconds(self) -> dict[str, float]:
        """Each stage and their `total`."""
        sums = {name: round(value, 1) for name, value in self._sums.items()}
        return {**sums, "total": round(sum(self._sums.values()), 1)}


class TimedSigner:
    """A signer whose work counts as `seal_and_sign` of the visit at hand."""

    def __init__(self, signer: SignerClient, watch: Callable[[], Stopwatch]) -> None:
        self._signer = signer
        self._watch = watch

    async def issue(self, act_jws: str, grant_jws: str, form: Form = "a4") -> SignedDocument:
        with self._watch().stage("seal_and_sign"):
            return await self._signer.issue(act_jws, grant_jws, form)

    async def forget(self, grant_id: str) -> None:
        await self._signer.forget(grant_id)


def timed_printing(watch: Callable[[], Stopwatch]) -> PrintDocument:
    """`print_document`, its way to the printer's acceptance counted as `submit`."""

    async def timed(
        printer: Printer,
        pdf: bytes,
        *,
        title: str,
        deadline: float,
        on_progress: OnProgress,
        on_submitted: Callable[[int], Awaitable[None]],
    ) -> PaperOutcome:
        start = time.perf_counter()

        async def submitted(job_id: int) -> None:
            watch().add("submit", (time.perf_counter() - start) * 1000)
            await on_submitted(job_id)

        return await print_document(
            printer, pdf, title=title, deadline=deadline, on_progress=on_progress, on_submitted=submitted
        )

    return timed
