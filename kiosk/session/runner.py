"""The session: takes events in turn, asks the table, carries the commands out, shows the screen.

    runner = Runner(settings)
    runner.use(Counter(parts, runner.post, runner.availability))
    runner.attach(link)
    await runner.run()

All that decides is in `machine.py`; all that touches the world is in `counter.py`. Time is kept here:
each state's own limit, and the citizen's silence, which is asked about before it ends the visit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from config.schema import Settings
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.session import events as e
from kiosk.session.availability import Availability, Outages
from kiosk.session.machine import WAITING, VisitMachine
from kiosk.session.paper_events import Again
from kiosk.session.protocol import ScreenEvent, Snapshot
from kiosk.session.screen_link import from_screen
from kiosk.session.staff_events import Staff
from kiosk.session.view import view

TAKE_PAPER_S = 30.0
CONFIRM_S = 120.0
"""Somebody of the staff has to be fetched."""
TROUBLE_S = 60.0
GOODBYE_S = 6.0
DIAGNOSTICS_S = 180.0
"""Whoever reads what the checks say, and scrolls, touches nothing that the session hears of."""
BETWEEN_S = 30.0
"""While nobody comes, what waits for the registry is tried again this often."""
CONFIG_SWITCH = "E-KIOSK-CONFIG-SWITCH"


class Carrier(Protocol):
    """What carries commands out, and answers through the runner's `post`; others' commands it lets pass."""

    def carry_out(self, command: e.Command) -> None: ...


class Hands(Carrier, Protocol):
    def between_visits(self) -> None: ...


class NoHands:
    """While the parts are closed: nothing is done, and `availability` lets nobody begin."""

    def carry_out(self, command: e.Command) -> None:
        return

    def between_visits(self) -> None:
        return


class ScreenPort(Protocol):
    def show(self, snapshot: Snapshot) -> None: ...


class Runner:
    """One kiosk's session. `post` may be called from any task of the loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.availability = Availability(self._availability_changed)
        self._machine = VisitMachine()
        self._queue: asyncio.Queue[e.Event | Callable[[], None]] = asyncio.Queue()
        self._hands: Hands = NoHands()
        self._others: list[Carrier] = []
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._holds = 0
        self._screens: list[ScreenPort] = []
        self._seq = 0
        self._asked_since = 0
        self._idle_left: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    def use(self, hands: Hands) -> None:
        """Set what carries the commands of a visit out; before `run`, or while `held`."""
        self._hands = hands

    def also(self, carrier: Carrier) -> None:
        """Carries commands out as well, whatever becomes of the hands; before `run`."""
        self._others.append(carrier)

    @property
    def settings(self) -> Settings:
        """Those in force, or the last that were."""
        return self._settings

    def rest(self) -> None:
        """What is done between visits is due: other hands have come."""
        if self.between_visits:
            self._settle_in(None)

    def go_by(self, settings: Settings) -> None:
        """From now on these are the times, the languages and the town; while `held`."""
        self._settings = settings
        self.availability.go_by(Outages.of(settings))
        self._show()

    def attach(self, screen: ScreenPort) -> None:
        self._screens.append(screen)

    def post(self, event: e.Event) -> None:
        self._queue.put_nowait(event)

    def pulse(self, answer: Callable[[], None]) -> None:
        """`answer` is called once the runner has come to it in its turn: a runner that hangs never does."""
        self._queue.put_nowait(answer)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Inside, nobody is being served and nobody can begin. Entering waits for the visit in progress."""
        self._holds += 1
        self.availability.set("configuration", CONFIG_SWITCH)
        try:
            await self._quiet.wait()
            yield
        finally:
            self._holds -= 1
            if not self._holds:
                self.availability.set("configuration", None)

    def from_screen(self, message: ScreenEvent) -> None:
        """A touch. Any touch says that somebody is there, but only one on the question now shown answers it."""
        timely = self._asked_since <= message.seq <= self._seq
        event = from_screen(message, self._settings.session.languages) if timely else None
        if self._idle_left is not None:
            self._idle_left = None
            self._show()
        self._arm()
        if event is not None and self._machine.expects(event):
            self.post(event)
        elif message.name != "still_here":
            say(logged.MESSAGE_REFUSED, source="screen")

    async def run(self) -> None:
        """Serve visits until cancelled."""
        self._settle_in(None)
        while True:
            event = await self._queue.get()
            if not isinstance(event, e.Event):
                event()
                continue
            before = self._machine.state
            if not self._machine.expects(event):
                continue
            if isinstance(event, e.Start | Again) and not self._may_begin:
                continue  # the screen says so, or will
            if isinstance(event, Staff) and self._holds:
                continue  # nobody begins anything; it does not last
            for command in self._machine.handle(event):
                for carrier in (self._hands, *self._others):
                    carrier.carry_out(command)
            self._idle_left = None
            self._settle_in(before)

    @property
    def between_visits(self) -> bool:
        """Whether nobody is being served."""
        return self._machine.state is e.State.ATTRACT

    @property
    def _may_begin(self) -> bool:
        """A visit, or another document in one. From GOODBYE a touch only leads to the attract screen."""
        return self._machine.state is e.State.GOODBYE or self.availability.code is None

    def _availability_changed(self) -> None:
        """A visit that has begun goes on: what is missing shows in it when it is needed."""
        if self.between_visits:
            self._show()

    def _settle_in(self, before: e.State | None) -> None:
        state = self._machine.state
        if state is not before:
            say(logged.VISIT_STATE, state=state.value)
            if state is e.State.TROUBLE:
                say(logged.VISIT_TROUBLE, code=self._machine.visit.code)
            if state is e.State.ATTRACT:
                self._quiet.set()
                self._hands.between_visits()
            else:
                self._quiet.clear()
            self._asked_since = self._seq + 1
            self._arm()
        self._show()

    def _show(self) -> None:
        self._seq += 1
        machine, settings = self._machine, self._settings
        shown = view(machine.state, machine.visit, settings.town, settings.session.languages, self.availability)
        snapshot = Snapshot(
            seq=self._seq,
            screen=shown.screen,
            language=shown.language,
            step=shown.step,
            idle_seconds=self._idle_left,
            data=shown.data,
        )
        for screen in self._screens:
            screen.show(snapshot)

    # --- time ---------------------------------------------------------------------------------------

    def _arm(self) -> None:
        """Start the state's clock again."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if (seconds := self._limit()) is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._time_is_up)

    def _limit(self) -> float | None:
        session = self._settings.session
        match self._machine.state:
            case e.State.DIAGNOSTICS:
                return DIAGNOSTICS_S
            case e.State.CONFIRM | e.State.CLERK:
                return CONFIRM_S
            case state if state in WAITING:
                return session.idle
            case e.State.TAKE_CARD | e.State.RETURN_CARD:
                return session.take_card
            case e.State.TAKE_PAPER:
                return TAKE_PAPER_S
            case e.State.TROUBLE | e.State.STRAY:
                return TROUBLE_S
            case e.State.GOODBYE:
                return GOODBYE_S
            case e.State.ATTRACT:
                return BETWEEN_S
            case _:
                return None

    def _time_is_up(self) -> None:
        if self._machine.state is e.State.ATTRACT:
            self._hands.between_visits()
            self._show()
            self._arm()
            return
        if self._machine.state not in WAITING or self._idle_left == 0:
            self.post(e.TimeOut())
            return
        warning = int(self._settings.session.idle_warning)
        self._idle_left = warning if self._idle_left is None else self._idle_left - 1
        self._show()
        self._timer = asyncio.get_running_loop().call_later(1.0, self._time_is_up)
