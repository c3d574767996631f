"""`kiosk ledger`: what this kiosk issued, whether the record of it holds, and a copy for elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from config.schema import Settings
    from kiosk.issuance.ledger import Ledger
    from kiosk.issuance.verification import Verdict
    from registry.models import LedgerHead

app = typer.Typer(no_args_is_help=True, help="The issuance ledger.", rich_markup_mode=None, add_completion=False)

_Config = Annotated[Path, typer.Option("--config", help="the configuration file")]
_Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]
_Copy = Annotated[Path | None, typer.Argument(help="an export, or a copy of a ledger's file; without it, this kiosk's")]
_Certificates = Annotated[
    list[Path] | None, typer.Option("--certificate", help="the device's certificate (PEM); more than one if it changed")
]


def _settings(config: Path) -> Settings:
    from config import load

    return load(config).settings


def _path(settings: Settings) -> Path:
    return settings.kiosk.state / "ledger.sqlite"


def _view(config: Path) -> Ledger:
    from kiosk.issuance.ledger import Ledger

    return Ledger.view(_path(_settings(config)))


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
def verify(
    copy: _Copy = None, certificate: _Certificates = None, config: _Config = CONFIGURATION, as_json: _Json = False
) -> None:
    """Check every entry against the one before it, and every checkpoint against the entries; status 1 when one fails.

    With --certificate the checkpoints must also be signed by that device. Compare the head with what the registry
    received last: only that shows a ledger put back from a copy.

    Example: kiosk ledger verify --config kiosk.toml
    Example: kiosk ledger verify ledger.json --certificate device.pem
    """
    import dataclasses

    from kiosk.issuance.exports import verify_copy
    from kiosk.issuance.keeper import load_certificates, signed_by

    settings = None if copy is not None else _settings(config)
    known = load_certificates(certificate or []) or (_own_certificates(settings) if settings else [])
    verdict = verify_copy(copy or _path(_settings(config)), signed_by(known))
    holds = verdict.valid and (verdict.is_signed or not certificate)
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(verdict), "signed": verdict.is_signed}))
    else:
        typer.echo(_in_words(verdict, demanded=bool(certificate)), err=not holds)
    if not holds:
        raise typer.Exit(1)


def _in_words(verdict: Verdict, *, demanded: bool) -> str:
    if not verdict.valid:
        return f"the ledger does not hold from entry {verdict.at}: {verdict.reason}"
    if demanded and not verdict.is_signed:
        return f"the entries hold, and that device has signed only up to entry {verdict.signed_up_to} of {verdict.seq}"
    counts = f"{verdict.entries} entries, {verdict.open} grants open, head {verdict.head}"
    signed = f"signed up to entry {verdict.signed_up_to}" if verdict.signed_up_to else "no known key has signed"
    return f"the ledger holds: {counts}; {verdict.checkpoints} checkpoints, {signed}"


def _own_certificates(settings: Settings) -> list[Certificate]:
    """This kiosk's, where it can be read: an auditor's machine, or an unprepared one, has none."""
    from kiosk.issuance.errors import LedgerKeyUnfit
    from kiosk.issuance.keeper import load_certificates

    try:
        return load_certificates([settings.registry.device_certificate])
    except LedgerKeyUnfit:
        return []


@app.command()
def export(config: _Config = CONFIGURATION, as_json: _Json = False) -> None:
    """The whole ledger with its hashes, checkpoints and device certificate, to be checked elsewhere.

    It is JSON with or without --json (docs/ledger.md).

    Example: kiosk ledger export --config kiosk.toml > ledger.json
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    own = _own_certificates(_settings(config))
    with _view(config) as ledger:
        exported = ledger.export(own[0].public_bytes(Encoding.DER) if own else None)
    typer.echo(json.dumps(exported, indent=None if as_json else 2))


@app.command()
def retire(config: _Config = CONFIGURATION, as_json: _Json = False) -> None:
    """Put a ledger aside that cannot be used, and begin a new one in its place; nothing is deleted.

    Asks the registry what it knows of the old one. Refused while a session runs, and for a ledger that can be used.

    Example: kiosk ledger retire --config kiosk.toml
    """
    import asyncio

    from kiosk.issuance.retirement import retire as put_aside

    settings = _settings(config)
    retired = put_aside(_path(settings), asyncio.run(_told(settings)))
    if as_json:
        folder = str(retired.folder) if retired.folder else None
        typer.echo(
            json.dumps(
                {"folder": folder, "why": retired.why, "seq": retired.seq, "head": retired.head, "open": retired.open}
            )
        )
        return
    typer.echo(f"put aside into {retired.folder or 'nothing: no file was left'} ({retired.why})")
    typer.echo(f"its last entry that holds: {retired.seq} {retired.head or ''}".rstrip())
    for grant in retired.open:
        typer.echo(f"not settled, tell the registry's operator: {grant}")


async def _told(settings: Settings) -> LedgerHead:
    """What the registry knows of this kiosk's ledger. Raises RegistryError: without it nothing is retired."""
    from kiosk.registry import open_registry

    async with open_registry(settings.registry) as registry:
        return await registry.ledger_head()
