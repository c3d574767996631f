"""What the agent has written of itself in `state.json`, and what `kiosk config status` shows of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config.errors import StateDamaged, StoreFailed
from config.store import Store

Phase = Literal["idle", "staged", "switching", "probation", "good", "reverted", "refused"]
MAX_REASONS = 20
_SHOWN = ("wanted", "phase", "code", "since", "last_seen", "clock", "floor", "reasons")


class State(BaseModel):
    """The agent's memory: one object, replaced as a whole. Times are UTC, numbers are releases."""

    model_config = ConfigDict(frozen=True)

    phase: Phase = "idle"
    release: int | None = Field(None, ge=1)
    """The one the phase is about."""
    good: int | None = Field(None, ge=1)
    """The last that proved itself, and so the one to go back to; None is the local file alone."""
    bad: int = Field(0, ge=0)
    """The highest that was refused or reverted: only a higher one is tried."""
    wanted: int | None = Field(None, ge=1)
    """The newest that was offered."""
    code: str | None = None
    reasons: tuple[str, ...] = Field((), max_length=MAX_REASONS)
    since: datetime
    before: dict[str, str] = {}
    """The faults before the switch: probation does not count them."""
    source_code: str | None = None
    """What is wrong with the mirror or the stick."""
    last_seen: datetime | None = None
    """When a source was last heard and believed."""
    clock: Literal["trusted", "not-trusted"] = "trusted"
    floor: datetime | None = None


def read_state(store: Store) -> State | None:
    """None when nothing was written yet. Raises StateDamaged or StoreFailed."""
    try:
        data = store.state.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreFailed(f"{store.state}: {error.strerror}") from error
    try:
        return State.model_validate_json(data)
    except ValidationError as error:
        raise StateDamaged(str(store.state)) from error


def status(folder: Path) -> dict[str, object]:
    """What `kiosk config status --json` prints, of the folder in `fleet.folder`.

    `release` is the one in force, None for the local file alone; `code` is why the phase is not a happy one, else what
    is wrong with the clock or with the source. Times as ISO 8601 in UTC. Raises StateDamaged or StoreFailed.
    """
    store = Store(folder)
    state = read_state(store)
    shown = dict.fromkeys(_SHOWN) | {"phase": "idle", "clock": "trusted", "reasons": []}
    if state is not None:
        shown = state.model_dump(mode="json", include=set(_SHOWN)) | {"code": state.code or state.source_code}
    return {"release": store.current()} | shown
