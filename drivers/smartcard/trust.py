"""The country signing certificates this kiosk believes, as a folder of files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from drivers.smartcard.errors import TrustUnreadable

_SUFFIXES = {".cer", ".crt", ".der", ".pem"}
_MAX_FILE = 64 * 1024
_MAX_FILES = 2000


@dataclass(frozen=True, slots=True)
class CscaStore:
    """`skipped` names files that hold no certificate that can be read; they vouch for nobody."""

    certificates: tuple[x509.Certificate, ...]
    skipped: tuple[str, ...] = ()

    @classmethod
    def load(cls, folder: Path) -> CscaStore:
        """Every .der, .cer, .crt (DER or PEM) and .pem (one or more) of the folder. Raises TrustUnreadable."""
        found: list[x509.Certificate] = []
        skipped: list[str] = []
        try:
            files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)
            for file in files[:_MAX_FILES]:
                certificates = _read(file)
                found += certificates
                skipped += [] if certificates else [file.name]
        except OSError as error:
            raise TrustUnreadable(f"the folder of country signing certificates: {error.strerror}") from error
        return cls(tuple(found), tuple(skipped))


def _read(file: Path) -> list[x509.Certificate]:
    if file.stat().st_size > _MAX_FILE:
        return []
    data = file.read_bytes()
    try:
        if data.startswith(b"-----"):
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except (ValueError, x509.InvalidVersion):
        return []
