"""A kiosk's life in the model's world: visits, recoveries, and a death that leaves everything as it is.

kiosk = Kiosk(world)
kiosk.visit(Visit(station="thermal", answer="yes", clerk="looks"))
kiosk.die()                                # `kill -9`; or kiosk.stop(), in good order
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from keeper_of_tests import KEEPER
from model_edges import SHA, Registry, Signer
from model_printers import Laser, Thermal
from model_world import World
from virtual_time import VirtualLoop

from kiosk.issuance.errors import DocumentAltered, LedgerError, LedgerFull
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Ending, Issuance, Issued
from kiosk.issuance.records import CameOut, Outcome, StationName
from kiosk.issuance.recovery import Recovered
from kiosk.issuance.rules import job_title
from kiosk.issuance.station import Station
from printing.job import Progress, print_document
from registry.client import SignedAct
from registry.errors import RegistryError
from registry.models import BirthAct
from signing.errors import SigningError

ACT = SignedAct("act.jws", SHA, BirthAct.model_construct())
PATIENCE = 3.0
STEPS = (
    "requested", "granted", "signed", "submitting", "submitted", "evidence", "answered", "confirmed", "failed",
    "settled",
)  # fmt: skip
KIOSK_FAULTS = ("card-gone", "screen-dies", *(f"full {step}" for step in STEPS))


class CardGone(Exception):
    code = "E-CARD-REMOVED"


@dataclass(frozen=True)
class Visit:
    """`answer` and `clerk` are for an unknown paper: a clerk `looks` for a whole one, or errs (`mistaken`)."""

    station: Literal["laser", "thermal"] = "laser"
    answer: CameOut | None = CameOut.SILENT
    clerk: Literal["looks", "mistaken"] | None = None
    ends: Literal["paper", "void"] = "paper"
    meanwhile: float | None = None
    """So many seconds into the visit, what was left open before is brought to its end."""


class WatchedLedger(Ledger):
    world: World

    def append(self, subject: str, record: Any) -> Any:
        if f"full {record.step}" in self.world.faults:
            raise LedgerFull("no room")
        self.world.at(f"before ledger {record.step}")
        entry = super().append(subject, record)
        if record.step == "submitting":
            self.world.began(subject, record.station.value)
        self.world.at(f"after ledger {record.step}")
        return entry


class Kiosk:
    """One process, from its start to its death. What a visit may raise in the session ends the visit here."""

    ledger_kind: type[WatchedLedger] = WatchedLedger
    registry_kind: type[Registry] = Registry
    signer_kind: type[Signer] = Signer
    laser_kind: type[Laser] = Laser
    thermal_kind: type[Thermal] = Thermal
    print_document = staticmethod(print_document)

    def __init__(self, world: World) -> None:
        self.world = world
        self._loop = VirtualLoop()
        self._ledger = self.ledger_kind.open(world.ledger, KEEPER)
        self._ledger.world = world
        self.issuance = Issuance(
            self._ledger,
            self.registry_kind(world),
            self.signer_kind(world),
            stations=[
                Station(StationName.LASER, "a4", "ipp://laser.example/", self.laser_kind(world), PATIENCE),
                Station(StationName.THERMAL, "ticket", "tcp://ticket.example:9100", self.thermal_kind(world), PATIENCE),
            ],
            print_document=self.print_document,
        )

    def visit(self, visit: Visit) -> Ending | None:
        """The paper's ending, where it came so far."""
        with suppress(RegistryError, SigningError, LedgerFull, DocumentAltered, CardGone, ConnectionError):
            return self._loop.run_until_complete(self._visit(visit))
        return None

    async def _visit(self, visit: Visit) -> Ending | None:
        recovery = None if visit.meanwhile is None else asyncio.ensure_future(self._recover(visit.meanwhile))
        try:
            return await self._issue(visit)
        finally:
            if recovery is not None:
                await recovery

    async def _recover(self, after: float) -> None:
        await asyncio.sleep(after)
        with suppress(LedgerFull):
            await self.issuance.deliver()

    async def _issue(self, visit: Visit) -> Ending | None:
        issued = await self.issuance.prepare(
            ACT,
            presentation_id="0f" * 16,
            document_type="birth-extract",
            language="ar",
            template_sha256=SHA,
            station=StationName(visit.station),
            sign_presence=self._card,
        )
        if visit.ends == "void":
            await self.issuance.void(issued)
            return None
        ending = await self.issuance.put_on_paper(issued, self._screen)
        return await self._ask(visit, issued) if ending.outcome is Outcome.UNKNOWN else ending

    async def _ask(self, visit: Visit, issued: Issued) -> Ending | None:
        """Whatever is said of an unknown paper, the end of the visit settles it."""
        try:
            if visit.answer is not None:
                self.issuance.answered(issued, visit.answer)
            seen = self.world.originals(job_title(issued.grant_id)) > 0
            if visit.clerk == "mistaken" or (visit.clerk == "looks" and seen):
                return await self.issuance.confirm(issued)
        except LedgerError:
            pass
        await self.issuance.void(issued)
        return None

    async def _card(self, nonce: bytes) -> bytes:
        if "card-gone" in self.world.faults:
            raise CardGone("the card is not in the reader")
        return nonce

    async def _screen(self, progress: Progress) -> None:
        assert 0 <= progress.pages <= progress.of
        if "screen-dies" in self.world.faults:
            raise ConnectionResetError

    def deliver(self) -> Recovered:
        return self._loop.run_until_complete(self.issuance.deliver())

    def stop(self) -> None:
        self._loop.end()
        self._ledger.close()

    def die(self) -> None:
        """As `kill -9` leaves it: the kernel takes lock and file away, and nothing is written any more."""
        self._loop.end()
        writer, self._ledger._writer = self._ledger._writer, None
        self._ledger._connection.close()
        if writer is not None:
            os.close(writer.lock)
