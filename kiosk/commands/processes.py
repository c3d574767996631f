"""The appliance's processes, as its units start them: `kiosk session`, `kiosk screen`, `kiosk signer`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option(help="the configuration file")]
_DEFAULT = Path("/etc/shubbak/kiosk.toml")


def session(config: Config = _DEFAULT) -> None:
    """The session process: the visit, the card, the ledger. Example: kiosk session --config kiosk.toml"""
    import asyncio

    from config.current import Configuration
    from kiosk.catalogue import log
    from kiosk.session.service import serve

    log.configure()
    asyncio.run(serve(Configuration(config)))


def screen(
    config: Config = _DEFAULT,
    windowed: Annotated[bool, typer.Option(help="in a window, for a desk, not over the whole screen")] = False,
) -> None:
    """The screen process. Example: kiosk screen --windowed --config kiosk.toml"""
    from config import load
    from kiosk.catalogue import events, log
    from kiosk.ui.app import run_screen

    log.configure()
    settings = load(config).settings
    status = run_screen(
        settings.session.socket,
        settings.screen,
        windowed,
        report=lambda _: log.say(events.MESSAGE_REFUSED, source="session"),
    )
    raise typer.Exit(status)


def signer(config: Config = _DEFAULT) -> None:
    """The signer process: the municipality's key. Example: kiosk signer --config kiosk.toml"""
    from config.current import Configuration
    from kiosk import supervision
    from kiosk.catalogue import events, log
    from kiosk.production import refuse_demo_parts
    from signing.service import Watcher, run

    log.configure()
    watcher = Watcher(
        ready=supervision.ready,
        alive=supervision.alive,
        interval=supervision.watchdog_interval(),
        taken_up=lambda release: log.say(events.TAKEN_UP, part="signer", release=release or 0),
        failed=lambda code: log.say(events.UNAVAILABLE, part="signer", code=code),
    )
    run(Configuration(config), watcher, refuse_demo_parts)
