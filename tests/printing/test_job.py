"""A page, a real IPP printer, and what may truthfully be said of the paper afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st

from drivers.printers.errors import JobNotFound, PrinterError, PrinterSilent, PrinterUnreachable, SubmissionUncertain
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import Condition, Evidence, Intake, JobState, JobStatus, PrinterStatus
from drivers.simulated.printer import VirtualLaser
from printing import job as job_module
from printing.job import PaperOutcome, Progress, print_document, resume

TWO_PAGES = typst.compile(b'#set page(paper: "a4")\nOne\n#pagebreak()\nTwo')
LONG = 60.0


@pytest.fixture
def laser(tmp_path: Path) -> Iterator[VirtualLaser]:
    with VirtualLaser(tmp_path / "laser") as laser:
        yield laser


class Follower:
    """Keeps what `print_document` tells, and does something once a condition is told."""

    def __init__(self, laser: VirtualLaser | None = None) -> None:
        self.told: list[Progress] = []
        self.submitted: list[int] = []
        self.papers_at_submission = -1
        self._laser = laser
        self._reactions: list[tuple[Callable[[Progress], bool], Callable[[], object]]] = []

    def once(self, seen: Callable[[Progress], bool], do: Callable[[], object]) -> Follower:
        self._reactions.append((seen, do))
        return self

    async def progress(self, progress: Progress) -> None:
        self.told.append(progress)
        for reaction in [r for r in self._reactions if r[0](progress)]:
            self._reactions.remove(reaction)
            await asyncio.to_thread(reaction[1])

    async def submission(self, job_id: int) -> None:
        self.submitted.append(job_id)
        if self._laser is not None:
            self.papers_at_submission = len(papers(self._laser))


def papers(laser: VirtualLaser) -> list[str]:
    return sorted(p.name for p in laser.paper.iterdir())


def with_printer(uri: str, work: Callable[[LaserPrinter], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        printer = LaserPrinter(uri, deadline=5.0)
        try:
            return await work(printer)
        finally:
            await printer.close()

    return asyncio.run(run())


def put_on_paper(
    laser: VirtualLaser, follower: Follower, *, deadline: float = LONG, pdf: bytes = TWO_PAGES, silence: float = 10.0
) -> PaperOutcome:
    outcome = with_printer(
        laser.uri,
        lambda printer: print_document(
            printer,
            pdf,
            title="test-1",
            deadline=deadline,
            on_progress=follower.progress,
            on_submitted=follower.submission,
            silence=silence,
        ),
    )
    assert isinstance(outcome, PaperOutcome)
    return outcome


class Clock:
    """The clock of the job, put forward by hand, so that no test hangs on how fast a machine prints."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        real = job_module._now
        monkeypatch.setattr(job_module, "_now", lambda: real() + self._ahead)

    def put_forward(self) -> None:
        self._ahead += 2 * LONG


def waits_for_paper(progress: Progress) -> bool:
    return Condition.PAPER_OUT in progress.conditions


def test_two_pages_come_out(laser: VirtualLaser) -> None:
    follower = Follower(laser)
    outcome = put_on_paper(laser, follower)
    assert (outcome.outcome, outcome.evidence, outcome.pages, outcome.error) == ("printed", "ipp-completed", 2, None)
    assert papers(laser) == ["001-1.png", "001-2.png"]
    assert follower.submitted == [outcome.job_id]
    assert follower.papers_at_submission == 0
    assert follower.told[-1].pages == follower.told[-1].of == 2


def test_an_empty_tray_is_waited_for_before_anything_is_sent(laser: VirtualLaser) -> None:
    laser.paper_out()
    follower = Follower(laser).once(waits_for_paper, laser.paper_in)
    outcome = put_on_paper(laser, follower)
    assert outcome.outcome == "printed"
    assert waits_for_paper(follower.told[0])
    assert papers(laser) == ["001-1.png", "001-2.png"]


