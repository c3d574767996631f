"""What an entry of the ledger may say.

Every field is an enumerated word, a digest, a reference of a fixed shape, a code or a bounded number, so
that no name, NIN or card number has a field to stand in. Pure.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from kiosk.issuance.errors import RecordRefused


class DocumentType(StrEnum):
    """The documents that can be issued. Closed, because a free word could be a name."""

    BIRTH_EXTRACT = "birth-extract"
    BIRTH_EXTRACT_SPECIAL = "birth-extract-special"
    BIRTH_COPY = "birth-copy"
    MARRIAGE_EXTRACT = "marriage-extract"
    MARRIAGE_COPY = "marriage-copy"
    DEATH_EXTRACT = "death-extract"
    DEATH_COPY = "death-copy"
    FAMILY_RECORD = "family-record"
    FAMILY_BOOKLET = "family-booklet"
    JUDGMENT_EXTRACT = "judgment-extract"
    REGISTER_EXTRACT = "register-extract"
    RESIDENCE_CERTIFICATE = "residence-certificate"
    MA_BIRTH_EXTRACT = "ma-birth-extract"
    MA_BIRTH_COPY = "ma-birth-copy"


class Language(StrEnum):
    AR = "ar"
    FR = "fr"
    ZGH = "zgh"
    EN = "en"


class Outcome(StrEnum):
    PRINTED = "printed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Evidence(StrEnum):
    IPP_COMPLETED = "ipp-completed"
    ESCPOS_ECHO = "escpos-echo"
    OPERATOR_CONFIRMED = "operator-confirmed"
    NONE = "none"


class SettledAs(StrEnum):
    PRINTED = "PRINTED"
    VOIDED = "VOIDED"


class StationName(StrEnum):
    """Where paper comes out: the sheets of the laser printer, the strip of the ticket printer."""

    LASER = "laser"
    THERMAL = "thermal"


class CameOut(StrEnum):
    """The citizen's answer, where no printer could tell. `silent`: nobody answered."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"


class SpoiledBy(StrEnum):
    """Why paper was used and no document stands on it."""

    TEST = "test"
    JAM = "jam"
    TORN = "torn"
    OTHER = "other"


class Answer(StrEnum):
    """The registry's answer to a settlement. `contradicted`: it holds another one, which stands there."""

    ACCEPTED = "accepted"
    CONTRADICTED = "contradicted"


GrantId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Subject = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{32}|paper:(laser|thermal)|ledger)$")]
"""What an entry is about: a grant, the paper of a station, or the ledger itself."""
LEDGER = "ledger"
Seq = Annotated[int, Field(strict=True, ge=0, lt=1 << 40)]
Units = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
"""Paper: sheets of the laser printer, millimetres of the ticket printer."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}-[0-9]{4}-[0-9]{4,5}-[0-9]{7}$")]
"""Narrower than the registry's: country, year, commune, serial. Too short for a NIN, without room for a name."""
Code = Annotated[str, StringConstraints(pattern=r"^E(-[A-Z]+[0-9]{0,2}){2,5}$", max_length=48)]
"""An error code. The ledger writes only those of the catalogue; it still reads one that has since left it."""


class _Record(BaseModel):
    """Closed and immutable. A value that does not fit raises RecordRefused, which does not quote it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="wrap")
    @classmethod
    def _refuse(cls, value: object, fit: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return fit(value)
        except ValidationError:
            raise RecordRefused(f"a value that {cls.__name__} has no room for") from None


class Requested(_Record):
    """The registry is about to be asked for a grant of this id."""

    step: Literal["requested"] = "requested"
    document_type: DocumentType
    language: Language


class Granted(_Record):
    step: Literal["granted"] = "granted"
    reference: Reference


class Signed(_Record):
    """`document` is the keeper's digest of the signed PDF: it recognises the paper's file, here and nowhere else."""

    step: Literal["signed"] = "signed"
    document: Digest


class Submitting(_Record):
    """A document of so many pages is about to be sent; from here on it may come out.

    `printer` is the keeper's digest of its address; `length` the paper it will take, in the station's units.
    """

    step: Literal["submitting"] = "submitting"
    station: StationName
    printer: Digest
    pages: Annotated[int, Field(strict=True, ge=1, le=999)]
    length: Units


class Submitted(_Record):
    """The printer took the job under this number (RFC 8011 §5.3.2: 1 to 2³¹-1)."""

    step: Literal["submitted"] = "submitted"
    job_id: Annotated[int, Field(strict=True, ge=1, lt=1 << 31)]


class PaperEvidence(_Record):
    """What became of the paper; `pages` is the printer's own count, `code` says why it is not `printed`."""

    step: Literal["evidence"] = "evidence"
    outcome: Outcome
    evidence: Evidence
    pages: Annotated[int, Field(strict=True, ge=0, le=999)]
    code: Code | None = None

    @model_validator(mode="after")
    def _printed_is_proven(self) -> PaperEvidence:
        printed = self.outcome is Outcome.PRINTED
        if printed != (self.evidence is not Evidence.NONE) or printed != (self.code is None):
            raise RecordRefused("printed needs evidence; anything else needs a code")
        if printed and self.pages < 1:
            raise RecordRefused("printed needs a page")
        return self


