"""`kiosk diagnose`: every part looked at, what is wrong with it, and what to do about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    from kiosk.commands.diagnose_view import View
    from kiosk.diagnostics import Report

_BETWEEN_S = 2.0
REPORT = "install-report"


def diagnose(
    config: Annotated[Path, typer.Option(help="the configuration file")] = CONFIGURATION,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="look again and again, and mark what changed")] = False,
    install: Annotated[
        bool, typer.Option("--install", help="accept an installation: every check counts, with a card and a page")
    ] = False,
) -> None:
    """Look at every part: what is wrong, and what to do about it. Status 0: citizens can be served; 1: not.

    Example: sudo kiosk diagnose --watch
    """
    import asyncio

    from kiosk.commands.diagnose_view import view
    from kiosk.errors import WrongUsage

    if watch and (as_json or install):
        raise WrongUsage("--watch goes with neither --json nor --install")
    if install:
        typer.echo("Put a card into the reader; a test page will be printed.", err=True)
    with view(quiet=as_json, installing=install) as shown:
        report = asyncio.run(_watched(config, shown) if watch else _looked(config, shown, installing=install))
    if install:
        _keep(config, report)
    if as_json:
        typer.echo(report.model_dump_json())
    raise typer.Exit(0 if report.ready else 1)


async def _looked(
    config: Path, shown: View, *, installing: bool = False, firmware: dict[str, str | None] | None = None
) -> Report:
    """One round. Raises ConfigMissing: without a configuration there is nothing to look at."""
    from config import ConfigError, ConfigMissing, load
    from kiosk.diagnostics import Report, here, not_loaded, run

    shown.begin()
    try:
        settings = load(config).settings
    except ConfigMissing:
        raise
    except ConfigError as error:
        checks = not_loaded(error, installing=installing)
        for check in checks:
            shown.ended(check)
    else:
        place = here(settings, installing=installing, firmware=firmware)
        checks = [check async for check in run(settings, place=place, on_end=shown.ended)]
    report = Report(checks=checks)
    shown.end(report)
    return report


async def _watched(config: Path, shown: View) -> Report:
    """Round after round until SIGINT or SIGTERM; the last whole one."""
    import asyncio
    import signal

    enough = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, enough.set)
    firmware: dict[str, str | None] = {}
    while True:
        report = await _looked(config, shown, firmware=firmware)
        try:
            async with asyncio.timeout(_BETWEEN_S):
                await enough.wait()
            return report
        except TimeoutError:
            continue


def _keep(config: Path, report: Report) -> None:
    """The acceptance of this installation, as data and to be read, in the folder where it was asked for."""
    import datetime as dt
    from importlib.metadata import version

    from config import ConfigError, load
    from kiosk.commands.diagnose_view import line, verdict
    from kiosk.errors import WrongUsage

    try:
        kiosk = load(config).settings.kiosk.id
    except ConfigError:
        kiosk = ""
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    head = {"kiosk": kiosk, "version": version("shubbak"), "at": at}
    told = [*(f"{key}: {value}" for key, value in head.items()), "", *map(line, report.checks), "", verdict(report)]
    try:
        Path(f"{REPORT}.json").write_text(json.dumps(head | report.model_dump(), indent=1) + "\n", encoding="utf-8")
        Path(f"{REPORT}.txt").write_text("\n".join(told) + "\n", encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"the report cannot be written into this folder: {error.strerror}") from error
    typer.echo(f"{REPORT}.json and {REPORT}.txt are in this folder", err=True)
