"""Which of a printer's jobs are ours, from its answer to Get-Jobs (RFC 8011 §4.2.6); pure functions.

Only ours may be cancelled: a kiosk's printer should have no other user, but a clerk's page is a clerk's page.
Printers differ in what they tell: some do not know `my-jobs`, some ignore it, some call every user `anonymous`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from drivers.printers.exchange import USER
from drivers.printers.ipp import JOB, Answer, Group
from drivers.printers.port import JobState

ASKED = ("job-id", "job-name", "job-originating-user-name")
COUNTED = ("job-id", "job-state", "job-impressions-completed", "job-media-sheets-completed", "job-pages-completed")
_NOBODY = frozenset({"", "anonymous", "unknown", "guest", "none", "nobody"})
_ON_PAPER = COUNTED[2:4]
"""Impressions and sheets are counted when they lie in the tray; pages already when they are processed
(PWG 5100.7), so those count only where the printer tells nothing else."""


JOB_STATES = {
    3: JobState.PENDING,
    4: JobState.PENDING,  # pending-held
    5: JobState.PROCESSING,
    6: JobState.PROCESSING,  # processing-stopped
    7: JobState.CANCELED,
    8: JobState.ABORTED,
    9: JobState.COMPLETED,
}


class Owner(Enum):
    OURS = auto()
    OTHER = auto()
    UNTOLD = auto()


@dataclass(frozen=True, slots=True)
class Listed:
    """A job in the printer's list; `user` is empty where the printer does not tell whose it is."""

    job_id: int
    names: tuple[str, ...]
    user: str


def listed(answer: Answer) -> tuple[Listed, ...]:
    """Raises PrinterNonsense for a job-id that is no number."""
    found = ((job, job.integer("job-id")) for job in answer.groups if job.tag == JOB)
    return tuple(Listed(number, job.texts("job-name"), _user(job)) for job, number in found if number is not None)


def _user(job: Group) -> str:
    user = next(iter(job.texts("job-originating-user-name")), "").strip().lower()
    return "" if user in _NOBODY else user


def owner(job: Listed, mine: Collection[int], *, asked_for_mine: bool) -> Owner:
    """`mine` are the numbers of jobs that we know to have made; `asked_for_mine`: the printer took `my-jobs`."""
    if job.job_id in mine or job.user == USER:
        return Owner.OURS
    if job.user:
        return Owner.OTHER
    return Owner.OURS if asked_for_mine else Owner.UNTOLD


def sheets_on_paper(job: Group) -> int | None:
    """Sides put on paper so far; None when the printer does not count.

    On one-sided jobs impressions and sheets are the same number; a printer that keeps only one of the two may
    leave the other at 0.
    """
    told = [count for name in _ON_PAPER if (count := job.integer(name)) is not None and count >= 0]
    if told:
        return max(told)
    pages = job.integer("job-pages-completed")
    return pages if pages is not None and pages >= 0 else None
