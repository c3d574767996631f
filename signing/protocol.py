"""What the signer and its client say to each other: JSON objects, each behind its length.

A frame is four bytes, big-endian, the length in bytes, then that many bytes of UTF-8 JSON. One question,
one answer, as often as wanted on one connection. Neither side believes the other's lengths.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from printing.forms import Form
from registry.jws import MAX_TOKEN
from registry.models import GrantId, Sha256
from signing.errors import ANSWERS, FrameRefused, NonsenseAnswer, SignerFault, SigningError

MAX_FRAME = 4 * 1024 * 1024
_LENGTH_BYTES = 4
_Jws = Annotated[str, StringConstraints(max_length=MAX_TOKEN)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StatusRequest(_Closed):
    op: Literal["status"] = "status"


class IssueRequest(_Closed):
    """Sign what this grant and this act say, and nothing else."""

    op: Literal["issue"] = "issue"
    act: _Jws
    grant: _Jws
    form: Form = "a4"


class ForgetRequest(_Closed):
    """The document is on paper or void: drop its bytes from memory."""

    op: Literal["forget"] = "forget"
    grant_id: GrantId


Request = StatusRequest | IssueRequest | ForgetRequest
_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="op")])


class SignerStatus(_Closed):
    """A signer that could sign now. `kid` is its key's, in hexadecimal; `chain_length` counts documents."""

    kid: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    certificate_expires: dt.datetime
    chain_length: Annotated[int, Field(ge=0)]
    chain_head: Sha256
    render_isolated: bool


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A signed page: the PDF, its SHA-256 in hexadecimal, the text of the seal in it, when it was signed."""

    pdf: bytes
    sha256: str
    seal: str
    signed_at: dt.datetime


class IssuedAnswer(_Closed):
    pdf: str
    sha256: Sha256
    seal: Annotated[str, StringConstraints(max_length=4096)]
    signed_at: dt.datetime

    @classmethod
    def of(cls, document: SignedDocument) -> Self:
        pdf = base64.b64encode(document.pdf).decode("ascii")
        return cls(pdf=pdf, sha256=document.sha256, seal=document.seal, signed_at=document.signed_at)

    def document(self) -> SignedDocument:
        """Raises NonsenseAnswer when the bytes are not those the hash speaks of."""
        try:
            pdf = base64.b64decode(self.pdf, validate=True)
        except ValueError:
            raise NonsenseAnswer("the signer's document is not base64") from None
        if hashlib.sha256(pdf).hexdigest() != self.sha256:
            raise NonsenseAnswer("the signer's document is not the one its hash names")
        return SignedDocument(pdf, self.sha256, self.seal, self.signed_at)


class Failure(_Closed):
    code: Annotated[str, StringConstraints(pattern=r"^E-[A-Z0-9-]{1,40}$")]
    message: Annotated[str, StringConstraints(max_length=300)]

    @classmethod
    def of(cls, error: SigningError) -> Self:
        return cls(code=error.code, message=str(error)[:300])

    def error(self) -> SigningError:
        known = ANSWERS.get(self.code)
        return known(self.message) if known else NonsenseAnswer("the signer names a failure we do not know")


class Answer(_Closed):
    """Exactly one of the fields is set; none of them answers `forget`."""

    failure: Failure | None = None
    status: SignerStatus | None = None
    issued: IssuedAnswer | None = None


def parse_request(frame: bytes) -> Request:
    """Raises FrameRefused; the words quote nothing of the frame."""
    try:
        return _REQUEST.validate_json(frame)
    except ValidationError:
        raise FrameRefused("not a request the signer knows") from None


def parse_answer(frame: bytes) -> Answer:
    """Raises NonsenseAnswer."""
    try:
        return Answer.model_validate_json(frame)
    except ValidationError:
        raise NonsenseAnswer("the signer's answer makes no sense") from None


def encode(message: BaseModel) -> bytes:
    """A message with its length before it. Raises SignerFault when it is too long for a frame."""
    body = message.model_dump_json(exclude_none=True).encode()
    if len(body) > MAX_FRAME:
        raise SignerFault("the message is too long for the socket")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


async def read_frame(stream: asyncio.StreamReader) -> bytes | None:
    """The next frame's body, or None where the other side ended. Raises FrameRefused."""
    try:
        length = int.from_bytes(await stream.readexactly(_LENGTH_BYTES), "big")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise FrameRefused("the frame was cut short") from None
        return None
    if not 0 < length <= MAX_FRAME:
        raise FrameRefused("the frame is empty or too large")
    try:
        return await stream.readexactly(length)
    except asyncio.IncompleteReadError:
        raise FrameRefused("the frame was cut short") from None
