"""What the rest of the room needs of a key."""

from __future__ import annotations

from typing import Protocol


class DigestSigner(Protocol):
    """Signs a SHA-256 digest (32 bytes) with ECDSA on P-256; the answer is r‖s, 64 bytes."""

    def sign_digest(self, digest: bytes) -> bytes: ...
