"""`kiosk bench`: try one device alone."""

from __future__ import annotations

import json
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiosk.commands.bench_scanner import scanner
from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    from config.schema import Settings
    from drivers.printers.port import Intake, Printer, PrinterStatus
    from printing.forms import Form
    from printing.job import PaperOutcome, Progress

app = typer.Typer(help="Try one device alone.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)

MOST_PAGES = 50
app.command("scanner")(scanner)

_Config = Annotated[Path, typer.Option(help="the configuration file")]
_Page = Annotated[bool, typer.Option("--page/--no-page", help="print a test page, or only ask the status")]
_Pages = Annotated[int, typer.Option(min=1, max=MOST_PAGES, help="how many pages, one after the other in one job")]
_Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]


@dataclass(slots=True)
class _Trial:
    """What was asked of a printer and what came of it. Times in milliseconds, from when the page was handed in."""

    status: PrinterStatus
    intake: Intake
    status_ms: float
    outcome: PaperOutcome | None = None
    millimetres: int = 0
    begun_ms: float = 0.0
    pages_ms: list[float] = field(default_factory=list)
    paper_ms: float = 0.0

    @property
    def minutes(self) -> float:
        return self.paper_ms / 60_000

    @property
    def pages_per_minute(self) -> float:
        """From page to page where there are several: how long the first takes says little."""
        if len(self.pages_ms) > 1 and self.pages_ms[-1] > self.pages_ms[0]:
            return (len(self.pages_ms) - 1) * 60_000 / (self.pages_ms[-1] - self.pages_ms[0])
        return len(self.pages_ms) / self.minutes


@app.callback()
def _bench() -> None:
    """Try one device alone."""


@app.command("laser")
def laser(
    config: _Config = CONFIGURATION,
    uri: Annotated[str, typer.Option(help="a printer's address instead of the configured one")] = "",
    page: _Page = True,
    pages: _Pages = 1,
    as_json: _Json = False,
) -> None:
    """The laser printer: its status, and test pages followed until they are on paper.

    A running session is waited for until nobody is served, and held off meanwhile.

    Example: kiosk bench laser --uri ipp://localhost:8631/ipp/print --pages 5
    """
    import asyncio

    from config import load
    from config.schema import Laser
    from kiosk.printers import open_laser

    settings = None if uri else load(config).settings
    ours = settings.laser if settings else Laser().model_copy(update={"uri": uri})
    _needs(ours.uri, "laser.uri")
    trial = asyncio.run(_between_visits(settings, open_laser(ours), "a4", pages if page else 0, ours.deadline))
    _tell("laser", ours.uri, trial, as_json)


@app.command("thermal")
def thermal(
    config: _Config = CONFIGURATION,
    address: Annotated[str, typer.Option(help="a printer's address instead of the configured one")] = "",
    model: Annotated[str, typer.Option(help="its model, where an address is given")] = "generic-80",
    page: _Page = True,
    pages: _Pages = 1,
    as_json: _Json = False,
    models: Annotated[bool, typer.Option("--models", help="only list the models there are profiles of")] = False,
) -> None:
    """The ticket printer: its status, and test strips followed until it has echoed that they are out.

    A ticket printer listens to one at a time: while a session holds it, this is refused.

    Example: kiosk bench thermal --address tcp://127.0.0.1:9100 --model epson-tm-t20iii
    """
    import asyncio

    from config import load
    from config.schema import Thermal
    from kiosk.printers import open_thermal

    if models:
        return _list_models(as_json)
    settings = None if address else load(config).settings
    ours = settings.thermal if settings else Thermal().model_copy(update={"address": address, "model": model})
    _needs(ours.address, "thermal.address")
    if settings is not None:
        asyncio.run(_refuse_while_held(settings))
    trial = asyncio.run(_try(open_thermal(ours), "ticket", pages if page else 0, ours.deadline))
    _tell("thermal", ours.address, trial, as_json)


def _needs(address: str, key: str) -> None:
    from kiosk.errors import WrongUsage

    if not address:
        raise WrongUsage(f"{key} is empty: there is no such printer here")


async def _refuse_while_held(settings: Settings) -> None:
    """Raises PrinterBusy when a session runs: it has the line, and may have a citizen's ticket on it."""
    from drivers.printers.errors import PrinterBusy
    from drivers.printers.escpos.ports import BUSY
    from kiosk.session.control import ControlClient, SessionAway

    try:
        await ControlClient(settings.session.control).health()
    except SessionAway:
        return
    raise PrinterBusy("the session holds the ticket printer; stop kiosk-session first", BUSY)


