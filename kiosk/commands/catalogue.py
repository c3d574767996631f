"""`kiosk catalogue`: the pages of `docs/` that are generated from the code."""

from __future__ import annotations

import typer

app = typer.Typer(
    no_args_is_help=True, help="The generated pages: error codes, log events, the visit.", rich_markup_mode=None
)


@app.command()
def errors() -> None:
    """Every error code with its words. Example: kiosk catalogue errors > docs/errors.md"""
    from kiosk.catalogue.codes import markdown

    typer.echo(markdown(), nl=False)


@app.command()
def events() -> None:
    """Every event that can be logged. Example: kiosk catalogue events > docs/log-events.md"""
    from kiosk.catalogue.events import markdown

    typer.echo(markdown(), nl=False)


@app.command()
def visit() -> None:
    """The visit's states and transitions. Example: kiosk catalogue visit > docs/visit.md"""
    from kiosk.session.diagram import markdown

    typer.echo(markdown(), nl=False)
