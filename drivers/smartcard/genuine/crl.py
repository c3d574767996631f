"""Certificate revocation lists of country signers (ICAO 9303-12 §7.1.4; RFC 5280 §5)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from asn1crypto import crl, pem

from drivers.smartcard.errors import MalformedData, UnsupportedKey
from drivers.smartcard.genuine.certificates import NONSENSE, Certificate
from drivers.smartcard.genuine.signatures import Algorithm, holds

MAX_BYTES = 8 << 20
_MAX_ENTRIES = 200_000


@dataclass(frozen=True, eq=False)
class RevocationList:
    """Serial numbers that `issuer` has revoked; `next_update` is when there should be a newer list."""

    issuer: str
    this_update: dt.datetime
    next_update: dt.datetime | None
    serials: frozenset[int] = field(repr=False)
    algorithm: Algorithm = field(repr=False)
    signature: bytes = field(repr=False)
    signed: bytes = field(repr=False)

    def signed_by(self, authority: Certificate) -> bool:
        """Whether a country signer of that name, that may sign such lists, has signed it.

        Any of its keys will do: after a change of keys the new one signs for the old one's certificates too.
        """
        if self.issuer != authority.subject:
            return False
        if authority.key_usage is not None and "crl_sign" not in authority.key_usage:
            return False
        try:
            return holds(authority.key, self.algorithm, self.signature, self.signed)
        except (MalformedData, UnsupportedKey):
            return False


def parse(data: bytes) -> RevocationList:
    """From DER or PEM. Raises MalformedData, also for a list with a critical extension that is not known here."""
    if len(data) > MAX_BYTES:
        raise MalformedData("a revocation list is longer than any should be")
    try:
        return _parsed(pem.unarmor(data)[2] if pem.detect(data) else data)
    except NONSENSE as error:
        raise MalformedData("a revocation list is not formed right") from error


def _parsed(der: bytes) -> RevocationList:
    read = crl.CertificateList.load(der, strict=True)
    body = read["tbs_cert_list"]
    entries = body["revoked_certificates"]
    extensions = [body["crl_extensions"], *(entry["crl_entry_extensions"] for entry in entries)]
    if any(item["critical"].native for listed in extensions for item in listed):
        # Such as a delta, the list of one distribution point, or of other issuers: not all, or not these.
        raise MalformedData("a revocation list is not a whole one of one issuer")
    if len(entries) > _MAX_ENTRIES:
        raise MalformedData("a revocation list is longer than any should be")
    this_update, next_update = body["this_update"].native, body["next_update"].native
    if this_update.tzinfo is None or (next_update is not None and next_update.tzinfo is None):
        raise MalformedData("a revocation list's days have no time zone")
    return RevocationList(
        issuer=str(body["issuer"].hashable),
        this_update=this_update,
        next_update=next_update,
        serials=frozenset(int(entry["user_certificate"].native) for entry in entries),
        algorithm=Algorithm.of(read["signature_algorithm"]),
        signature=bytes(read["signature"].native),
        signed=bytes(body.dump()),
    )
