"""Certificates of the travel documents' own world: country signers (CSCA), document and master list signers.

They are read by asn1crypto and verified here, over their own bytes: `cryptography` refuses one in five of those that
are in use, for elliptic curves whose parameters are written out (ICAO 9303-12 §7.1 asks for that) and lesser sins.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from asn1crypto import core, x509

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.public_keys import SignatureKey, signature_key
from drivers.smartcard.errors import BadPublicKey, MalformedData, UnsupportedKey
from drivers.smartcard.genuine.signatures import Algorithm, holds

MAX_BYTES = 16 * 1024
DOCUMENT_TYPES = "2.23.136.1.1.6.2"
"""id-icao-mrtd-security-extensions-documentTypeList (9303-12 §7.1.1.6)."""
_SEQUENCE, _SET = 0x30, 0x31
SUBJECT_KEY, KEY_USAGE, ALTERNATIVE_NAME = "2.5.29.14", "2.5.29.15", "2.5.29.17"
BASIC_CONSTRAINTS, AUTHORITY_KEY, EXTENDED_USAGE = "2.5.29.19", "2.5.29.35", "2.5.29.37"
_READ = {
    SUBJECT_KEY: core.OctetString,
    KEY_USAGE: x509.KeyUsage,
    ALTERNATIVE_NAME: x509.GeneralNames,
    BASIC_CONSTRAINTS: x509.BasicConstraints,
    AUTHORITY_KEY: x509.AuthorityKeyIdentifier,
    EXTENDED_USAGE: x509.ExtKeyUsageSyntax,
}
_KNOWN = {*_READ, DOCUMENT_TYPES, "2.5.29.16", "2.5.29.18", "2.5.29.31", "2.5.29.32"}
"""What may be critical: also private key usage period, issuer's alternative name, distribution points, policies."""
# What asn1crypto lets through when it is given nonsense: it parses lazily, wherever a field is touched.
NONSENSE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, eq=False)
class Certificate:
    """`subject` and `issuer` compare as names do (RFC 5280 §7.1); `name` is the subject to read, of any length.

    `country` is the subject's, in capitals; None where it names none, or several. `states` are the codes of the
    alternative name, as they stand in zones (9303-12 §7.1.1.2). Times have their zone.
    """

    der: bytes = field(repr=False)
    name: str
    subject: str
    issuer: str
    serial: int
    not_before: dt.datetime
    not_after: dt.datetime
    country: str | None
    states: frozenset[str]
    is_authority: bool
    key_usage: frozenset[str] | None
    extended_usage: tuple[str, ...]
    subject_key: bytes | None
    authority_key: bytes | None
    document_types: frozenset[str] | None
    unknown_critical: bool
    spki: bytes = field(repr=False)
    algorithm: Algorithm = field(repr=False)
    signature: bytes = field(repr=False)
    signed: bytes = field(repr=False)

    @cached_property
    def key(self) -> SignatureKey:
        """Raises MalformedData, UnsupportedKey."""
        try:
            return signature_key(self.spki)
        except BadPublicKey as error:
            raise MalformedData("a certificate's public key is no point of its curve") from error
        except NONSENSE as error:
            raise MalformedData("a certificate's public key is not formed right") from error

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    @property
    def may_certify(self) -> bool:
        """Whether it is a certificate authority's: by its key usage, or without one by its basic constraints."""
        return self.is_authority if self.key_usage is None else "key_cert_sign" in self.key_usage

    def in_force(self, at: dt.datetime) -> bool:
        return self.not_before <= at <= self.not_after

    def issued_by(self, other: Certificate) -> bool:
        """Whether `other`, of the name that this certificate gives, has signed it: by its signature alone, as key
        identifiers are sometimes wrong."""
        return self.issuer == other.subject and self.signed_by(other)

    def signed_by(self, other: Certificate) -> bool:
        """Whether the signature holds under `other`'s key, whatever the names say."""
        try:
            return holds(other.key, self.algorithm, self.signature, self.signed)
        except (MalformedData, UnsupportedKey):
            return False


