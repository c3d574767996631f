"""What a visit needs, and how each part is asked whether it could serve one; nothing here says anything of a person.

`readiness` asks, and keeps what it hears.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from drivers.printers.errors import PrinterStopped, blocked_by
from drivers.printers.port import Printer, PrinterStatus
from kiosk.diagnostics.threads import in_thread
from kiosk.errors import CertificateExpired, DiskFault, PaperUsedUp
from kiosk.ground import check_clock, check_disk, floor_of
from kiosk.issuance.station import Station
from kiosk.issuance.stock import DOCUMENT, PaperAccount
from kiosk.production import refuse_demo_printer
from kiosk.session.availability import Source
from kiosk.session.card_desk import CardDesk
from kiosk.session.errand import Parts
from registry.errors import RegistryError
from signing.errors import SigningError

AGAIN_S = 1.0
REGISTRY_AGAIN_S = 5.0
"""One registry answers a whole country: it is asked less often."""
LOOK_S = 1.0
"""A printer at this machine is looked at this often while nobody is served: nothing tells when its tray is pulled."""
LOOK_FAR_S = 5.0
"""One on the network."""
DISK_S = 10.0
_HERE = ("localhost", "127.0.0.1", "::1", None)


async def _never() -> None:
    await asyncio.Event().wait()


async def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Question:
    """`ask` returns when the part is ready, for a printer with what it says, and raises an error with a code when
    it is not. `again` is how long (s) until one that is not is asked again. `attend` returns when one that is
    ready may no longer be. `tidy` is part of being ready where something may be left of what was before: at the
    start, after a visit, after a failure."""

    ask: Callable[[], Awaitable[PrinterStatus | None]]
    again: float
    attend: Callable[[], Awaitable[None]] = _never
    tidy: Callable[[], Awaitable[None]] = _nothing


def questions(parts: Parts, desk: CardDesk) -> dict[Source, Question]:
    """Each part of a visit, by the source it is for `Availability`."""
    printers: dict[Source, Question] = {station.name.value: _printer(parts, station) for station in parts.stations}
    return {
        **printers,
        "reader": Question(desk.check_reader, AGAIN_S),
        "signer": Question(_signer(parts), AGAIN_S, attend=parts.signer.until_gone),
        "certificate": Question(_certificate(parts), REGISTRY_AGAIN_S),
        "registry": Question(parts.registry.health, REGISTRY_AGAIN_S),
        "clock": Question(_clock(parts), REGISTRY_AGAIN_S),
        "disk": Question(_disk(parts), REGISTRY_AGAIN_S),
    }


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


# --- printers ---------------------------------------------------------------------------------------------


def _printer(parts: Parts, station: Station) -> Question:
    look = LOOK_S if _is_here(station.address) else LOOK_FAR_S

    async def ask() -> PrinterStatus:
        status = await check_printer(station.printer)
        refuse_demo_printer(parts.settings, status.model)
        _check_roll(parts, station)
        return status

    async def attend() -> None:
        await asyncio.sleep(look)

    # Nothing that was sent before may come out in front of whoever comes next. Not at every look: a
    # technician's test page is somebody's work too.
    return Question(ask, AGAIN_S, attend, tidy=station.printer.clear)


def _check_roll(parts: Parts, station: Station) -> None:
    """A roll that ends within a ticket leaves half of it: nothing sees that coming but the books, where they are kept.

    A tray that is empty is the printer's own to say.
    """
    if station.form == "ticket":
        account = parts.issuance.ledger.paper().get(station.name, PaperAccount())
        if account.documents_left(account.usual(DOCUMENT[station.name])) == 0:
            raise PaperUsedUp("by the books the roll is too short for another ticket")


def _is_here(address: str) -> bool:
    """Whether a printer hangs on this machine: by a cable, or by a program that has the cable."""
    try:
        return urlsplit(address).hostname in _HERE
    except ValueError:
        return False


async def check_printer(printer: Printer) -> PrinterStatus:
    """What it says of itself when a page would come out. Raises PrinterError."""
    status = await printer.status()
    if not status.ready:
        raise blocked_by(status.conditions) or PrinterStopped("the printer accepts no jobs")
    return status


# --- the signature ----------------------------------------------------------------------------------------


def _signer(parts: Parts) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        await parts.signer.status()

    return ask


def _certificate(parts: Parts) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        """By what the signer says; that it says nothing is the signer's affair."""
        with suppress(SigningError):
            ends = (await parts.signer.status()).certificate_expires
            if _now() >= ends:
                raise CertificateExpired(f"the signing certificate expired on {ends:%Y-%m-%d}")

    return ask


# --- the machine ------------------------------------------------------------------------------------------


def _clock(parts: Parts) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        """By the newest time ever signed, and by the registry's as it last told it: it is not asked for that alone."""
        if parts.registry.date_now is None:
            with suppress(RegistryError):
                await parts.registry.health()
        floor = await in_thread(lambda: floor_of(parts.settings.fleet.folder))
        check_clock(_now(), floor, parts.registry.date_now)

    return ask


def _disk(parts: Parts) -> Callable[[], Awaitable[None]]:
    kiosk = parts.settings.kiosk

    async def ask() -> None:
        try:
            async with asyncio.timeout(DISK_S):
                await in_thread(lambda: check_disk(kiosk.state, kiosk.free))
        except TimeoutError:
            raise DiskFault(f"the state folder: the disk did not answer within {DISK_S:g} s") from None

    return ask