def test_an_empty_tray_that_stays_empty_is_a_failure_and_no_job(laser: VirtualLaser) -> None:
    laser.paper_out()
    follower = Follower(laser)
    outcome = put_on_paper(laser, follower, deadline=0.0)
    assert (outcome.outcome, outcome.evidence, outcome.pages, outcome.job_id) == ("failed", "none", 0, None)
    assert outcome.error is not None and outcome.error.code == "E-PRINTER-PAPER-OUT"
    assert follower.submitted == []
    assert papers(laser) == []


def test_paper_that_runs_out_in_the_middle_is_refilled_and_the_job_goes_on(laser: VirtualLaser) -> None:
    laser.paper_out(after=1)
    seen: list[list[str]] = []
    follower = Follower(laser).once(
        lambda p: p.pages == 1 and waits_for_paper(p), lambda: (seen.append(papers(laser)), laser.paper_in())
    )
    outcome = put_on_paper(laser, follower)
    assert seen == [["001-1.png"]]
    assert (outcome.outcome, outcome.pages) == ("printed", 2)
    assert papers(laser) == ["001-1.png", "001-2.png"]


def test_paper_that_runs_out_and_stays_out_ends_unknown_and_nothing_comes_later(
    laser: VirtualLaser, monkeypatch: pytest.MonkeyPatch
) -> None:
    laser.paper_out(after=1)
    clock = Clock(monkeypatch)
    outcome = put_on_paper(laser, Follower().once(lambda p: p.pages == 1, clock.put_forward))
    assert (outcome.outcome, outcome.evidence, outcome.pages) == ("unknown", "none", 1)
    assert outcome.error is not None and outcome.error.code == "E-PRINTER-PAPER-UNKNOWN"
    assert outcome.job_id is not None
    job_id = outcome.job_id
    assert with_printer(laser.uri, lambda printer: printer.job(job_id)).state is JobState.CANCELED
    laser.paper_in()
    assert put_on_paper(laser, Follower()).outcome == "printed"
    assert papers(laser) == ["001-1.png", "002-1.png", "002-2.png"]


def test_paper_that_goes_between_the_question_and_the_job_is_never_printed_later(
    laser: VirtualLaser, monkeypatch: pytest.MonkeyPatch
) -> None:
    # ippeveprinter then holds the job back and answers to a cancellation only after the refill.
    monkeypatch.setattr(job_module, "CANCEL_PATIENCE", 0.5)
    clock = Clock(monkeypatch)

    async def submission(_: int) -> None:
        await asyncio.to_thread(laser.paper_out)
        clock.put_forward()

    outcome = with_printer(
        laser.uri, lambda p: print_document(p, TWO_PAGES, title="t", deadline=LONG, on_submitted=submission)
    )
    assert (outcome.outcome, outcome.pages) == ("unknown", 0)
    laser.paper_in()
    # The printer is busy with the cancelled job until it has noticed the paper: the next one waits for it.
    assert put_on_paper(laser, Follower()).outcome == "printed"
    assert papers(laser) == ["001-1.png", "001-2.png"]
    assert with_printer(laser.uri, lambda p: p.job(outcome.job_id)).state is JobState.CANCELED


def test_a_jam_on_the_first_page_is_a_failure(laser: VirtualLaser) -> None:
    laser.jam()
    outcome = put_on_paper(laser, Follower())
    assert (outcome.outcome, outcome.evidence, outcome.pages) == ("failed", "none", 0)
    assert outcome.error is not None and outcome.error.code in ("E-PRINTER-JAM", "E-PRINTER-ABORTED")
    assert papers(laser) == []


def test_a_jam_on_the_second_page_is_unknown(laser: VirtualLaser) -> None:
    laser.paper_out(after=1)

    def jam() -> None:
        laser.jam()
        laser.paper_in()

    outcome = put_on_paper(laser, Follower().once(lambda p: p.pages == 1 and waits_for_paper(p), jam))
    assert (outcome.outcome, outcome.evidence, outcome.pages) == ("unknown", "none", 1)
    assert papers(laser) == ["001-1.png"]


