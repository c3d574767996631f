"""`kiosk townhall`: the virtual town hall around an installed kiosk, for demonstrations and training."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.command()
def serve() -> None:
    """Stands until it is stopped; started by systemd. Example: systemctl enable --now kiosk-townhall"""
    from kiosk.simulation.appliance import serve as stand

    stand()


@app.command()
def do(
    deed: Annotated[
        str,
        typer.Argument(
            help="insert, insert-amina, insert-yacine, remove, reader_down, reader_up, registry_down, registry_up; "
            "paper_out, paper_in, cover_open, cover_closed, jam, old_report, printer_gone, printer_back; "
            "ticket_paper_out, ticket_paper_in, ticket_cover_open, ticket_cover_closed, ticket_cutter_stuck, "
            "ticket_cutter_free, ticket_printer_gone or ticket_printer_back"
        ),
    ],
) -> None:
    """What hands do there, and what goes wrong. Example: sudo kiosk townhall do insert"""
    from kiosk.simulation.appliance import do as have_done

    have_done(deed)
