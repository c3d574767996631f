"""The nonce a card signs for the registry.

Active authentication (ICAO 9303-11 §6.1) signs eight bytes of the terminal's choice. Ours are derived
from the registry's challenge and from what is being asked, so that a signature proves the card was in
the reader for this very request, and nothing recorded earlier can stand in for it.
"""

from __future__ import annotations

import hashlib

from registry.models import GrantRequest

NONCE_BYTES = 8
_PRESENT = b"shubbak/present/1"
_GRANT = b"shubbak/grant/1"


def _derive(label: bytes, challenge: bytes, *parts: str) -> bytes:
    digest = hashlib.sha256(label + b"\0" + challenge)
    for part in parts:
        digest.update(b"\0" + part.encode())
    return digest.digest()[:NONCE_BYTES]


def presentation_nonce(challenge: bytes) -> bytes:
    """RND.IFD (8 bytes) for showing a card; `challenge` is the registry's 32-byte nonce."""
    return _derive(_PRESENT, challenge)


def grant_nonce(challenge: bytes, grant_id: str, request: GrantRequest) -> bytes:
    """RND.IFD (8 bytes) for asking a grant: binds id, act, document type, language and template."""
    return _derive(
        _GRANT,
        challenge,
        grant_id,
        request.presentation_id,
        request.act_sha256,
        request.document_type,
        request.language,
        request.template_sha256,
    )
