"""What screen and session say to each other: one JSON object a line on a Unix stream socket.

The session sends a `Snapshot` whenever something the citizen should see changed; each replaces the one
before. The screen sends `ScreenEvent`s. An event carries the `seq` of the snapshot it answers: one that
answers an older screen is dropped, so that a tap meant for one question never answers the next.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_SNAPSHOT_BYTES = 8 * 1024 * 1024
MAX_EVENT_BYTES = 4096

Screen = Literal[
    "attract",
    "language",
    "card",
    "opening",
    "can",
    "mrz",
    "pin",
    "pin_last",
    "clerk",
    "compare",
    "reading",
    "choice",
    "preparing",
    "preview",
    "take_card",
    "printing",
    "ask_paper",
    "confirm",
    "settling",
    "stray",
    "take_paper",
    "goodbye",
    "trouble",
    "staff_pin",
    "diagnostics",
]
EventName = Literal[
    "start",
    "language",
    "password",
    "pin",
    "continue",
    "vouch",
    "not_holder",
    "choose",
    "confirm",
    "whole",
    "not_whole",
    "again",
    "taken",
    "done",
    "back",
    "cancel",
    "still_here",
    "staff",
    "staff_pin",
    "check_again",
    "service",
    "paper_put_in",
]


class Snapshot(BaseModel):
    """`step` is (n, of m) while a visit lasts; `idle_seconds` counts down when the visit is about to end."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    v: Literal[1] = 1
    seq: int
    screen: Screen
    language: Literal["ar", "fr"]
    step: tuple[int, int] | None = None
    idle_seconds: int | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class ScreenEvent(BaseModel):
    """`value` is bounded text: nothing a screen sends is trusted further."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    v: Literal[1] = 1
    seq: int
    name: EventName
    value: dict[str, Annotated[str, StringConstraints(max_length=64)]] = Field(default_factory=dict, max_length=6)
