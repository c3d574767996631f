"""What a verifier believes: a folder that anyone may hold, copy and check by hand.

    issuers.json            {"issuers": [{"kid", "certificate", "name"}], "authorities": [file], "hosts": [name]}
    *.pem                   the certificates that issuers.json names
    registry-signers.json   optional: keys (JWK set) that sign status lists
    status/NAME.jws         optional: status lists, as the registry publishes them

A key that is not in the list is not believed, whoever certified it; a seal that names another host is
not ours, however well it is signed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from registry import status
from registry.errors import RegistryError
from registry.jws import STATUS, TrustedKeys
from registry.status import StatusList
from signing.certificates import Chain, kid_of
from signing.errors import CertificateUnusable, TrustUnusable

_FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$")]
_MAX_LIST = 256 * 1024


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Issuer(_Closed):
    kid: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    certificate: _FileName
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Issuers(_Closed):
    issuers: Annotated[tuple[_Issuer, ...], Field(max_length=5000)]
    authorities: Annotated[tuple[_FileName, ...], Field(min_length=1, max_length=50)]
    hosts: Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{3,80}$")], ...], Field(max_length=50)]


@dataclass(frozen=True, slots=True)
class Issuer:
    """One municipality's signing key, as the list names it."""

    name: str
    certificate: x509.Certificate

    @property
    def key(self) -> ec.EllipticCurvePublicKey:
        key = self.certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)  # noqa: S101 (Chain.parse let nothing else in)
        return key


@dataclass(frozen=True, slots=True)
class TrustFolder:
    """Issuers by kid, authorities, hosts, and the status lists at hand, by name."""

    issuers: dict[bytes, Issuer]
    authorities: tuple[x509.Certificate, ...]
    hosts: frozenset[str]
    status: dict[str, StatusList]

    @classmethod
    def load(cls, folder: Path) -> TrustFolder:
        """Raises TrustUnusable when a file is missing or not what it must be."""
        try:
            listed = _Issuers.model_validate_json(_read(folder / "issuers.json"))
        except ValidationError as error:
            where = ".".join(map(str, error.errors(include_input=False, include_url=False)[0]["loc"]))
            raise TrustUnusable(f"issuers.json is not a list of issuers (at {where or 'its top'})") from None
        issuers: dict[bytes, Issuer] = {}
        for entry in listed.issuers:
            certificate = _certificate(folder / entry.certificate)
            kid = kid_of(certificate)
            if kid.hex() != entry.kid or kid in issuers:
                raise TrustUnusable(f"issuers.json: {entry.kid} is not {entry.certificate}'s kid, or stands twice")
            issuers[kid] = Issuer(entry.name, certificate)
        authorities = tuple(_certificate(folder / name) for name in listed.authorities)
        return cls(issuers, authorities, frozenset(listed.hosts), _status_lists(folder))

    def current(self, status_list: str, index: int, at: dt.datetime) -> bool | None:
        """Whether the document stands, by its list; None when no list at hand speaks for it at that time."""
        held = self.status.get(status_list)
        if held is None or at.timestamp() >= held.exp:
            return None
        try:
            return not held.is_set(index)
        except RegistryError:
            return None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_LIST + 1)
    except OSError as error:
        raise TrustUnusable(f"{path.name}: {error.strerror}") from None
    if len(data) > _MAX_LIST:
        raise TrustUnusable(f"{path.name} is too large")
    return data


def _certificate(path: Path) -> x509.Certificate:
    try:
        return Chain.parse(_read(path)).signer
    except CertificateUnusable:
        raise TrustUnusable(f"{path.name} is no certificate with an elliptic-curve key") from None


def _status_lists(folder: Path) -> dict[str, StatusList]:
    files = sorted((folder / "status").glob("*.jws"))
    if not files:
        return {}
    try:
        keys = TrustedKeys.from_jwk_set(folder / "registry-signers.json")
        return {file.stem: _status_list(file, keys) for file in files}
    except (RegistryError, UnicodeDecodeError) as error:
        raise TrustUnusable(f"status lists: {type(error).__name__}") from None


def _status_list(file: Path, keys: TrustedKeys) -> StatusList:
    held = status.parse(keys.verify(_read(file).decode("ascii").strip(), typ=STATUS))
    if held.sub.rsplit("/", 1)[-1] != file.stem:
        raise TrustUnusable(f"{file.name} holds another list")
    return held
