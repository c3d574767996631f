"""A whole town hall on real parts, and visits through it."""

import asyncio
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from config import Settings, load
from drivers.simulated.reader import VirtualReader
from kiosk.catalogue import log
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Ending
from kiosk.session.protocol import EventName, Snapshot
from kiosk.session.runner import Runner
from kiosk.session.scripted import Answers, ScriptedCitizen
from kiosk.session.service import Session, ledger_path, open_session
from kiosk.simulation.townhall import TownHall

OVERRIDES: dict[str, dict[str, object]] = {
    "registry": {"deadline": 3},
    "laser": {"deadline": 6, "request_deadline": 2},
}


@dataclass
class Visit:
    """What a visit came to: the code it ended with, what became of a document, and each screen in order."""

    code: str | None = None
    ending: Ending | None = None
    screens: list[str] = field(default_factory=list)
    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: str = ""


@dataclass(frozen=True)
class Seen:
    """What the test does as the citizen sees a screen, or what a screen says."""

    on_screen: Callable[[str], object] = lambda screen: None
    on_data: Callable[[dict[str, Any]], object] = lambda data: None


class Recorder:
    def __init__(self, visit: Visit, seen: Seen) -> None:
        self._visit = visit
        self._seen = seen

    def show(self, snapshot: Snapshot) -> None:
        if self._visit.screens[-1:] != [snapshot.screen]:
            self._visit.screens.append(snapshot.screen)
            self._seen.on_screen(snapshot.screen)
        self._visit.data[snapshot.screen] = snapshot.data
        self._seen.on_data(snapshot.data)


Said = tuple[EventName, dict[str, str]]


class Stubborn(ScriptedCitizen):
    """A citizen who says on some screens what the test wants, and elsewhere what anybody would."""

    def __init__(self, runner: Runner, answers: Answers, says: dict[str, list[Said]]) -> None:
        super().__init__(runner, answers)
        self._says = says
        self._on = ""

    def show(self, snapshot: Snapshot) -> None:
        arrived, self._on = snapshot.screen != self._on, snapshot.screen
        if arrived and self._says.get(snapshot.screen):
            name, value = self._says[snapshot.screen].pop(0)
            self._screen = snapshot.screen
            self._say(snapshot, name, **value)
        else:
            super().show(snapshot)


class Town:
    """The town hall with the kiosk's signer running, and a session in this process for each visit."""

    def __init__(self, hall: TownHall) -> None:
        self.hall = hall
        settings = load(hall.configuration).settings
        # In this process the address of pcscd is `use_reader`'s link, and no other.
        unnamed = settings.reader.model_copy(update={"pcscd_socket": None})
        self.settings: Settings = settings.model_copy(update={"reader": unnamed})

    def visit(
        self,
        *,
        fault: str | None = None,
        can: str | None = None,
        pin: str | None = None,
        language: str = "ar",
        on_screen: Callable[[str], object] = lambda screen: None,
        on_data: Callable[[dict[str, Any]], object] = lambda data: None,
        says: dict[str, list[Said]] | None = None,
        card_in: bool = True,
    ) -> Visit:
        """Amina comes in with her card and knows (or does not) its number and PIN.

        `on_screen` is called as each screen appears. `says` overrides what she answers on a screen, time by time.
        """
        card = self.hall.cards["amina"]
        answers = Answers({"can": can or card.can}, pin or card.pin, "birth-extract", language)
        stream = io.StringIO()
        log.configure(stream)
        if card_in:
            self.hall.insert("amina", fault=fault)
        visit = asyncio.run(asyncio.wait_for(self._visit(answers, Seen(on_screen, on_data), says or {}), 40))
        visit.log = stream.getvalue()
        return visit

    async def _visit(self, answers: Answers, seen: Seen, says: dict[str, list[Said]]) -> Visit:
        async with open_session(self.settings) as session:
            visit = Visit()
            session.runner.attach(Recorder(visit, seen))
            citizen = Stubborn(session.runner, answers, says)
            session.runner.attach(citizen)
            running = asyncio.create_task(session.runner.run())
            try:
                visit.code = await citizen.ended
            finally:
                running.cancel()
                # Taken out while the watch looks on: put back sooner than it looks, a card would seem never gone.
                await asyncio.to_thread(self.hall.remove)
                await session.counter.desk.empty()
            await session.counter.settled()
            visit.ending = session.counter.ending
            return visit

    def session(self) -> Any:
        """An open session, for tests that touch its parts."""
        return open_session(self.settings)

    def ledger(self) -> list[dict[str, Any]]:
        """Each grant's steps, oldest grant first, from a ledger that verifies; none before the first visit."""
        if not ledger_path(self.settings).exists():
            return []
        with Ledger.view(ledger_path(self.settings)) as ledger:
            assert ledger.verify().valid
            grants: dict[str, dict[str, Any]] = {}
            for entry in ledger.entries():
                if entry.subject.startswith("paper:"):
                    continue
                record = json.loads(entry.record.model_dump_json())
                grants.setdefault(entry.subject, {"steps": []})["steps"].append(record["step"])
                grants[entry.subject] |= {k: v for k, v in record.items() if k not in ("step",)}
            return list(grants.values())

    @property
    def papers(self) -> int:
        return len(list(self.hall.printer.paper.glob("*.png")))


@pytest.fixture(scope="module")
def town(use_reader: Callable[[VirtualReader], None]) -> Iterator[Town]:
    with (
        tempfile.TemporaryDirectory(prefix="shubbak-") as folder,
        TownHall(Path(folder), overrides=OVERRIDES) as hall,
    ):
        use_reader(hall.reader)
        hall.start("signer")
        yield Town(hall)


__all__ = ["Session", "Town", "Visit"]
