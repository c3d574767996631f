"""The demo's issuing authority: it makes country and signer keys once, and cards from holders.

issuer = CardIssuer.load_or_create(folder)          # the CSCA certificate: issuer.csca_certificate
issuer.issue(Holder(...)).save(folder / "amina.json")
"""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from drivers.simulated.card import Access, CardImage, FileId
from drivers.simulated.errors import HolderInvalid, IssuerUnusable
from drivers.simulated.issuing import certificates, lds, mrz, portrait, security_object

_TAGS = {FileId.DG1: 0x61, FileId.DG2: 0x75, FileId.DG11: 0x6B, FileId.DG14: 0x6E, FileId.DG15: 0x6F}
_NUMBERS = {FileId.DG1: 1, FileId.DG2: 2, FileId.DG11: 11, FileId.DG14: 14, FileId.DG15: 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a card is for. `can` has 6 digits, `pin` 4 to 8, `nin` 18; `access` is "pace" or "bac".

    Raises HolderInvalid for what fits on no card.
    """

    document_number: str
    nin: str = field(repr=False)
    surname_latin: str = field(repr=False)
    given_latin: str = field(repr=False)
    surname_arabic: str = field(repr=False)
    given_arabic: str = field(repr=False)
    sex: str = field(repr=False)
    date_of_birth: dt.date = field(repr=False)
    date_of_expiry: dt.date
    can: str = field(repr=False)
    pin: str = field(repr=False)
    issuing_state: str = "DZA"
    birthplace: str | None = field(default=None, repr=False)
    access: str = Access.PACE

    def __post_init__(self) -> None:
        rules = {
            "document number": ("[A-Z0-9]{1,9}", self.document_number),
            "national number": ("[0-9]{18}", self.nin),
            "sex": ("[FM]", self.sex),
            "CAN": ("[0-9]{6}", self.can),
            "PIN": ("[0-9]{4,8}", self.pin),
            "issuing state": ("[A-Z]{3}", self.issuing_state),
            "access": ("pace|bac", self.access),
        }
        for what, (pattern, value) in rules.items():
            if not re.fullmatch(pattern, value):
                raise HolderInvalid(f"the holder's {what} has not the form a card needs")
        names = (self.surname_latin, self.given_latin, self.surname_arabic, self.given_arabic)
        if not all(name.strip() and len(name) <= 100 and "<" not in name for name in names):
            raise HolderInvalid("a name of the holder is missing, too long, or holds a filler")
        if not mrz.latin(self.surname_latin):
            raise HolderInvalid("the holder's Latin surname has no Latin letter")


class CardIssuer:
    """The country signing authority and one document signer, kept as PEM files of mode 0600 in a folder."""

    def __init__(self, csca: x509.Certificate, signer: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self._csca = csca
        self._signer = signer
        self._key = key

    @classmethod
    def load_or_create(cls, folder: Path) -> CardIssuer:
        """The issuer of `folder`, made on first use. Raises IssuerUnusable."""
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "ds.pem").exists():
            _create(folder)
        try:
            csca = x509.load_pem_x509_certificate((folder / "csca.pem").read_bytes())
            signer = x509.load_pem_x509_certificate((folder / "ds.pem").read_bytes())
            key = load_pem_private_key((folder / "ds.key").read_bytes(), None)
        except (OSError, ValueError, TypeError) as unreadable:
            raise IssuerUnusable("the keys of the demo's card issuer cannot be read") from unreadable
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != signer.public_key():
            raise IssuerUnusable("the demo's document signer has another key than its certificate says")
        return cls(csca, signer, key)

    @property
    def csca_certificate(self) -> bytes:
        """DER; put it into the trust folder of whoever shall believe these cards."""
        return self._csca.public_bytes(Encoding.DER)

    def issue(self, holder: Holder) -> CardImage:
        """A new card: new chip keys, the same holder."""
        lines = mrz.td1(
            issuing_state=holder.issuing_state,
            document_number=holder.document_number,
            date_of_birth=holder.date_of_birth,
            sex=holder.sex,
            date_of_expiry=holder.date_of_expiry,
            surname=holder.surname_latin,
            given=holder.given_latin,
        )
        chip_key = ec.generate_private_key(ec.SECP256R1())
        public = chip_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        private = chip_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        files = self._files(holder, lines, public)
        return CardImage(Access(holder.access), lines, holder.can, holder.pin, private, files)

    def _files(self, holder: Holder, lines: tuple[str, str, str], public: bytes) -> dict[FileId, bytes]:
        pace = holder.access == Access.PACE
        face = portrait.draw(holder.document_number, sex=holder.sex)
        groups = {
            FileId.DG1: lds.dg1(lines),
            FileId.DG2: lds.dg2(face, width=portrait.WIDTH, height=portrait.HEIGHT, sex=holder.sex),
            FileId.DG11: lds.dg11(
                latin=lds.name(holder.surname_latin, holder.given_latin),
                arabic=lds.name(holder.surname_arabic, holder.given_arabic),
                personal_number=holder.nin,
                date_of_birth=holder.date_of_birth,
                birthplace=holder.birthplace,
            ),
            FileId.DG14: lds.dg14(pace=pace),
            FileId.DG15: lds.dg15(public),
        }
        sod = security_object.sign(
            {_NUMBERS[group]: content for group, content in groups.items()},
            key=self._key,
            certificate=self._signer.public_bytes(Encoding.DER),
            at=dt.datetime.now(dt.UTC),
        )
        files = {**groups, FileId.COM: lds.com([_TAGS[group] for group in groups]), FileId.SOD: sod}
        return {**files, FileId.CARD_ACCESS: lds.card_access()} if pace else files


def _create(folder: Path) -> None:
    since = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=1)
    country, signer = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    csca = certificates.country_signer(country, since=since)
    ds = certificates.document_signer(signer, by=country, csca=csca, since=since)
    for name, key in (("csca.key", country), ("ds.key", signer)):
        _write(folder / name, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _write(folder / "csca.pem", csca.public_bytes(Encoding.PEM))
    _write(folder / "ds.pem", ds.public_bytes(Encoding.PEM))  # last: while it is not there, nothing is


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".new")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    part.replace(path)
