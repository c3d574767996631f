"""Reads the trust folder (see `trust`), bounded; whatever cannot be read is named and counts for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import pem

from drivers.smartcard.errors import MalformedData, TrustUnreadable
from drivers.smartcard.genuine import certificates, crl, master_list
from drivers.smartcard.genuine.certificates import Certificate
from drivers.smartcard.genuine.crl import RevocationList

CERTIFICATES = frozenset((".cer", ".crt", ".der", ".pem"))
MASTER_LISTS = frozenset((".ml", ".zip", ".ldif"))
REVOCATIONS = frozenset((".crl",))
SIGNERS = "master-list-signers"
COUNTRIES = "csca"
_LISTS = ("master-lists", "crls")
_MAX_FILES = 5000
_MAX_BYTES = 1 << 20
"""Of a file of certificates."""


@dataclass(frozen=True)
class Found:
    anchors: tuple[Certificate, ...]
    links: tuple[Certificate, ...]
    revocations: tuple[RevocationList, ...]
    skipped: tuple[tuple[str, str], ...]


def load(folder: Path) -> Found:
    """Raises TrustUnreadable."""
    try:
        return _Loader(folder).load()
    except OSError as error:
        raise TrustUnreadable(f"the folder of country signing certificates: {error.strerror}") from error


class _Loader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._skipped: list[tuple[str, str]] = []

    def load(self) -> Found:
        # Where the countries have a folder of their own, what lies beside it is somebody else's.
        files = _files(self._folder)
        if (self._folder / COUNTRIES).is_dir():
            files = _files(self._folder / COUNTRIES)
        for name in _LISTS:
            files += _files(self._folder / name, optional=True)
        placed = [one for one in self._certificates(files) if self._may_be_believed(one, one.fingerprint[:16])]
        listed = list(self._listed(files))
        roots = {one.fingerprint: one for one in (*(one for one in placed if _is_root(one)), *listed)}
        links = {one.fingerprint: one for one in placed if one.fingerprint not in roots}
        revocations = tuple(self._revocations(files))
        return Found(tuple(roots.values()), tuple(links.values()), revocations, tuple(self._skipped))

    def _may_be_believed(self, certificate: Certificate, where: str) -> bool:
        if certificate.may_certify and certificate.country is not None:
            return True
        self._skip(where, "it is not the certificate of a country signer")
        return False

    def _certificates(self, files: Iterable[Path]) -> Iterator[Certificate]:
        for file in files:
            if file.suffix.lower() in CERTIFICATES:
                yield from self._certificates_of(file)

    def _certificates_of(self, file: Path) -> Iterator[Certificate]:
        try:
            ders = _ders(_bounded(file, _MAX_BYTES))
        except MalformedData as error:
            self._skip(file.name, str(error))
            return
        for der in ders:
            try:
                yield certificates.parse(der)
            except MalformedData as error:
                self._skip(file.name, str(error))

    def _listed(self, files: Iterable[Path]) -> Iterator[Certificate]:
        pinned = tuple(self._certificates(_files(self._folder / SIGNERS, optional=True)))
        for file in files:
            if file.suffix.lower() not in MASTER_LISTS:
                continue
            try:
                found = master_list.read(_bounded(file, master_list.MAX_BYTES), pinned)
            except MalformedData as error:
                self._skip(file.name, str(error))
                continue
            if found.unread:
                self._skip(file.name, f"{found.unread} of its certificates cannot be read")
            yield from (
                one for one in found.certificates if self._may_be_believed(one, f"{file.name}: {one.fingerprint[:16]}")
            )

    def _revocations(self, files: Iterable[Path]) -> Iterator[RevocationList]:
        for file in files:
            if file.suffix.lower() in REVOCATIONS:
                try:
                    yield crl.parse(_bounded(file, crl.MAX_BYTES))
                except MalformedData as error:
                    self._skip(file.name, str(error))

    def _skip(self, what: str, why: str) -> None:
        self._skipped.append((what, why))


def _is_root(certificate: Certificate) -> bool:
    """Whether a certificate that the administrator put there is a country signer's own, and no link.

    Its issuer's key is its own. A link may have the same names, but its issuer's key is the old one.
    """
    if certificate.subject_key is not None and certificate.authority_key is not None:
        return certificate.subject_key == certificate.authority_key
    return certificate.signed_by(certificate)


def _files(folder: Path, *, optional: bool = False) -> list[Path]:
    if optional and not folder.is_dir():
        return []
    found = sorted(file for file in folder.iterdir() if file.is_file())
    if len(found) > _MAX_FILES:
        raise TrustUnreadable("the folder of country signing certificates holds more files than it ever should")
    return found


def _bounded(file: Path, most: int) -> bytes:
    with file.open("rb") as opened:
        data = opened.read(most + 1)
    if len(data) > most:
        raise MalformedData("it is longer than it ever should be")
    return data


def _ders(data: bytes) -> list[bytes]:
    """The certificates of a file, PEM or DER. Raises MalformedData for PEM that is none."""
    if not pem.detect(data):
        return [data]
    try:
        return [der for _, _, der in pem.unarmor(data, multiple=True)]
    except (ValueError, TypeError) as error:
        raise MalformedData("it is no PEM") from error
