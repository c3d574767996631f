"""`kiosk issue`: one visit without a screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    from config.schema import Settings
    from kiosk.session.scripted import Answers

NO_CARD_S = 10.0


def issue(
    types: Annotated[list[str], typer.Argument(help="document types, such as birth-extract")],
    can: Annotated[str, typer.Option(help="the six digits on the card; - reads them from standard input")] = "",
    mrz: Annotated[str, typer.Option(help="DOCNO|YYMMDD|YYMMDD (number, birth, expiry); - reads it")] = "",
    pin: Annotated[str, typer.Option(help="the card's PIN; - reads it from standard input")] = "-",
    reader: Annotated[str, typer.Option(help="PC/SC reader to use")] = "",
    printer: Annotated[str, typer.Option(help="laser or thermal; the settings' order without it")] = "",
    language: Annotated[str, typer.Option(help="ar or fr")] = "ar",
    config: Annotated[Path, typer.Option(help="the configuration file")] = CONFIGURATION,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """One visit without a screen. Example: kiosk issue birth-extract --can 123456 --pin 1234 --json"""
    import asyncio
    import json

    from config import load
    from kiosk.catalogue import log
    from kiosk.errors import RefusedInProduction, WrongUsage
    from kiosk.session.scripted import Answers

    settings = load(config).settings
    if settings.profile == "production":
        raise RefusedInProduction("documents are issued at the screen only")
    if bool(can) == bool(mrz) or language not in settings.session.languages:
        raise WrongUsage("give --can or --mrz, and a language the kiosk offers")
    if printer:
        settings = _with_printer(settings, printer)
    if reader:
        settings = settings.model_copy(update={"reader": settings.reader.model_copy(update={"name": reader})})
    log.configure()
    password, digits = _password(_given(can), _given(mrz)), _given(pin)
    visits = [asyncio.run(_visit(settings, Answers(password, digits, kind, language))) for kind in types]
    result = _together(visits)
    if as_json:
        typer.echo(json.dumps(result))
    else:
        for document in result["documents"]:
            typer.echo(f"{document['outcome']} {document['type']} {document['reference']} ({document['evidence']})")
    raise typer.Exit(0 if result["outcome"] == "printed" else _status(result["codes"]))


def _with_printer(settings: Settings, name: str) -> Settings:
    """The settings with this printer and no other. Raises WrongUsage for one that they do not have."""
    from kiosk.errors import WrongUsage

    addresses = {"laser": settings.laser.uri, "thermal": settings.thermal.address}
    if not addresses.get(name):
        there = " or ".join(each for each, address in addresses.items() if address)
        raise WrongUsage(f"--printer is {there}")
    printing = settings.printing.model_copy(update={"order": (name,)})
    return settings.model_copy(update={"printing": printing})


def _given(value: str) -> str:
    if value != "-":
        return value
    import getpass
    import sys

    return getpass.getpass("") if sys.stdin.isatty() else sys.stdin.readline().strip()


def _password(can: str, mrz: str) -> dict[str, str]:
    if can:
        return {"can": can}
    from kiosk.errors import WrongUsage

    parts = mrz.split("|")
    if len(parts) != 3:
        raise WrongUsage("--mrz takes DOCNO|YYMMDD|YYMMDD")
    return dict(zip(("document_number", "date_of_birth", "date_of_expiry"), parts, strict=True))


async def _visit(settings: Settings, answers: Answers) -> dict[str, Any]:
    import asyncio

    from kiosk.session.scripted import ScriptedCitizen
    from kiosk.session.service import open_session

    async with open_session(settings) as session:
        citizen = ScriptedCitizen(session.runner, answers)
        session.runner.attach(citizen)
        running = asyncio.create_task(session.runner.run())
        card = asyncio.create_task(session.counter.desk.occupied())
        try:
            await asyncio.wait((card, citizen.ended), timeout=NO_CARD_S, return_when=asyncio.FIRST_COMPLETED)
            code = await citizen.ended if card.done() or citizen.ended.done() else "E-CARD-ABSENT"
        finally:
            card.cancel()
            running.cancel()
        await session.counter.settled()
        return {"code": code, "ending": session.counter.ending, "times": session.counter.times}


def _together(visits: list[dict[str, Any]]) -> dict[str, Any]:
    endings = [v["ending"] for v in visits if v["ending"] is not None]
    outcomes = [e.outcome.value for e in endings] + ["failed" for v in visits if v["ending"] is None]
    worst = next(o for o in ("unknown", "failed", "printed") if o in outcomes)
    times = [v["times"] for v in visits]
    return {
        "outcome": worst,
        "documents": [
            {
                "reference": e.reference,
                "type": e.document_type,
                "outcome": e.outcome.value,
                "evidence": e.evidence.value,
                "pages": e.pages,
            }
            for e in endings
        ],
        "codes": [v["code"] for v in visits if v["code"]],
        "timings_ms": {k: round(sum(t[k] for t in times), 1) for k in times[0]},
    }


def _status(codes: list[str]) -> int:
    import sys

    from kiosk.catalogue.codes import entry

    for code in codes:
        print(f"error {code}: {entry(code).cause} {entry(code).remedy}", file=sys.stderr)  # noqa: T201
    return max((entry(code).status for code in codes), default=1)
