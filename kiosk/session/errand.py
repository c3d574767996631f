"""What the counter works with, and what it gathers for one visit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from config.schema import Settings
from drivers.smartcard import Password
from drivers.smartcard.genuine import TrustStore
from kiosk.issuance.pipeline import Issuance, Issued
from kiosk.issuance.station import Station
from kiosk.session import events as e
from kiosk.session.holder import Holder
from kiosk.session.proof import BelievedCard
from kiosk.session.stopwatch import Stopwatch
from printing.render import Renderer
from registry.client import RegistryClient, SignedAct
from registry.models import Challenge, Presented
from signing.client import SignerClient

T = TypeVar("T")


class ScannedZone(Protocol):
    @property
    def lines(self) -> tuple[str, ...]: ...


class ZoneSource(Protocol):
    """The scanners of machine readable zones (`drivers.scanners.keeper.Scanners`); a camera looks only while `zones`
    is being read, one reader at a time. `look`: a device came that may be one of them."""

    def zones(self) -> AsyncGenerator[ScannedZone, None]: ...
    def look(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the counter works with; all of it outlives a visit.

    `scanners` is None where there are none; `likeness` compares portrait and person, to help the clerk's eye, and is
    None where it is off.
    """

    settings: Settings
    registry: RegistryClient
    signer: SignerClient
    stations: tuple[Station, ...]
    issuance: Issuance
    renderer: Renderer
    trust: TrustStore
    scanners: ZoneSource | None = None
    likeness: Holder | None = None


@dataclass
class Errand:
    """What one visit has gathered. Dropped whole when the visit ends; from then on it is `over`."""

    wrong_passwords: int = 0
    opened_with: Password | None = None
    challenge: asyncio.Task[tuple[Challenge, float]] | None = None
    listening: asyncio.Task[None] | None = None
    card: BelievedCard | None = None
    presented: Presented | None = None
    act: SignedAct | None = None
    choice: e.Prepare | None = None
    station: Station | None = None
    issued: Issued | None = None
    over: bool = False
    reading: list[asyncio.Task[None]] = field(default_factory=list)
    beside: list[asyncio.Task[Any]] = field(default_factory=list)
    watch: Stopwatch = field(default_factory=Stopwatch)

    def __repr__(self) -> str:
        return "Errand(…)"

    def forget_person(self) -> None:
        """The document is made; whose it is, nobody here needs to know any more."""
        self.card = self.presented = self.act = self.opened_with = None

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Work beside the visit's own: ends with it at the latest, and fails only whoever waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(_retrieved)
        self.beside.append(task)
        return task


Tell = Callable[[Errand, e.Event], None]
"""Says an event to the visit of that errand, and to no other."""


def _retrieved(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
