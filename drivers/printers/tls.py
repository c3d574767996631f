"""Whom the kiosk believes to be its printer, when it speaks TLS (IPPS).

With a certificate of its own (laser.certificate): that very certificate, whatever its name, its issuer or its age;
office printers sign theirs themselves. Without: one that this machine's authorities vouch for, by name.
"""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Literal

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.printers.errors import PrinterNotGenuine

STRANGERS = (aiohttp.ServerFingerprintMismatch, aiohttp.ClientSSLError, ssl.SSLError)
"""What aiohttp raises, before it sends a byte, when the other side is not the one that is believed."""
_LONGEST = 1 << 16


def trust(certificate: Path | None) -> aiohttp.Fingerprint | Literal[True]:
    """For aiohttp's `ssl`: the printer's own certificate (PEM), or True. Raises PrinterNotGenuine."""
    if certificate is None:
        return True
    try:
        with certificate.open("rb") as file:
            pinned = x509.load_pem_x509_certificate(file.read(_LONGEST))
    except (OSError, ValueError) as error:
        raise PrinterNotGenuine("the printer's certificate (laser.certificate) cannot be read") from error
    return aiohttp.Fingerprint(hashlib.sha256(pinned.public_bytes(Encoding.DER)).digest())
