"""The table of checks, and the one way to run it.

Every check runs at once with the others, within its own deadline, and none can bring another down. One that
needs another waits for it, and is skipped when that one failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from config.errors import ConfigError, ConfigInvalid
from config.schema import Settings
from kiosk.catalogue.codes import UNKNOWN, code_of
from kiosk.diagnostics import acceptance, certificates, machine, paper, reading, registry, running, signer
from kiosk.diagnostics.check import Check, Finding, failed, skipped
from kiosk.diagnostics.errors import NotAllowed, denied
from kiosk.diagnostics.place import Place
from kiosk.session.control import ControlClient

Look = Callable[[Place], Awaitable[Finding]]
_MARGIN_S = 5.0
"""Beyond the deadlines that a check keeps inside, which name what was waited for."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One check. `seconds` is how long it may take with these settings; `needs` what must not have failed before."""

    name: str
    look: Look
    seconds: Callable[[Settings], float]
    needs: tuple[str, ...] = ()


def _after(seconds: float) -> Callable[[Settings], float]:
    return lambda settings: seconds


def _printer_s(settings: Settings) -> float:
    return 2 * settings.laser.request_deadline + _MARGIN_S


def _thermal_s(settings: Settings) -> float:
    return 10 * settings.thermal.request_deadline + _MARGIN_S


def _registry_s(settings: Settings) -> float:
    return settings.registry.deadline + _MARGIN_S


def _card_s(settings: Settings) -> float:
    return 4 * settings.card.apdu_deadline + 2 * reading.INSERT_S + _MARGIN_S


_TABLE = (
    _Line("configuration", running.configuration, _after(5)),
    _Line("machine", machine.machine, _after(10)),
    _Line("disk", machine.disk, _after(10)),
    _Line("ledger", running.ledger, _after(30)),
    _Line("certificates", certificates.certificates, _after(10)),
    _Line("pcscd", reading.pcscd, _after(10)),
    _Line("reader", reading.reader, _after(15), needs=("pcscd",)),
    _Line("card", reading.card, _card_s, needs=("reader",)),
    _Line("printer", paper.printer, _printer_s),
    _Line("supplies", paper.supplies, _printer_s, needs=("printer",)),
    _Line("thermal", paper.thermal, _thermal_s),
    _Line("stock", paper.stock, _after(30), needs=("ledger",)),
    _Line("signer", signer.signer, _after(10)),
    _Line("token", signer.token, _after(10), needs=("signer",)),
    _Line("registry-dns", registry.dns, _registry_s),
    _Line("registry-tcp", registry.tcp, _registry_s, needs=("registry-dns",)),
    _Line("registry-tls", registry.tls, _registry_s, needs=("registry-tcp",)),
    _Line("registry-token", registry.token, _registry_s, needs=("registry-tls",)),
    _Line("registry-api", registry.api, _registry_s, needs=("registry-token",)),
    _Line("clock", machine.clock, _registry_s),
    _Line("session", running.session, _after(10)),
    _Line("display", running.display, _after(10), needs=("session",)),
)
_ACCEPTANCE = (
    _Line("secrets", acceptance.secrets, _after(10)),
    _Line("page", acceptance.page, lambda s: s.laser.deadline + _printer_s(s), needs=("printer", "supplies")),
)


def _table(installing: bool) -> tuple[_Line, ...]:
    return _TABLE + _ACCEPTANCE if installing else _TABLE


def names(*, installing: bool = False) -> list[str]:
    """Every check there is, in the order of the report."""
    return [line.name for line in _table(installing)]


def here(settings: Settings, *, installing: bool = False, firmware: dict[str, str | None] | None = None) -> Place:
    """This machine with these settings, and the session that answers on their control socket.

    `firmware` is kept from one round to the next (see `Place`).
    """
    known = {} if firmware is None else firmware
    return Place(settings, ControlClient(settings.session.control), installing=installing, firmware=known)


async def run(
    settings: Settings, *, place: Place | None = None, on_end: Callable[[Check], None] = lambda check: None
) -> AsyncIterator[Check]:
    """Every check in the table's order; `on_end` hears of each as it ends, in whatever order that is.

    `place` says more of where this runs (`here` by default): the session that diagnoses itself gives its own.
    Left early, whatever still runs is given up.
    """
    place = place or here(settings)
    tasks: dict[str, asyncio.Task[tuple[Check, str | None]]] = {}
    for line in _table(place.installing):
        needed = [tasks[name] for name in line.needs]
        tasks[line.name] = asyncio.create_task(_examine(line, place, needed, on_end))
    try:
        for task in tasks.values():
            yield (await task)[0]
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _examine(
    line: _Line, place: Place, needed: list[asyncio.Task[tuple[Check, str | None]]], on_end: Callable[[Check], None]
) -> tuple[Check, str | None]:
    """The check, and the name of the one to blame if others must be skipped for it."""
    blamed = [blame for _, blame in [await other for other in needed] if blame is not None]
    blame = blamed[0] if blamed else None
    if blame is not None:
        found = skipped(f"not looked at: {blame} failed")
    else:
        found = await _look(line, place)
        blame = line.name if found.status == "failed" else None
    if place.installing and found.status == "skipped":
        found = failed("E-DIAGNOSE-SKIPPED", found.detail)
    check = Check.of(line.name, found)
    on_end(check)
    return check, blame


async def _look(line: _Line, place: Place) -> Finding:
    seconds = line.seconds(place.settings)
    try:
        async with asyncio.timeout(seconds):
            return await line.look(place)
    except TimeoutError:
        return failed("E-DIAGNOSE-DEADLINE", f"the check did not end within {seconds:g} s")
    except Exception as error:  # noqa: BLE001 - whatever a part raises is that part's finding
        if denied(error):
            return failed(NotAllowed.code, "this user may not look: use sudo")
        code = code_of(error)
        # What nobody foresaw may quote anything: only its kind is told.
        return failed(code, type(error).__name__ if code == UNKNOWN else str(error))


def not_loaded(error: ConfigError, *, installing: bool = False) -> list[Check]:
    """The report where there are no settings to look with: every problem of the configuration, the rest skipped."""
    told = "; ".join(str(p) for p in error.problems) if isinstance(error, ConfigInvalid) else str(error)
    first, *others = names(installing=installing)
    checks = [Check.of(first, failed(error.code, told))]
    return checks + [Check.of(name, skipped(f"not looked at: {first} failed")) for name in others]