def test_a_jam_of_yesterday_blocks_nothing(laser: VirtualLaser) -> None:
    laser.jam()
    assert put_on_paper(laser, Follower()).outcome == "failed"
    status = with_printer(laser.uri, lambda printer: printer.status())
    assert status.conditions == {Condition.OTHER}  # ippeveprinter still says media-jam-report
    assert put_on_paper(laser, Follower()).outcome == "printed"


def test_a_printer_that_is_gone_gets_nothing(laser: VirtualLaser) -> None:
    laser.gone()
    follower = Follower()
    outcome = put_on_paper(laser, follower)
    assert (outcome.outcome, outcome.job_id, follower.submitted) == ("failed", None, [])
    assert isinstance(outcome.error, PrinterUnreachable)
    laser.back()
    assert put_on_paper(laser, Follower()).outcome == "printed"


def test_a_printer_unplugged_in_the_middle_leaves_it_unknown(laser: VirtualLaser) -> None:
    laser.paper_out(after=1)
    follower = Follower().once(lambda p: p.pages == 1, laser.gone)
    outcome = put_on_paper(laser, follower, silence=0.5)
    assert (outcome.outcome, outcome.evidence, outcome.pages) == ("unknown", "none", 1)
    assert papers(laser) == ["001-1.png"]


def test_a_printer_that_comes_back_has_forgotten_the_job(laser: VirtualLaser) -> None:
    laser.paper_out(after=1)

    def power_cycle() -> None:
        laser.gone()
        laser.paper_in()
        laser.back()

    outcome = put_on_paper(laser, Follower().once(lambda p: p.pages == 1, power_cycle))
    assert (outcome.outcome, outcome.pages) == ("unknown", 1)
    assert outcome.error is not None and isinstance(outcome.error.__cause__, JobNotFound)
    assert papers(laser) == ["001-1.png"]


def test_two_jobs_one_after_the_other(laser: VirtualLaser) -> None:
    assert [put_on_paper(laser, Follower()).outcome for _ in range(2)] == ["printed", "printed"]
    assert papers(laser) == ["001-1.png", "001-2.png", "002-1.png", "002-2.png"]


def test_garbage_is_not_even_sent(laser: VirtualLaser) -> None:
    follower = Follower()
    outcome = put_on_paper(laser, follower, pdf=b"%PDF-1.7 nothing follows")
    assert (outcome.outcome, follower.submitted) == ("failed", [])
    assert outcome.error is not None and outcome.error.code == "E-PRINTER-DOCUMENT"


def test_what_cannot_be_written_down_is_not_printed(laser: VirtualLaser) -> None:
    class DiskFull(Exception):
        pass

    async def submission(_: int) -> None:
        raise DiskFull

    with pytest.raises(DiskFull):
        with_printer(laser.uri, lambda p: print_document(p, TWO_PAGES, title="t", deadline=9, on_submitted=submission))
    assert put_on_paper(laser, Follower()).outcome == "printed"  # the empty job does not block the printer
    assert papers(laser) == ["001-1.png", "001-2.png"]


def test_recovery_cancels_what_still_runs(laser: VirtualLaser) -> None:
    laser.paper_out(after=1)

    async def crash_and_recover(printer: LaserPrinter) -> PaperOutcome:
        waiting = asyncio.Event()

        async def progress(progress: Progress) -> None:
            if waits_for_paper(progress) and progress.pages == 1:
                waiting.set()

        task = asyncio.create_task(print_document(printer, TWO_PAGES, title="t", deadline=LONG, on_progress=progress))
        await waiting.wait()
        task.cancel()
        await asyncio.wait([task])
        job_id = await printer.find("t")
        assert job_id is not None
        return await resume(printer, job_id, expected=2)

    outcome = with_printer(laser.uri, crash_and_recover)
    assert (outcome.outcome, outcome.pages) == ("unknown", 1)
    assert papers(laser) == ["001-1.png"]


