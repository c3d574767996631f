"""A town hall with both printers, whose books are held against the papers themselves, read by their seals."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from power_processes import PATIENCE, Screen, Session, Snapshot
from power_town import PowerTown

from drivers.simulated.errors import HandRefused, HandUnreachable
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Granted, Outcome, PaperRecord, Record, Settled, StationName, Submitting
from kiosk.issuance.rules import evidence_in, outcome_of
from kiosk.simulation.townhall import TownHall
from signing import seal
from signing.picture import texts_in_picture

OVERRIDES: dict[str, dict[str, object]] = {
    "registry": {"deadline": 3},
    "laser": {"deadline": 5, "request_deadline": 1},
    "thermal": {"deadline": 15, "request_deadline": 1},
}
TICKET_DPI = 203
Acts = Mapping[str, Callable[[], object]]
"""What happens when a screen comes for the first time, before it is answered."""


@dataclass(frozen=True)
class Paper:
    """One picture from a tray. `reference` is None where no whole seal is on it; a `blank` one is no document's."""

    picture: Path
    station: StationName
    reference: str | None
    millimetres: int
    blank: bool


class PaperTown(PowerTown):
    """`preferred` is the printer that the session at hand prefers; `armed`: a power cut may still come in it."""

    def __init__(self, hall: TownHall) -> None:
        super().__init__(hall)
        text = hall.configuration.read_text()
        self._configurations = {"laser": hall.configuration, "thermal": hall.configuration.with_name("ticket.toml")}
        turned = text.replace('order = ["laser", "thermal"]', 'order = ["thermal", "laser"]')
        assert turned != text
        self._configurations["thermal"].write_text(turned)
        self._configurations["thermal"].chmod(0o600)
        self._read: dict[Path, Paper] = {}
        self.preferred = "laser"
        self.armed = False
        self.answer = "not_whole"

    def open(self, cut: str | None = None, victim: object = "self") -> None:
        self.session = Session(self._configurations[self.preferred], self.kept, cut, victim)
        self.armed = cut is not None

    # --- a visit, whatever happens in it ---------------------------------------------------------------

    def walk(self, acts: Acts) -> list[str]:
        """One visit, from the first screen to the next, or to the session's death: its screens, in order.

        What is left of the visit before is answered, too, and is not told.
        """
        assert self.screen is not None
        seen: list[str] = []
        answered = ""
        left = dict(acts)
        for snapshot in self.screen.snapshots():
            name = snapshot["screen"]
            if name == "printing" and "take_card" not in seen:
                name = "issuing"  # the same screen, before the card is taken
            if name == "attract" and len(seen) > 1:
                return seen
            if snapshot["data"].get("unavailable"):
                answered = ""
                continue
            if name == answered:
                continue
            answered = name
            if seen or name == "attract":
                seen.append(name)
                left.pop(name, lambda: None)()
            self._answer(self.screen, snapshot)
        return seen

    def _answer(self, screen: Screen, snapshot: Snapshot) -> None:
        match snapshot["screen"]:
            case "ask_paper":
                screen.say(snapshot, "whole" if self.answer == "whole" else "not_whole")
            case "confirm":
                screen.say(snapshot, "not_whole")
            case "stray":
                screen.say(snapshot, "done")
            case "return_card" | "take_card":
                with contextlib.suppress(HandRefused, HandUnreachable):
                    self.hall.remove()
            case _:
                with contextlib.suppress(HandUnreachable):
                    super()._answer(screen, snapshot)

    # --- afterwards -----------------------------------------------------------------------------------

    def mend(self) -> None:
        """Whatever is gone, open, empty or stuck is put right."""
        laser, thermal = self.hall.printer.control, self.hall.thermal.control
        laser.back()
        laser.paper_in()
        laser.cover(open=False)
        thermal.back()
        thermal.paper_in()
        thermal.cover(open=False)
        thermal.cutter(stuck=False)

    def see_out(self) -> None:
        """A screen comes back to a session that lives, and answers what is asked there, up to the first screen."""
        with contextlib.suppress(ConnectionRefusedError, FileNotFoundError):
            self.sit_down()
        if self.screen is not None:
            answered = ""
            for snapshot in self.screen.snapshots():
                if snapshot["screen"] == "attract":
                    break
                if snapshot["screen"] != answered:
                    answered = snapshot["screen"]
                    self._answer(self.screen, snapshot)
        self.stand_up()

    def rest(self) -> None:
        """Returns when every grant in the ledger is settled; a session that dies meanwhile is started again."""
        while not self._settled():
            self.session.gone()
            self.open()

    def _settled(self) -> bool:
        """Awaits the end of the session, or of the last open grant: whether it was that."""
        session = self.session
        with session._news:
            assert session._news.wait_for(lambda: session._ended or self._open == 0, PATIENCE), session._lines[-20:]
            return not session._ended

    @property
    def _open(self) -> int:
        with Ledger.view(self._ledger_file) as ledger:
            return len(ledger.open_grants())

    @property
    def _ledger_file(self) -> Path:
        return self.settings.kiosk.state / "ledger.sqlite"

    # --- papers and books -----------------------------------------------------------------------------

    def tray(self) -> list[Paper]:
        """Every paper that fell on a tray, read as a verifier's camera would."""
        for station, folder in ((StationName.LASER, self.hall.printer), (StationName.THERMAL, self.hall.thermal)):
            for picture in sorted(folder.paper.glob("[0-9]*.png")):
                if picture not in self._read:
                    self._read[picture] = _read(picture, station)
        return list(self._read.values())

    def audit(self) -> dict[str, list[Paper]]:
        """Ledger, registry and trays agree; the papers by reference. AssertionError if not."""
        grants = self._grants()
        self._agree_with_registry(grants)
        references = {_reference(records): grant for grant, records in grants.items() if _reference(records)}
        papers: dict[str, list[Paper]] = {}
        for paper in self.tray():
            if paper.reference is not None:
                papers.setdefault(paper.reference, []).append(paper)
        assert papers.keys() <= references.keys(), "a paper that is in no ledger"
        assert max((len(found) for found in papers.values()), default=0) <= 1, "a second original"
        for reference, grant in references.items():
            _agree(grants[grant], papers.get(str(reference), []))
        broken = Counter(paper.station for paper in self.tray() if not (paper.reference or paper.blank))
        doubtful = Counter(_station(records) for records in grants.values() if outcome_of(records) is Outcome.UNKNOWN)
        assert all(count <= doubtful[station] for station, count in broken.items()), (
            f"a scrap that nobody doubts: {broken}, {doubtful}"
        )
        return papers

    def _grants(self) -> dict[str, list[Record]]:
        with Ledger.view(self._ledger_file) as ledger:
            verdict = ledger.verify()
            assert verdict.valid and verdict.open == 0, verdict
            grants: dict[str, list[Record]] = {}
            hashes = {}
            for entry in ledger.entries():
                hashes[entry.seq] = entry.hash
                if not isinstance(entry.record, PaperRecord):
                    grants.setdefault(entry.subject, []).append(entry.record)
        for seq, head in self.told("heads", "seq, head"):
            assert hashes[seq] == head, "the registry's head is not in the ledger"
        return grants

    def _agree_with_registry(self, grants: dict[str, list[Record]]) -> None:
        settled = {grant: records[-1] for grant, records in grants.items()}
        registry = {grant: body for grant, body in self.told("settlements", "id, body")}
        assert registry.keys() == settled.keys()
        for grant, record in settled.items():
            assert isinstance(record, Settled) and f'"{record.outcome.value}"' in registry[grant]


