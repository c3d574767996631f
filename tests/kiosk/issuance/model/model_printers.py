"""The kiosk's two printers in the model's world: a laser that remembers its jobs, a ticket printer that does not."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from model_edges import others_go_on
from model_world import BANDS, PDF, SHEETS, World

from drivers.printers.errors import (
    CoverOpen,
    CutterJam,
    JobLeft,
    JobNotFound,
    OutOfPaper,
    PrinterError,
    PrinterRefused,
    PrinterSilent,
    PrinterUnreachable,
    SubmissionUncertain,
)
from drivers.printers.port import Condition, Evidence, Intake, JobState, JobStatus, PrinterStatus
from kiosk.issuance.rules import job_title

OnCreated = Callable[[int], Awaitable[None]]
LASER_FAULTS = (
    "gone", "paper-out", "paper-out-mid", "submit-refused", "submit-unanswered", "mute", "aborts", "jams", "stuck",
    "cancel-late", "forgets", "prints-at-once", "left", "power-lost",
)  # fmt: skip
THERMAL_FAULTS = (
    "gone", "paper-out", "paper-out-mid", "cover-mid", "cutter", "mute", "line-lost", "echo-lost", "no-echo",
    "power-lost", "left",
)  # fmt: skip


def _titled(document: bytes, form: str) -> str:
    assert document.startswith(PDF[form]), "a document of another form"
    return job_title(document.removeprefix(PDF[form]).decode())


class Laser:
    """Job numbers count from 1, also after the printer has forgotten all; it finds jobs by their titles."""

    evidence: Evidence = "ipp-completed"

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def _jobs(self) -> dict[str, dict[str, Any]]:
        jobs: dict[str, dict[str, Any]] = self._world.state["laser"]["jobs"]
        return jobs

    async def _reach(self, sent: bool = False) -> None:
        await others_go_on()
        if "gone" in self._world.faults:
            raise PrinterUnreachable("no printer")
        if sent and "mute" in self._world.faults:
            raise PrinterSilent("no answer")

    async def intake(self) -> Intake:
        return Intake("application/pdf")

    async def status(self) -> PrinterStatus:
        await self._reach()
        out = {Condition.PAPER_OUT} if "paper-out" in self._world.faults or not self._paper else set()
        return PrinterStatus(accepting=True, conditions=frozenset(out))

    @property
    def _paper(self) -> int:
        return int(self._world.state["laser"]["paper"])

    async def clear(self) -> None:
        await self._reach()
        if "left" in self._world.faults and any(_runs(job) for job in self._jobs.values()):
            raise JobLeft("it does not let go")
        for job_id in [job_id for job_id, job in self._jobs.items() if _runs(job)]:
            self._cancel(job_id)

    async def submit(self, document: bytes, *, title: str, on_created: OnCreated | None = None) -> int:
        world, faults = self._world, self._world.faults
        assert _titled(document, "a4") == title and on_created is not None
        await self._reach()
        if "submit-refused" in faults:
            raise PrinterRefused("the printer said no", 0x0501)
        if "paper-out-mid" in faults:
            world.state["laser"]["paper"] = 1
        job_id = len(self._jobs) + 1
        with world.effect("printer create"):
            self._jobs[str(job_id)] = {"title": title, "state": "pending", "pages": 0, "document": False}
        if "prints-at-once" not in faults:
            await on_created(job_id)
        with world.effect("printer submit"):
            self._jobs[str(job_id)]["document"] = True
        if "prints-at-once" in faults:
            world.time_passes()
            await on_created(job_id)
        if "submit-unanswered" in faults:
            raise SubmissionUncertain("no answer", job_id)
        return job_id

    async def job(self, job_id: int) -> JobStatus:
        await self._reach(sent=True)
        held = self._jobs.get(str(job_id))
        if held is not None and held["pages"] and "power-lost" in self._world.faults:
            self._world.power_lost("laser")
            held = None
        if held is None:
            raise JobNotFound("no such job", 0x0406)
        self._world.laser_step(str(job_id))
        out = {Condition.PAPER_OUT} if not self._paper else set()
        return JobStatus(JobState(held["state"]), held["pages"], frozenset(out))

    async def cancel(self, job_id: int) -> JobStatus:
        await self._reach(sent=True)
        if str(job_id) not in self._jobs:
            raise JobNotFound("no such job", 0x0406)
        if _runs(self._jobs[str(job_id)]):
            self._cancel(str(job_id))
        held = self._jobs[str(job_id)]
        return JobStatus(JobState(held["state"]), held["pages"], frozenset())

    def _cancel(self, job_id: str) -> None:
        held = self._jobs[job_id]
        with self._world.effect("printer cancel"):
            if "cancel-late" in self._world.faults and held["state"] == "processing" and held["pages"] < SHEETS:
                self._world.sheet(held)
            held["state"] = "canceled"

    async def find(self, title: str) -> int | None:
        await self._reach(sent=True)
        if "forgets" in self._world.faults:
            return None
        return max((int(job_id) for job_id, job in self._jobs.items() if job["title"] == title), default=None)

    async def close(self) -> None:
        pass


def _runs(job: dict[str, Any]) -> bool:
    return job["state"] in ("pending", "processing")


@dataclass
class _Strip:
    job_id: int
    title: str
    sent: int = 0
    state: JobState = JobState.PROCESSING
    pages: int = 0
    lost: bool = False
    conditions: frozenset[Condition] = field(default_factory=frozenset)


_BLOCKED: dict[str, tuple[Condition, PrinterError]] = {
    "paper": (Condition.PAPER_OUT, OutOfPaper("no paper")),
    "cover": (Condition.COVER_OPEN, CoverOpen("a cover is open")),
    "cutter": (Condition.CUTTER, CutterJam("the blade is stuck")),
}


class Thermal:
    """The memory of the one job is the kiosk's and dies with it; it finds nothing, and counts by the echo."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._strip: _Strip | None = None

    @property
    def evidence(self) -> Evidence:
        return "none" if "no-echo" in self._world.faults else "escpos-echo"

    @property
    def _received(self) -> list[list[Any]]:
        received: list[list[Any]] = self._world.state["thermal"]["received"]
        return received

    async def _reach(self) -> None:
        await others_go_on()
        if "gone" in self._world.faults:
            raise PrinterUnreachable("no printer")
        if "mute" in self._world.faults and self._strip is not None:
            raise PrinterSilent("no answer")

    async def intake(self) -> Intake:
        return Intake("application/pdf")

    async def status(self) -> PrinterStatus:
        await self._reach()
        blocked = self._world.thermal_blocked or ("paper" if "paper-out" in self._world.faults else None)
        return PrinterStatus(True, frozenset({_BLOCKED[blocked][0]} if blocked else ()))

    async def clear(self) -> None:
        await self._reach()
        if "left" in self._world.faults and self._received:
            raise JobLeft("it does not let go")
        if self._strip is not None and self._strip.state is JobState.PROCESSING:
            self._strip.state = JobState.ABORTED if self._strip.sent else JobState.CANCELED
        if self._received:
            with self._world.effect("printer clear"):
                self._received.clear()
        if (blocked := self._world.thermal_blocked) is not None:
            raise _BLOCKED[blocked][1]
        if self._world.state["thermal"]["hanging"]:
            with self._world.effect("printer cut"):
                self._world.cut_off()

    async def submit(self, document: bytes, *, title: str, on_created: OnCreated | None = None) -> int:
        assert _titled(document, "ticket") == title and on_created is not None
        await self._reach()
        strip = _Strip(1 + secrets.randbelow(1 << 26), title)
        await on_created(strip.job_id)
        self._strip = strip
        if "paper-out-mid" in self._world.faults:
            self._world.state["thermal"]["paper"] = 2
        for _ in range(2):
            self._send(strip)
        return strip.job_id

    def _send(self, strip: _Strip) -> None:
        with self._world.effect("printer submit"):
            if strip.sent < BANDS:
                self._received.append(["band", strip.title, strip.sent])
            elif strip.sent == BANDS:
                self._received.extend([["cut"], ["echo", strip.job_id]])
            strip.sent += 1

    async def job(self, job_id: int) -> JobStatus:
        await others_go_on()
        strip = self._strip
        if strip is None or strip.job_id != job_id:
            raise JobNotFound("no such document", 0x0406)
        if strip.state is JobState.PROCESSING:
            self._go_on(strip)
        if strip.lost:
            raise PrinterUnreachable("the line is cut")
        counted = strip.state is not JobState.ABORTED and self.evidence != "none"
        return JobStatus(strip.state, strip.pages, strip.conditions, counted=counted)

    def _go_on(self, strip: _Strip) -> None:
        world, faults = self._world, self._world.faults
        if strip.lost or (strip.sent > 1 and faults & {"gone", "mute", "line-lost", "power-lost"}):
            strip.lost = True
            if "power-lost" in faults:
                world.power_lost("thermal")
            return
        echo = world.thermal_step()
        if "cover-mid" in faults and strip.sent > 2:
            world.state["thermal"]["cover"] = True
        if (blocked := world.thermal_blocked) is not None:
            strip.conditions = frozenset({_BLOCKED[blocked][0]})
            strip.state = JobState.ABORTED
            self._received.clear()
        elif echo == str(strip.job_id) and "echo-lost" not in faults:
            strip.state, strip.pages = JobState.COMPLETED, 1
        elif len(self._received) < 2 and strip.sent <= BANDS:
            self._send(strip)

    async def cancel(self, job_id: int) -> JobStatus:
        await self.clear()
        return await self.job(job_id)

    async def close(self) -> None:
        pass
