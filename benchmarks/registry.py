"""The registry: the client's calls of one visit beside the same calls by bare httpx, TLS as the client has it.

Both begin with a connection to be made, as after a quiet half minute. The card's signatures are made between
the calls and belong to neither side. What the registry and the wire take is on both, so the bare calls have a
floor too: the same application in this process, with neither TLS nor HTTP.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import ssl
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_private_key
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.measure import Stage, Stopped
from benchmarks.papers import TYPE
from config.schema import Settings
from drivers.simulated.card import CardImage, FileId
from kiosk.simulation.townhall import KIOSK_ID, PEOPLE, TownHall
from registry.client import PREFIX, PRESENTATION_HEADER, RegistryClient
from registry.jws import TrustedKeys
from registry.models import ActRequest, GrantRequest, Presentation, Settlement
from registry.presence import grant_nonce, presentation_nonce
from registry.reference.app import KIOSK_SCOPE, create_app
from registry.reference.faults import Faults
from registry.reference.registrar import Registrar
from registry.reference.security_object import CscaFolder
from registry.reference.serve import ReferenceRegistry

_ATTRIBUTES = ("firstName", "firstNameLatin")
_TEMPLATE = hashlib.sha256(b"").hexdigest()
_SETTLEMENT = Settlement(outcome="VOIDED", evidence="none", ledger_seq=1, ledger_head="0" * 64)


class CardInHand:
    """The files of a card, and its answers without a reader."""

    def __init__(self, image: CardImage) -> None:
        key = load_der_private_key(image.aa_private_key, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey), "simulated cards sign by ECDSA"
        self._key = key
        wanted = {"sod": FileId.SOD, "dg1": FileId.DG1, "dg11": FileId.DG11, "dg14": FileId.DG14, "dg15": FileId.DG15}
        self.files = {name: _text(image.files[file]) for name, file in wanted.items()}

    def shown(self, challenge_id: str, signature: str) -> Presentation:
        return Presentation.model_validate(
            {
                "challenge_id": challenge_id,
                **self.files,
                "signature": signature,
                "card_proof": "active-authentication",
                "holder_proof": "pin",
            }
        )

    def sign(self, nonce: bytes) -> str:
        """Active authentication: r ‖ s, in base64."""
        r, s = decode_dss_signature(self._key.sign(nonce, ec.ECDSA(hashes.SHA256())))
        return _text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def measure(hall: TownHall, settings: Settings, rounds: int) -> list[Stage]:
    """`registry` and `registry-wire`."""
    card = CardInHand(CardImage.load(hall.cards["amina"].file))
    return asyncio.run(_measure(card, settings, _in_memory(hall), rounds))


async def _measure(card: CardInHand, settings: Settings, app: ASGIApp, rounds: int) -> list[Stage]:
    stage = Stage("registry", "RegistryClient, the calls of a visit", "the same calls by bare httpx")
    wire = Stage("registry-wire", "bare httpx, the calls of a visit", "the same calls into the application in memory")
    for _ in range(rounds + 1):
        async with client(settings) as registry:
            stage.ours.times.append(await _ours(registry, card))
            stage.counts.update(requests=registry.requests, bytes=registry.bytes)
        async with httpx.AsyncClient(verify=_tls(settings), base_url=settings.registry.url, trust_env=False) as http:
            stage.floor.times.append(await _floor(http, card))
            wire.ours.times.append(stage.floor.times[-1])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=settings.registry.url) as http:
            wire.floor.times.append(await _floor(http, card))
    wire.counts["requests"] = stage.counts["requests"]
    return [stage.set_first_apart(), wire.set_first_apart()]


def _in_memory(hall: TownHall) -> ASGIApp:
    """The reference registry's application, on a store of its own, told that our kiosk asks."""
    registry = ReferenceRegistry(hall.folder / "registry-in-memory", people=PEOPLE, seed=hall.seed)
    (registry.keys.csca / "demo-csca.der").write_bytes(hall.issuer.csca_certificate)
    app = create_app(Registrar(registry.store, registry.keys, CscaFolder(registry.keys.csca)), Faults())

    async def known(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, KIOSK_SCOPE: KIOSK_ID}, receive, send)

    return known


