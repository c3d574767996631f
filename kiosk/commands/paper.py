"""`kiosk paper`: how much paper the printers should have, and what somebody did with it.

Sheets at the laser printer, millimetres at the ticket printer. While a session runs it keeps the books, and is
asked to; else they are written here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    from config.schema import Settings
    from kiosk.issuance.records import PaperRecord, StationName
    from kiosk.issuance.stock import PaperAccount, Stock

app = typer.Typer(no_args_is_help=True, help="The printers' paper.", rich_markup_mode=None, add_completion=False)

_Config = Annotated[Path, typer.Option("--config", help="the configuration file")]
_Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]
_Station = Annotated[Literal["laser", "thermal"], typer.Argument(help="whose paper")]
_Units = Annotated[int, typer.Argument(min=0, max=1_000_000, help="sheets (laser), millimetres (thermal)")]


@app.command()
def show(config: _Config = CONFIGURATION, as_json: _Json = False) -> None:
    """What was loaded, printed and spoiled, and what should be left. Example: kiosk paper show --config kiosk.toml"""
    from kiosk.issuance.ledger import Ledger

    settings = _settings(config)
    with Ledger.view(_path(settings)) as ledger:
        _tell(ledger.paper(), as_json)


@app.command()
def loaded(station: _Station, units: _Units, config: _Config = CONFIGURATION, as_json: _Json = False) -> None:
    """Paper was put in, or a roll changed: from now on there is so much. Example: kiosk paper loaded laser 250"""
    from kiosk.issuance.records import Loaded

    _tell(_book(config, station, Loaded(units=units)), as_json)


@app.command()
def counted(station: _Station, units: _Units, config: _Config = CONFIGURATION, as_json: _Json = False) -> None:
    """Somebody looked: there is so much. What the books say otherwise shows as the difference.

    Example: kiosk paper counted thermal 42000
    """
    from kiosk.issuance.records import Counted

    _tell(_book(config, station, Counted(units=units)), as_json)


@app.command()
def spoiled(
    station: _Station,
    units: _Units,
    reason: Annotated[
        Literal["test", "jam", "torn", "other"], typer.Option("--reason", help="why no document stands on it")
    ] = "other",
    config: _Config = CONFIGURATION,
    as_json: _Json = False,
) -> None:
    """Paper was used without a document on it. Example: kiosk paper spoiled laser 2 --reason jam"""
    from kiosk.issuance.records import Spoiled, SpoiledBy

    _tell(_book(config, station, Spoiled(units=units, reason=SpoiledBy(reason))), as_json)


def _settings(config: Path) -> Settings:
    from config import load

    return load(config).settings


def _path(settings: Settings) -> Path:
    return settings.kiosk.state / "ledger.sqlite"


def _book(config: Path, station: str, record: PaperRecord) -> Stock:
    """The paper there is once that is in the books. Raises LedgerError, ControlError."""
    import asyncio

    from kiosk.issuance.errors import LedgerBusy
    from kiosk.issuance.keeper import DeviceKeeper
    from kiosk.issuance.ledger import Ledger
    from kiosk.issuance.records import StationName, paper_of

    settings, name = _settings(config), StationName(station)
    keeper = DeviceKeeper.load(settings.registry.device_key, settings.registry.device_certificate)
    try:
        with Ledger.open(_path(settings), keeper) as ledger:
            ledger.append(paper_of(name), record)
            return ledger.paper()
    except LedgerBusy:
        from kiosk.session.control import ControlClient

        return asyncio.run(ControlClient(settings.session.control).paper(name, record))


def _tell(stock: Stock, as_json: bool) -> None:
    listed = [_facts(station, account) for station, account in stock.items()]
    if as_json:
        typer.echo(json.dumps({"stations": listed}))
        return
    for facts in listed:
        unit, left = facts["unit"], facts["documents_left"]
        books = (
            f"{facts['loaded']} {unit} loaded, {facts['printed']} printed, {facts['spoiled']} spoiled, "
            f"{facts['difference']:+} found when counted"
        )
        should = "nobody said how much there is" if left is None else f"{facts['expected']} {unit} should be left"
        enough = "" if left is None else f", for about {left} more documents"
        typer.echo(f"{facts['station']}: {books}; {should}{enough}")


def _facts(station: StationName, account: PaperAccount) -> dict[str, int | str | None]:
    from kiosk.issuance.stock import DOCUMENT

    return {
        "station": station.value,
        "unit": "sheets" if station == "laser" else "mm",
        **account.model_dump(include={"loaded", "printed", "spoiled", "difference", "counted", "documents"}),
        "expected": account.expected,
        "documents_left": account.documents_left(account.usual(DOCUMENT[station])),
    }
