"""The words about a paper of which the printer cannot tell whether it came out. Pure data.

The citizen says what came out, a member of staff may confirm that it is the whole paper; what nobody confirms is
voided, and a stray sheet of it is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kiosk.session.events import Command, Event

Seen = Literal["yes", "no", "silent"]
"""The citizen's word on whether the whole paper came out. `silent`: nobody answered."""

# --- events -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaperUnknown(Event):
    """Printing is over, and the printer does not say whether the whole paper came out; `code` says why."""

    code: str


class Whole(Event):
    """The citizen has the whole paper."""


class NotWhole(Event):
    """The citizen has not, or nobody of the staff will say that it is whole."""


@dataclass(frozen=True, slots=True)
class PaperVoided(Event):
    """The paper is not valid. `again`: the registry knows it, and another can be printed now."""

    again: bool


class Again(Event):
    """The citizen wants the document once more: card and code first, as ever."""


# --- commands ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer(Command):
    """Record what the citizen says of the paper."""

    seen: Seen


class ConfirmPaper(Command):
    """A member of staff holds the whole paper: Printed."""


class VoidPaper(Command):
    """The paper shall not count: PaperVoided."""
