"""`kiosk config`: check a configuration, show what is in force, follow the fleet's, print the reference."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, cast

import typer

Config = Annotated[Path, typer.Option(help="the configuration file")]
_DEFAULT = Path("/etc/shubbak/kiosk.toml")

app = typer.Typer(
    no_args_is_help=True,
    help="Check, show and document the configuration; the agent that follows the fleet's.",
    rich_markup_mode=None,
    add_completion=False,
)


@app.command()
def validate(path: Annotated[Path, typer.Argument(help="a kiosk's TOML file, or the folder of a release")]) -> None:
    """Check a file, or a release's folder: every problem with file, line, key and reason.

    Of a folder also what it means: certificates, pages, hours. Example: kiosk config validate kiosk.toml
    """
    for problem in (problems := _problems(path)):
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{path}: good")


def _problems(path: Path) -> list[str]:
    from config import ConfigInvalid, load
    from kiosk.production import demo_parts

    if path.is_dir():
        from kiosk.fleet.desk import release_problems

        return release_problems(path)
    try:
        loaded = load(path)
    except ConfigInvalid as error:
        return [str(problem) for problem in error.problems]
    return [f"{loaded.source(part.key)}: {part}" for part in demo_parts(loaded.settings)]


@app.command()
def show(config: Annotated[Path, typer.Option(help="the configuration file")] = Path("kiosk.toml")) -> None:
    """The settings in force and where each came from. Example: kiosk config show --config kiosk.toml"""
    from pydantic import BaseModel

    from config import load

    loaded = load(config)
    typer.echo(f"# {config}" + (f", and over it release {loaded.release}" if loaded.release is not None else ""))
    typer.echo(f"profile = {loaded.settings.profile}    # {loaded.source('profile')}")
    for name in type(loaded.settings).model_fields:
        section = getattr(loaded.settings, name)
        if not isinstance(section, BaseModel):
            continue
        typer.echo(f"\n[{name}]")
        for key in type(section).model_fields:
            typer.echo(f"{key} = {getattr(section, key)}    # {loaded.source(f'{name}.{key}')}")


@app.command()
def agent(
    config: Config = _DEFAULT,
    once: Annotated[bool, typer.Option("--once", help="look once, then end; not beside a running agent")] = False,
) -> None:
    """The configuration process: follows the fleet's releases. SIGHUP makes it look at once.

    With --once the status is 0 when the newest release is in force, else that of the reason.
    Example: kiosk config agent --once --config kiosk.toml
    """
    import asyncio

    from kiosk.catalogue import log
    from kiosk.fleet.agent import follow, look_once

    log.configure()
    if not once:
        asyncio.run(follow(config))
        return
    state = asyncio.run(look_once(config))
    _explain(state.code or state.source_code, state.reasons)


@app.command()
def status(
    config: Config = _DEFAULT, as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False
) -> None:
    """Which release is in force, and what became of the newest. Example: kiosk config status --json"""
    import json

    from config.load import load_with
    from config.status import status as state_of

    told = state_of(load_with(config, None).settings.fleet.folder)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"in force: {_release(told['release'])}")
    typer.echo(f"newest offered: {_release(told['wanted']) if told['wanted'] else 'none'}")
    typer.echo(f"phase: {told['phase']}" + (f" since {told['since']}" if told["since"] else ""))
    typer.echo(f"source last seen: {told['last_seen'] or 'never'}; clock {told['clock']}")
    if told["code"]:
        from kiosk.catalogue.codes import entry

        typer.echo(f"{told['code']}: {entry(str(told['code'])).cause}")
        for reason in cast(list[str], told["reasons"]):
            typer.echo(f"  {reason}")
        typer.echo(entry(str(told["code"])).remedy)


def _release(number: object) -> str:
    return "the local file alone" if number is None else f"release {number}"


def _explain(code: str | None, reasons: Iterable[str]) -> None:
    """The reasons and the code's line on standard error, and its exit status; nothing when there is no code."""
    if code is None:
        return
    from kiosk.catalogue.codes import entry

    for reason in reasons:
        typer.echo(reason, err=True)
    typer.echo(f"error {code}: {entry(code).cause} {entry(code).remedy}", err=True)
    raise typer.Exit(entry(code).status)


@app.command()
def docs() -> None:
    """The schema's reference as Markdown. Example: kiosk config docs > docs/configuration.md"""
    from config.reference import markdown

    typer.echo(markdown(), nl=False)