class Answered(_Record):
    """The citizen was asked whether the whole paper came out."""

    step: Literal["answered"] = "answered"
    came_out: CameOut


class Confirmed(_Record):
    """A member of staff saw the whole paper: `operator-confirmed`."""

    step: Literal["confirmed"] = "confirmed"
    pages: Annotated[int, Field(strict=True, ge=1, le=999)]


class Failed(_Record):
    """Nothing was sent to the printer, and nothing will be."""

    step: Literal["failed"] = "failed"
    code: Code


class Settled(_Record):
    """The registry was told, and answered."""

    step: Literal["settled"] = "settled"
    outcome: SettledAs
    evidence: Evidence
    answer: Answer


class Loaded(_Record):
    """Paper was put in, or all of it changed: from now on there is so much."""

    step: Literal["loaded"] = "loaded"
    units: Units


class Spoiled(_Record):
    """Paper was used without a document on it."""

    step: Literal["spoiled"] = "spoiled"
    units: Units
    reason: SpoiledBy


class Counted(_Record):
    """Somebody looked: there is so much. What the books say otherwise is missing, or too much."""

    step: Literal["counted"] = "counted"
    units: Units


class Begun(_Record):
    """The first entry of a ledger that takes the place of one retired.

    `retired_seq` and `retired_head` name the last entry of that one which held, 0 and None when none could be
    read; `told_seq` and `told_head` the newest entry the registry had been told of. Numbers go on from there.
    """

    step: Literal["begun"] = "begun"
    retired_seq: Seq
    retired_head: Digest | None
    told_seq: Seq
    told_head: Digest | None


GrantRecord = (
    Requested | Granted | Signed | Submitting | Submitted | PaperEvidence | Answered | Confirmed | Failed | Settled
)
PaperRecord = Loaded | Spoiled | Counted
Record = GrantRecord | PaperRecord | Begun
RECORDS: tuple[type[_Record], ...] = (*get_args(GrantRecord), *get_args(PaperRecord), Begun)
_ADAPTER: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="step")])
_GRANT_ID: TypeAdapter[str] = TypeAdapter(GrantId)
_SUBJECT: TypeAdapter[str] = TypeAdapter(Subject)


def parse_record(text: str) -> Record:
    """A record from its JSON. Raises RecordRefused, without quoting the text."""
    try:
        return _ADAPTER.validate_json(text, strict=True)
    except ValidationError:
        raise RecordRefused("not a record of this ledger") from None


def parse_grant_id(text: str) -> str:
    """Raises RecordRefused unless `text` is 128 bits in lower-case hexadecimal."""
    try:
        return _GRANT_ID.validate_python(text, strict=True)
    except ValidationError:
        raise RecordRefused("not a grant id") from None


def parse_subject(text: str) -> str:
    """Raises RecordRefused unless `text` is a grant id, names the paper of a station, or is the ledger itself."""
    try:
        return _SUBJECT.validate_python(text, strict=True)
    except ValidationError:
        raise RecordRefused("not a subject of this ledger") from None


def paper_of(station: StationName) -> str:
    """The subject of a station's paper."""
    return f"paper:{station.value}"


def code_in(record: Record) -> str | None:
    return record.code if isinstance(record, PaperEvidence | Failed) else None
