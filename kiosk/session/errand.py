"""What the counter works with, and what it gathers for one visit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from config.schema import Settings
from drivers import smartcard
from kiosk.issuance.pipeline import Issuance, Issued
from kiosk.issuance.station import Station
from kiosk.session import events as e
from kiosk.session.card_desk import CardFiles
from kiosk.session.stopwatch import Stopwatch
from printing.render import Renderer
from registry.client import RegistryClient, SignedAct
from registry.models import Presented
from signing.client import SignerClient


@dataclass(frozen=True, slots=True)
class Parts:
    """What the counter works with; all of it outlives a visit."""

    settings: Settings
    registry: RegistryClient
    signer: SignerClient
    stations: tuple[Station, ...]
    issuance: Issuance
    renderer: Renderer
    trust: smartcard.CscaStore


@dataclass
class Errand:
    """What one visit has gathered. Dropped whole when the visit ends; from then on it is `over`."""

    wrong_passwords: int = 0
    card: CardFiles | None = None
    presented: Presented | None = None
    act: SignedAct | None = None
    choice: e.Prepare | None = None
    station: Station | None = None
    issued: Issued | None = None
    over: bool = False
    reading: list[asyncio.Task[None]] = field(default_factory=list)
    watch: Stopwatch = field(default_factory=Stopwatch)

    def __repr__(self) -> str:
        return "Errand(…)"

    def forget_person(self) -> None:
        """The document is made; whose it is, nobody here needs to know any more."""
        self.card = self.presented = self.act = None


Tell = Callable[[Errand, e.Event], None]
"""Says an event to the visit of that errand, and to no other."""
