"""Key files of a fleet: administrators' (encrypted, opened by a passphrase) and the online one (mode 0600)."""

from __future__ import annotations

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
from config.store import write_durably

MIN_PASSPHRASE = 8
NAME_FIELD = "x-shubbak-name"
"""In the root, beside each public key: whose it is, and so which file has the private one."""


def make_key(file: Path, name: str, passphrase: str | None) -> CryptoSigner:
    """A new ed25519 key in `file` (PEM, PKCS #8, mode 0600), whose public half carries `name`.

    A file that is there is replaced. Raises KeyRefused when the passphrase is too short.
    """
    if passphrase is not None and len(passphrase) < MIN_PASSPHRASE:
        raise KeyRefused(f"{name}: the passphrase has fewer than {MIN_PASSPHRASE} characters")
    private = Ed25519PrivateKey.generate()
    public = SSlibKey.from_crypto(private.public_key())
    public.unrecognized_fields[NAME_FIELD] = name
    protection = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.encode())
    write_durably(file, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection), 0o600)
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
