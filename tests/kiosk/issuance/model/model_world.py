"""Everything outside a kiosk, remembered in one file that outlives it: registry, signer, two printers.

    world = World(folder)                       # the same folder again: the same world, later
    world.faults = frozenset({"echo-lost"})     # what goes wrong now
    world.at = stop_at(7)                       # called before and after each durable effect

The kiosk's edges to it are in `model_edges` and `model_printers`. A laser document has two sheets, a ticket
four bands and a cut. The ticket printer has no memory of jobs, only a buffer: it keeps it when the kiosk
dies, and goes on with it when there is paper again, unless it was cleared.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import pypdfium2

from kiosk.issuance.rules import job_title
from registry.errors import TimedOut, Unreachable

T = TypeVar("T")
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A file system in memory forgets no more than a disk when a process is killed, and is quicker."""
SHEETS, BANDS = 2, 4
ROLL, TRAY = 100_000, 1000
Fate = Literal["whole", "lost", "unanswered"]
"""Of a request to the registry: heard and answered; never heard; heard, and the answer lost."""


class PowerCut(BaseException):
    """Nothing of the kiosk goes on after this: every later moment raises it again."""


def stop_at(count: int | None) -> Callable[[str], None]:
    """The power goes at the moment of that number, counted from 0."""
    left = count

    def at(_: str) -> None:
        nonlocal left
        if left is None:
            return
        if left == 0:
            raise PowerCut
        left -= 1

    return at


def _pages(count: int) -> bytes:
    document, written = pypdfium2.PdfDocument.new(), io.BytesIO()
    for _ in range(count):
        document.new_page(200, 280)
    document.save(written)
    return written.getvalue() + b"% "


