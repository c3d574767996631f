"""`kiosk registry`: the reference registry, for development, tests and pilots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The reference registry.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)

_SQLITE = "sqlite:///"
_Folder = Annotated[Path, typer.Option("--folder", help="Where its keys, its database and its sockets are kept.")]
_DEFAULT_FOLDER = Path("var/registry")


@app.command()
def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="TCP port; 0 takes a free one.")] = 8443,
    database: Annotated[
        str | None, typer.Option("--database", help="sqlite:///PATH; the folder's own when not given.")
    ] = None,
    people: Annotated[int, typer.Option("--people", min=2, max=20_000, help="How many people to invent.")] = 300,
    seed: Annotated[int, typer.Option("--seed", help="The same seed invents the same people.")] = 1,
    folder: _Folder = _DEFAULT_FOLDER,
) -> None:
    """Serves the registry on this machine's loopback until interrupted.

    The people are invented on the first run and kept. Kiosks need a client certificate (`kiosk registry enrol`).

    Example: kiosk registry serve --port 8443 --people 300 --seed 1
    """
    from registry.reference.serve import ReferenceRegistry

    file = None if database is None else _sqlite_file(database)
    registry = ReferenceRegistry(folder, people=people, seed=seed, port=port, database=file)
    registry.serve(on_ready=lambda url: typer.echo(f"registry ready at {url}", err=True))


@app.command()
def enrol(
    kiosk: Annotated[str, typer.Argument(help="The kiosk's id: lower-case letters, digits, dashes.")],
    output: Annotated[Path, typer.Option("--output", help="Folder for device.pem and device.key.")] = Path(),
    folder: _Folder = _DEFAULT_FOLDER,
) -> None:
    """Makes a kiosk's client certificate and private key.

    Example: kiosk registry enrol demo-1 --output device
    """
    from registry.reference.keys import RegistryKeys, write_device

    certificate, key = RegistryKeys.load_or_create(folder).enrol_device(kiosk)
    for file in write_device(output, certificate, key):
        typer.echo(str(file))


def _sqlite_file(url: str) -> Path:
    if not url.startswith(_SQLITE) or len(url) == len(_SQLITE):
        raise typer.BadParameter("this registry keeps its data in SQLite: sqlite:///PATH")
    return Path(url.removeprefix(_SQLITE))
