"""`kiosk bench`: try one device alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    from drivers.printers.port import PrinterStatus
    from printing.job import PaperOutcome

app = typer.Typer(help="Try one device alone.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True)
class _Trial:
    status: PrinterStatus
    status_ms: float
    outcome: PaperOutcome | None
    paper_ms: float


@app.callback()
def _bench() -> None:
    """Try one device alone."""


@app.command("laser")
def laser(
    config: Annotated[Path, typer.Option(help="the configuration file")] = CONFIGURATION,
    uri: Annotated[str, typer.Option(help="a printer's address instead of the configured one")] = "",
    page: Annotated[bool, typer.Option("--page/--no-page", help="print a test page, or only ask the status")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """The laser printer: its status, and one test page followed until it is on paper.

    Example: kiosk bench laser --uri ipp://localhost:8631/ipp/print
    """
    import asyncio

    from config import load
    from config.schema import Laser

    settings = Laser().model_copy(update={"uri": uri}) if uri else load(config).settings.laser
    trial = asyncio.run(_try_laser(settings.uri, settings.request_deadline, settings.deadline if page else None))
    if as_json:
        typer.echo(json.dumps(_as_json(settings.uri, trial)))
    else:
        _tell(trial)
    _end(trial, as_json)


async def _try_laser(uri: str, request_deadline: float, deadline: float | None) -> _Trial:
    """Status, then (with a deadline) a page. Raises PrinterError when the status cannot be asked."""
    import time

    from drivers.printers.laser import LaserPrinter
    from printing.job import print_document
    from printing.trial_page import trial_page

    document = trial_page() if deadline is not None else b""
    printer = LaserPrinter(uri, request_deadline)
    try:
        start = time.perf_counter()
        status = await printer.status()
        asked = time.perf_counter()
        outcome = None
        if deadline is not None:
            outcome = await print_document(printer, document, title="kiosk bench laser", deadline=deadline)
        return _Trial(status, (asked - start) * 1000, outcome, (time.perf_counter() - asked) * 1000)
    finally:
        await printer.close()


def _as_json(uri: str, trial: _Trial) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "device": "laser",
        "uri": uri,
        "ready": trial.status.ready,
        "conditions": sorted(trial.status.conditions),
        "job": None,
        "timings_ms": {"status": round(trial.status_ms, 1)},
    }
    if (outcome := trial.outcome) is not None:
        answer["job"] = {
            "outcome": outcome.outcome,
            "evidence": outcome.evidence,
            "pages": outcome.pages,
            "code": outcome.error.code if outcome.error else None,
        }
        answer["timings_ms"]["paper"] = round(trial.paper_ms, 1)
    return answer


def _tell(trial: _Trial) -> None:
    conditions = ", ".join(sorted(trial.status.conditions)) or "nothing to report"
    typer.echo(f"status  {'ready' if trial.status.ready else 'not ready'}: {conditions} ({trial.status_ms:.0f} ms)")
    if (outcome := trial.outcome) is not None:
        typer.echo(f"page    {outcome.outcome}, {outcome.pages} on paper ({trial.paper_ms:.0f} ms)")


def _end(trial: _Trial, quiet: bool) -> None:
    """Nothing when all is well; else the error, as exit status only when standard output has said it."""
    from drivers.printers.errors import PrinterStopped, blocked_by
    from kiosk.catalogue.codes import entry

    error = trial.outcome.error if trial.outcome else None
    if trial.outcome is None and not trial.status.ready:
        error = blocked_by(trial.status.conditions) or PrinterStopped("the printer accepts no jobs")
    if error is None:
        return
    if quiet:
        raise typer.Exit(entry(error.code).status)
    raise error
