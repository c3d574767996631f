"""The kiosk's side of the registry: mutual TLS, one deadline a call, and no answer taken on trust.

    async with RegistryClient(url, ca=…, certificate=…, key=…, signers=keys, deadline=8.0) as registry:
        challenge = await registry.challenge()
        presented = await registry.present(Presentation(…))       # the card signed the challenge
        act = await registry.act(ActRequest(…))                    # signed, checked against `signers`
        grant = await registry.grant(grant_id, GrantRequest(…))    # same id and body: same grant
        await registry.settle(grant_id, Settlement(…))

Every failure is one of `registry.errors`. `RegistryAbsent` means nothing is known of what the registry
did; grants and settlements may then be sent again, unchanged. The paths are our own, under
`/shubbak/v1`, and carry no NIN; `person` alone speaks OSIA Data Access 1.3.0, whose path does.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter, ValidationError

from registry import jws
from registry.errors import NonsenseAnswer
from registry.exchange import Exchange, common_name
from registry.models import (
    ActRequest,
    BirthAct,
    CardInHand,
    CardStanding,
    Challenge,
    Entitlement,
    Grant,
    GrantRequest,
    LedgerHead,
    Model,
    Presentation,
    Presented,
    Settlement,
)

PREFIX = "/shubbak/v1"
PRESENTATION_HEADER = "Shubbak-Presentation"
"""Carries the presentation on OSIA paths, which have no place for the subject of a request."""

AttributeValue = str | int | float | bool | None
M = TypeVar("M", bound=BaseModel)
_Body = bytes  # the client's own `bytes` counter hides the type inside the class

_ENTITLEMENTS = TypeAdapter(list[Entitlement])
_ATTRIBUTES = TypeAdapter(dict[str, AttributeValue])


@dataclass(frozen=True)
class SignedAct:
    """`payload_sha256` is what a grant names as `act_sha256`."""

    jws: str
    payload_sha256: str
    act: BirthAct


@dataclass(frozen=True)
class SignedGrant:
    jws: str
    grant: Grant


class _Health(Model):
    status: Literal["ready"]


class RegistryClient:
    """One kiosk's connection to its registry. `requests` and `bytes` count what went out and came back.

    `deadline` (seconds) bounds a whole call, connecting included. Raises SetupError when a file is missing.
    """

    def __init__(
        self, url: str, *, ca: Path, certificate: Path, key: Path, signers: jws.TrustedKeys, deadline: float
    ) -> None:
        self._signers = signers
        self._kiosk = common_name(certificate)
        self._exchange = Exchange(url, ca=ca, certificate=certificate, key=key, deadline=deadline)

    @property
    def requests(self) -> int:
        return self._exchange.requests

    @property
    def bytes(self) -> int:
        return self._exchange.bytes

    @property
    def date(self) -> dt.datetime | None:
        """What the registry's clock said in its latest answer, whatever the answer was; to the second."""
        return self._exchange.date

    @property
    def date_now(self) -> dt.datetime | None:
        """What the registry's clock shows now, by its latest answer and the time since; None while it said nothing."""
        return self._exchange.date_now

    async def __aenter__(self) -> RegistryClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._exchange.aclose()

    async def health(self) -> None:
        """Returns when the registry answers that it is ready."""
        _model(_Health, await self._ask("GET", f"{PREFIX}/health"))

    async def challenge(self) -> Challenge:
        return _model(Challenge, await self._ask("POST", f"{PREFIX}/challenges"))

    async def card_standing(self, card: CardInHand) -> CardStanding:
        """Returns when the card's number, its NIN and its state agree with the register, raises what `present` would.

        It needs no answer of the chip, and so gives no presentation.
        """
        return _model(CardStanding, await self._ask("POST", f"{PREFIX}/card-standing", card))

    async def present(self, presentation: Presentation) -> Presented:
        """Shows the card and says how its holder was proven.

        Raises CardNotProven, HolderNotProven, CardUnknown, CardMismatch, CardBlocked, CardExpired, ChallengeStale.
        """
        return _model(Presented, await self._ask("POST", f"{PREFIX}/presentations", presentation))

    async def person(self, nin: str, presentation_id: str, attributes: list[str]) -> dict[str, AttributeValue]:
        """The attributes asked for that the registry has (OSIA Data Access 1.3.0, readPersonAttributes).

        An attribute it answers with an error object (unknown name) is nonsense here: we ask only for known ones.
        """
        query = "&".join(f"attributeNames={quote(name, safe='')}" for name in attributes)
        body = await self._ask(
            "GET", f"/v1/persons/{quote(nin, safe='')}?{query}", headers={PRESENTATION_HEADER: presentation_id}
        )
        try:
            return _ATTRIBUTES.validate_json(body)
        except ValidationError:
            raise NonsenseAnswer("the attributes are not of the promised shape") from None

    async def entitlements(self, presentation_id: str) -> list[Entitlement]:
        """What the presented person may ask for."""
        body = await self._ask("GET", f"{PREFIX}/presentations/{quote(presentation_id, safe='')}/entitlements")
        try:
            return _ENTITLEMENTS.validate_json(body, strict=True)
        except ValidationError:
            raise NonsenseAnswer("the entitlements are not of the promised shape") from None

    async def act(self, request: ActRequest) -> SignedAct:
        """The act, signed. Raises NotEntitled, NoAct, PresentationStale; SignatureRefused when it was altered."""
        token = _text(await self._ask("POST", f"{PREFIX}/acts", request))
        payload = self._signers.verify(token, typ=jws.ACT)
        return SignedAct(token, sha256(payload).hexdigest(), _model(BirthAct, payload))

    async def grant(self, grant_id: str, request: GrantRequest) -> SignedGrant:
        """Leave for one original. The same id and body may be sent again; another body is a Conflict."""
        token = _text(await self._ask("PUT", f"{PREFIX}/grants/{quote(grant_id, safe='')}", request))
        grant = _model(Grant, self._signers.verify(token, typ=jws.GRANT))
        asked = (grant_id, request.act_sha256, request.document_type, request.language, request.template_sha256)
        given = (grant.grant_id, grant.act_sha256, grant.document_type, grant.language, grant.template_sha256)
        if given != asked or grant.kiosk != self._kiosk:
            raise NonsenseAnswer("the grant answers another request, or another kiosk")
        return SignedGrant(token, grant)

    async def settle(self, grant_id: str, settlement: Settlement) -> None:
        """How the grant ended. Idempotent; Conflict when an earlier settlement says otherwise.

        A grant id the registry has never seen may be settled as VOIDED: that closes it for good.
        """
        path = f"{PREFIX}/grants/{quote(grant_id, safe='')}/settlement"
        recorded = _model(Settlement, await self._ask("PUT", path, settlement))
        if (recorded.outcome, recorded.evidence) != (settlement.outcome, settlement.evidence):
            raise NonsenseAnswer("the registry recorded another settlement")

    async def ledger_head(self) -> LedgerHead:
        """The newest entry of this kiosk's ledger that the registry knows of."""
        return _model(LedgerHead, await self._ask("GET", f"{PREFIX}/ledger-head"))

    async def status_list(self, name: str) -> str:
        """A status list as a JWS, its signature checked (payload shape: `registry.status`)."""
        token = _text(await self._ask("GET", f"{PREFIX}/status-lists/{quote(name, safe='')}"))
        self._signers.verify(token, typ=jws.STATUS)
        return token

    async def _ask(
        self, method: str, path: str, body: BaseModel | None = None, *, headers: dict[str, str] | None = None
    ) -> _Body:
        sent = dict(headers or {})
        content = b"" if body is None else body.model_dump_json(by_alias=True).encode()
        if body is not None:
            sent["content-type"] = "application/json"
        return await self._exchange.ask(method, path, content, sent)


def _model(kind: type[M], body: bytes) -> M:
    try:
        return kind.model_validate_json(body, strict=True)
    except ValidationError:
        # The validation error quotes the data, which is somebody's: it goes no further.
        raise NonsenseAnswer(f"not a {kind.__name__}") from None


def _text(body: bytes) -> str:
    try:
        return body.decode("ascii")
    except UnicodeDecodeError:
        raise NonsenseAnswer("not a signed object") from None
