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
from kiosk.session.protocol import Snapshot
from kiosk.session.scripted import Answers, ScriptedCitizen
from kiosk.session.service import Session, ledger_path, open_session
from kiosk.simulation.townhall import TownHall

OVERRIDES: dict[str, dict[str, object]] = {
    "registry": {"deadline": 1.5},
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


class Recorder:
    def __init__(self, visit: Visit, on_screen: Callable[[str], None]) -> None:
        self._visit = visit
        self._on_screen = on_screen

    def show(self, snapshot: Snapshot) -> None:
        if self._visit.screens[-1:] != [snapshot.screen]:
            self._visit.screens.append(snapshot.screen)
            self._on_screen(snapshot.screen)
        self._visit.data[snapshot.screen] = snapshot.data


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
        mrz: str | None = None,
        language: str = "ar",
        on_screen: Callable[[str], None] = lambda screen: None,
    ) -> Visit:
        """Amina comes in with her card and knows (or does not) its number and PIN."""
        card = self.hall.cards["amina"]
        password = {"can": can or card.can}
        if mrz is not None:
            password = dict(zip(("document_number", "date_of_birth", "date_of_expiry"), mrz.split("|"), strict=True))
        stream = io.StringIO()
        log.configure(stream)
        self.hall.insert("amina", fault=fault)
        try:
            visit = asyncio.run(
                asyncio.wait_for(
                    self._visit(Answers(password, pin or card.pin, "birth-extract", language), on_screen), 60
                )
            )
        finally:
            self.hall.remove()
        visit.log = stream.getvalue()
        return visit

    async def _visit(self, answers: Answers, on_screen: Callable[[str], None]) -> Visit:
        async with open_session(self.settings) as session:
            visit = Visit()
            session.runner.attach(Recorder(visit, on_screen))
            citizen = ScriptedCitizen(session.runner, answers)
            session.runner.attach(citizen)
            running = asyncio.create_task(session.runner.run())
            try:
                visit.code = await citizen.ended
            finally:
                running.cancel()
            await session.counter.settled()
            visit.ending = session.counter.ending
            return visit

    def session(self) -> Any:
        """An open session, for tests that touch its parts."""
        return open_session(self.settings)

    def ledger(self) -> list[dict[str, Any]]:
        """Each grant's steps, oldest grant first, from a ledger that verifies."""
        with Ledger.view(ledger_path(self.settings)) as ledger:
            assert ledger.verify().valid
            grants: dict[str, dict[str, Any]] = {}
            for entry in ledger.entries():
                record = json.loads(entry.record.model_dump_json())
                grants.setdefault(entry.grant_id, {"steps": []})["steps"].append(record["step"])
                grants[entry.grant_id] |= {k: v for k, v in record.items() if k not in ("step",)}
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
