"""What each part is asked, and what is made of its answer; disk and clock are real."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from config.clock import Floor
from config.schema import Settings
from config.store import Store
from drivers.printers.port import Condition, PrinterStatus
from kiosk.catalogue.codes import code_of
from kiosk.issuance.records import Loaded, StationName
from kiosk.issuance.station import Station
from kiosk.issuance.stock import PaperAccount, Stock
from kiosk.session import questions as asked
from kiosk.session.availability import Source
from kiosk.session.errand import Parts
from kiosk.session.questions import questions
from kiosk.session.stock_desk import DOCUMENT
from registry.errors import Unreachable
from signing.errors import TimedOut

NOW = dt.datetime.now(dt.UTC)


class Printer:
    def __init__(self) -> None:
        self.says = PrinterStatus(True, frozenset({Condition.PAPER_LOW}), "Epson")
        self.cleared = 0

    async def status(self) -> PrinterStatus:
        return self.says

    async def clear(self) -> None:
        self.cleared += 1


class Registry:
    """Its clock is `ahead` of ours; it says so only when it is asked."""

    def __init__(self) -> None:
        self.ahead: float | None = 0.0
        self.asked = 0
        self.date_now: dt.datetime | None = None
        self.fault: Exception | None = None

    async def health(self) -> None:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        if self.ahead is not None:
            self.date_now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.ahead)


class Signer:
    def __init__(self) -> None:
        self.ends = NOW + dt.timedelta(days=400)
        self.fault: Exception | None = None

    async def status(self) -> Any:
        if self.fault is not None:
            raise self.fault
        return SimpleNamespace(certificate_expires=self.ends)

    async def until_gone(self) -> None:
        await asyncio.Event().wait()


class Desk:
    async def check_reader(self) -> None:
        return


class Kiosk:
    def __init__(self, folder: Path, **sections: Any) -> None:
        state = {"state": folder / "state", "free": 1}
        given = {"profile": "demo", "kiosk": state, "fleet": {"folder": folder / "fleet"}, **sections}
        self.settings = Settings.model_validate(given)
        self.settings.kiosk.state.mkdir()
        self.laser, self.thermal = Printer(), Printer()
        self.registry, self.signer = Registry(), Signer()
        self.stock: Stock = {}
        self.addresses = {StationName.LASER: "ipp://localhost/ipp/print", StationName.THERMAL: "tcp://10.0.0.9:9100"}

    def ask(self, source: Source) -> str | None:
        """The code of the answer; None where the part is ready."""
        return said(self.question(source).ask)

    def question(self, source: Source) -> asked.Question:
        stations = (
            Station(StationName.LASER, "a4", self.addresses[StationName.LASER], cast(Any, self.laser), 60),
            Station(StationName.THERMAL, "ticket", self.addresses[StationName.THERMAL], cast(Any, self.thermal), 60),
        )
        parts = SimpleNamespace(
            settings=self.settings,
            stations=stations,
            registry=self.registry,
            signer=self.signer,
            issuance=SimpleNamespace(ledger=SimpleNamespace(paper=lambda: self.stock)),
        )
        return questions(cast(Parts, parts), cast(Any, Desk()))[source]


def said(ask: Callable[[], Awaitable[object]]) -> str | None:
    async def answer() -> None:
        await ask()

    try:
        asyncio.run(answer())
    except Exception as error:  # noqa: BLE001 - whatever a room raises has its code
        return code_of(error)
    return None


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    return Kiosk(tmp_path)


def test_a_kiosk_that_is_well(kiosk: Kiosk) -> None:
    sources: tuple[Source, ...] = ("laser", "thermal", "reader", "signer", "certificate", "registry", "clock", "disk")
    assert [kiosk.ask(source) for source in sources] == [None] * len(sources)


# --- printers


@pytest.mark.parametrize(
    ("conditions", "accepting", "code"),
    [
        ({Condition.PAPER_LOW}, True, None),
        ({Condition.PAPER_OUT}, True, "E-PRINTER-PAPER-OUT"),
        ({Condition.CUTTER, Condition.OFFLINE}, True, "E-PRINTER-CUTTER"),
        ({Condition.COVER_OPEN}, False, "E-PRINTER-COVER-OPEN"),
        (set(), False, "E-PRINTER-STOPPED"),
    ],
)
def test_each_printer_is_asked_for_itself(
    kiosk: Kiosk, conditions: set[Condition], accepting: bool, code: str | None
) -> None:
    kiosk.thermal.says = PrinterStatus(accepting, frozenset(conditions))
    assert kiosk.ask("thermal") == code
    assert kiosk.ask("laser") is None


def test_a_printer_says_what_it_is_and_gives_up_what_it_holds(kiosk: Kiosk) -> None:
    assert asyncio.run(_told(kiosk.question("laser"))) == kiosk.laser.says
    asyncio.run(_tidied(kiosk.question("laser")))
    assert (kiosk.laser.cleared, kiosk.thermal.cleared) == (1, 0)


async def _told(question: asked.Question) -> object:
    return await question.ask()


async def _tidied(question: asked.Question) -> None:
    await question.tidy()


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("ipp://localhost:60000/ipp/print", True),
        ("usb:0001", True),
        ("usb:04b8:0e28:X1", True),
        ("serial:/dev/ttyUSB0?baud=38400", True),
        ("ipp://[::1]/ipp", True),
        ("tcp://127.0.0.1:9100", True),
        ("tcp://printer.commune.example:9100", False),
        ("ipps://10.0.0.9/ipp/print", False),
        ("ipp://[bad", False),
    ],
)
def test_a_printer_at_this_machine_is_looked_at_every_second(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, address: str, near: bool
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    kiosk.addresses[StationName.LASER] = address
    question = kiosk.question("laser")
    monkeypatch.setattr("kiosk.session.questions.asyncio.sleep", sleep)
    said(question.attend)
    assert slept == [asked.LOOK_S if near else asked.LOOK_FAR_S]


@pytest.mark.parametrize(
    ("left", "code"), [(None, None), (DOCUMENT[StationName.THERMAL], None), (349, "E-KIOSK-PAPER-USED-UP")]
)
def test_a_roll_too_short_for_a_ticket_is_not_begun(kiosk: Kiosk, left: int | None, code: str | None) -> None:
    """The books' word, where they are kept; of a tray the printer sees itself that it is empty."""
    if left is not None:
        kiosk.stock = dict.fromkeys(StationName, PaperAccount().plus(Loaded(units=left)))
    assert kiosk.ask("thermal") == code
    kiosk.stock = {StationName.LASER: PaperAccount().plus(Loaded(units=0))}
    assert kiosk.ask("laser") is None


