"""A kiosk with a real runner, counter, staff desk, ledger and issuance; around it a card that is always right, a
registry and a signer of a few lines, and two printers that do what the test says."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import io
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import pypdfium2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from config.schema import Kiosk, Printing, Settings, Staff, Thermal
from drivers.printers.port import Condition, Evidence, Intake, JobState, JobStatus, PrinterStatus
from kiosk.issuance.keeper import DeviceKeeper
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Issuance
from kiosk.issuance.records import Record, StationName
from kiosk.issuance.station import Station
from kiosk.session import events as e
from kiosk.session.counter import Counter
from kiosk.session.errand import Errand, Parts, Tell
from kiosk.session.protocol import EventName, ScreenEvent, Snapshot
from kiosk.session.runner import Runner
from kiosk.session.scripted import Answers, ScriptedCitizen
from kiosk.session.staff_desk import StaffDesk
from kiosk.staff.pin import set_pin
from printing.documents import DocumentCatalogue, DocumentType, PageRequest
from printing.forms import Form
from printing.job import print_document
from registry.client import SignedAct, SignedGrant
from registry.errors import Unreachable
from registry.models import (
    ActRequest,
    BirthAct,
    Challenge,
    Grant,
    GrantRequest,
    LedgerHead,
    Presented,
    Settlement,
)

PIN, WRONG = "739184", "739185"
SHA = "ab" * 32
KEEPER = DeviceKeeper(ec.derive_private_key(1601, ec.SECP256R1()), b"")


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
    """Grants everything; `away` answers nothing; `head` is what it knows of the ledger."""

    def __init__(self) -> None:
        self.away = False
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


class RightCard:
    """In place of `Identification`: a card that opens, proves itself and belongs to Amina."""

    def __init__(
        self,
        post: Callable[[e.Event], None],
        _parts: Parts,
        _desk: object,
        tell: Tell,
        form_of: Callable[[DocumentType], Form | None],
    ) -> None:
        self._post = post
        self._tell = tell
        self._form_of = form_of

    async def await_card(self) -> None:
        self._post(e.CardIn())

    async def probe(self, errand: Errand) -> None:
        self._tell(errand, e.AsksCan())

    async def open(self, errand: Errand, fields: dict[str, str]) -> None:
        self._tell(errand, e.Opened(3))

    async def prove(self, errand: Errand, pin: str) -> None:
        errand.presented = Presented.model_construct(presentation_id="0f" * 16)
        papers = tuple(
            e.Paper(d.type, d.title("ar"), d.title("fr"), tuple(d.languages), self._form_of(d))
            for d in DocumentCatalogue().types()
        )
        self._tell(errand, e.Identified("أمينة", "Amina", papers))


Meets = Callable[["PaperTown", Snapshot], None]


class Citizen(ScriptedCitizen):
    """Keeps every snapshot; `on` says what the test does as a screen appears; `again` asks for another print."""

    def __init__(self, town: PaperTown, answers: Answers, on: dict[str, Meets], *, again: bool) -> None:
        super().__init__(town.runner, answers)
        self._town = town
        self._on = on
        self._again = again
        self.seen: list[Snapshot] = []

    def show(self, snapshot: Snapshot) -> None:
        arrived = not self.seen or self.seen[-1].screen != snapshot.screen
        if arrived and (meets := self._on.get(snapshot.screen)) is not None:
            meets(self._town, snapshot)
        self.seen.append(snapshot)
        if snapshot.screen == "stray" and snapshot.data["again"] and self._again:
            self._again = False
            self._say(snapshot, "again")
            return
        super().show(snapshot)

    def last(self, screen: str) -> dict[str, Any]:
        return next(shown.data for shown in reversed(self.seen) if shown.screen == screen)

    @property
    def screens(self) -> list[str]:
        """Without repetition."""
        return [screen for screen, _ in groupby(shown.screen for shown in self.seen)]


class Technician:
    """Stands before the screen, sees its newest snapshot and touches it."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._news: asyncio.Queue[Snapshot] = asyncio.Queue()
        self.shown: Snapshot | None = None

    def show(self, snapshot: Snapshot) -> None:
        self._news.put_nowait(snapshot)

    async def sees(self, wanted: Callable[[Snapshot], bool]) -> Snapshot:
        while self.shown is None or not wanted(self.shown):
            self.shown = await asyncio.wait_for(self._news.get(), 20)
        return self.shown

    def says(self, name: EventName, **value: str) -> None:
        assert self.shown is not None
        self._runner.from_screen(ScreenEvent(seq=self.shown.seq, name=name, value=value))