def test_recovery_finds_the_paper_of_a_finished_job(laser: VirtualLaser) -> None:
    job_id = put_on_paper(laser, Follower()).job_id
    outcome = with_printer(laser.uri, lambda p: resume(p, job_id, expected=2))
    assert (outcome.outcome, outcome.evidence, outcome.pages) == ("printed", "ipp-completed", 2)
    assert with_printer(laser.uri, lambda p: resume(p, job_id, expected=3)).outcome == "unknown"


def test_recovery_of_a_job_nobody_knows_is_unknown(laser: VirtualLaser) -> None:
    assert with_printer(laser.uri, lambda p: resume(p, 77)).outcome == "unknown"
    laser.gone()
    assert with_printer(laser.uri, lambda p: resume(p, 77)).outcome == "unknown"


class ScriptedPrinter:
    """Answers to Get-Job-Attributes from a list, the last one again and again; a cancel takes effect or not."""

    def __init__(self, answers: list[JobStatus | PrinterError], submit: PrinterError | None, cancels: bool) -> None:
        self._answers = answers
        self._submit = submit
        self._cancels = cancels
        self.sent = 0

    async def status(self) -> PrinterStatus:
        return PrinterStatus(True, frozenset())

    @property
    def evidence(self) -> Evidence:
        return "ipp-completed"

    async def intake(self) -> Intake:
        return Intake("application/pdf")

    async def clear(self) -> None:
        pass

    async def submit(self, document: bytes, *, title: str, on_created: Any = None) -> int:
        self.sent += 1
        if isinstance(self._submit, PrinterSilent):
            raise self._submit
        await on_created(1)
        if self._submit is not None:
            raise self._submit
        return 1

    async def job(self, job_id: int) -> JobStatus:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, PrinterError):
            raise answer
        return answer

    async def cancel(self, job_id: int) -> JobStatus:
        status = await self.job(job_id)
        if self._cancels and status.state in (JobState.PENDING, JobState.PROCESSING):
            status = JobStatus(JobState.CANCELED, status.pages, status.conditions, status.counted)
            self._answers = [status]
        return status

    async def close(self) -> None:
        pass


_STATUSES = st.builds(
    JobStatus, st.sampled_from(JobState), st.integers(0, 3), st.frozensets(st.sampled_from(Condition)), st.booleans()
)
_ANSWERS = st.lists(_STATUSES | st.builds(PrinterUnreachable) | st.builds(PrinterSilent), min_size=1, max_size=5)
_SUBMITS = st.none() | st.builds(PrinterSilent) | st.just(SubmissionUncertain("lost", 1))


@given(answers=_ANSWERS, submit=_SUBMITS, cancels=st.booleans())
def test_whatever_a_printer_answers_printed_needs_evidence_and_nothing_is_sent_twice(
    answers: list[JobStatus | PrinterError], submit: PrinterError | None, cancels: bool
) -> None:
    printer = ScriptedPrinter(list(answers), submit, cancels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_module, "LOOK_AGAIN", 0.0)
        patch.setattr(job_module, "CANCEL_PATIENCE", 0.002)
        outcome = asyncio.run(print_document(printer, TWO_PAGES, title="t", deadline=0.002, silence=0.001))
    assert printer.sent == 1
    full = [a for a in answers if isinstance(a, JobStatus) and a.state is JobState.COMPLETED and a.pages >= 2]
    if outcome.outcome == "printed":
        assert any(a.counted for a in full) and outcome.evidence == "ipp-completed" and outcome.error is None
    else:
        assert outcome.evidence == "none" and outcome.error is not None
    if outcome.outcome == "failed":
        assert outcome.pages == 0