async def _between_visits(
    settings: Settings | None, printer: Printer, form: Form, pages: int, deadline: float
) -> _Trial:
    """With a page to print, not while a session serves somebody; and none begins meanwhile."""
    from kiosk.session.control import ControlClient, SessionAway

    async with AsyncExitStack() as stack:
        if settings is not None and pages:
            with suppress(SessionAway):
                await stack.enter_async_context(ControlClient(settings.session.control).hold())
        return await _try(printer, form, pages, deadline)


async def _try(printer: Printer, form: Form, pages: int, deadline: float) -> _Trial:
    """Status, then so many pages. Raises PrinterError when the printer cannot be asked; lets go of it in the end."""
    from printing.job import measure, print_document
    from printing.trial_page import trial_page

    try:
        start = time.perf_counter()
        status = await printer.status()
        trial = _Trial(status, await printer.intake(), _ms_since(start))
        if pages:
            document = trial_page(form, pages)
            trial.millimetres = measure(document).millimetres
            start = time.perf_counter()

            async def begun(_: int) -> None:
                trial.begun_ms = _ms_since(start)

            async def out(progress: Progress) -> None:
                new = progress.pages - len(trial.pages_ms)
                trial.pages_ms += [_ms_since(start)] * new

            trial.outcome = await print_document(
                printer,
                document,
                title=f"kiosk bench {form}",
                deadline=deadline * pages,
                on_progress=out,
                on_submitted=begun,
            )
            trial.paper_ms = _ms_since(start)
            trial.pages_ms += [trial.paper_ms] * (trial.outcome.pages - len(trial.pages_ms))
        return trial
    finally:
        await printer.close()


def _ms_since(start: float) -> float:
    return (time.perf_counter() - start) * 1000


def _tell(device: str, address: str, trial: _Trial, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_as_json(device, address, trial)))
    else:
        _say(device, trial)
    _end(trial, as_json)


def _as_json(device: str, address: str, trial: _Trial) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "device": device,
        "uri": address,
        "model": trial.status.model,
        "takes": {"media_type": trial.intake.media_type, "dpi": trial.intake.dpi, "width": trial.intake.width},
        "ready": trial.status.ready,
        "conditions": sorted(trial.status.conditions),
        "job": None,
        "throughput": None,
        "timings_ms": {"status": round(trial.status_ms, 1)},
    }
    if (outcome := trial.outcome) is not None:
        answer["job"] = {
            "outcome": outcome.outcome,
            "evidence": outcome.evidence,
            "pages": outcome.pages,
            "code": outcome.error.code if outcome.error else None,
        }
        answer["timings_ms"] |= {"begun": round(trial.begun_ms, 1), "paper": round(trial.paper_ms, 1)}
        if outcome.outcome == "printed":
            answer["throughput"] = _throughput(device, trial)
    return answer


def _throughput(device: str, trial: _Trial) -> dict[str, float]:
    if device == "thermal":
        return {"mm_per_minute": round(trial.millimetres / trial.minutes)}
    return {"pages_per_minute": round(trial.pages_per_minute, 1)}


def _say(device: str, trial: _Trial) -> None:
    conditions = ", ".join(sorted(trial.status.conditions)) or "nothing to report"
    typer.echo(f"printer {trial.status.model or 'does not tell its model'}, takes {trial.intake.media_type}")
    typer.echo(f"status  {'ready' if trial.status.ready else 'not ready'}: {conditions} ({trial.status_ms:.0f} ms)")
    if (outcome := trial.outcome) is None:
        return
    typer.echo(f"page    {outcome.outcome} ({outcome.evidence}), {outcome.pages} on paper ({trial.paper_ms:.0f} ms)")
    if outcome.outcome == "printed":
        ((unit, speed),) = _throughput(device, trial).items()
        typer.echo(f"speed   begun after {trial.begun_ms:.0f} ms, {speed:g} {unit.replace('_per_', ' a ')}")
        typer.echo("look    the rulers measure true, every stripe and dot is there, Arabic letters join, codes scan")


def _list_models(as_json: bool) -> None:
    from drivers.printers.escpos.models import load_model, model_names

    models = {name: load_model(name) for name in model_names()}
    if as_json:
        typer.echo(json.dumps({name: model.model_dump() for name, model in models.items()}))
        return
    for name, model in models.items():
        proof = "echoes what is out" if model.echo else "proves nothing"
        near = "near-end sensor" if model.near_end else "no near-end sensor"
        typer.echo(
            f"{name:18} {model.name}: {model.width} dots, {model.dpi} dpi, cutter {model.cutter}, {proof}, {near}"
        )


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
