"""From an act and a grant to a signed page. The signer signs what they say, and nothing else.

`DocumentSigner` holds the key, so it lives on one thread, the one that made it. The order of `issue`:

1. both objects are the registry's, unaltered, and of their kind;
2. the grant is for this kiosk, this act, this document with this template, and its time has not passed;
3. no document was signed for it before, in this life or an earlier one. Asked again in this life, the
   answer is the same bytes;
4. the seal is made and signed, the page set round it, the PDF signed;
5. the hash chain has the entry on the disk;
6. only then do the bytes leave.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from pydantic import ValidationError

from config.schema import Settings
from printing.documents import PageRequest
from printing.errors import PageError
from printing.forms import Form
from printing.render import Renderer
from registry.errors import RegistryError
from registry.jws import ACT, GRANT, TrustedKeys
from registry.models import BirthAct, Grant
from signing import errors, seal
from signing.certificates import Chain
from signing.chain import HashChain
from signing.claims import SealClaims
from signing.pades import PadesSigner
from signing.protocol import SignedDocument, SignerStatus
from signing.token import Token

CLOCK_SKEW = dt.timedelta(minutes=5)
"""How far the registry's clock may be ahead of ours."""
_REMEMBERED = 32
"""Documents kept for a repeated question; each goes when it is forgotten, pushed out, or its grant expires."""
Clock = Callable[[], dt.datetime]


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class _Remembered:
    grant_sha256: str
    form: Form
    expires_at: dt.datetime
    document: SignedDocument