def _read(picture: Path, station: StationName) -> Paper:
    data = picture.read_bytes()
    seals = {text for text in texts_in_picture(data) if "/v#" in text}
    assert len(seals) <= 1, f"two citizens on one paper: {picture}"
    with Image.open(picture) as image:
        millimetres = round(image.height * 25.4 / TICKET_DPI)
        blank = image.convert("L").getextrema()[0] == 255
    return Paper(picture, station, seal.read(seals.pop()).claims.reference if seals else None, millimetres, blank)


def _reference(records: list[Record]) -> str | None:
    return next((record.reference for record in records if isinstance(record, Granted)), None)


def _station(records: list[Record]) -> StationName | None:
    return next((record.station for record in records if isinstance(record, Submitting)), None)


def _agree(records: list[Record], papers: list[Paper]) -> None:
    """What the ledger says of one grant, and the paper of it that was found, if any."""
    settled, outcome = records[-1], outcome_of(records)
    assert isinstance(settled, Settled)
    if settled.outcome == "PRINTED":
        assert evidence_in(records) == settled.evidence != "none"
        (paper,) = papers
        sent = next(record for record in records if isinstance(record, Submitting))
        assert paper.station is sent.station
        if sent.station is StationName.THERMAL:
            assert abs(paper.millimetres - sent.length) <= max(20, sent.length // 10), (paper, sent)
    elif papers:
        assert outcome is Outcome.UNKNOWN, "failed, and it is on paper"
