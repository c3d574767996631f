"""A kiosk's day in virtual time: the session's own runner, counter, paper desk, issuance and ledger, from the
first citizen to the last, between edges that cost nothing (`tests/kiosk/issuance/model`).

    day = Day(folder, patch)
    day.serve(600)
    day.close()
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter as Tally
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from model_edges import Registry, Signer, others_go_on
from model_kiosk import ACT, Kiosk
from model_world import ROLL, TRAY, World

from config.printers import Printing, Thermal
from config.schema import Settings
from kiosk.session import counter as counter_room
from kiosk.session import events as e
from kiosk.session import holder_events as holder
from kiosk.session.counter import Counter
from kiosk.session.errand import Errand, Parts
from kiosk.session.protocol import EventName, ScreenEvent, Snapshot
from kiosk.session.runner import Runner
from printing.documents import DocumentCatalogue

TYPE = "birth-extract"
BETWEEN = 45.0
"""Seconds from one citizen to the next."""
MISFORTUNES = {
    3: "echo-lost",
    5: "signer-down",
    7: "grant-unanswered",
    11: "line-lost",
    13: "card-gone",
    17: "jams",
    19: "paper-out-mid",
    23: "settle-unanswered",
}
"""Of each 25 visits, those in which something goes wrong; and for an hour at noon the registry is away."""


class ForgetfulWorld(World):
    """Nobody will restart from its file."""

    def _keep(self) -> None:
        pass


class DayRegistry(Registry):
    async def act(self, _: object) -> Any:
        await others_go_on()
        return ACT


class DaySigner(Signer):
    async def status(self) -> None:
        await others_go_on()


class Desk:
    """The card's: it is always there when it is asked for, and gone when it should be."""

    def __init__(self, settings: Settings, post: Callable[[e.Event], None], look: Callable[[], None]) -> None:
        self._post = post

    def await_card_out(self) -> None:
        self._post(e.CardOut())

    async def put_away(self) -> None:
        return

    async def sign(self, nonce: bytes) -> bytes:
        return await Day.now.kiosk._card(nonce)


class Identification:
    def __init__(self, parts: Parts, desk: Desk, tell: Any, form_of: Any) -> None:
        self._tell, self._desk = tell, desk

    async def await_card(self) -> None:
        self._desk._post(e.CardIn())

    async def probe(self, errand: Errand) -> None:
        self._tell(errand, e.AsksCan())

    async def open(self, errand: Errand, fields: dict[str, str]) -> None:
        self._tell(errand, e.Opened())

    async def examine(self, errand: Errand) -> None:
        errand.card = cast(Any, SimpleNamespace(signs=True))
        self._tell(errand, holder.AsksPin(3))

    async def prove(self, errand: Errand, pin: str) -> None:
        errand.presented = SimpleNamespace(presentation_id="0f" * 16)  # type: ignore[assignment]
        self._tell(errand, e.Identified("", "", (e.Paper(TYPE, "", "", ("ar", "fr")),)))


class DayKiosk(Kiosk):
    registry_kind = DayRegistry
    signer_kind = DaySigner


class Day:
    """One process: it is opened once, and serves until it is closed."""

    now: Day

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        Day.now = self
        self.world = ForgetfulWorld(folder)
        self.kiosk = DayKiosk(self.world)
        self.served = 0
        self._seq, self._seen = 0, ""
        self._over = asyncio.Event()
        self.screens: Tally[str] = Tally()
        patch.setattr(counter_room, "CardDesk", Desk)
        patch.setattr(counter_room, "Identification", Identification)
        patch.setattr(counter_room, "questions", lambda parts, desk: {})
        self._catalogue = DocumentCatalogue()

    def serve(self, visits: int) -> None:
        self.kiosk._loop.run_until_complete(self._serve(visits))

    def close(self) -> None:
        self.kiosk.stop()

    async def _serve(self, visits: int) -> None:
        if not hasattr(self, "_runner"):
            self._open()
        running = asyncio.create_task(self._runner.run())
        await asyncio.sleep(BETWEEN)
        until = self.served + visits
        while self.served < until:
            self._fate(self.served)
            await self._one_visit()
            self.served += 1
            self.world.faults = frozenset()
            await asyncio.sleep(BETWEEN)
        await self._counter.settled()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def _open(self) -> None:
        settings = Settings(
            profile="demo",
            printing=Printing(order=("thermal", "laser")),
            thermal=Thermal(address="tcp://ticket.example:9100"),
        )
        issuance = self.kiosk.issuance
        renderer: Any = SimpleNamespace(
            catalogue=self._catalogue, preview=lambda page, ppi: [b"png"], forget=lambda: None
        )
        parts = Parts(
            settings,
            issuance._registry,  # type: ignore[arg-type]
            issuance._signer,  # type: ignore[arg-type]
            tuple(issuance._stations.values()),
            issuance,
            renderer,
            None,  # type: ignore[arg-type]
        )
        self._runner = Runner(settings)
        self._counter = Counter(parts, self._runner.post, self._runner.availability)
        self._runner.use(self._counter)
        self._runner.attach(self)

    def _fate(self, number: int) -> None:
        """What the next visit will meet. Every fifty visits the roll is empty for a while, and sheets are given."""
        fault = MISFORTUNES.get(number % 25)
        away = {"registry-away"} if number % 200 in range(100, 105) else set()
        self.world.faults = frozenset({fault} if fault else ()) | away
        self.world.state["laser"]["paper"] = TRAY
        self.world.state["thermal"]["paper"] = 0 if number % 50 in range(15, 22) else ROLL

    async def _one_visit(self) -> None:
        self._over.clear()
        self._runner.from_screen(ScreenEvent(seq=self._seq, name="start"))
        await self._over.wait()

    # --- the citizen ----------------------------------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        self._seq = snapshot.seq
        name = snapshot.screen
        if name == self._seen:
            return
        self._seen = name
        self.screens[name] += 1
        said: dict[str, tuple[EventName, dict[str, str]]] = {
            "language": ("language", {"language": "fr"}),
            "can": ("password", {"can": "123456"}),
            "pin": ("pin", {"pin": "1234"}),
            "choice": ("choose", {"type": TYPE, "language": "fr"}),
            "preview": ("confirm", {}),
            "ask_paper": ("whole" if self.served % 2 else "not_whole", {}),
            "stray": ("done", {}),
            "take_paper": ("taken", {}),
            "trouble": ("done", {}),
            "goodbye": ("start", {}),
        }
        if name == "attract":
            self._over.set()
        elif name in said:
            event, value = said[name]
            message = ScreenEvent(seq=snapshot.seq, name=event, value=value)
            asyncio.get_running_loop().call_soon(self._runner.from_screen, message)

    # --- what a day leaves ----------------------------------------------------------------------------

    def tidy(self) -> None:
        """The world's memory is not the kiosk's: made anew, so that what is counted is the kiosk's alone."""
        self.world.state = json.loads(json.dumps(self.world.state))
