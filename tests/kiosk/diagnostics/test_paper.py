"""The checks of the ticket printer and of the paper's books, and a kiosk that has only one kind of printer."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.schema import Settings
from drivers.printers.port import Condition
from drivers.simulated.thermal import VirtualThermal
from kiosk.issuance.checkpoints import EVERY
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Counted, Loaded, PaperRecord, StationName, paper_of
from kiosk.issuance.stock import PaperAccount
from kiosk.session.control import ControlClient, Health, SessionAway
from kiosk.session.control_protocol import PARTS, Part, PrinterTold
from tests.kiosk.diagnostics.conftest import Bench
from tests.kiosk.issuance.keeper_of_tests import KEEPER

NOBODY_KEEPS = "nobody keeps its books"


class Session:
    """Says of the ticket printer what the test wants; without `told` and `code` it has none open; may be away."""

    def __init__(self, told: PrinterTold | None = None, code: str | None = None, *, away: bool = False) -> None:
        printers: dict[Part, PrinterTold] = {"thermal": told} if told else {}
        parts = {part: code if part == "thermal" else None for part in PARTS}
        self._health = Health(release=None, between_visits=True, parts=parts, printers=printers)
        self._away = away

    async def health(self) -> Health:
        if self._away:
            raise SessionAway("nobody answers")
        return self._health

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        yield


@pytest.fixture(scope="module")
def ticket_printer() -> Iterator[VirtualThermal]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder, VirtualThermal(Path(folder)) as printer:
        yield printer


def with_ticket_printer(bench: Bench, address: str) -> Settings:
    return bench.with_settings("thermal", address=address)


# --- the ticket printer


@pytest.mark.parametrize(
    ("told", "code", "status", "names"),
    [
        (PrinterTold(model="TM-T20", conditions=()), None, "ok", "TM-T20, ready"),
        (PrinterTold(model="TM-T20", conditions=(Condition.PAPER_LOW,)), "E-PRINTER-PAPER-LOW", "degraded", "near"),
        (None, "E-PRINTER-CUTTER", "failed", "blade is stuck"),
    ],
)
def test_of_a_ticket_printer_in_use_the_session_tells(
    bench: Bench, told: PrinterTold | None, code: str | None, status: str, names: str
) -> None:
    """Its one line is the session's: nobody else may be on it."""
    settings = with_ticket_printer(bench, "tcp://printer.invalid:9100")
    found = bench.check("thermal", settings=settings, session=Session(told, code if told is None else None))
    assert (found.status, found.code) == (status, code) and names in found.detail
    assert (found.remedy is None) == (code is None)


@pytest.mark.parametrize("away", [True, False])
def test_a_ticket_printer_that_no_session_has_is_asked_itself(
    bench: Bench, ticket_printer: VirtualThermal, away: bool
) -> None:
    settings = with_ticket_printer(bench, ticket_printer.address)

    def check() -> Any:
        return bench.check("thermal", settings=settings, session=Session(away=away))

    well = check()
    assert well.status == "ok" and well.detail.endswith("ready (asked directly)")
    ticket_printer.control.cover(open=True)
    try:
        assert (check().status, check().code) == ("failed", "E-PRINTER-COVER-OPEN")
    finally:
        ticket_printer.control.cover(open=False)


def test_a_ticket_printer_that_does_not_answer(bench: Bench) -> None:
    settings = with_ticket_printer(bench, "tcp://printer.invalid:9100")
    assert bench.check("thermal", settings=settings, session=Session(away=True)).code == "E-PRINTER-UNREACHABLE"


def test_a_model_nobody_knows(bench: Bench) -> None:
    settings = bench.with_settings("thermal", address="tcp://printer.invalid:9100", model="typewriter")
    assert bench.check("thermal", settings=settings, session=Session(away=True)).code == "E-PRINTER-MODEL"


def test_a_kiosk_without_one_of_the_printers_misses_nothing(bench: Bench) -> None:
    found = bench.check(settings=bench.with_settings("laser", uri=""), session=Session())
    assert {found[name].status for name in ("printer", "supplies", "thermal")} == {"ok"}
    assert found["stock"].status == "ok"


# --- the laser printer


def test_a_printer_without_the_tray_of_the_settings(bench: Bench) -> None:
    found = bench.check(settings=bench.with_settings("laser", tray="tray-9"))
    assert found["printer"].code == "E-PRINTER-UNFIT" and found["supplies"].status == "skipped"


# --- the books


def books(bench: Bench, folder: Path, *records: tuple[StationName, PaperRecord]) -> Settings:
    """Settings of a kiosk with both printers, and these records in its ledger."""
    with Ledger.open(folder / "ledger.sqlite", KEEPER) as ledger:
        for station, record in records:
            ledger.append(paper_of(station), record)
    thermal = bench.settings.thermal.model_copy(update={"address": "tcp://printer.invalid:9100"})
    kiosk = bench.settings.kiosk.model_copy(update={"state": folder})
    return bench.settings.model_copy(update={"thermal": thermal, "kiosk": kiosk})


def test_books_that_nobody_keeps(bench: Bench, tmp_path: Path) -> None:
    found = bench.check("stock", settings=books(bench, tmp_path))
    assert (found.status, found.detail) == ("ok", f"laser: {NOBODY_KEEPS}; thermal: {NOBODY_KEEPS}")


def test_paper_for_how_many_more(bench: Bench, tmp_path: Path) -> None:
    tray, roll = (StationName.LASER, Loaded(units=250)), (StationName.THERMAL, Loaded(units=80_000))
    found = bench.check("stock", settings=books(bench, tmp_path, tray, roll))
    assert found.status == "ok"
    assert found.detail == "laser 250 sheets, for about 250 documents; thermal 80000 mm, for about 228 documents"


def test_paper_for_few_more_and_a_count_that_differs(bench: Bench, tmp_path: Path) -> None:
    loaded, counted = (StationName.LASER, Loaded(units=250)), (StationName.LASER, Counted(units=19))
    found = bench.check("stock", settings=books(bench, tmp_path, loaded, counted))
    assert (found.status, found.code) == ("degraded", "E-PRINTER-PAPER-LOW")
    assert "19 sheets, for about 19 documents, counts differed by -231" in found.detail


def test_what_the_session_books_the_diagnosis_reads(bench: Bench) -> None:
    """The session has the ledger: paper that was put in is told to it, on its control socket."""
    session = ControlClient(bench.settings.session.control)
    before = asyncio.run(session.paper()).get(StationName.LASER, PaperAccount()).expected
    told = asyncio.run(session.paper(StationName.LASER, Counted(units=before + 240)))
    assert told[StationName.LASER].expected == before + 240
    found = bench.check("stock")
    assert found.status == "ok" and found.detail.startswith(f"laser {before + 240} sheets")


def test_a_ledger_that_another_device_signed(bench: Bench, tmp_path: Path) -> None:
    settings = books(bench, tmp_path, *[(StationName.LASER, Loaded(units=250))] * EVERY)
    found = bench.check("ledger", settings=settings)
    assert (found.status, found.code) == ("degraded", "E-LEDGER-KEY")
    assert found.detail.endswith("this device has signed up to entry 0")
    assert bench.check("ledger").status == "ok"


def test_where_there_is_no_ledger_there_are_no_books(bench: Bench, tmp_path: Path) -> None:
    assert bench.check("stock", settings=bench.with_settings("kiosk", state=tmp_path)).status == "skipped"
