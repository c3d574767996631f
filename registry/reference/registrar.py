"""What the registry decides: who is standing there, what they may have, and that they have it once.

One method a call of the interface, each given the kiosk's id as TLS proved it. Pure of HTTP. Everything
refused is a `Refused` of `registry.errors`.

Rules of a grant: a challenge is used up by the first request that names it, whatever becomes of it; the
card signs again for each grant; the act must be one that this presentation was served and still the
newest; the same id with the same body is the same grant, until it is settled; a settled id, even one
never granted, grants nothing any more.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import secrets
import threading
from collections.abc import Callable

from pydantic import TypeAdapter

from registry import jws, status
from registry.errors import (
    ActChanged,
    CardBlocked,
    CardExpired,
    CardMismatch,
    CardUnknown,
    ChallengeStale,
    Conflict,
    GrantClosed,
    NoAct,
    NotEntitled,
    NotFound,
    PresentationStale,
    RequestRefused,
)
from registry.models import (
    ActRequest,
    CardInHand,
    CardProof,
    CardStanding,
    Challenge,
    Entitlement,
    Grant,
    GrantRequest,
    HolderProof,
    LedgerHead,
    Presentation,
    Presented,
    Settlement,
)
from registry.presence import grant_nonce, presentation_nonce
from registry.reference.card_proof import CardFiles, CardHolder, prove_card, prove_holder
from registry.reference.chip_answer import ChipKey
from registry.reference.keys import RegistryKeys
from registry.reference.population import Person
from registry.reference.security_object import CscaFolder
from registry.reference.store import GrantRow, PresentationRow, Store

CHALLENGE_LIFETIME = dt.timedelta(seconds=120)
PRESENTATION_LIFETIME = dt.timedelta(minutes=10)
GRANT_LIFETIME = dt.timedelta(minutes=15)
_CARD_PROOF: TypeAdapter[CardProof] = TypeAdapter(CardProof)
_HOLDER_PROOF: TypeAdapter[HolderProof] = TypeAdapter(HolderProof)
STATUS_LIFETIME = dt.timedelta(hours=12)
_BIRTH_EXTRACT = "birth-extract"

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Registrar:
    """`clock` gives aware UTC times; tests give their own."""

    def __init__(self, store: Store, keys: RegistryKeys, csca: CscaFolder, clock: Clock = utc_now) -> None:
        self._store = store
        self._keys = keys
        self._csca = csca
        self._clock = clock
        # A request sent twice must find the first one's grant, not its half-done work.
        self._one_grant_at_a_time = threading.Lock()

    def challenge(self, kiosk: str) -> Challenge:
        nonce, expires = secrets.token_bytes(32), self._now() + CHALLENGE_LIFETIME
        challenge_id = secrets.token_hex(16)
        self._store.add_challenge(challenge_id, kiosk, nonce, _epoch(expires))
        return Challenge(challenge_id=challenge_id, nonce=nonce.hex(), expires_at=expires)

    def card_standing(self, shown: CardInHand) -> CardStanding:
        """How a card stands, by its signed files alone. Raises what `present` raises of it."""
        files = CardFiles(*map(_decoded, (shown.sod, shown.dg1, shown.dg11)))
        self._check_holder(prove_holder(files, self._csca.certificates(), at=self._now()))
        return CardStanding()

    def present(self, kiosk: str, shown: Presentation) -> Presented:
        now = self._now()
        nonce = self._take_challenge(shown.challenge_id, kiosk)
        files = CardFiles(
            *map(_decoded, (shown.sod, shown.dg1, shown.dg11)),
            *(None if text is None else _decoded(text) for text in (shown.dg14, shown.dg15)),
        )
        card = prove_card(files, self._csca.certificates(), at=now)
        card.check_chip(
            shown.card_proof,
            shown.holder_proof,
            presentation_nonce(nonce),
            None if shown.signature is None else _decoded(shown.signature),
        )
        self._check_holder(card.holder)
        presentation_id, expires = secrets.token_hex(16), now + PRESENTATION_LIFETIME
        row = PresentationRow(
            kiosk=kiosk,
            nin=card.holder.nin,
            card=card.holder.document_number,
            card_expires=card.holder.expires_on.isoformat(),
            key=None if card.key is None else card.key.spki,
            hash=None if card.key is None else card.key.hash,
            card_proof=shown.card_proof,
            holder_proof=shown.holder_proof,
            expires=_epoch(expires),
        )
        self._store.add_presentation(presentation_id, row, _epoch(now))
        return Presented(presentation_id=presentation_id, nin=card.holder.nin, expires_at=expires)

    def person(self, kiosk: str, presentation_id: str, nin: str) -> Person:
        """Only the person who is standing there: another's number is refused, known or not."""
        if self._presentation(kiosk, presentation_id).nin != nin:
            raise NotEntitled("the number is not that of the presented person")
        person = self._store.person(nin)
        if person is None:
            raise NotFound("no such person")
        return person

    def entitlements(self, kiosk: str, presentation_id: str) -> list[Entitlement]:
        return self._entitled(self._presentation(kiosk, presentation_id))

    def act(self, kiosk: str, request: ActRequest) -> str:
        """The act as a JWS; `as_of` is this moment, so each reading has a hash of its own."""
        shown = self._presentation(kiosk, request.presentation_id)
        self._check_entitled(shown, request.document_type)
        act = self._store.birth_act(shown.nin)
        if act is None:
            raise NoAct("the birth act is not digitised")
        payload = act.model_copy(update={"as_of": self._now()}).model_dump_json(by_alias=True).encode()
        self._store.add_served(request.presentation_id, hashlib.sha256(payload).hexdigest(), act.version)
        return self._keys.sign(payload, jws.ACT)

    def grant(self, kiosk: str, grant_id: str, request: GrantRequest) -> str:
        with self._one_grant_at_a_time:
            if self._store.settlement(grant_id) is not None:
                raise GrantClosed("the grant id was settled")
            known, asked = self._store.grant(grant_id), request.model_dump_json()
            if known is not None:
                if (known.kiosk, known.request) != (kiosk, asked):
                    raise Conflict("the grant id was used for another request")
                return known.jws
            shown = self._presentation(kiosk, request.presentation_id)
            nonce = grant_nonce(self._take_challenge(request.challenge_id, kiosk), grant_id, request)
            if shown.key is not None:
                ChipKey.read(shown.key, shown.hash).verify(nonce, _decoded(request.signature or ""))
            self._check_card(shown.card, shown.nin, shown.card_expires)
            self._check_entitled(shown, request.document_type)
            return self._issue(kiosk, grant_id, request, shown, asked)

    def settle(self, kiosk: str, grant_id: str, settlement: Settlement) -> Settlement:
        """Records how a grant ended. The first settlement stands; the same one again is answered alike."""
        if settlement.outcome == "PRINTED" and settlement.evidence == "none":
            raise RequestRefused("PRINTED needs evidence")
        now = _epoch(self._now())
        with self._one_grant_at_a_time, self._store.transaction():
            granted, settled = self._store.grant(grant_id), self._store.settlement(grant_id)
            if (granted and granted.kiosk != kiosk) or (settled and settled[0] != kiosk):
                raise Conflict("the grant is another kiosk's")
            if settled:
                first = settled[1]
                if (first.outcome, first.evidence) != (settlement.outcome, settlement.evidence):
                    raise Conflict("the grant was settled otherwise")
            elif granted is None and settlement.outcome == "PRINTED":
                raise NotFound("no such grant was given: it cannot have been printed")
            else:
                self._store.add_settlement(grant_id, kiosk, settlement, now)
            self._store.add_head(kiosk, settlement.ledger_seq, settlement.ledger_head, now)
        return settlement

    def ledger_head(self, kiosk: str) -> LedgerHead:
        """The newest entry of the kiosk's ledger that any of its settlements told."""
        seq, head = self._store.head(kiosk) or (0, None)
        return LedgerHead(seq=seq, head=head)

    def status_list(self, name: str, subject: str) -> str:
        """The list as a JWS; `subject` is its own address."""
        voided = self._store.voided(name)
        if voided is None:
            raise NotFound("no such status list")
        body = status.payload(subject, voided, at=self._now(), lifetime=STATUS_LIFETIME)
        return self._keys.sign(body, jws.STATUS)

    def _issue(self, kiosk: str, grant_id: str, request: GrantRequest, shown: PresentationRow, asked: str) -> str:
        requester, now = self._keys.requester_hash(shown.nin), self._now()
        with self._store.transaction():
            act = self._store.birth_act(shown.nin)
            if act is None or act.version != self._store.served_version(request.presentation_id, request.act_sha256):
                raise ActChanged("not an act served to this presentation, or no longer the newest")
            series = f"{now.year}-{act.register_.commune.commune_code}"
            list_name, index = self._store.free_index()
            grant = Grant(
                grant_id=grant_id,
                reference=f"DZ-{series}-{self._store.next_serial(series):07d}",
                act_sha256=request.act_sha256,
                document_type=request.document_type,
                language=request.language,
                copy_number=self._store.copies(requester, request.document_type) + 1,
                kiosk=kiosk,
                requester=requester,
                capacity="self",
                card_proof=_CARD_PROOF.validate_python(shown.card_proof),
                holder_proof=_HOLDER_PROOF.validate_python(shown.holder_proof),
                status_list=list_name,
                status_index=index,
                template_sha256=request.template_sha256,
                issued_at=now,
                expires_at=now + GRANT_LIFETIME,
            )
            token = self._keys.sign(grant.model_dump_json().encode(), jws.GRANT)
            row = GrantRow(kiosk, asked, requester, request.document_type, list_name, index, token)
            self._store.add_grant(grant_id, row)
        return token

    def _take_challenge(self, challenge_id: str, kiosk: str) -> bytes:
        nonce = self._store.take_challenge(challenge_id, kiosk, _epoch(self._now()))
        if nonce is None:
            raise ChallengeStale("the challenge is unknown, used, or too old")
        return nonce

    def _presentation(self, kiosk: str, presentation_id: str) -> PresentationRow:
        # One answer for unknown, expired and another kiosk's: the asker need not learn which.
        row = self._store.presentation(presentation_id)
        if row is None or row.kiosk != kiosk or row.expires < _epoch(self._now()):
            raise PresentationStale("no card is presented here under that id")
        return row

    def _check_holder(self, holder: CardHolder) -> None:
        self._check_card(holder.document_number, holder.nin, holder.expires_on.isoformat())

    def _check_card(self, number: str, nin: str, expires_on: str) -> None:
        known = self._store.card(number)
        if known is None:
            raise CardUnknown("no card of that number")
        holder, card = known
        if holder != nin:
            raise CardMismatch("the card's number belongs to another NIN")
        if card.status == "blocked":
            raise CardBlocked("the card is blocked")
        if min(card.expires_on.isoformat(), expires_on) < self._now().date().isoformat():
            raise CardExpired("the card has expired")

    def _entitled(self, shown: PresentationRow) -> list[Entitlement]:
        # The whole policy of this reference: whoever is standing there may have their own birth extract. Another
        # person's papers would need a card that the registry itself has proven, and its PIN.
        if self._store.person(shown.nin) is None:
            return []
        return [Entitlement(document_type=_BIRTH_EXTRACT, capacity="self")]

    def _check_entitled(self, shown: PresentationRow, document_type: str) -> None:
        if document_type not in {entitlement.document_type for entitlement in self._entitled(shown)}:
            raise NotEntitled("the presented person may not have that document")

    def _now(self) -> dt.datetime:
        return self._clock().replace(microsecond=0)


def _epoch(at: dt.datetime) -> int:
    return int(at.timestamp())


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise RequestRefused("a field is not base64") from None
