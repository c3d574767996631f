"""A kiosk with a real runner, counter, staff desk, ledger and issuance; a card that is always right; `paper_edges`."""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from config.schema import Kiosk, Printing, Settings, Staff, Thermal
from kiosk.issuance.keeper import DeviceKeeper
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Issuance
from kiosk.issuance.records import Record, Settled, StationName, Submitting
from kiosk.issuance.station import Station
from kiosk.session import events as e
from kiosk.session import holder_events as holder
from kiosk.session.counter import Counter
from kiosk.session.errand import Errand, Parts, Tell
from kiosk.session.protocol import EventName, ScreenEvent, Snapshot
from kiosk.session.runner import Runner
from kiosk.session.scripted import Answers, ScriptedCitizen
from kiosk.session.staff_desk import StaffDesk
from kiosk.staff.pin import set_pin
from printing.documents import DocumentCatalogue, DocumentType
from printing.forms import Form
from printing.job import print_document
from registry.models import (
    Presented,
)
from tests.kiosk.session.paper_edges import FakePrinter, FakeRegistry, FakeRenderer, FakeSigner

PIN, WRONG = "739184", "739185"
KEEPER = DeviceKeeper(ec.derive_private_key(1601, ec.SECP256R1()), b"")


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
        self._tell(errand, e.Opened())

    async def examine(self, errand: Errand) -> None:
        errand.card = cast(Any, SimpleNamespace(signs=True))
        self._tell(errand, holder.AsksPin(3))

    async def prove(self, errand: Errand, pin: str) -> None:
        errand.presented = Presented.model_construct(presentation_id="0f" * 16)
        papers = tuple(
            e.Paper(d.type, d.title("ar"), d.title("fr"), tuple(d.languages), self._form_of(d))
            for d in DocumentCatalogue().types()
        )
        self._tell(errand, e.Identified("أمينة", "Amina", papers))


Meets = Callable[["PaperTown", Snapshot], None]


class Citizen(ScriptedCitizen):
    """Keeps every snapshot; `on` says what the test does as a screen appears; `again` asks for another print.

    Who `leaves` on a screen answers none from there on.
    """

    def __init__(self, town: PaperTown, answers: Answers, on: dict[str, Meets], *, again: bool, leaves: str) -> None:
        super().__init__(town.runner, answers)
        self._town = town
        self._on = on
        self._again = again
        self._leaves = leaves
        self._gone = False
        self.seen: list[Snapshot] = []

    def show(self, snapshot: Snapshot) -> None:
        if self.ended.done():
            return
        arrived = not self.seen or self.seen[-1].screen != snapshot.screen
        if arrived and (meets := self._on.get(snapshot.screen)) is not None:
            meets(self._town, snapshot)
        self.seen.append(snapshot)
        self._gone = self._gone or snapshot.screen == self._leaves
        if self._gone:
            if snapshot.screen == "attract":
                self._end(None)
            return
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


Test = Callable[["PaperTown"], Awaitable[None]]


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

    async def visit(
        self, on: dict[str, Meets] | None = None, *, again: bool = False, leaves: str = "", **answers: Any
    ) -> Citizen:
        """Amina's, until the paper, or until the screen says that there is none."""
        told = {"password": {"can": "123456"}, "pin": "1234", "document_type": "birth-extract", "language": "ar"}
        citizen = Citizen(self, Answers(**{**told, **answers}), on or {}, again=again, leaves=leaves)
        self.runner.attach(citizen)
        running = asyncio.create_task(self.runner.run())
        try:
            await asyncio.wait_for(asyncio.shield(citizen.ended), 20)
        finally:
            running.cancel()
        await self.counter.settled()
        return citizen

    async def leave(self) -> None:
        """Take the paper and go: the kiosk waits for the next citizen."""
        running = asyncio.create_task(self.runner.run())
        gone = asyncio.Event()
        self.runner.post(e.Taken())
        self.runner.post(e.Start())
        self.runner.pulse(gone.set)
        await asyncio.wait_for(gone.wait(), 20)
        running.cancel()
        assert self.runner.between_visits
        await self.counter.settled()

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

    def settled(self) -> list[tuple[str, str]]:
        """How each grant ended, as the registry was told."""
        return [(s.outcome, s.evidence) for records in self.books() for s in records if isinstance(s, Settled)]

    def stations_used(self) -> list[str]:
        """Where each document was sent."""
        return [s.station.value for records in self.books() for s in records if isinstance(s, Submitting)]

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