def test_in_service_a_simulated_printer_is_none(kiosk: Kiosk) -> None:
    kiosk.settings = kiosk.settings.model_copy(update={"profile": "production"})
    kiosk.laser.says = PrinterStatus(True, frozenset(), "DEMO Laser")
    assert kiosk.ask("laser") == "E-CONFIG-DEMO-IN-PRODUCTION"


# --- the signature


@pytest.mark.parametrize(("seconds", "code"), [(60, None), (-1, "E-CERTIFICATE-EXPIRED")])
def test_a_signing_certificate_past_its_end(kiosk: Kiosk, seconds: float, code: str | None) -> None:
    kiosk.signer.ends = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    assert kiosk.ask("certificate") == code
    assert kiosk.ask("signer") is None


def test_a_signer_that_says_nothing_is_one_fault_not_two(kiosk: Kiosk) -> None:
    kiosk.signer.fault = TimedOut("it is busy")
    assert kiosk.ask("signer") == TimedOut.code
    assert kiosk.ask("certificate") is None


# --- clock and disk


@pytest.mark.parametrize(("ahead", "code"), [(100, None), (-100, None), (140, "E-CLOCK-SKEW"), (-140, "E-CLOCK-SKEW")])
def test_the_clock_against_the_registrys(kiosk: Kiosk, ahead: float, code: str | None) -> None:
    kiosk.registry.ahead = ahead
    assert kiosk.ask("clock") == code
    assert kiosk.ask("clock") == code
    assert kiosk.registry.asked == 1, "what it said once is reckoned on"


def test_a_clock_behind_what_was_signed_is_seen_without_the_registry(kiosk: Kiosk) -> None:
    kiosk.registry.fault = Unreachable("the line is cut")
    assert kiosk.ask("clock") is None
    store = Store(kiosk.settings.fleet.folder)
    store.prepare()
    Floor(store.tuf / "floor.json").keep(NOW + dt.timedelta(days=1), 7)
    assert kiosk.ask("clock") == "E-CONFIG-CLOCK"


def test_a_disk_with_too_little_room(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path)
    paper = kiosk.settings.kiosk.model_copy(update={"free": 10**9})
    kiosk.settings = kiosk.settings.model_copy(update={"kiosk": paper})
    assert kiosk.ask("disk") == "E-DISK-FULL"


def test_a_state_folder_that_is_gone_or_none(kiosk: Kiosk) -> None:
    kiosk.settings.kiosk.state.rmdir()
    assert kiosk.ask("disk") == "E-DISK-FAULT"
    kiosk.settings.kiosk.state.write_text("")
    assert kiosk.ask("disk") == "E-DISK-FAULT"


def test_a_disk_that_never_answers(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(work: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("kiosk.session.questions.in_thread", hangs)
    monkeypatch.setattr("kiosk.session.questions.DISK_S", 0.01)
    assert kiosk.ask("disk") == "E-DISK-FAULT"
