"""What can go wrong in the screen's own process."""

from __future__ import annotations

from typing import ClassVar


class ScreenError(Exception):
    """Base of this room's errors; the messages name no person and repeat nothing that was received."""

    code: ClassVar[str] = "E-SCREEN"


class SnapshotRefused(ScreenError):
    """A line from the session that is no snapshot, is too long, or does not fit its screen."""

    code = "E-SCREEN-SNAPSHOT"


class SessionAway(ScreenError):
    """Nobody answers on the session's socket."""

    code = "E-SCREEN-AWAY"


class ScreenNotStarted(ScreenError):
    """The screens could not be loaded at all."""

    code = "E-SCREEN-START"
