"""Status lists: one bit a document, in the shape of IETF Token Status List (draft-ietf-oauth-status-list §4, §5).

The registry publishes a list as a JWS; a verifier reads the bit a grant names. 0: as issued; 1: voided or
withdrawn, and the reason is not told. Bit *i* is bit `i % 8`, counted from the least significant, of byte
`i // 8`, and the bytes travel as zlib inside base64url.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import zlib
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from registry.errors import NonsenseAnswer
from registry.models import Model

CAPACITY = 1 << 17
"""Documents a list of the reference registry holds."""
_MAX_BYTES = 1 << 21
"""16 million documents, the most a grant's index can name."""


class _Bits(Model):
    bits: Literal[1]
    lst: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$", max_length=256 * 1024)]


class StatusList(Model):
    """The payload of a status list's JWS. `iat` and `exp` are seconds since 1970 (RFC 7519 §2), `ttl` seconds."""

    sub: Annotated[str, StringConstraints(max_length=200)]
    iat: Annotated[int, Field(ge=0)]
    exp: Annotated[int, Field(ge=0)]
    ttl: Annotated[int, Field(ge=0)]
    status_list: _Bits

    def is_set(self, index: int) -> bool:
        """Whether the document at `index` is voided. Raises NonsenseAnswer for an index beyond the list."""
        bits = _inflate(self.status_list.lst)
        if not 0 <= index < 8 * len(bits):
            raise NonsenseAnswer("the status list has no such index")
        return bool(bits[index // 8] >> (index % 8) & 1)


def payload(sub: str, voided: Iterable[int], *, at: dt.datetime, lifetime: dt.timedelta) -> bytes:
    """The JSON of a list in which exactly the indexes of `voided` are set."""
    bits = bytearray(CAPACITY // 8)
    for index in voided:
        bits[index // 8] |= 1 << (index % 8)
    issued = int(at.timestamp())
    body = {
        "sub": sub,
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
        "ttl": int(lifetime.total_seconds()) // 2,
        "status_list": {"bits": 1, "lst": base64.urlsafe_b64encode(zlib.compress(bytes(bits), 9)).decode().rstrip("=")},
    }
    return json.dumps(body, separators=(",", ":")).encode()


def parse(body: bytes) -> StatusList:
    """A list from the payload of its JWS. Raises NonsenseAnswer."""
    try:
        return StatusList.model_validate_json(body, strict=True)
    except ValidationError:
        raise NonsenseAnswer("not a status list") from None


def _inflate(lst: str) -> bytes:
    try:
        inflater = zlib.decompressobj()
        bits = inflater.decompress(base64.urlsafe_b64decode(lst + "=" * (-len(lst) % 4)), _MAX_BYTES)
    except (ValueError, zlib.error):
        raise NonsenseAnswer("the status list's bits cannot be read") from None
    if not inflater.eof or inflater.unused_data:
        raise NonsenseAnswer("the status list's bits are cut off, too many, or followed by something")
    return bits
