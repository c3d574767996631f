"""`kiosk fleet`: the administrators' side of signed configuration, in their working folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from config.publish import Signing, WorkingFolder

app = typer.Typer(
    no_args_is_help=True,
    help="Signed configuration: make a release, sign it, publish it.",
    rich_markup_mode=None,
    add_completion=False,
)
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="the administrators' working folder")]
PassphraseFile = Annotated[
    list[Path] | None,
    typer.Option(help="file of one line (mode 0600), or - for standard input; asked for on the terminal otherwise"),
]
Public = Annotated[Path, typer.Option(metavar="PUBLIC", help="the folder that a web server serves to the kiosks")]
STICK_FOLDER = "shubbak"
"""What a kiosk looks for on a stick."""


@app.command()
def init(
    folder: Folder,
    administrator: Annotated[list[str], typer.Option(help="an administrator's name; give it once for each of them")],
    threshold: Annotated[int, typer.Option(min=1, help="how many of them must sign a release")] = 2,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a working folder, and a key for each administrator. With passphrase files: one each, in order.

    Example: kiosk fleet init fleet --administrator amina --administrator karim --administrator salima
    """
    from config.publish import WorkingFolder
    from kiosk.errors import WrongUsage
    from kiosk.fleet.passphrase import Passphrases

    if len(set(administrator)) != len(administrator):
        raise WrongUsage("two administrators have the same name")
    passphrases = Passphrases(passphrase_file or [])
    words = {name: passphrases.chosen(name) for name in administrator}
    made = WorkingFolder.create(folder, words, threshold)
    _tell(f"{folder}: {len(administrator)} administrators, {threshold} of them sign a release")
    _tell(f"install {made.root_file} on each kiosk as its fleet.root; edit {made.release}; next: kiosk fleet validate")


@app.command()
def validate(folder: Folder) -> None:
    """Check the release: its files and keys, and that pages can be set with it. Example: kiosk fleet validate fleet"""
    if problems := _problems(_open(folder).release):
        for problem in problems:
            _tell(problem)
        raise typer.Exit(1)
    typer.echo(f"{folder}: good")


@app.command()
def diff(folder: Folder) -> None:
    """What the release changes, in words, against the one last published. Example: kiosk fleet diff fleet"""
    lines = _open(folder).difference()
    for line in lines:
        typer.echo(line)
    if not lines:
        _tell("nothing changes")


@app.command()
def sign(
    folder: Folder,
    administrator: Annotated[str, typer.Option(help="who signs")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Check the release, say what it changes, and sign it. Example: kiosk fleet sign fleet --administrator amina"""
    from kiosk.fleet.passphrase import Passphrases

    working = _open(folder)
    if problems := _problems(working.release):
        for problem in problems:
            _tell(problem)
        raise typer.Exit(1)
    for line in working.difference():
        typer.echo(line)
    signing = working.sign(administrator, Passphrases(passphrase_file or []).known(administrator))
    if signing.restarted:
        _tell("the release has changed since it was signed before: those signatures are gone")
    _tell(_standing(signing))


@app.command()
def publish(folder: Folder, to: Public) -> None:
    """Publish what enough administrators signed. Example: kiosk fleet publish fleet --to /srv/www/fleet"""
    release = _open(folder).publish(to)
    _tell(f"release {release} is in {to}; refresh it every day: kiosk fleet refresh {folder} --to {to}")


@app.command()
def refresh(folder: Folder, to: Public) -> None:
    """Say anew that what is published is the newest. Example: kiosk fleet refresh fleet --to /srv/www/fleet"""
    until = _open(folder).refresh(to)
    _tell(f"{to}: kiosks believe it until {until:%Y-%m-%d %H:%M} UTC")


@app.command()
def bundle(
    folder: Folder,
    to: Annotated[Path, typer.Option(metavar="STICK", help="the stick's top folder, as it is mounted here")],
    days: Annotated[int, typer.Option(min=1, max=90, help="how long kiosks believe the stick, in days")] = 30,
) -> None:
    """Write what is published to a USB stick. Example: kiosk fleet bundle fleet --to /media/stick --days 14"""
    until = _open(folder).bundle(to / STICK_FOLDER, days)
    _tell(f"{to / STICK_FOLDER}: kiosks believe it until {until:%Y-%m-%d %H:%M} UTC; refresh the mirror too")


@app.command()
def keys(
    folder: Folder,
    administrator: Annotated[list[str], typer.Option(help="who signs the change; as many as the threshold")],
    remove: Annotated[list[str] | None, typer.Option(help="whose key no longer counts")] = None,
    add: Annotated[list[str] | None, typer.Option(help="who gets a key; a name that is not taken")] = None,
    new_online: Annotated[
        bool, typer.Option("--new-online", help="also replace the key that signs what is newest")
    ] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign who the administrators are, for another year. With passphrase files: who signs, then who is added, in order.

    Example: kiosk fleet keys fleet --administrator karim --administrator salima --remove amina --add nadia
    """
    from kiosk.fleet.passphrase import Passphrases

    working, passphrases = _open(folder), Passphrases(passphrase_file or [])
    known = {name: passphrases.known(name) for name in administrator}
    chosen = {name: passphrases.chosen(name) for name in add or []}
    version = working.renew_root(known, remove=remove or [], add=chosen, new_online=new_online)
    _tell(f"root {version}: {', '.join(working.administrators)}; kiosks learn of it from the next kiosk fleet publish")


@app.command()
def status(
    folder: Folder, as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False
) -> None:
    """Who the administrators are, what is published, who has signed. Example: kiosk fleet status fleet --json"""
    import json

    working = _open(folder)
    signing = working.signing()
    if as_json:
        next_release = None if signing is None else {"release": signing.release, "signed_by": list(signing.signed_by)}
        told = {
            "published": working.published,
            "administrators": list(working.administrators),
            "threshold": working.threshold,
            "next": next_release,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"administrators: {', '.join(working.administrators)}; {working.threshold} of them sign a release")
    typer.echo(f"published: release {working.published}" if working.published else "nothing is published")
    typer.echo("nobody has signed what is in the release folder" if signing is None else _standing(signing))


def _open(folder: Path) -> WorkingFolder:
    from config.publish import WorkingFolder

    return WorkingFolder(folder)


def _problems(release: Path) -> list[str]:
    from kiosk.fleet.desk import release_problems

    return release_problems(release)


def _standing(signing: Signing) -> str:
    count = f"{len(signing.signed_by)} of {signing.threshold}"
    signed = f"release {signing.release}: signed by {', '.join(signing.signed_by)} ({count})"
    return f"{signed}; next: kiosk fleet publish" if signing.ready else signed


def _tell(words: str) -> None:
    typer.echo(words, err=True)
