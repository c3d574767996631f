"""The hands of the session: carries each command out on the card, the registry, the pages and the printer.

Work that only reads is cancelled when the visit ends. Work that issues or prints is not: it runs to its
own durable end, and what it issued for a visit that is over is voided (`issuance` keeps the books).
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from config.schema import Settings
from drivers import smartcard
from drivers.smartcard import FileId
from kiosk.catalogue import events as logged
from kiosk.catalogue.codes import code_of
from kiosk.catalogue.log import say, say_unexpected
from kiosk.errors import NotEntitled, OtherCard
from kiosk.issuance.pipeline import Issuance, Issued
from kiosk.session import events as e
from kiosk.session.card_desk import CardDesk, CardFiles
from kiosk.session.stopwatch import Stopwatch
from printing.documents import DocumentCatalogue, PageRequest
from printing.render import Renderer
from registry.client import RegistryClient, SignedAct
from registry.models import ActRequest, GrantRequest, Presentation, Presented
from registry.presence import grant_nonce, presentation_nonce

PASSWORD_TRIES = 3
PREVIEW_PPI = 110


@dataclass(frozen=True, slots=True)
class Parts:
    """What the counter works with; all of it outlives a visit."""

    settings: Settings
    registry: RegistryClient
    issuance: Issuance
    catalogue: DocumentCatalogue
    renderer: Renderer
    trust: smartcard.CscaStore


@dataclass
class Errand:
    """What one visit has gathered. Dropped whole when the visit ends."""

    wrong_passwords: int = 0
    card: CardFiles | None = None
    proof: smartcard.ActiveAuthenticationKey | None = None
    presented: Presented | None = None
    act: SignedAct | None = None
    choice: e.Prepare | None = None
    issued: Issued | None = None
    reading: list[asyncio.Task[None]] = field(default_factory=list)
    watch: Stopwatch = field(default_factory=Stopwatch)

    def __repr__(self) -> str:
        return "Errand(…)"
