"""The session process: opens its parts, serves visits until it is told to stop, and closes them in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from config.schema import Settings
from drivers import smartcard
from drivers.printers.laser import LaserPrinter
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Issuance
from kiosk.session.counter import Counter
from kiosk.session.errand import Parts
from kiosk.session.runner import Runner
from kiosk.session.screen_link import ScreenLink
from kiosk.session.stopwatch import Stopwatch, TimedSigner, timed_printing
from printing.render import Renderer
from registry.client import RegistryClient
from registry.jws import TrustedKeys
from signing.client import SignerClient


def ledger_path(settings: Settings) -> Path:
    return settings.kiosk.state / "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Session:
    runner: Runner
    counter: Counter


@asynccontextmanager
async def open_session(settings: Settings) -> AsyncIterator[Session]:
    """A session with every part open and the reader watched; its parts are closed on leaving.

    Raises what a part raises that cannot be opened: LedgerError, SetupError, PageError, ConfigError.
    """
    async with AsyncExitStack() as stack:
        ledger = stack.enter_context(Ledger.open(ledger_path(settings)))
        renderer = stack.enter_context(Renderer(settings.documents.templates, settings.documents.render_deadline))
        await asyncio.to_thread(renderer.warm)
        registry = await stack.enter_async_context(_registry(settings))
        signer = SignerClient(settings.signer.socket, settings.documents.render_deadline + 5)
        counters: list[Counter] = []

        def watch() -> Stopwatch:
            return counters[0].watch

        def printer() -> LaserPrinter:
            return LaserPrinter(settings.laser.uri, settings.laser.request_deadline)

        issuance = Issuance(
            ledger,
            registry,
            TimedSigner(signer, watch),
            printer=printer,
            printer_uri=settings.laser.uri,
            print_document=timed_printing(watch),
            deadline=settings.laser.deadline,
        )
        parts = Parts(
            settings, registry, signer, printer, issuance, renderer, smartcard.CscaStore.load(settings.card.csca)
        )
        runner = Runner(settings)
        counters.append(Counter(parts, runner.post, runner.availability))
        runner.use(counters[0])
        counters[0].desk.start()
        stack.push_async_callback(counters[0].stop)
        yield Session(runner, counters[0])


def _registry(settings: Settings) -> RegistryClient:
    registry = settings.registry
    return RegistryClient(
        registry.url,
        ca=registry.ca,
        certificate=registry.device_certificate,
        key=registry.device_key,
        signers=TrustedKeys.from_jwk_set(registry.signers),
        deadline=registry.deadline,
    )


async def serve(settings: Settings) -> None:
    """Serve the screen until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_session(settings) as session:
        runner = session.runner
        link = ScreenLink(settings.session.socket, runner.from_screen)
        runner.attach(link)
        await link.start()
        say(logged.PROCESS, part="session", state="started")
        running = asyncio.create_task(runner.run())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            running.cancel()
            stopping.cancel()
            await link.stop()
    say(logged.PROCESS, part="session", state="stopped")
