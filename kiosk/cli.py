"""The `kiosk` command. Each command lives in `kiosk.commands` and is imported only when it is called.

Exit status: 0 done, 1 the answer is no, 2 wrong use, 3 something needed is not there. A foreseeable
failure is one line on standard error, `error E-CODE: what happened. What to do.`, never a traceback.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from kiosk.errors import WrongUsage

_COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module and typer app or function, one line of help)
    "demo": ("kiosk.commands.demo:demo", "Start the whole virtual town hall; with --headless, walk one visit."),
    "issue": ("kiosk.commands.issue:issue", "One visit without a screen (demo profile only)."),
    "session": ("kiosk.commands.processes:session", "The session process: the visit, the card, the ledger."),
    "screen": ("kiosk.commands.processes:screen", "The screen process."),
    "signer": ("kiosk.commands.processes:signer", "The signer process: the municipality's key."),
    "card": ("kiosk.commands.card:app", "Read a card; simulate one."),
    "verify": ("kiosk.commands.verify:verify", "Check a signed PDF, a seal's text, or a picture of a page."),
    "documents": ("kiosk.commands.documents:app", "The catalogue of documents; specimen pages."),
    "registry": ("kiosk.commands.registry:app", "The reference registry."),
    "keys": ("kiosk.commands.keys:app", "The municipality's and the device's keys."),
    "diagnose": ("kiosk.commands.diagnose:diagnose", "Look at every part: what is wrong, and what to do."),
    "townhall": ("kiosk.commands.townhall:app", "The virtual town hall around an installed kiosk, for training."),
    "bench": ("kiosk.commands.bench:app", "Try one device alone."),
    "ledger": ("kiosk.commands.ledger:app", "The issuance ledger."),
    "paper": ("kiosk.commands.paper:app", "The printers' paper: what should be left; loaded, counted, spoiled."),
    "config": ("kiosk.commands.config:app", "Check, show and document the configuration; the agent."),
    "fleet": ("kiosk.commands.fleet:app", "Signed configuration: make a release, sign it, publish it."),
    "catalogue": ("kiosk.commands.catalogue:app", "The generated pages: error codes, log events, the visit."),
}


class LazyGroup(TyperGroup):
    """Lists every command by its line of help and imports only the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _COMMANDS:
            return None
        target, about = _COMMANDS[cmd_name]
        if not sys.argv[1:] or sys.argv[1] in ctx.help_option_names:
            return _command(cmd_name, lambda: None, about)  # listed, not called: its line of help is enough
        module, name = target.split(":")
        return _command(cmd_name, getattr(import_module(module), name), about)


def _command(name: str, found: Any, about: str) -> Any:
    if isinstance(found, typer.Typer):
        group = typer.main.get_command(found)
        group.help = about
    else:
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name=name, help=found.__doc__ or about)(found)
        group = typer.main.get_command(single)
    group.name = name
    return group


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"shubbak {version('shubbak')}")
        raise typer.Exit(0)


@app.callback()
def _kiosk(
    _: Annotated[bool, typer.Option("--version", callback=_say_version, is_eager=True, help="say it and exit")] = False,
) -> None:
    """Shubbak: from an identity card to a signed civil-status document on paper."""


def main() -> None:
    """Entry point: runs the command and turns a room's exception into its line and its status."""
    try:
        status = app(standalone_mode=False)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(error.format_message(), err=True)
            sys.exit(2)
        sys.exit(_report(WrongUsage(error.format_message())))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except ModuleNotFoundError as error:
        sys.exit(_report(_part_missing(error)))
    except Exception as error:  # noqa: BLE001 - the last line of defence: codes, not tracebacks
        sys.exit(_report(error))
    sys.exit(status if isinstance(status, int) else 0)


def _part_missing(error: ModuleNotFoundError) -> Exception:
    from kiosk.errors import PartMissing
    from kiosk.production import SIMULATORS

    missing = f"{error.name}."
    if any(missing.startswith(f"{module}.") for module in SIMULATORS):
        return PartMissing("the simulators are not installed (Debian package shubbak-simulators)")
    return error


def _report(error: Exception) -> int:
    from kiosk.catalogue.codes import UNKNOWN, code_of, entry

    code = code_of(error)
    what = type(error).__name__ if code == UNKNOWN else str(error)
    print(f"error {code}: {what.rstrip('.')}. {entry(code).remedy}", file=sys.stderr)  # noqa: T201
    return entry(code).status