def parse(der: bytes) -> Certificate:
    """Raises MalformedData. The key itself is read when it is wanted."""
    if len(der) > MAX_BYTES:
        raise MalformedData("a certificate is longer than any should be")
    try:
        return _parsed(der, x509.Certificate.load(der, strict=True))
    except NONSENSE as error:
        raise MalformedData("a certificate is not formed right") from error


def _parsed(der: bytes, read: Any) -> Certificate:
    body = read["tbs_certificate"]
    extensions = _Extensions(body["extensions"])
    constraints, usage = extensions.read(BASIC_CONSTRAINTS), extensions.read(KEY_USAGE)
    extended, authority = extensions.read(EXTENDED_USAGE), extensions.read(AUTHORITY_KEY)
    own = extensions.read(SUBJECT_KEY)
    not_before, not_after = (body["validity"][end].native for end in ("not_before", "not_after"))
    if not_before.tzinfo is None or not_after.tzinfo is None:
        raise MalformedData("a certificate's days have no time zone")
    return Certificate(
        der=der,
        name=", ".join(f"{kind.replace('_', ' ')} {value}" for kind, value in body["subject"].native.items()),
        subject=str(body["subject"].hashable),
        issuer=str(body["issuer"].hashable),
        serial=int(body["serial_number"].native),
        not_before=not_before,
        not_after=not_after,
        country=_country(body["subject"].native.get("country_name")),
        states=_states(extensions.read(ALTERNATIVE_NAME)),
        is_authority=constraints is not None and bool(constraints["ca"].native),
        key_usage=None if usage is None else frozenset(usage.native),
        extended_usage=() if extended is None else tuple(purpose.dotted for purpose in extended),
        subject_key=None if own is None else bytes(own),
        authority_key=None if authority is None else authority["key_identifier"].native,
        document_types=_document_types(extensions.value(DOCUMENT_TYPES)),
        unknown_critical=extensions.unknown_critical,
        spki=bytes(body["subject_public_key_info"].dump()),
        algorithm=Algorithm.of(read["signature_algorithm"]),
        signature=bytes(read["signature_value"].native),
        signed=bytes(body.dump()),
    )


class _Extensions:
    """Those of one certificate; what is not looked at may be as ill-formed as it likes, and some states' are."""

    def __init__(self, listed: Any) -> None:
        self._values = {item["extn_id"].dotted: bytes(item["extn_value"]) for item in listed}
        self.unknown_critical = any(item["critical"].native and item["extn_id"].dotted not in _KNOWN for item in listed)
        if len(self._values) != len(listed):
            raise MalformedData("a certificate has an extension twice")

    def value(self, kind: str) -> bytes | None:
        return self._values.get(kind)

    def read(self, kind: str) -> Any:
        value = self.value(kind)
        return None if value is None else _READ[kind].load(value, strict=True)


def _country(named: Any) -> str | None:
    return named.upper() if isinstance(named, str) else None


def _states(alternative: Any) -> frozenset[str]:
    """Localities of its directory names: DZA, or several of one state."""
    if alternative is None:
        return frozenset()
    names = [name.chosen.native for name in alternative if name.name == "directory_name"]
    found: set[str] = set()
    for name in names:
        locality = name.get("locality_name", ())
        found.update(one.strip("<").upper() for one in ([locality] if isinstance(locality, str) else locality))
    return frozenset(found)


def _document_types(value: bytes | None) -> frozenset[str] | None:
    """DocumentTypeListSyntax ::= SEQUENCE { version, docTypeList SET OF PrintableString }."""
    if value is None:
        return None
    listed = tlv.find(tlv.single(value, _SEQUENCE).children(), _SET).children()
    return frozenset(item.value.decode("ascii").strip("<").upper() for item in listed)
