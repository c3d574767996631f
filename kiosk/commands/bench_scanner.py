"""`kiosk bench scanner`: what the scanners of machine readable zones see, without showing whose it is."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    from config.scanner import Scanner
    from drivers.scanners.port import Zone

_SIZES = {30: "TD1", 36: "TD2", 44: "TD3"}


def scanner(
    config: Annotated[Path, typer.Option(help="the configuration file")] = CONFIGURATION,
    pictures: Annotated[
        Path | None, typer.Option(help="a folder of pictures instead of the configured scanners")
    ] = None,
    count: Annotated[int, typer.Option(min=0, max=100, help="how many zones to wait for; 0 only opens")] = 1,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="how long to wait for each")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """The scanners: whether each is there, and what kind of zone it reads. Nothing that was read is shown.

    A scanner listens to one at a time: stop kiosk-session first.

    Example: kiosk bench scanner --count 3
    """
    from config import load
    from config.scanner import Scanner
    from drivers.scanners.errors import ScannerAbsent

    ours = Scanner(pictures=pictures.absolute()) if pictures else load(config).settings.scanner
    answer = asyncio.run(_try(ours, count, seconds))
    if not answer["scanners"]:
        from kiosk.errors import WrongUsage

        raise WrongUsage("[scanner] is empty: there is no scanner here")
    typer.echo(json.dumps(answer) if as_json else _words(answer))
    if any(answer["scanners"].values()) or len(answer["zones"]) < count:
        if as_json:
            raise typer.Exit(3)
        raise ScannerAbsent("not every scanner is there, or not every zone came in time")


async def _try(settings: Scanner, count: int, seconds: float) -> dict[str, Any]:
    """Each scanner's code or None, and of each zone its size and the time it took in milliseconds."""
    from kiosk.scanners import open_scanners, scanners

    names = [scanner.name for scanner in scanners(settings)]
    seen: list[dict[str, Any]] = []
    if not names:
        return {"device": "scanner", "scanners": {}, "zones": seen}
    first = asyncio.Event()
    opened = open_scanners(settings, lambda *_: first.set() if len(opened.states) == len(names) else None)
    opened.start()
    try:
        async with aclosing(opened.zones()) as zones, asyncio.timeout(seconds * max(count, 1)):
            waiting: asyncio.Future[Zone] = asyncio.ensure_future(anext(zones))
            try:
                await first.wait()
                while len(seen) < count:
                    start = time.perf_counter()
                    zone = await waiting
                    took = (time.perf_counter() - start) * 1000
                    seen.append({"size": _SIZES[len(zone.lines[0])], "ms": round(took, 1)})
                    waiting = asyncio.ensure_future(anext(zones))
            finally:
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
    except TimeoutError:
        pass
    finally:
        await opened.stop()
    return {"device": "scanner", "scanners": {name: opened.states.get(name, "") for name in names}, "zones": seen}


def _words(answer: dict[str, Any]) -> str:
    lines = [
        f"{name:8}{'is there' if code is None else code or 'says nothing'}" for name, code in answer["scanners"].items()
    ]
    lines += [f"zone    {zone['size']}, check digits right ({zone['ms']:.0f} ms)" for zone in answer["zones"]]
    return "\n".join(lines)
