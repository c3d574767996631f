"""Whether the parts of a card agree with each other, and with who says that he issued it.

What one thief cannot forge he can mix: a document signer of one country with a zone of another, a copied chip that
hides the key it does not have, an EF.CardAccess that leaves out the better protocol.
"""

from __future__ import annotations

from typing import Protocol

from drivers.smartcard import tlv
from drivers.smartcard.emrtd import security_infos
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.mrz import Zone
from drivers.smartcard.emrtd.passwords import Mrz
from drivers.smartcard.emrtd.security_infos import SecurityInfo
from drivers.smartcard.errors import (
    AccessDowngraded,
    FileHidden,
    FilesContradict,
    ForeignIssuer,
    IssuerNotInForce,
)
from drivers.smartcard.genuine.certificates import Certificate
from drivers.smartcard.genuine.countries import countries
from drivers.smartcard.genuine.evidence import CardEvidence
from drivers.smartcard.genuine.sod import Sod

_LDS_VERSION, _TAG_LIST = 0x5F01, 0x5C
_SHORT = 9
_PROVING = (FileId.DG14, FileId.DG15)


class Issuing(Protocol):
    """Of a card's profile what counts here: the country of its issuer, two letters; None for any that is believed."""

    @property
    def country(self) -> str | None: ...


def check_countries(
    signer: Certificate, issuer: Certificate | None, zone: Zone | None, profile: Issuing | None
) -> None:
    """Country of the country signer = document signer = DG1 = profile. `issuer` is None where none is believed.

    Raises ForeignIssuer.
    """
    if signer.country is None or (issuer is not None and issuer.country != signer.country):
        raise ForeignIssuer("the document signer is not of the country that issued its certificate")
    if zone is None:
        raise ForeignIssuer("without DG1 it is not known whose card this is")
    known = countries(zone.issuing_state)
    if signer.country not in known:
        raise ForeignIssuer(f"signed by {signer.country[:3]}, but the zone names {zone.issuing_state}")
    if profile is not None and profile.country is not None and profile.country.upper() not in known:
        raise ForeignIssuer(f"a card of {zone.issuing_state}, which is not the country of this profile")
    for certificate in (signer, issuer):
        if certificate is not None and not _may_issue_for(certificate, zone.issuing_state):
            raise ForeignIssuer("a certificate of the chain is for documents of another state")


def _may_issue_for(certificate: Certificate, issuing_state: str) -> bool:
    """By the states of its alternative name, where they are codes at all: any code of the same country will do."""
    named = [countries(state) for state in certificate.states if countries(state)]
    return not named or any(known & countries(issuing_state) for known in named)


def check_document_type(signer: Certificate, zone: Zone) -> None:
    """A document signer may be for some kinds of document only (9303-12 §7.1.1.6). Raises IssuerNotInForce."""
    types = signer.document_types
    if types is not None and not types & {zone.document_code, zone.document_code[:1]}:
        raise IssuerNotInForce("the document signer's certificate is for documents of another kind")


def check_nothing_hidden(sod: Sod, evidence: CardEvidence) -> None:
    """A copy hides what would show that it is one. Raises FileHidden."""
    for file in _PROVING:
        if file in sod.files and file in evidence.unread and file not in evidence.files:
            raise FileHidden(f"{file.name} is signed for, but the chip does not give it: {evidence.unread[file]}")


def check_list_of_files(sod: Sod, com: bytes) -> None:
    """EF.COM, which nobody signs, says what EF.SOD says (9303-10 §4.6.1). Raises FilesContradict, MalformedData."""
    objects = tlv.single(com, FileId.COM.tag).children()
    version, tags = tlv.find(objects, _LDS_VERSION).value, tlv.find(objects, _TAG_LIST).value
    named = {file.data_group for file in FileId if file.data_group is not None and file.tag in tags}
    if len(set(tags)) != len(named) or named != set(sod.hashes):
        raise FilesContradict("EF.COM lists other data groups than EF.SOD")
    if sod.lds_version is not None and version != sod.lds_version.encode("ascii"):
        raise FilesContradict("EF.COM names another version of the data structure than EF.SOD")


def check_zone_used(zone: Zone, given: Mrz) -> None:
    """What opened the chip is what it says of itself; some chips only know the first nine characters of a long number.

    Raises FilesContradict.
    """
    numbers = (zone.document_number, zone.document_number[:_SHORT])
    if given.document_number not in numbers or (given.birth, given.expiry) != (zone.date_of_birth, zone.date_of_expiry):
        raise FilesContradict("the chip's zone is not the one that it was opened with")


def check_access(shown: tuple[SecurityInfo, ...], signed: tuple[SecurityInfo, ...], where: str) -> None:
    """EF.CardAccess, which nobody signs, shows the PACE that a signed file knows of (9303-11 §9.2.11).

    A signed file that knows of none says nothing: chips older than PACE's last edition have such. Raises
    AccessDowngraded.
    """
    known = {info.raw for info in security_infos.pace_infos(signed)}
    if known and known != {info.raw for info in security_infos.pace_infos(shown)}:
        raise AccessDowngraded(f"EF.CardAccess does not show the PACE that the signed {where} announces")


def infos_of(dg14: bytes) -> tuple[SecurityInfo, ...]:
    """Raises MalformedData."""
    return security_infos.parse(tlv.single(dg14, FileId.DG14.tag).value)
