"""One country's signing authority: its CSCA and its document signers, good and bad, as PEM files of mode 0600.

`csca` and `ds` are the good ones. `expired` and `revoked` are signers under the same CSCA; `stranger` is a signer
under another CSCA of the same country, which nobody is told to trust.
"""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from drivers.simulated.errors import IssuerUnusable
from drivers.simulated.issuing import certificates, security_object
from drivers.simulated.issuing.design import SignatureKind

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Signer:
    certificate: x509.Certificate
    key: security_object.Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def sod(self, groups: dict[int, bytes], at: dt.datetime, *, pss: bool = False) -> bytes:
        return security_object.sod(groups, key=self.key, certificate=self.der, at=at, pss=pss)

    def card_security(self, infos: bytes, at: dt.datetime, *, pss: bool = False) -> bytes:
        kind = security_object.SECURITY_OBJECT
        return security_object.sign(kind, infos, key=self.key, certificate=self.der, at=at, pss=pss)


class Authority:
    """The authority of `country`, in `folder`; made where it is not there yet."""

    def __init__(self, folder: Path, country: str) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._country = country
        self._now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        if not (folder / "ds.pem").exists():
            self._create()
        self.csca = self._loaded("csca")
        self.signer = self._loaded("ds")

    @cached_property
    def expired(self) -> Signer:
        """A document signer whose certificate ended yesterday."""
        since, until = self._now - 400 * _DAY, self._now - _DAY
        return self._made("expired", self.csca, ec.generate_private_key(ec.SECP256R1()), since, until)

    @cached_property
    def revoked(self) -> Signer:
        """A document signer that the CRL names."""
        return self._made("revoked", self.csca, ec.generate_private_key(ec.SECP256R1()), self._now - _DAY)

    @cached_property
    def stranger(self) -> Signer:
        """A document signer under a CSCA that calls itself by this country's name."""
        key = ec.generate_private_key(ec.SECP384R1())
        csca = certificates.country_signer(key, since=self._now - _DAY, country=self._country)
        return self._made("stranger", Signer(csca, key), ec.generate_private_key(ec.SECP256R1()), self._now - _DAY)

    @cached_property
    def rsa(self) -> Signer:
        """A good document signer with an RSA key."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._made("rsa", self.csca, key, self._now - _DAY)

    @cached_property
    def written_out(self) -> Signer:
        """A good document signer whose certificate gives its curve number by number (9303-12 §4)."""
        key, by = ec.generate_private_key(ec.BrainpoolP384R1()), self.csca.key
        assert isinstance(by, ec.EllipticCurvePrivateKey)  # noqa: S101 - every CSCA here has such a key
        made = certificates.document_signer(key.public_key(), by=by, csca=self.csca.certificate, since=self._now - _DAY)
        return Signer(certificates.with_curve_written_out(made, key, by=by), key)

    def by(self, kind: SignatureKind) -> Signer:
        """The good document signer who signs that way."""
        if kind.startswith("rsa"):
            return self.rsa
        return self.written_out if kind == "ecdsa-written-out" else self.signer

    @property
    def revocations(self) -> bytes:
        """The CRL, DER."""
        by, csca = self.csca.key, self.csca.certificate
        assert isinstance(by, ec.EllipticCurvePrivateKey)  # noqa: S101 - made below
        return certificates.revocations(self.revoked.certificate, by=by, csca=csca, now=self._now)

    def _create(self) -> None:
        since = self._now - _DAY
        key = ec.generate_private_key(ec.SECP384R1())
        csca = Signer(certificates.country_signer(key, since=since, country=self._country), key)
        self._write("csca", csca)
        self._made("ds", csca, ec.generate_private_key(ec.SECP256R1()), since)

    def _made(
        self, name: str, csca: Signer, key: security_object.Key, since: dt.datetime, until: dt.datetime | None = None
    ) -> Signer:
        """The document signer of that name, from its files or else under `csca`."""
        if (self._folder / f"{name}.pem").exists():
            return self._loaded(name)
        by = csca.key
        assert isinstance(by, ec.EllipticCurvePrivateKey)  # noqa: S101 - every CSCA here has such a key
        made = certificates.document_signer(key.public_key(), by=by, csca=csca.certificate, since=since, until=until)
        signer = Signer(made, key)
        self._write(name, signer)
        return signer

    def _loaded(self, name: str) -> Signer:
        try:
            certificate = x509.load_pem_x509_certificate((self._folder / f"{name}.pem").read_bytes())
            key = load_pem_private_key((self._folder / f"{name}.key").read_bytes(), None)
        except (OSError, ValueError, TypeError) as unreadable:
            raise IssuerUnusable("the keys of the demo's card issuer cannot be read") from unreadable
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise IssuerUnusable("a signer of the demo's cards has a key of another kind")
        if key.public_key() != certificate.public_key():
            raise IssuerUnusable("a signer of the demo's cards has another key than its certificate says")
        return Signer(certificate, key)

    def _write(self, name: str, signer: Signer) -> None:
        key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(self._folder / f"{name}.key", key)
        _write(self._folder / f"{name}.pem", signer.certificate.public_bytes(Encoding.PEM))  # last: it says so


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".new")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    part.replace(path)
