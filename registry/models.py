"""What an act, a grant and a settlement are.

Everything here crosses a border (the registry's answers, the signer's requests), so every model is
closed (an unknown field is an error), bounded and immutable. Names in Arabic and in Latin letters are
independent register data: neither is ever derived from the other.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PRESENTATION_FORMS = re.compile("[\ufb50-\ufdff\ufe70-\ufeff\u0640]")


def _plain_text(value: str) -> str:
    if _BIDI_CONTROLS.search(value):
        raise ValueError("direction controls are not allowed in register data")
    if _PRESENTATION_FORMS.search(value):
        raise ValueError("presentation forms and tatweel are not allowed in register data")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in value):
        raise ValueError("control characters are not allowed in register data")
    return unicodedata.normalize("NFC", value)


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=400),
    AfterValidator(_plain_text),
]
Nin = Annotated[str, StringConstraints(pattern=r"^[0-9]{18}$")]
DocumentNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,22}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
GrantId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""128 random bits in lower-case hexadecimal, chosen by the kiosk: the same id is the same request."""
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,8}(-[A-Z0-9]{2,12}){1,4}$", max_length=40)]
"""The document's number, given by the registry and printed on the page, e.g. `DZ-2026-16001-0000042`."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Language = Literal["ar", "fr"]
DocumentType = Slug


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Name(Model):
    surname: Text
    given: Text


class BilingualName(Model):
    arabic: Name
    latin: Name


class BilingualText(Model):
    arabic: Text
    latin: Text


class Place(Model):
    """A commune: its code, its name and its wilaya's in both scripts."""

    commune_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,5}$")]
    commune: BilingualText
    wilaya: BilingualText


class Parent(Model):
    name: BilingualName
    profession: BilingualText | None = None


class Subject(Model):
    """The person a birth act is about. `born_at` is the hour, or None where the act has none."""

    nin: Nin
    name: BilingualName
    sex: Literal["F", "M"]
    born_on: dt.date
    born_at: dt.time | None
    birthplace: Place


class Register(Model):
    """Where the act stands: commune, year of the register, number of the act in it."""

    commune: Place
    year: Annotated[int, Field(ge=1850, le=2150)]
    number: Annotated[int, Field(ge=1, le=99999)]


class Mention(Model):
    """A marginal mention (marriage, divorce, death, judgment), in the order of the margin."""

    made_on: dt.date
    text: BilingualText


class BirthAct(Model):
    """The act as the register holds it. `version` grows with each mention or rectification."""

    kind: Literal["birth"] = "birth"
    act_id: Slug
    version: Annotated[int, Field(ge=1)]
    register_: Annotated[Register, Field(alias="register")]
    drawn_up_on: dt.date
    subject: Subject
    father: Parent | None
    mother: Parent | None
    mentions: Annotated[tuple[Mention, ...], Field(max_length=40)] = ()
    as_of: dt.datetime

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)


CardProof = Literal[
    "active-authentication", "chip-authentication", "chip-authentication-mapping", "passive-authentication"
]
"""How the chip was proven. The first the registry has verified itself; the next two the kiosk has, and says so;
the last means that its files are genuine and that nobody knows whether it is a copy."""
HolderProof = Literal["pin", "clerk"]
Capacity = Literal["self"]


class Grant(Model):
    """Leave to issue one original of one document, once, at one kiosk, before it expires."""

    v: Literal[1] = 1
    grant_id: GrantId
    reference: Reference
    act_sha256: Sha256
    """SHA-256 of the act's JWS payload bytes."""
    document_type: DocumentType
    language: Language
    copy_number: Annotated[int, Field(ge=1, le=9999)]
    kiosk: Slug
    requester: Sha256
    """Keyed hash of the requester's NIN (the registry holds the key): the kiosk and its disk never see a number."""
    capacity: Capacity
    card_proof: CardProof
    holder_proof: HolderProof
    status_list: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
    status_index: Annotated[int, Field(ge=0, lt=1 << 24)]
    template_sha256: Sha256
    issued_at: dt.datetime
    expires_at: dt.datetime


class Challenge(Model):
    challenge_id: GrantId
    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    expires_at: dt.datetime


Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$", max_length=64_000)]


class CardInHand(Model):
    """What suffices to ask how a card stands in the register, while the rest of it is still being read."""

    sod: Base64
    dg1: Base64
    dg11: Base64


class CardStanding(Model):
    """The registry's word on it: one that does not stand so is refused, with its reason."""

    card_status: Literal["valid"] = "valid"


class Presentation(Model):
    """A card shown to the registry: its signed files and its answer to the challenge (see `presence`).

    `signature` is None for a card that signs nothing: one whose SOD names no DG15.
    """

    challenge_id: GrantId
    sod: Base64
    dg1: Base64
    dg11: Base64
    dg14: Base64 | None = None
    dg15: Base64 | None = None
    signature: Base64 | None = None
    card_proof: CardProof
    holder_proof: HolderProof


class Presented(Model):
    """The registry's word on a presented card; `presentation_id` is what later calls rest on."""

    presentation_id: GrantId
    nin: Nin
    card_status: Literal["valid"] = "valid"
    expires_at: dt.datetime


class Entitlement(Model):
    document_type: DocumentType
    capacity: Capacity


class ActRequest(Model):
    presentation_id: GrantId
    document_type: DocumentType


class GrantRequest(Model):
    """The body of PUT /grants/{grant_id}. `signature` is the card's, over a nonce derived from a fresh
    challenge *and* this request: a card that has left the reader gives no grant. A card that signs nothing has
    none: the kiosk alone says that it is still there."""

    presentation_id: GrantId
    challenge_id: GrantId
    act_sha256: Sha256
    document_type: DocumentType
    language: Language
    template_sha256: Sha256
    signature: Base64 | None


Evidence = Literal["ipp-completed", "escpos-echo", "operator-confirmed", "none"]


LedgerSeq = Annotated[int, Field(ge=1, lt=1 << 53)]


class Settlement(Model):
    """How a grant ended, and the entry of the kiosk's ledger that says so: its number and its hash.

    PRINTED never comes with evidence `none`.
    """

    outcome: Literal["PRINTED", "VOIDED"]
    evidence: Evidence
    ledger_seq: LedgerSeq
    ledger_head: Sha256


class LedgerHead(Model):
    """The newest entry of a kiosk's ledger that the registry was told of; `seq` 0 when of none."""

    seq: Annotated[int, Field(ge=0, lt=1 << 53)]
    head: Sha256 | None


class RegistryProblem(Model):
    """The body of every refusal of our namespace: a code of the catalogue and words for the log."""

    code: Annotated[str, StringConstraints(pattern=r"^E-[A-Z0-9-]{3,40}$")]
    detail: Annotated[str, StringConstraints(max_length=300)]
