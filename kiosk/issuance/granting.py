"""The registry's grant and the signer's document: requested → granted → signed."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from kiosk.issuance.errors import DocumentAltered
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.ports import Registry, Signer, SignPresence
from kiosk.issuance.records import Granted, Signed
from printing.forms import Form
from registry.client import SignedAct
from registry.models import Grant, GrantRequest, Language
from registry.presence import grant_nonce


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the citizen confirmed: which document, in which language, as set by which template."""

    presentation_id: str
    document_type: str
    language: Language
    template_sha256: str
    form: Form


async def grant_and_sign(
    ledger: Ledger,
    registry: Registry,
    signer: Signer,
    grant_id: str,
    act: SignedAct,
    wanted: Wanted,
    sign_presence: SignPresence,
) -> tuple[Grant, bytes]:
    """The registry's grant, asked with the card, and the PDF that the signer makes of both: each recorded.

    Raises what the registry, the card or the signer raises, DocumentAltered, LedgerError.
    """
    challenge = await registry.challenge()
    request = GrantRequest(
        presentation_id=wanted.presentation_id,
        challenge_id=challenge.challenge_id,
        act_sha256=act.payload_sha256,
        document_type=wanted.document_type,
        language=wanted.language,
        template_sha256=wanted.template_sha256,
        signature=None,
    )
    signature = await sign_presence(grant_nonce(bytes.fromhex(challenge.nonce), grant_id, request))
    if signature is not None:
        request = request.model_copy(update={"signature": base64.b64encode(signature).decode()})
    granted = await registry.grant(grant_id, request)
    ledger.append(grant_id, Granted(reference=granted.grant.reference))
    document = await signer.issue(act.jws, granted.jws, wanted.form)
    if hashlib.sha256(document.pdf).hexdigest() != document.sha256:
        raise DocumentAltered("the signer's document and its digest differ")
    ledger.append(grant_id, Signed(document=ledger.keeper.digest("document", document.pdf)))
    return granted.grant, document.pdf
