"""What a card has shown, what of it is believed, and what is said of it to the registry. Pure but for the date."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from config.schema import Card
from drivers import smartcard
from drivers.smartcard import FileId, genuine
from drivers.smartcard.errors import ForeignIssuer, ProofMissing
from drivers.smartcard.profile import Profile, for_zone
from printing.documents import DocumentType
from registry.models import CardInHand, CardProof, HolderProof, Presentation

_ALWAYS = (FileId.DG1, FileId.DG11)
"""Who it is, and by which number the registry knows them."""
_SHOWN_LATER = frozenset((FileId.DG2,))
"""A portrait is read only once somebody is there to look at it."""


@dataclass(frozen=True, slots=True)
class BelievedCard:
    """One card, read in one session and believed: nothing speaks against it. It proves enough for `documents`.

    `challenged_at` is when (loop's seconds) the registry's challenge was asked that `evidence` answers.
    """

    evidence: genuine.CardEvidence
    verdict: genuine.Verdict
    data: smartcard.CardData
    profile: Profile
    documents: tuple[DocumentType, ...]
    challenge_id: str
    challenged_at: float = field(default=0.0)

    @property
    def card_proof(self) -> CardProof:
        """The best that the chip gave; active authentication first, for the registry can verify that itself."""
        if self.verdict.active == "passed":
            return "active-authentication"
        if self.verdict.chip != "passed":
            return "passive-authentication"
        mapped = self.evidence.chip_authentication is None
        return "chip-authentication-mapping" if mapped else "chip-authentication"

    @property
    def channel_proven(self) -> bool:
        """Whether a PIN typed now goes to the card itself, and to no copy of it."""
        return self.card_proof != "passive-authentication"

    @property
    def signs(self) -> bool:
        return self.card_proof == "active-authentication"


def password(fields: Mapping[str, str]) -> smartcard.Can | smartcard.Mrz:
    """From the number on the card's face, its scanned zone, or the three fields. Raises PasswordFormat."""
    if "can" in fields:
        return smartcard.Can(fields["can"])
    if "zone" in fields:
        return smartcard.Mrz.parse(fields["zone"])
    return smartcard.Mrz.parse("|".join(fields[k] for k in ("document_number", "date_of_birth", "date_of_expiry")))


def wanted(documents: Iterable[DocumentType]) -> tuple[FileId, ...]:
    """The files that these documents' policies ask to be read with the card, those that say who it is first."""
    asked = [FileId[name] for document in documents for name in document.card.reads]
    return tuple(dict.fromkeys(file for file in (*_ALWAYS, *asked) if file not in _SHOWN_LATER))


def wants_portrait(documents: Iterable[DocumentType]) -> bool:
    return any("DG2" in document.card.reads for document in documents)


def believe(
    evidence: genuine.CardEvidence,
    trust: genuine.TrustStore,
    settings: Card,
    documents: Iterable[DocumentType],
    challenge_id: str = "",
    challenged_at: float = 0.0,
) -> BelievedCard:
    """Raises the gravest thing that speaks against the card; ForeignIssuer for a state that is not served here,
    ProofMissing where it proves too little for every document, MalformedData."""
    now = dt.datetime.now(dt.UTC)
    profile = _profile(evidence.files[FileId.DG1], settings.profiles, now.date())
    policy = genuine.Policy(sha1=settings.weak_signatures, revocation=settings.revocation)
    verdict = genuine.judge(evidence, trust, profile, now, policy)
    # Only files that are believed are looked into any further.
    verdict.check(genuine.Needs())
    if profile is None:
        raise ForeignIssuer("cards of this state are not served here")
    data = smartcard.card_data(evidence.files, now.date(), profile)
    provable = _provable(verdict, tuple(documents))
    return BelievedCard(evidence, verdict, data, profile, provable, challenge_id, challenged_at)


def _profile(dg1: bytes, allowed: tuple[str, ...], today: dt.date) -> Profile | None:
    """By the state that the zone names, which nobody has vouched for yet; None for a zone that is none."""
    try:
        return for_zone(smartcard.parse_dg1(dg1, today).issuing_state, allowed)
    except smartcard.MalformedData:
        return None


def _provable(verdict: genuine.Verdict, documents: tuple[DocumentType, ...]) -> tuple[DocumentType, ...]:
    """Raises ProofMissing where there are none."""
    lacking: ProofMissing | None = None
    provable = []
    for document in documents:
        try:
            verdict.check(genuine.Needs.parse(document.card.needs))
            provable.append(document)
        except ProofMissing as error:
            lacking = error
    if lacking is not None and not provable:
        raise lacking
    return tuple(provable)


def in_hand(files: Mapping[FileId, bytes]) -> CardInHand:
    """What is enough to ask how the card stands."""
    return CardInHand(sod=_text(files[FileId.SOD]), dg1=_text(files[FileId.DG1]), dg11=_text(files[FileId.DG11]))


def presentation(card: BelievedCard, holder_proof: HolderProof) -> Presentation:
    files, active = card.evidence.files, card.evidence.active
    signature = active.signature if card.signs and active is not None else None
    return Presentation(
        challenge_id=card.challenge_id,
        sod=_text(files[FileId.SOD]),
        dg1=_text(files[FileId.DG1]),
        dg11=_text(files[FileId.DG11]),
        dg14=_optional(files.get(FileId.DG14)),
        dg15=_optional(files.get(FileId.DG15)),
        signature=_optional(signature),
        card_proof=card.card_proof,
        holder_proof=holder_proof,
    )


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _optional(content: bytes | None) -> str | None:
    return None if content is None else _text(content)
