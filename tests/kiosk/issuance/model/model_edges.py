"""What a kiosk in the model's world holds in its hands: clients of registry and signer. Printers: `model_printers`."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from model_world import PDF, World

from registry.client import SignedGrant
from registry.errors import CardBlocked, Conflict, NotFound
from registry.models import Challenge, Grant, GrantRequest, LedgerHead, Settlement
from signing.errors import TimedOut, Unreachable

SHA = "ab" * 32
REGISTRY_FAULTS = (
    "registry-away",
    "settle-lost",
    "settle-unanswered",
    "grant-lost",
    "grant-unanswered",
    "grant-refused",
)
SIGNER_FAULTS = ("signer-down", "signer-unanswered", "pdf-altered")


async def others_go_on() -> None:
    """What an answer from outside always gives: other tasks of the kiosk a turn."""
    await asyncio.sleep(0.01)


class Registry:
    def __init__(self, world: World) -> None:
        self._world = world

    async def challenge(self) -> Challenge:
        await others_go_on()
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
        challenge = Challenge(challenge_id=secrets.token_hex(16), nonce=secrets.token_hex(32), expires_at=soon)
        return self._world.ask_registry("challenge", lambda: challenge)

    async def grant(self, grant_id: str, request: GrantRequest) -> SignedGrant:
        await others_go_on()
        return self._world.ask_registry("grant", lambda: self._grant(grant_id, request))

    def _grant(self, grant_id: str, request: GrantRequest) -> SignedGrant:
        grants = self._world.state["grants"]
        if "grant-refused" in self._world.faults:
            raise CardBlocked("the card is blocked")
        assert grant_id not in grants, "a grant id used twice"
        reference = f"DZ-2026-1601-{len(grants) + 1:07}"
        with self._world.effect("registry grant"):
            grants[grant_id] = {"reference": reference, "settlement": None, "settled": 0}
        return SignedGrant(f"grant.{grant_id}", _grant(grant_id, reference, request))

    async def settle(self, grant_id: str, settlement: Settlement) -> None:
        await others_go_on()
        self._world.ask_registry("settle", lambda: self._settle(grant_id, settlement))

    def _settle(self, grant_id: str, settlement: Settlement) -> None:
        grants = self._world.state["grants"]
        said = settlement.model_dump(mode="json")
        if grant_id not in grants and settlement.outcome == "PRINTED":
            raise NotFound("no such grant")
        held = grants.get(grant_id, {"reference": None, "settlement": None, "settled": 0})
        if held["settlement"] not in (None, said):
            raise Conflict("settled otherwise")
        with self._world.effect("registry settle"):
            grants[grant_id] = {**held, "settlement": said, "settled": held["settled"] + (held["settlement"] is None)}

    async def ledger_head(self) -> LedgerHead:
        await others_go_on()
        return self._world.ask_registry("head", self._head)

    def _head(self) -> LedgerHead:
        told = [grant["settlement"] for grant in self._world.state["grants"].values() if grant["settlement"]]
        newest = max(told, key=lambda said: said["ledger_seq"], default={"ledger_seq": 0, "ledger_head": None})
        return LedgerHead(seq=newest["ledger_seq"], head=newest["ledger_head"])


def _grant(grant_id: str, reference: str, request: GrantRequest) -> Grant:
    now = dt.datetime.now(dt.UTC)
    return Grant(
        grant_id=grant_id,
        reference=reference,
        act_sha256=request.act_sha256,
        document_type=request.document_type,
        language=request.language,
        copy_number=1,
        kiosk="demo-1",
        requester=SHA,
        capacity="self",
        card_proof="active-authentication",
        holder_proof="pin",
        status_list="demo",
        status_index=0,
        template_sha256=request.template_sha256,
        issued_at=now,
        expires_at=now + dt.timedelta(minutes=15),
    )


@dataclass(frozen=True)
class SignedPdf:
    pdf: bytes
    sha256: str


class Signer:
    def __init__(self, world: World) -> None:
        self._world = world

    async def issue(self, act_jws: str, grant_jws: str, form: str) -> SignedPdf:
        await others_go_on()
        if "signer-down" in self._world.faults:
            raise Unreachable("no socket")
        with self._world.effect("signer issue"):
            pdf = PDF[form] + grant_jws.removeprefix("grant.").encode()
        if "signer-unanswered" in self._world.faults:
            raise TimedOut("no answer")
        altered = b"x" * ("pdf-altered" in self._world.faults)
        return SignedPdf(pdf + altered, hashlib.sha256(pdf).hexdigest())

    async def forget(self, grant_id: str) -> None:
        if "signer-down" in self._world.faults:
            raise Unreachable("no socket")
