"""`kiosk card`: read one, simulate one."""

from __future__ import annotations

import typer

from kiosk.commands.card_read import read
from kiosk.commands.card_simulate import simulate

app = typer.Typer(no_args_is_help=True, help="Read a card; simulate one.", rich_markup_mode=None, add_completion=False)
app.command()(read)
app.command()(simulate)
