"""The checks of PC/SC: its service, the reader, the card in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from drivers import smartcard
from kiosk.diagnostics.check import Finding, ok, skipped
from kiosk.diagnostics.errors import denied
from kiosk.diagnostics.place import Place
from kiosk.diagnostics.threads import in_thread
from kiosk.session.control import ControlRefused, SessionAway

T = TypeVar("T")

PCSC_S = 4.0
"""A service that lives answers at once; one that is stopped never does."""
INSERT_S = 45.0
"""How long an installation waits for the technician's card."""
_LOOK_S = 0.3
QUIET_S = 5.0
"""How long a session gets to say that nobody is served; a visit takes longer."""


async def pcscd(place: Place) -> Finding:
    """That the PC/SC service answers."""
    if place.settings.reader.pcscd_socket is not None:
        os.environ["PCSCLITE_CSOCK_NAME"] = str(place.settings.reader.pcscd_socket)
    found = await _ask(smartcard.readers)
    return ok(f"answers; {len(found)} reader{'' if len(found) == 1 else 's'}")


async def reader(place: Place) -> Finding:
    """That the reader the settings name (or any) is there, with its name and, where it tells, its version."""
    wanted, found = place.settings.reader.name, await _ask(smartcard.readers)
    if not found:
        raise smartcard.NoReader("PC/SC sees no reader")
    if wanted and wanted not in found:
        raise smartcard.NoReader(f"no reader is called as reader.name says; PC/SC sees {', '.join(found)}")
    name = wanted or found[0]
    if name not in place.firmware:
        async with _quiet(place, QUIET_S) as quiet:
            if quiet:
                place.firmware[name] = await _ask(lambda: smartcard.firmware(name))
    version = place.firmware.get(name)
    return ok(f"{name}, firmware {version}" if version else name)


async def card(place: Place) -> Finding:
    """How the card in the reader opens. Nothing of its holder is read, nothing is tried that it counts."""
    if not place.installing and not await _with_card(place):
        return skipped("no card is in the reader")
    async with _quiet(place, INSERT_S if place.installing else QUIET_S) as quiet:
        if not quiet:
            return skipped("a visit is going on: its card is left alone")
        if place.installing:
            await _card_put_in(place)
        access = await in_thread(lambda: _probe(place))
    if access.kind == "PACE":
        return ok(f"opens by PACE: {access.mapping}, {access.cipher}, {access.curve}; by CAN or MRZ")
    return ok("opens by BAC, with its MRZ; it advertises no PACE")


@asynccontextmanager
async def _quiet(place: Place, seconds: float) -> AsyncIterator[bool]:
    """Inside True, no visit begins, so that a card put in now finds its reader free; False: one may be going on.

    Where no session answers there is no visit to disturb.
    """
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(seconds):
                await stack.enter_async_context(place.session.hold())
            quiet = True
        except SessionAway as error:
            quiet = not denied(error)
        except (TimeoutError, ControlRefused):
            quiet = False
        yield quiet


async def _card_put_in(place: Place) -> None:
    try:
        async with asyncio.timeout(INSERT_S):
            while not await _with_card(place):  # noqa: ASYNC110 - PC/SC's own wait cannot be given up
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        raise smartcard.NoCard("no card was put into the reader") from None


def _probe(place: Place) -> smartcard.Access:
    channel = smartcard.connect(place.settings.reader.name or None, deadline=place.settings.card.apdu_deadline)
    try:
        return smartcard.IdCard(channel).probe()
    finally:
        channel.close()


async def _with_card(place: Place) -> bool:
    wanted, found = place.settings.reader.name, await _ask(smartcard.readers_with_card)
    return wanted in found if wanted else bool(found)


async def _ask(question: Callable[[], T]) -> T:
    """The answer of PC/SC itself. Raises PcscUnavailable, also for a service that hangs."""
    try:
        async with asyncio.timeout(PCSC_S):
            return await in_thread(question)
    except TimeoutError:
        raise smartcard.PcscUnavailable(f"the PC/SC service does not answer within {PCSC_S:g} s") from None