@dataclass
class PaperTown:
    runner: Runner
    counter: Counter
    issuance: Issuance
    ledger: Ledger
    registry: FakeRegistry
    renderer: FakeRenderer
    laser: FakePrinter
    thermal: FakePrinter
    settings: Settings

    async def visit(self, on: dict[str, Meets] | None = None, *, again: bool = False, **answers: Any) -> Citizen:
        """Amina's, until the paper, or until the screen says that there is none."""
        told = {"password": {"can": "123456"}, "pin": "1234", "document_type": "birth-extract", "language": "ar"}
        citizen = Citizen(self, Answers(**{**told, **answers}), on or {}, again=again)
        self.runner.attach(citizen)
        running = asyncio.create_task(self.runner.run())
        try:
            await asyncio.wait_for(asyncio.shield(citizen.ended), 20)
        finally:
            running.cancel()
        await self.counter.settled()
        return citizen

    @asynccontextmanager
    async def technician(self) -> AsyncIterator[Technician]:
        """Somebody with the staff PIN, let in."""
        person = Technician(self.runner)
        self.runner.attach(person)
        running = asyncio.create_task(self.runner.run())
        try:
            await person.sees(lambda shown: shown.screen == "attract")
            person.says("staff")
            await person.sees(lambda shown: bool(shown.data.get("asked")))
            person.says("staff_pin", pin=PIN)
            yield person
        finally:
            running.cancel()

    def books(self) -> list[tuple[Record, ...]]:
        """Every grant's steps, in the order of their first."""
        subjects = dict.fromkeys(entry.subject for entry in self.ledger.entries() if len(entry.subject) == 32)
        return [self.ledger.records(subject) for subject in subjects]

    def steps(self) -> list[list[str]]:
        return [[record.step for record in records] for records in self.books()]


@cache
def staff_pin_file() -> bytes:
    """Made once: it is meant to take its time."""
    with tempfile.TemporaryDirectory() as folder:
        set_pin(Path(folder) / "staff.pin", PIN)
        return (Path(folder) / "staff.pin").read_bytes()


async def no_checks() -> AsyncIterator[Any]:
    return
    yield


def settings_in(folder: Path, printing: Printing | None = None) -> Settings:
    return Settings(
        profile="demo",
        kiosk=Kiosk(state=folder / "state"),
        staff=Staff(pin_file=folder / "staff.pin"),
        thermal=Thermal(address="tcp://printer.example:9100"),
        printing=printing or Printing(),
    )


@asynccontextmanager
async def paper_town(
    folder: Path, patch: pytest.MonkeyPatch, printing: Printing | None = None
) -> AsyncIterator[PaperTown]:
    """A kiosk with both printers, its staff PIN set, and nobody before it."""
    settings = settings_in(folder, printing)
    settings.staff.pin_file.write_bytes(staff_pin_file())
    settings.staff.pin_file.chmod(0o600)
    runner = Runner(settings)
    patch.setattr("kiosk.session.counter.Identification", partial(RightCard, runner.post))
    patch.setattr("kiosk.session.counter.questions", lambda parts, desk: {})
    for thing in ("CardDesk.start", "DeviceHints.start", "DeviceHints.stop"):
        patch.setattr(f"kiosk.session.counter.{thing}", lambda self: None)

    async def sign(_desk: object, nonce: bytes) -> bytes:
        return base64.b64encode(nonce)

    patch.setattr("kiosk.session.counter.CardDesk.sign", sign)
    laser, thermal = FakePrinter("ipp-completed"), FakePrinter("escpos-echo")
    stations = (
        Station(StationName.LASER, "a4", settings.laser.uri, laser, 0.0),
        Station(StationName.THERMAL, "ticket", settings.thermal.address, thermal, 0.0),
    )
    registry, signer, renderer = FakeRegistry(), FakeSigner(), FakeRenderer()
    with Ledger.open(settings.kiosk.state / "ledger.sqlite", KEEPER) as ledger:
        issuance = Issuance(ledger, registry, signer, stations=stations, print_document=print_document)
        fakes: Any = (registry, signer, stations, issuance, renderer, cast(Any, None))
        counter = Counter(Parts(settings, *fakes), runner.post, runner.availability)
        runner.use(counter)
        runner.go_by(settings)
        desk = StaffDesk(settings, runner.post, runner.availability, no_checks)
        runner.also(desk)
        await counter.start()
        try:
            yield PaperTown(runner, counter, issuance, ledger, registry, renderer, laser, thermal, settings)
        finally:
            desk.stop()
            await counter.stop()
