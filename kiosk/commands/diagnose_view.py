"""How a diagnosis is shown: a table that fills in on a terminal, plain lines elsewhere, nothing for --json."""

from __future__ import annotations

import datetime as dt
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from kiosk.diagnostics import Check, Report, names

_SIGNS = {"ok": ("✓", "green"), "degraded": ("!", "yellow"), "failed": ("✗", "bold red"), "skipped": ("–", "dim")}
_WIDTH = 100
"""Wider than this, lines are hard to follow."""


class View:
    """Shows nothing. `begin` opens a round, `ended` tells of each check as it ends, `end` closes the round."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def begin(self) -> None:
        return

    def ended(self, check: Check) -> None:
        return

    def end(self, report: Report) -> None:
        return


class PlainView(View):
    """Lines without colours: the whole first round, of later ones what changed."""

    def __init__(self) -> None:
        self._before: dict[str, Check] = {}
        self._verdict = ""

    def end(self, report: Report) -> None:
        for check in report.checks:
            if not self._before or _changed(self._before.get(check.name), check):
                _say(line(check))
        if (said := verdict(report)) != self._verdict:
            _say(said)
        self._before = {check.name: check for check in report.checks}
        self._verdict = said


class TerminalView(View):
    """A table in a fixed order, whose rows fill in as their checks end; what changed keeps the mark of when."""

    def __init__(self, console: Console, rows: list[str]) -> None:
        self._console = console
        self._rows = rows
        self._checks: dict[str, Check] = {}
        self._looking: set[str] = set()
        self._marks: dict[str, str] = {}
        self._report: Report | None = None
        self._live = Live(console=console, get_renderable=self._table, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
        if self._report is not None:
            self._console.print(self._table())
            self._console.print(Text(verdict(self._report), style="bold green" if self._report.ready else "bold red"))

    def begin(self) -> None:
        self._looking = set(self._rows)

    def ended(self, check: Check) -> None:
        before = self._checks.get(check.name)
        if before is not None and _changed(before, check):
            self._marks[check.name] = f"since {dt.datetime.now():%H:%M:%S}; was {before.code or before.status}"
        self._checks[check.name] = check
        self._looking.discard(check.name)

    def end(self, report: Report) -> None:
        self._report = report

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, width=min(self._console.width, _WIDTH))
        table.add_column(width=10, no_wrap=True)
        table.add_column(width=max(map(len, self._rows)), no_wrap=True)
        table.add_column(overflow="fold")
        for name in self._rows:
            check = self._checks.get(name)
            if check is None:
                table.add_row(Text("…", style="dim"), Text(name), Text("looking", style="dim"))
                continue
            sign, style = _SIGNS[check.status]
            table.add_row(Text(f"{sign} {check.status}", style=style), Text(name), self._words(check, style))
        return table

    def _words(self, check: Check, style: str) -> Group:
        words = [Text(check.detail, style="dim" if check.status == "skipped" else "")]
        if check.code is not None:
            words.append(Text.assemble((check.code, style), " ", check.remedy or ""))
        if check.name in self._marks:
            words.append(Text(f"» {self._marks[check.name]}", style="bold cyan"))
        return Group(*words)


def view(*, quiet: bool, installing: bool) -> View:
    """The view for this standard output."""
    if quiet:
        return View()
    console = Console(highlight=False)
    return TerminalView(console, names(installing=installing)) if console.is_terminal else PlainView()


def line(check: Check) -> str:
    """One check on one line: status, name, code and detail, then the remedy."""
    told = f"{check.status:<9} {check.name:<15} {check.code or '-':<24} {check.detail}"
    return f"{told.rstrip('.')}. {check.remedy}" if check.remedy else told


def verdict(report: Report) -> str:
    """The last line: whether citizens can be served, and if not, for which parts."""
    failed = [f"{check.name} ({check.code})" for check in report.checks if check.status == "failed"]
    return "ready" if report.ready else f"not ready: {', '.join(failed)}"


def _changed(before: Check | None, after: Check) -> bool:
    return before is None or (before.status, before.code) != (after.status, after.code)


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - this is the command's answer
