"""`kiosk ledger`: what this kiosk issued, whether the record of it holds, and a copy for elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    from kiosk.issuance.ledger import Ledger

app = typer.Typer(no_args_is_help=True, help="The issuance ledger.", rich_markup_mode=None, add_completion=False)

_Config = Annotated[Path, typer.Option("--config", help="the configuration file")]
_Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]


def _view(config: Path) -> Ledger:
    from config import load
    from kiosk.issuance.ledger import Ledger

    return Ledger.view(load(config).settings.kiosk.state / "ledger.sqlite")


@app.command("list")
def list_(config: _Config = CONFIGURATION, as_json: _Json = False) -> None:
    """One line a document, oldest first. Example: kiosk ledger list --config kiosk.toml"""
    import dataclasses
    import datetime as dt

    from kiosk.issuance.summary import lines

    with _view(config) as ledger:
        listed = lines(ledger.entries())
    if as_json:
        typer.echo(json.dumps({"documents": [dataclasses.asdict(line) for line in listed]}))
        return
    for line in listed:
        began = dt.datetime.fromtimestamp(line.began, dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        state = line.settled_as or f"open at {line.step}"
        words = [began, line.reference or "-", line.document_type, line.language, line.outcome or "-", state]
        typer.echo("  ".join([*words, *([line.code] if line.code else [])]))


@app.command()
def verify(config: _Config = CONFIGURATION, as_json: _Json = False) -> None:
    """Check every entry against the one before it; status 1 when one does not hold.

    Compare the head with what the registry received last: only that shows a ledger put back from a copy.

    Example: kiosk ledger verify --config kiosk.toml
    """
    import dataclasses

    from kiosk.issuance.errors import LedgerDamaged
    from kiosk.issuance.ledger import Verdict

    try:
        with _view(config) as ledger:
            verdict = ledger.verify()
    except LedgerDamaged as error:
        verdict = Verdict.unreadable(error)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(verdict)))
    elif verdict.valid:
        typer.echo(f"the ledger holds: {verdict.entries} entries, {verdict.open} grants open, head {verdict.head}")
    else:
        typer.echo(f"the ledger does not hold from entry {verdict.at}: {verdict.reason}", err=True)
    if not verdict.valid:
        raise typer.Exit(1)


@app.command()
def export(config: _Config = CONFIGURATION, as_json: _Json = False) -> None:
    """The whole ledger with its hashes, to be checked elsewhere; as JSON with or without --json.

    Example: kiosk ledger export --config kiosk.toml > ledger.json
    """
    with _view(config) as ledger:
        exported = ledger.export()
    typer.echo(json.dumps(exported, indent=None if as_json else 2))
