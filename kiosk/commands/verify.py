"""`kiosk verify`: is this paper what it says?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_Trust = Annotated[Path, typer.Option("--trust", help="folder of trusted issuers")]


def verify(
    what: Annotated[
        str,
        typer.Argument(metavar="FILE|TEXT", help="a PDF, a picture or scan, a seal's text, or - for a text to read"),
    ],
    trust: _Trust = Path("/etc/shubbak/trust"),
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Check a signed PDF, a seal's text, or a picture of a page. Example: kiosk verify page.pdf --trust trust"""
    import json
    import sys

    from kiosk.errors import WrongUsage
    from signing.seal import MAX_TEXT
    from signing.trust import TrustFolder
    from signing.verify import MAX_BYTES, verify

    believed = TrustFolder.load(trust)
    if what == "-":
        verdict = verify(sys.stdin.read(MAX_TEXT + 2).rstrip("\r\n"), believed)
    elif what.startswith("https://"):
        verdict = verify(what, believed)
    else:
        try:
            with Path(what).open("rb") as file:
                verdict = verify(file.read(MAX_BYTES + 1), believed)
        except OSError as error:
            raise WrongUsage(f"neither a seal's text nor a file that can be read ({error.strerror})") from None
    if as_json:
        typer.echo(json.dumps(verdict.as_json(), ensure_ascii=False))
    else:
        _tell(verdict.as_json())
    raise typer.Exit(0 if verdict.valid else 1)


def _tell(verdict: dict[str, object]) -> None:
    """The verdict first; what it vouches for only after it, and only if it does."""
    reason = f": {verdict['reason']}" if verdict["reason"] else ""
    typer.echo(f"{verdict['verdict']}{reason}")
    if verdict["verdict"] != "valid":
        return
    document = verdict["document"]
    if isinstance(document, dict):
        typer.echo(f"document  {document['type']} {document['reference']}")
    typer.echo(f"signer    {verdict['signer']}")
    typer.echo(f"signed    {verdict['signed_at']}")
    if not verdict["status_checked"]:
        typer.echo("no status list at hand: genuine when it was signed; whether it still stands was not checked")
