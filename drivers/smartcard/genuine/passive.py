"""Passive authentication: are these files the ones a state signed? (ICAO 9303-11 §5.1)

    country signer (ours)  ->  document signer (in EF.SOD)  ->  EF.SOD  ->  hash of each file

Every function raises what is wrong, as the NotGenuine it is; nothing is returned but what follows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.errors import AlteredData, IssuerNotInForce, RevokedIssuer, UnknownIssuer
from drivers.smartcard.genuine.certificates import Certificate
from drivers.smartcard.genuine.policy import Policy
from drivers.smartcard.genuine.signed_data import SignedContent
from drivers.smartcard.genuine.sod import Sod
from drivers.smartcard.genuine.trust import TrustStore


def check_hashes(sod: Sod, files: Mapping[FileId, bytes], policy: Policy) -> None:
    """Every data group that was read is one that was signed. Raises AlteredData, naming all that are not."""
    if sod.hash == "sha1" and policy.sha1 != "accepted":
        raise AlteredData("the list of hashes is made with SHA-1, which proves nothing any more")
    groups = {file: content for file, content in files.items() if file.data_group is not None}
    if wrong := [file.name for file, content in groups.items() if not sod.vouches_for(file, content)]:
        raise AlteredData(f"{', '.join(wrong)}: not the file that was signed")


def check_signature(what: str, signed: SignedContent, policy: Policy) -> None:
    """Raises AlteredData."""
    if signed.weak and policy.sha1 != "accepted":
        raise AlteredData(f"{what} is signed with SHA-1, which proves nothing any more")
    if not signed.holds():
        raise AlteredData(f"{what} is not signed by the certificate it carries")


def country_signer(signer: Certificate, trust: TrustStore, at: dt.datetime, policy: Policy) -> Certificate:
    """Who has issued a document signer, of those believed here, all in force at `at` and none revoked.

    Raises UnknownIssuer, AlteredData, IssuerNotInForce, RevokedIssuer.
    """
    issuers = trust.issuers_of(signer)
    if not issuers and trust.claimed_by(signer):
        raise AlteredData("the document signer's certificate was not signed by the country it names")
    if not issuers:
        raise UnknownIssuer("no country signing certificate here has issued the document signer")
    _check_purpose(signer, policy)
    if not signer.in_force(at):
        raise IssuerNotInForce("the document signer's certificate is not in force")
    issuer = next((one for one in issuers if one.in_force(at)), None)
    if issuer is None:
        raise IssuerNotInForce("the country signing certificate is not in force")
    _check_standing(signer, "document signer's", trust, at, policy)
    _check_standing(issuer, "country signing", trust, at, policy)
    return issuer


def _check_purpose(signer: Certificate, policy: Policy) -> None:
    """A document signer signs, and has no other purpose (9303-12 §7.1: digitalSignature, no extended key usage)."""
    usage = signer.key_usage or frozenset()
    if "digital_signature" not in usage or signer.may_certify or signer.extended_usage or signer.unknown_critical:
        raise IssuerNotInForce("the document signer's certificate is not one for signing documents")
    if signer.algorithm.weak and policy.sha1 != "accepted":
        raise IssuerNotInForce("the document signer's certificate is signed with SHA-1, which proves nothing any more")


def _check_standing(certificate: Certificate, name: str, trust: TrustStore, at: dt.datetime, policy: Policy) -> None:
    standing = trust.standing(certificate, at)
    if standing == "revoked":
        raise RevokedIssuer(f"the {name} certificate {certificate.serial:X} has been revoked")
    if policy.revocation == "required" and standing != "good":
        raise UnknownIssuer(f"no revocation list in force says that the {name} certificate is not revoked")
