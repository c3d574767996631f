"""`kiosk keys`: the municipality's key in its token, from its making to its certificate; the staff PIN."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, help="The municipality's key; the staff PIN.", rich_markup_mode=None, add_completion=False
)
Config = Annotated[Path, typer.Option(help="the configuration file")]
_DEFAULT = Path("/etc/shubbak/kiosk.toml")


@app.command()
def create(config: Config = _DEFAULT) -> None:
    """Make the signing key inside the token. Example: kiosk keys create --config kiosk.toml"""
    from config import load
    from signing.token import Token

    settings = load(config).settings.signer
    with Token.open(settings) as token:
        token.generate()
    typer.echo(f"made key {settings.key} in token {settings.token}; next: kiosk keys request")


@app.command()
def request(
    name: Annotated[str, typer.Option(help="the common name asked for, e.g. 'Commune d’Alger-Centre'")],
    output: Annotated[Path, typer.Option(help="where to write the request (PEM, PKCS#10)")],
    config: Config = _DEFAULT,
) -> None:
    """Write a certificate request for the token's key. Example: kiosk keys request --name X --output key.csr"""
    from config import load
    from kiosk.errors import WrongUsage
    from signing.certificates import MAX_NAME, certificate_request
    from signing.token import Token

    if not 1 <= len(name) <= MAX_NAME:
        raise WrongUsage(f"a common name has 1 to {MAX_NAME} characters")
    with Token.open(load(config).settings.signer) as token:
        pem = certificate_request(token, token.public_key(), name)
    output.write_bytes(pem)
    typer.echo(f"{output}: send it to the certificate authority; next: kiosk keys install")


@app.command()
def install(
    chain: Annotated[Path, typer.Argument(help="the certificate and those above it (PEM), signing certificate first")],
    config: Config = _DEFAULT,
) -> None:
    """Put the certificate in place, if it is for the token's key. Example: kiosk keys install signer.pem"""
    from config import load
    from signing.certificates import Chain
    from signing.token import Token

    settings = load(config).settings.signer
    given = Chain.load(chain)
    with Token.open(settings) as token:
        given.require_key(token.public_key())
    written = settings.certificate.with_suffix(".new")
    written.write_bytes(chain.read_bytes())
    written.replace(settings.certificate)
    typer.echo(f"{settings.certificate}: kid {given.kid.hex()}, until {given.signer.not_valid_after_utc:%Y-%m-%d}")


@app.command("list")
def list_keys(
    config: Config = _DEFAULT, as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False
) -> None:
    """The keys in the token, and the certificate in place. Example: kiosk keys list --config kiosk.toml"""
    import dataclasses
    import json

    from config import load
    from signing.certificates import Chain
    from signing.errors import CertificateUnusable
    from signing.token import Token

    settings = load(config).settings.signer
    with Token.open(settings) as token:
        keys = [dataclasses.asdict(key) | {"in_use": key.label == settings.key} for key in token.signing_keys()]
    try:
        chain = Chain.load(settings.certificate)
        certificate = {
            "kid": chain.kid.hex(),
            "subject": chain.signer.subject.rfc4514_string(),
            "expires": chain.signer.not_valid_after_utc.isoformat(),
        }
    except CertificateUnusable:
        certificate = None
    if as_json:
        typer.echo(json.dumps({"keys": keys, "certificate": certificate}, ensure_ascii=False))
        return
    for key in keys:
        held = "can leave the token" if key["extractable"] else "cannot leave the token"
        typer.echo(f"{key['label']}  {key['curve']}  {held}{'  in use' if key['in_use'] else ''}")
    if certificate is None:
        typer.echo("no certificate in place")
    else:
        typer.echo(f"certificate {certificate['kid']}  {certificate['subject']}  until {certificate['expires']}")


@app.command("staff-pin")
def staff_pin(
    source: Annotated[str, typer.Argument(help="- reads it from standard input", show_default=False)] = "",
    config: Config = _DEFAULT,
) -> None:
    """Set the technicians' PIN: asked for twice, unseen. Ends any wait for wrong tries.

    Example: kiosk keys staff-pin --config kiosk.toml
    """
    from config import load
    from kiosk.staff.lock import StaffLock
    from kiosk.staff.pin import set_pin

    settings = load(config).settings
    set_pin(settings.staff.pin_file, _typed_pin(source), _owner(settings.kiosk.state))
    if settings.kiosk.state.is_dir():
        StaffLock(settings.kiosk.state).forget()
    typer.echo(f"{settings.staff.pin_file}: set; hold the emblem on the first screen for three seconds to use it")


def _typed_pin(source: str) -> str:
    import getpass
    import sys

    from kiosk.errors import WrongUsage

    if source == "-":
        return sys.stdin.readline().rstrip("\r\n")
    if source:
        raise WrongUsage("others can read a PIN among the arguments; leave it out, or give - and pipe it in")
    if not sys.stdin.isatty():
        raise WrongUsage("there is no terminal to ask on; give - to read standard input")
    pin = getpass.getpass("staff PIN: ")
    if getpass.getpass("the same again: ") != pin:
        raise WrongUsage("the two are not the same; nothing was changed")
    return pin


def _owner(state: Path) -> tuple[int, int] | None:
    """Whose the file must be when root sets it: the session's, to whom the folder of its state belongs."""
    import os

    if os.geteuid() != 0 or not state.is_dir():
        return None
    found = state.stat()
    return found.st_uid, found.st_gid
