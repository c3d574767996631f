"""`kiosk config`: check a configuration, show what is in force, print the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Check, show and document the configuration.",
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
def docs() -> None:
    """The schema's reference as Markdown. Example: kiosk config docs > docs/configuration.md"""
    from config.reference import markdown

    typer.echo(markdown(), nl=False)