def client(settings: Settings) -> RegistryClient:
    """As the session opens it."""
    registry = settings.registry
    return RegistryClient(
        registry.url,
        ca=registry.ca,
        certificate=registry.device_certificate,
        key=registry.device_key,
        signers=TrustedKeys.from_jwk_set(registry.signers),
        deadline=registry.deadline,
    )


async def _ours(registry: RegistryClient, card: CardInHand) -> float:
    clock, grant_id = Stopped(), secrets.token_hex(16)
    with clock.running():
        challenge = await registry.challenge()
    signature = card.sign(presentation_nonce(bytes.fromhex(challenge.nonce)))
    shown = card.shown(challenge.challenge_id, signature)
    with clock.running():
        presented = await registry.present(shown)
        await registry.person(presented.nin, presented.presentation_id, list(_ATTRIBUTES))
        await registry.entitlements(presented.presentation_id)
        act = await registry.act(ActRequest(presentation_id=presented.presentation_id, document_type=TYPE))
        challenge = await registry.challenge()
    request = _grant_request(presented.presentation_id, challenge.challenge_id, act.payload_sha256)
    signature = card.sign(grant_nonce(bytes.fromhex(challenge.nonce), grant_id, request))
    with clock.running():
        await registry.grant(grant_id, request.model_copy(update={"signature": signature}))
        await registry.settle(grant_id, _SETTLEMENT)
    return clock.milliseconds


async def _floor(http: httpx.AsyncClient, card: CardInHand) -> float:
    clock, grant_id = Stopped(), secrets.token_hex(16)
    with clock.running():
        challenge = await _json(http, "POST", f"{PREFIX}/challenges")
    signature = card.sign(presentation_nonce(bytes.fromhex(challenge["nonce"])))
    shown = card.shown(challenge["challenge_id"], signature).model_dump()
    with clock.running():
        presented = await _json(http, "POST", f"{PREFIX}/presentations", json=shown)
        who = presented["presentation_id"]
        names = "&".join(f"attributeNames={name}" for name in _ATTRIBUTES)
        await _json(http, "GET", f"/v1/persons/{presented['nin']}?{names}", headers={PRESENTATION_HEADER: who})
        await _json(http, "GET", f"{PREFIX}/presentations/{who}/entitlements")
        act = await _bytes(http, "POST", f"{PREFIX}/acts", json={"presentation_id": who, "document_type": TYPE})
        challenge = await _json(http, "POST", f"{PREFIX}/challenges")
    payload = base64.urlsafe_b64decode(act.split(b".")[1] + b"==")
    request = _grant_request(who, challenge["challenge_id"], hashlib.sha256(payload).hexdigest())
    signature = card.sign(grant_nonce(bytes.fromhex(challenge["nonce"]), grant_id, request))
    asked, settled = {**request.model_dump(), "signature": signature}, _SETTLEMENT.model_dump()
    with clock.running():
        await _bytes(http, "PUT", f"{PREFIX}/grants/{grant_id}", json=asked)
        await _json(http, "PUT", f"{PREFIX}/grants/{grant_id}/settlement", json=settled)
    return clock.milliseconds


def _grant_request(presentation_id: str, challenge_id: str, act_sha256: str) -> GrantRequest:
    return GrantRequest(
        presentation_id=presentation_id,
        challenge_id=challenge_id,
        act_sha256=act_sha256,
        document_type=TYPE,
        language="ar",
        template_sha256=_TEMPLATE,
        signature="",
    )


async def _json(http: httpx.AsyncClient, method: str, path: str, **more: Any) -> Any:
    return json.loads(await _bytes(http, method, path, **more))


async def _bytes(http: httpx.AsyncClient, method: str, path: str, **more: Any) -> bytes:
    answer = await http.request(method, path, **more)
    answer.raise_for_status()
    return answer.content


def _tls(settings: Settings) -> ssl.SSLContext:
    registry = settings.registry
    context = ssl.create_default_context(cafile=str(registry.ca))
    context.load_cert_chain(str(registry.device_certificate), str(registry.device_key))
    return context


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
