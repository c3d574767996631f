"""Key files of a fleet: administrators' (encrypted, opened by a passphrase) and the online one (mode 0600)."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from config.errors import KeyRefused

MIN_PASSPHRASE = 8
NAME_FIELD = "x-shubbak-administrator"
"""In the root, beside each administrator's public key: whose it is."""


def make_key(file: Path, passphrase: str | None, name: str | None = None) -> CryptoSigner:
    """A new ed25519 key in `file` (PEM, PKCS #8, mode 0600); raises KeyRefused when the passphrase is too short."""
    if passphrase is not None and len(passphrase) < MIN_PASSPHRASE:
        raise KeyRefused(f"{name or file.name}: the passphrase has fewer than {MIN_PASSPHRASE} characters")
    private = Ed25519PrivateKey.generate()
    public = SSlibKey.from_crypto(private.public_key())
    if name is not None:
        public.unrecognized_fields[NAME_FIELD] = name
    protection = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.encode())
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))
    return CryptoSigner(private, public)


def open_key(file: Path, passphrase: str | None, public: Key) -> CryptoSigner:
    """The key in `file`, which must be the private half of `public`; raises KeyRefused."""
    try:
        pem = file.read_bytes()
    except OSError as error:
        raise KeyRefused(f"{file}: {error.strerror}") from error
    try:
        private = load_pem_private_key(pem, None if passphrase is None else passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyRefused(f"{file}: not a key, or not this passphrase") from error
    own = isinstance(private, Ed25519PrivateKey) and SSlibKey.from_crypto(private.public_key()).keyid == public.keyid
    if not isinstance(private, Ed25519PrivateKey) or not isinstance(public, SSlibKey) or not own:
        raise KeyRefused(f"{file}: not the key that the root names")
    return CryptoSigner(private, public)