class DocumentSigner:
    """The municipality's key at work. Every method belongs to the thread that made the object."""

    def __init__(self, settings: Settings, clock: Clock = now) -> None:
        """Opens token, chain and renderer. Raises TokenError, ChainError, PageFailed, GrantRefused."""
        self._settings = settings
        self._clock = clock
        self._remembered: dict[str, _Remembered] = {}
        self._certificates = Chain.load(settings.signer.certificate)
        try:
            self._registry = TrustedKeys.from_jwk_set(settings.registry.signers)
        except RegistryError:
            raise errors.GrantRefused("the registry's key set cannot be read") from None
        with ExitStack() as opened:
            self._chain = HashChain.open(settings.signer.state)
            opened.callback(self._chain.close)
            self._token = Token.open(settings.signer)
            opened.callback(self._token.close)
            self._certificates.require_key(self._token.public_key())
            self._pades = PadesSigner(self._token, self._certificates)
            try:
                self._renderer = Renderer(settings.documents.templates, settings.documents.render_deadline)
                opened.callback(self._renderer.close)
                self._isolated = self._renderer.warm()
            except PageError as error:
                raise errors.PageFailed(f"no page can be set ({error.code})") from None
            self._opened = opened.pop_all()

    def close(self) -> None:
        self._remembered.clear()
        self._opened.close()

    def status(self) -> SignerStatus:
        """Asks the token, so that a status means a signer that could sign. Raises TokenError."""
        self._certificates.require_key(self._token.public_key())
        self._drop_expired()
        return SignerStatus(
            kid=self._certificates.kid.hex(),
            certificate_expires=self._certificates.signer.not_valid_after_utc,
            chain_length=self._chain.count,
            chain_head=self._chain.head,
            render_isolated=self._isolated,
        )

    def forget(self, grant_id: str) -> None:
        """Drops the bytes kept for a grant. The grant stays used."""
        self._remembered.pop(grant_id, None)

    def issue(self, act_jws: str, grant_jws: str, form: Form = "a4") -> SignedDocument:
        """The signed page; one form uses the grant up.

        Raises Refused, PageFailed, SealTooLarge, TokenError, ChainError.
        """
        act_payload, grant_payload = self._authentic(act_jws, grant_jws)
        act, grant = _read_act(act_payload), _read_grant(grant_payload)
        self._check(act, hashlib.sha256(act_payload).hexdigest(), grant)
        self._drop_expired()
        grant_sha256 = hashlib.sha256(grant_payload).hexdigest()
        remembered = self._remembered.get(grant.grant_id)
        if remembered is not None and (remembered.grant_sha256, remembered.form) == (grant_sha256, form):
            return remembered.document
        if remembered is not None or self._chain.used(grant.grant_id):
            raise errors.GrantUsed("a document was signed for this grant already")
        document = self._sign(act, grant, form, act_payload)
        self._chain.append(
            at=int(document.signed_at.timestamp()),
            grant_id=grant.grant_id,
            reference=grant.reference,
            document_sha256=document.sha256,
        )
        self._remember(grant.grant_id, _Remembered(grant_sha256, form, grant.expires_at, document))
        return document

    def _authentic(self, act_jws: str, grant_jws: str) -> tuple[bytes, bytes]:
        try:
            act_payload = self._registry.verify(act_jws, typ=ACT)
        except RegistryError as error:
            raise errors.ActRefused(f"the act: {error}") from None
        try:
            return act_payload, self._registry.verify(grant_jws, typ=GRANT)
        except RegistryError as error:
            raise errors.GrantRefused(f"the grant: {error}") from None

    def _check(self, act: BirthAct, act_sha256: str, grant: Grant) -> None:
        """The rules a grant must meet, in this order; each has its own code."""
        moment = self._clock()
        if grant.kiosk != self._settings.kiosk.id:
            raise errors.GrantForAnotherKiosk("the grant is made out to another kiosk")
        if grant.issued_at > moment + CLOCK_SKEW:
            raise errors.GrantFromTheFuture("the grant is younger than this machine's clock")
        if grant.expires_at <= moment:
            raise errors.GrantExpired("the grant has expired")
        if grant.act_sha256 != act_sha256:
            raise errors.GrantForAnotherAct("the grant is for another act")
        try:
            kind = self._renderer.catalogue.type(grant.document_type)
        except PageError:
            raise errors.GrantForAnotherType("this kiosk has no such document") from None
        if kind.act != act.kind or grant.language not in kind.languages:
            raise errors.GrantForAnotherType("the document is not drawn from such an act, or not in that language")
        if grant.template_sha256 != self._renderer.catalogue.template_sha256(grant.document_type):
            raise errors.GrantForAnotherTemplate("the grant is for another version of the document's template")

    def _sign(self, act: BirthAct, grant: Grant, form: Form, act_payload: bytes) -> SignedDocument:
        signed_at = self._clock().replace(microsecond=0)
        claims = SealClaims.of(act, grant, signed_at)
        host, kid = self._settings.signer.seal_host, self._certificates.kid
        text = seal.make(claims, host=host, kid=kid, token=self._token)
        request = PageRequest(
            type=grant.document_type,
            language=grant.language,
            act=act,
            town=self._settings.town,
            issued_on=signed_at.astimezone().date(),
            reference=grant.reference,
            copy_number=grant.copy_number,
            seal_svg=seal.seal_svg(text),
            seal_text=text,
            form=form,
            attachment=act_payload,
        )
        try:
            page = self._renderer.page(request)
        except PageError as error:
            raise errors.PageFailed(f"the page could not be set ({error.code})") from None
        pdf = self._pades.sign(page, signed_at)
        return SignedDocument(pdf, hashlib.sha256(pdf).hexdigest(), text, signed_at)

    def _drop_expired(self) -> None:
        moment = self._clock()
        self._remembered = {key: kept for key, kept in self._remembered.items() if kept.expires_at > moment}

    def _remember(self, grant_id: str, document: _Remembered) -> None:
        while len(self._remembered) >= _REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[grant_id] = document


def _read_act(payload: bytes) -> BirthAct:
    try:
        return BirthAct.model_validate_json(payload)
    except ValidationError:
        raise errors.ActRefused("the act is not one this signer can read") from None


def _read_grant(payload: bytes) -> Grant:
    try:
        grant = Grant.model_validate_json(payload)
    except ValidationError:
        raise errors.GrantRefused("the grant is not one this signer can read") from None
    if grant.issued_at.tzinfo is None or grant.expires_at.tzinfo is None:
        raise errors.GrantRefused("the grant's times name no time zone")
    return grant