PDF = {"a4": _pages(SHEETS), "ticket": _pages(1)}
"""The grant's id follows it, so that a printed document can be told."""
NEW: dict[str, Any] = {
    "clock": 0,
    "grants": {},
    "began": [],
    "laser": {"jobs": {}, "sheets": [], "paper": TRAY},
    "thermal": {"received": [], "hanging": [], "strips": [], "paper": ROLL, "cutter": "free", "cover": False},
}


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: frozenset[str] = frozenset()
        self.at: Callable[[str], None] = lambda moment: None
        self.line: Callable[[str, int], Fate] = self._line_by_faults
        self.requests = 0
        self._file = folder / "world.json"
        self.state: dict[str, Any] = json.loads(self._file.read_text() if self._file.exists() else json.dumps(NEW))

    @property
    def ledger(self) -> Path:
        return self.folder / "state" / "ledger.sqlite"

    @contextmanager
    def effect(self, moment: str) -> Iterator[None]:
        """What the kiosk causes outside: durable, between two moments at which the kiosk may die."""
        self.at(f"before {moment}")
        yield
        self._keep()
        self.at(f"after {moment}")

    def _keep(self) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(self.state))
        draft.rename(self._file)

    def _tick(self) -> int:
        self.state["clock"] += 1
        return int(self.state["clock"])

    # --- the registry's line

    def ask_registry(self, what: str, answer: Callable[[], T]) -> T:
        """Raises Unreachable, TimedOut by `line`; what `answer` raises."""
        self.requests += 1
        fate = self.line(what, self.requests)
        if fate == "lost":
            raise Unreachable("no route")
        heard = answer()
        if fate == "unanswered":
            raise TimedOut("no answer")
        return heard

    def _line_by_faults(self, what: str, _: int) -> Fate:
        if self.faults & {"registry-away", f"{what}-lost"}:
            return "lost"
        return "unanswered" if f"{what}-unanswered" in self.faults else "whole"

    # --- what is on paper

    def began(self, grant_id: str, station: str) -> None:
        """From now on the document of this grant is the one that may come out there."""
        self.state["began"].append([job_title(grant_id), station, self._tick()])
        self._keep()

    def marks(self, station: str) -> list[list[Any]]:
        """[title, part, clock] of whatever was put on paper, hanging or not."""
        if station == "laser":
            return list(self.state["laser"]["sheets"])
        thermal = self.state["thermal"]
        return [band for strip in (*thermal["strips"], thermal["hanging"]) for band in strip]

    def originals(self, title: str) -> int:
        """Whole papers of that job in somebody's hand: every sheet, or one strip with every band and no other."""
        parts = [part for name, part, _ in self.state["laser"]["sheets"] if name == title]
        sets = min(parts.count(page) for page in range(SHEETS))
        whole = [[title, band] for band in range(BANDS)]
        return sets + sum([band[:2] for band in strip] == whole for strip in self.state["thermal"]["strips"])

    # --- the laser printer

    def laser_step(self, job_id: str) -> bool:
        """One turn of the printer's own work; False when the job has none left, or cannot go on."""
        laser, faults = self.state["laser"], self.faults
        job = laser["jobs"][job_id]
        if not job["document"] or job["state"] not in ("pending", "processing"):
            return False
        if job["state"] == "pending":
            job["state"] = "processing"
        elif "stuck" in faults or laser["paper"] == 0 or ("cancel-late" in faults and job["pages"]):
            return False
        elif "aborts" in faults or ("jams" in faults and job["pages"]):
            job["state"] = "aborted"
        else:
            self.sheet(job)
            job["state"] = "completed" if job["pages"] == SHEETS else "processing"
        self._keep()
        return True

    def sheet(self, job: dict[str, Any]) -> None:
        self.state["laser"]["sheets"].append([job["title"], job["pages"], self._tick()])
        self.state["laser"]["paper"] -= 1
        job["pages"] += 1

    # --- the ticket printer

    @property
    def thermal_blocked(self) -> str | None:
        thermal = self.state["thermal"]
        if thermal["cover"]:
            return "cover"
        if thermal["cutter"] == "stuck":
            return "cutter"
        return None if thermal["paper"] else "paper"

    def thermal_step(self) -> str | None:
        """One band or one cut of its own work; the echo it sends, if that was next."""
        thermal = self.state["thermal"]
        if self.thermal_blocked or not thermal["received"]:
            return None
        kind, *what = thermal["received"].pop(0)
        if kind == "band":
            thermal["hanging"].append([*what, self._tick()])
            thermal["paper"] -= 1
        elif kind == "cut" and "cutter" in self.faults:
            thermal["cutter"] = "stuck"
        elif kind == "cut":
            self.cut_off()
        self._keep()
        return str(what[0]) if kind == "echo" else None

    def cut_off(self) -> None:
        thermal = self.state["thermal"]
        thermal["strips"].append(thermal["hanging"])
        thermal["hanging"] = []

    def fit(self, station: str) -> bool:
        """Whether a whole document could be printed there now."""
        if station == "laser":
            return bool(self.state["laser"]["paper"] >= SHEETS)
        return self.thermal_blocked is None and self.state["thermal"]["paper"] >= BANDS

    # --- time, and hands

    def time_passes(self) -> None:
        """The printers work on, whether there is a kiosk or not."""
        for job_id in self.state["laser"]["jobs"]:
            while self.laser_step(job_id):
                pass
        while self.state["thermal"]["received"] and not self.thermal_blocked:
            self.thermal_step()

    def mend(self) -> None:
        """Somebody puts paper in, shuts the cover, frees the blade; the printers go on with what they hold."""
        self.faults = frozenset()
        self.line = self._line_by_faults
        self.state["laser"]["paper"] = TRAY
        self.state["thermal"] |= {"paper": ROLL, "cutter": "free", "cover": False}
        self._keep()
        self.time_passes()

    def power_lost(self, station: str) -> None:
        """A printer is switched off and on: it has forgotten what it was told."""
        if station == "laser":
            self.state["laser"]["jobs"] = {}
        else:
            self.state["thermal"]["received"] = []
        self._keep()
