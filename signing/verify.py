"""Is this paper what it says? One verdict for a signed PDF, a seal's text, a photo or a scan.

    verdict = verify(path.read_bytes(), TrustFolder.load(folder))
    verdict.valid, verdict.verdict, verdict.reason

The verdict is the first that applies of: `unreadable` (cannot be decoded, or not canonically written),
`unknown_issuer` (a key the list does not hold, or a foreign host), `invalid` (the signature does not hold,
or bytes outside it were touched), `not_current` (revoked, voided or overtaken: which, is not told), `valid`.
Nothing of the document is in a verdict other than `valid`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from signing import seal
from signing.claims import SealClaims
from signing.errors import SealUnreadable
from signing.pdf_check import NotIntact, NotKnown, SignedPdf, check, has_signature
from signing.picture import HasText, NoPicture, texts_in_picture, texts_in_scan
from signing.trust import TrustFolder

MAX_BYTES = 64 * 1024 * 1024
_PDF = b"%PDF-"

Word = Literal["unreadable", "unknown_issuer", "invalid", "not_current", "valid"]
Kind = Literal["pdf", "seal"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. Everything after `kind` is None unless the verdict is `valid`.

    `status_checked` says whether a status list spoke for the document; without one at hand, `valid` means
    that it was genuine when it was signed.
    """

    verdict: Word
    reason: str | None
    kind: Kind | None
    signer: str | None = None
    signed_at: dt.datetime | None = None
    level: str | None = None
    claims: SealClaims | None = None
    status_checked: bool | None = None

    @property
    def valid(self) -> bool:
        return self.verdict == "valid"

    def as_json(self) -> dict[str, Any]:
        """The object `kiosk verify --json` prints."""
        document = self.claims and {"type": self.claims.document_type, "reference": self.claims.reference}
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "kind": self.kind,
            "signer": self.signer,
            "signed_at": self.signed_at and self.signed_at.isoformat(),
            "document": document,
            "level": self.level,
            "status_checked": self.status_checked,
        }


def verify(data: bytes | str, trust: TrustFolder, at: dt.datetime | None = None) -> Verdict:
    """Checks a PDF or picture (bytes) or a seal's text (str). `at` is the time to judge certificates by.

    Raises nothing. Not to be called inside a running event loop.
    """
    moment = at or dt.datetime.now(dt.UTC)
    if isinstance(data, str):
        return _seal(data, trust, moment)
    if len(data) > MAX_BYTES:
        return Verdict("unreadable", "the file is too large", None)
    if data.startswith(_PDF) and has_signature(data):
        return _pdf(data, trust, moment)
    return _picture(data, trust, moment)


def _seal(text: str, trust: TrustFolder, at: dt.datetime) -> Verdict:
    try:
        found = seal.read(text)
    except SealUnreadable as error:
        return Verdict("unreadable", str(error), "seal")
    issuer = trust.issuers.get(found.kid)
    if found.host not in trust.hosts:
        return Verdict("unknown_issuer", "the seal names a host that is not in the trust list", "seal")
    if issuer is None:
        return Verdict("unknown_issuer", "the seal's key is not in the trust list", "seal")
    if not found.signed_by(issuer.key):
        return Verdict("invalid", "the seal's signature does not hold", "seal")
    claims = found.claims
    life = issuer.certificate
    if not life.not_valid_before_utc <= claims.signed_at <= life.not_valid_after_utc:
        return Verdict("invalid", "the seal was made outside its certificate's time", "seal")
    current = trust.current(*claims.status, at)
    if current is False:
        return Verdict("not_current", None, "seal")
    return Verdict(
        "valid", None, "seal", issuer.name, claims.signed_at, None, claims, status_checked=current is not None
    )


def _pdf(data: bytes, trust: TrustFolder, at: dt.datetime) -> Verdict:
    try:
        signed = check(data, trust, at)
    except NotKnown as error:
        return Verdict("unknown_issuer", str(error), "pdf")
    except NotIntact as error:
        return Verdict("invalid", str(error), "pdf")
    return _pdf_with_seal(signed, trust, at)


def _pdf_with_seal(signed: SignedPdf, trust: TrustFolder, at: dt.datetime) -> Verdict:
    """The seal in the page must agree with the signature round it; it says which document this is."""
    seals = {link for link in signed.links if "/v#" in link}
    if len(seals) > 1:
        return Verdict("invalid", "the page holds more than one seal", "pdf")
    inner = _seal(seals.pop(), trust, at) if seals else None
    if inner is None:
        return Verdict("valid", None, "pdf", signed.issuer.name, signed.signed_at, "PAdES-B-B", status_checked=False)
    if inner.verdict == "not_current":
        return Verdict("not_current", None, "pdf")
    if not inner.valid or inner.signer != signed.issuer.name or inner.signed_at != signed.signed_at:
        return Verdict("invalid", "the seal in the page does not belong to the page's signature", "pdf")
    return Verdict(
        "valid",
        None,
        "pdf",
        signed.issuer.name,
        signed.signed_at,
        "PAdES-B-B",
        inner.claims,
        status_checked=inner.status_checked,
    )


def _picture(data: bytes, trust: TrustFolder, at: dt.datetime) -> Verdict:
    try:
        texts = texts_in_scan(data) if data.startswith(_PDF) else texts_in_picture(data)
    except NoPicture as error:
        return Verdict("unreadable", str(error), None)
    except HasText as error:
        return Verdict("invalid", str(error), "pdf")
    seals = sorted({text for text in texts if text.startswith("https://")})
    if not seals:
        return Verdict("unreadable", "no seal was found in the picture", None)
    if len(seals) > 1:
        return Verdict("unreadable", "the picture shows more than one seal", None)
    return _seal(seals[0], trust, at)
