"""The check of certificates: those the kiosk shows and those it believes, each with its days left."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from drivers.smartcard.genuine import TrustStore
from kiosk.diagnostics.check import Finding, degraded, failed, ok
from kiosk.diagnostics.errors import CertificateMissing
from kiosk.diagnostics.place import Place
from kiosk.diagnostics.threads import in_thread
from signing.certificates import Chain

SIGNING_DAYS = 90
"""A new signing certificate takes an authority and somebody with the token: begin in time."""
OTHER_DAYS = 30
_MAX_FILE = 64 * 1024


async def certificates(place: Place) -> Finding:
    """Every kind with its days left; the code is that of the gravest.

    Of the registry's and the countries' authorities the longest-lived counts: new ones stand beside old ones.
    """
    return await in_thread(lambda: _judge(place))


@dataclass(frozen=True, slots=True)
class _Term:
    """One kind of certificate: from when, to when, and how many days before its end somebody should act."""

    kind: str
    begins: dt.datetime
    ends: dt.datetime
    notice: int

    def finding(self, now: dt.datetime) -> Finding:
        days = (self.ends - now).days
        if now >= self.ends:
            return failed("E-CERTIFICATE-EXPIRED", f"{self.kind} expired on {self.ends:%Y-%m-%d}")
        if now < self.begins:
            return failed("E-CERTIFICATE-EARLY", f"{self.kind} is valid only from {self.begins:%Y-%m-%d}")
        if days < self.notice:
            return degraded("E-CERTIFICATE-EXPIRING", f"{self.kind} {days} days")
        return ok(f"{self.kind} {days} days")


def _judge(place: Place) -> Finding:
    settings = place.settings
    signing, *above = Chain.load(settings.signer.certificate).certificates
    terms = [
        _term("signing", [signing], SIGNING_DAYS),
        *[_term("signing authority", [authority], OTHER_DAYS) for authority in above],
        _term("device", _pem("device", settings.registry.device_certificate)[:1], OTHER_DAYS),
        _term("registry CA", _pem("registry CA", settings.registry.ca), OTHER_DAYS),
        _country_term(settings.card.csca),
    ]
    found = [term.finding(place.now()) for term in terms]
    gravest = next((f for status in ("failed", "degraded") for f in found if f.status == status), found[0])
    return Finding(gravest.status, ", ".join(f.detail for f in found), gravest.code)


def _term(kind: str, certificates: list[x509.Certificate], notice: int) -> _Term:
    if not certificates:
        raise CertificateMissing(f"{kind}: there is no certificate")
    lasting = max(certificates, key=lambda c: c.not_valid_after_utc)
    return _Term(kind, lasting.not_valid_before_utc, lasting.not_valid_after_utc, notice)


def _country_term(folder: Path) -> _Term:
    certificates = TrustStore.load(folder).certificates
    if not certificates:
        raise CertificateMissing("CSCA: there is no certificate")
    lasting = max(certificates, key=lambda c: c.not_after)
    return _Term("CSCA", lasting.not_before, lasting.not_after, OTHER_DAYS)


def _pem(kind: str, file: Path) -> list[x509.Certificate]:
    try:
        with file.open("rb") as read:
            return x509.load_pem_x509_certificates(read.read(_MAX_FILE))
    except OSError as error:
        raise CertificateMissing(f"{kind}: {file.name}: {error.strerror}") from error
    except ValueError:
        raise CertificateMissing(f"{kind}: {file.name} holds no certificate in PEM") from None
