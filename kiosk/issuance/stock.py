"""How much paper a station has left by the books, and whether the books are right. Pure.

    expected = loaded - printed - spoiled + difference

`difference` is what counting found beyond the books: below nothing, paper went away unseen. Sheets at the laser
printer, millimetres at the ticket printer. A paper of which nobody knows whether it came out counts as used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kiosk.issuance.records import (
    Counted,
    GrantRecord,
    Loaded,
    Outcome,
    PaperEvidence,
    PaperRecord,
    Spoiled,
    StationName,
    Submitting,
)

DOCUMENT = {StationName.LASER: 1, StationName.THERMAL: 350}
"""What a document takes before one was printed, in the station's units."""
_MOST = 1 << 53  # what every reader of JSON holds exactly
Total = Annotated[int, Field(strict=True, ge=-_MOST, le=_MOST)]


class PaperAccount(BaseModel):
    """One station's paper since the ledger began. `documents` went onto it, printed or unknown.

    `kept` once anybody said how much there is; `counted` is what the latest count found, None before the first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kept: bool = False
    loaded: Total = 0
    printed: Total = 0
    spoiled: Total = 0
    difference: Total = 0
    documents: Total = 0
    counted: Total | None = None

    @property
    def expected(self) -> int:
        return self.loaded - self.printed - self.spoiled + self.difference

    def usual(self, otherwise: int) -> int:
        """What a document takes here on average, rounded up; `otherwise` before there was one."""
        return max(1, -(-self.printed // self.documents)) if self.documents else otherwise

    def documents_left(self, per_document: int) -> int | None:
        """How many documents of that length the paper is enough for; None when nobody said how much there is."""
        return max(0, self.expected) // per_document if self.kept else None

    def plus(self, record: PaperRecord) -> PaperAccount:
        match record:
            case Loaded(units=units):
                return self._with(kept=True, loaded=self.loaded + units - self.expected)
            case Spoiled(units=units):
                return self._with(spoiled=self.spoiled + units)
            case Counted(units=units) if not self.kept:
                return self._with(kept=True, loaded=self.loaded + units - self.expected, counted=units)
            case Counted(units=units):
                return self._with(difference=self.difference + units - self.expected, counted=units)

    def plus_document(self, length: int) -> PaperAccount:
        return self._with(printed=self.printed + length, documents=self.documents + 1)

    def _with(self, **changed: int) -> PaperAccount:
        return self.model_copy(update=changed)


def used(history: Sequence[GrantRecord], record: GrantRecord) -> Submitting | None:
    """What `record` says was put on paper after this history of its grant: the submission, or None for nothing."""
    if not isinstance(record, PaperEvidence) or record.outcome is Outcome.FAILED:
        return None
    return next((step for step in history if isinstance(step, Submitting)), None)


Stock = dict[StationName, PaperAccount]
"""A station that is not in it has a `PaperAccount()`."""
