"""The session process: serves visits until it is told to stop, with the parts of the configuration in force."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from config.current import Configuration
from config.hours import Week
from config.schema import Settings
from drivers.smartcard.genuine import TrustStore
from kiosk import supervision
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.diagnostics import Check
from kiosk.diagnostics import run as run_checks
from kiosk.diagnostics.place import Place
from kiosk.issuance.keeper import DeviceKeeper
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Issuance
from kiosk.issuance.records import PaperRecord, StationName, paper_of
from kiosk.issuance.station import Station
from kiosk.issuance.stock import Stock
from kiosk.likeness import open_likeness
from kiosk.printers import open_laser, open_thermal
from kiosk.production import refuse_demo_parts
from kiosk.registry import open_registry
from kiosk.scanners import open_scanners
from kiosk.session import events as e
from kiosk.session.control import ControlServer, Health, SessionAway
from kiosk.session.counter import Counter
from kiosk.session.errand import Parts
from kiosk.session.opening import OpeningHours
from kiosk.session.reload import Reloader
from kiosk.session.runner import Runner
from kiosk.session.screen_link import ScreenLink
from kiosk.session.staff_desk import OwnSession, StaffDesk
from kiosk.session.stopwatch import Stopwatch, TimedSigner, timed_printing
from printing.render import Renderer
from signing.client import SignerClient


def ledger_path(settings: Settings) -> Path:
    return settings.kiosk.state / "ledger.sqlite"


@dataclass(frozen=True, slots=True)
class Session:
    runner: Runner
    counter: Counter
    ledger: Ledger


class Open:
    """The session whose parts are open now, for whoever asks while they come and go with the configuration."""

    def __init__(self) -> None:
        self._session: Session | None = None

    @asynccontextmanager
    async def session(self, settings: Settings, runner: Runner) -> AsyncIterator[Session]:
        """`open_session`, known here until it is left."""
        async with open_session(settings, runner) as opened:
            self._session = opened
            try:
                yield opened
            finally:
                self._session = None

    def paper(self, station: StationName | None, record: PaperRecord | None) -> Stock:
        """The paper by the books, once `record` of that station is in them. Raises SessionAway, LedgerError."""
        if self._session is None:
            raise SessionAway("the session's parts are not open")
        ledger = self._session.ledger
        if station is not None and record is not None:
            ledger.append(paper_of(station), record)
        return ledger.paper()


@asynccontextmanager
async def open_session(settings: Settings, runner: Runner | None = None) -> AsyncIterator[Session]:
    """A session with every part open and the reader watched; its parts are closed on leaving.

    With a runner it is that one's from now on, which must not be serving; else it has its own.
    Raises what a part raises that cannot be opened: LedgerError, SetupError, PageError, ConfigError.
    """
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(refuse_demo_parts, settings)
        ledger = stack.enter_context(Ledger.open(ledger_path(settings), keeper_of(settings)))
        renderer = stack.enter_context(Renderer(settings.documents.templates, settings.documents.render_deadline))
        await asyncio.to_thread(renderer.warm)
        registry = await stack.enter_async_context(open_registry(settings.registry))
        signer = SignerClient(settings.signer.socket, settings.documents.render_deadline + 5)
        counters: list[Counter] = []

        def watch() -> Stopwatch:
            return counters[0].watch

        stations = open_stations(settings)
        issuance = Issuance(
            ledger,
            registry,
            TimedSigner(signer, watch),
            stations=stations,
            print_document=timed_printing(watch),
        )
        scanners = open_scanners(settings.scanner, _scanner_told)
        scanners.start()
        stack.push_async_callback(scanners.stop)
        parts = Parts(
            settings,
            registry,
            signer,
            stations,
            issuance,
            renderer,
            trust=await asyncio.to_thread(TrustStore.load, settings.card.csca),
            scanners=scanners if scanners.names else None,
            likeness=open_likeness(settings.holder),
        )
        if runner is None:
            runner = Runner(settings)
        counters.append(Counter(parts, runner.post, runner.availability))
        runner.use(counters[0])
        runner.go_by(settings)
        hours = OpeningHours(Week.of(settings.hours), runner.availability)
        hours.start()
        stack.callback(hours.stop)
        for station in stations:
            stack.push_async_callback(station.printer.close)
        stack.push_async_callback(counters[0].stop)
        await counters[0].start()
        yield Session(runner, counters[0], ledger)


def _scanner_told(name: str, code: str | None) -> None:
    """Nobody needs a scanner: what it reads can be typed."""
    if code is None:
        say(logged.SCANNER, part=name)
    else:
        say(logged.SCANNER_AWAY, part=name, code=code)


def keeper_of(settings: Settings) -> DeviceKeeper:
    """Raises LedgerKeyUnfit."""
    return DeviceKeeper.load(settings.registry.device_key, settings.registry.device_certificate)


def open_stations(settings: Settings) -> tuple[Station, ...]:
    """The printers there are, the preferred one first."""
    laser, thermal = settings.laser, settings.thermal
    there: dict[str, Station] = {}
    if laser.uri:
        there["laser"] = Station(StationName.LASER, "a4", laser.uri, open_laser(laser), laser.deadline)
    if thermal.address:
        ticket = open_thermal(thermal)
        there["thermal"] = Station(StationName.THERMAL, "ticket", thermal.address, ticket, thermal.deadline)
    return tuple(there[name] for name in settings.printing.order if name in there)


async def serve(configuration: Configuration) -> None:
    """Serve the screen until SIGTERM or SIGINT. Raises ConfigError when there is no configuration to begin with.

    The sockets are those of the configuration at the start; all else follows it (`reload`).
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    settings = configuration.load().settings
    runner = Runner(settings)
    opened = Open()
    reloader = Reloader(configuration, runner, opened.session)
    link = ScreenLink(settings.session.socket, runner.from_screen, lambda: runner.post(e.ScreenLost()))
    runner.attach(link)

    def health() -> Health:
        return Health.of(
            runner.availability,
            release=reloader.release,
            between_visits=runner.between_visits,
            screen=link.connected,
        )

    def checks() -> AsyncIterator[Check]:
        return run_checks(runner.settings, place=Place(runner.settings, OwnSession(health)))

    desk = StaffDesk(settings, runner.post, runner.availability, checks)
    desk.begin()
    runner.also(desk)
    control = ControlServer(settings.session.control, health, runner.held, opened.paper)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(reloader.run())]
        await reloader.tried.wait()
        async with AsyncExitStack() as sockets:
            for socket in (link, control):
                await socket.start()
                sockets.push_async_callback(socket.stop)
            tasks += [group.create_task(runner.run()), group.create_task(_show_life(runner))]
            supervision.ready()
            say(logged.PROCESS, part="session", state="started")
            await stop.wait()
            supervision.stopping()
        desk.stop()
        for task in tasks:
            task.cancel()
    say(logged.PROCESS, part="session", state="stopped")


async def _show_life(runner: Runner) -> None:
    while (interval := supervision.watchdog_interval()) is not None:
        runner.pulse(supervision.alive)
        await asyncio.sleep(interval)
