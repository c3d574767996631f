"""`kiosk demo`: the whole virtual town hall."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    headless: Annotated[bool, typer.Option(help="one scripted visit, then exit (also without a display)")] = False,
    output: Annotated[Path, typer.Option(help="where screens, documents and papers go")] = Path("demo"),
    language: Annotated[str, typer.Option(help="ar or fr")] = "ar",
    printer: Annotated[str, typer.Option(help="laser or thermal: the one asked first")] = "laser",
    seed: Annotated[int, typer.Option(help="draws the population")] = 1,
) -> None:
    """Start the whole virtual town hall. Example: kiosk demo --headless --language fr --output /tmp/visit"""
    import os

    from kiosk.errors import WrongUsage
    from kiosk.simulation.demo import run_headless, run_windowed

    if language not in ("ar", "fr"):
        raise WrongUsage("this version speaks ar and fr")
    if printer not in ("laser", "thermal"):
        raise WrongUsage("the printers are laser and thermal")
    display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if headless or not display:
        raise typer.Exit(run_headless(output, language, printer, seed))
    raise typer.Exit(run_windowed(output, printer, seed))
