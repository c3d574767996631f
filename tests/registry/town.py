"""A running reference registry with its country, its people, and kiosks that ask it."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import secrets
import threading
from pathlib import Path

from registry.client import RegistryClient, SignedAct
from registry.jws import TrustedKeys
from registry.models import ActRequest, CardProof, GrantRequest, HolderProof, Presentation, Presented
from registry.presence import grant_nonce, presentation_nonce
from registry.reference.faults import Fault, control
from registry.reference.keys import write_device
from registry.reference.population import Person
from registry.reference.serve import ReferenceRegistry
from tests.registry.small_card import Country, SmallCard

START = dt.datetime(2026, 6, 1, 9, 0, tzinfo=dt.UTC)
TEMPLATE = "ab" * 32


class Clock:
    """The registry's time, set by the test."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


class Town:
    """Starts the registry in a thread of its own on a free port; `stop` ends it."""

    def __init__(self, folder: Path, country: Country) -> None:
        self.folder = folder
        self.country = country
        self.clock = Clock()
        self.registry = ReferenceRegistry(folder, people=30, seed=7, clock=self.clock)
        (self.registry.keys.csca / "csca.der").write_bytes(country.csca)
        ready = threading.Event()
        self.url = ""
        self._thread = threading.Thread(target=self.registry.serve, args=(lambda url: self._listens(url, ready),))
        self._thread.start()
        assert ready.wait(20), "the registry did not start"

    def _listens(self, url: str, ready: threading.Event) -> None:
        self.url = url
        ready.set()

    def stop(self) -> None:
        self.registry.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def kiosk(self, name: str = "demo-1", *, url: str | None = None, deadline: float = 10.0) -> RegistryClient:
        certificate, key = write_device(self.folder / "devices" / name, *self.registry.enrol_device(name))
        return RegistryClient(
            url or self.url,
            ca=self.registry.keys.tls_ca,
            certificate=certificate,
            key=key,
            signers=TrustedKeys.from_jwk_set(self.registry.keys.signers),
            deadline=deadline,
        )

    def person(self, nin: str) -> Person:
        found = self.registry.store.person(nin)
        assert found is not None
        return found

    def card(self, number: str = "900000018", *, country: Country | None = None) -> SmallCard:
        """The real card of that number; amina's unless told."""
        known = self.registry.store.card(number)
        assert known is not None
        nin, card = known
        return SmallCard(country or self.country, number=number, nin=nin, expires_on=card.expires_on)

    async def misbehave(self, fault: Fault) -> None:
        await asyncio.to_thread(control, self.registry.control_socket, fault)


async def presentation(
    registry: RegistryClient,
    card: SmallCard,
    card_proof: CardProof = "active-authentication",
    holder: HolderProof = "pin",
) -> Presentation:
    """What a kiosk sends when the card answers a fresh challenge, if it is one that answers."""
    challenge = await registry.challenge()
    signature = card.answer(presentation_nonce(bytes.fromhex(challenge.nonce))) if card.chip else None
    files = {name: base64.b64encode(content).decode() for name, content in card.files.items()}
    return Presentation(
        challenge_id=challenge.challenge_id,
        signature=None if signature is None else base64.b64encode(signature).decode(),
        card_proof=card_proof,
        holder_proof=holder,
        **files,
    )


async def present(
    registry: RegistryClient,
    card: SmallCard,
    card_proof: CardProof = "active-authentication",
    holder: HolderProof = "pin",
) -> Presented:
    return await registry.present(await presentation(registry, card, card_proof, holder))


async def served(
    registry: RegistryClient,
    card: SmallCard,
    card_proof: CardProof = "active-authentication",
    holder: HolderProof = "pin",
) -> tuple[Presented, SignedAct]:
    """Presented, and given the birth act."""
    presented = await present(registry, card, card_proof, holder)
    request = ActRequest(presentation_id=presented.presentation_id, document_type="birth-extract")
    return presented, await registry.act(request)


async def grant_request(
    registry: RegistryClient,
    card: SmallCard,
    grant_id: str,
    presentation_id: str,
    act_sha256: str,
    document_type: str = "birth-extract",
) -> GrantRequest:
    """A request the card has signed, for a fresh challenge."""
    challenge = await registry.challenge()
    unsigned = GrantRequest(
        presentation_id=presentation_id,
        challenge_id=challenge.challenge_id,
        act_sha256=act_sha256,
        document_type=document_type,
        language="ar",
        template_sha256=TEMPLATE,
        signature=None,
    )
    if card.chip is None:
        return unsigned
    signature = card.answer(grant_nonce(bytes.fromhex(challenge.nonce), grant_id, unsigned))
    return unsigned.model_copy(update={"signature": base64.b64encode(signature).decode()})


def new_grant_id() -> str:
    return secrets.token_hex(16)
