"""Whether the chip is the one its files were written for: it holds the private keys that they name (9303-11 §6).

A key proves something only once passive authentication vouches for the file that names it.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.smartcard.emrtd import active, chip, security_infos
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.pace import ChipAuthenticationData
from drivers.smartcard.emrtd.public_keys import agreement_key
from drivers.smartcard.emrtd.security_infos import SecurityInfo
from drivers.smartcard.errors import (
    BadPublicKey,
    ChipNotProven,
    FileHidden,
    ForeignIssuer,
    UnsupportedKey,
)
from drivers.smartcard.genuine import signed_data
from drivers.smartcard.genuine.agreement import infos_of
from drivers.smartcard.genuine.certificates import Certificate
from drivers.smartcard.genuine.evidence import CardEvidence
from drivers.smartcard.genuine.passive import check_signature
from drivers.smartcard.genuine.policy import Policy
from drivers.smartcard.genuine.signed_data import SignedContent
from drivers.smartcard.genuine.sod import Sod

SECURITY_OBJECT = "0.4.0.127.0.7.3.2.1"
"""id-SecurityObject: what EF.CardSecurity signs (9303-10 §3.11.4)."""


def by_chip_authentication(sod: Sod, evidence: CardEvidence) -> bool:
    """Whether it has proven the key of DG14; False where it was not asked. Raises ChipNotProven."""
    if evidence.chip_authentication is None:
        return False
    if evidence.chip_authentication == "failed":
        raise ChipNotProven("chip authentication: the chip does not hold the key that its files name")
    if not _vouched(sod, evidence, FileId.DG14):
        raise ChipNotProven("chip authentication: by a key that nobody has signed for")
    return True


def card_security(data: bytes, policy: Policy) -> tuple[SignedContent, tuple[SecurityInfo, ...]]:
    """EF.CardSecurity's content, signed by whoever it carries. Raises AlteredData, MalformedData."""
    signed = signed_data.parse(data, SECURITY_OBJECT)
    check_signature("EF.CardSecurity", signed, policy)
    return signed, security_infos.parse(signed.content)


def by_mapping(
    evidence: CardEvidence, sod: Sod, policy: Policy, issuer_of: Callable[[Certificate], Certificate]
) -> bool:
    """Whether PACE has proven a key of EF.CardSecurity, whose signer is of the same country as EF.SOD's (§4.4.3.5).

    Raises what `issuer_of` raises, ChipNotProven, FileHidden, ForeignIssuer, AlteredData, MalformedData.
    """
    if evidence.chip_data is None:
        return False
    if FileId.CARD_SECURITY not in evidence.files:
        raise FileHidden("the chip claims to have proven its key, and does not give EF.CardSecurity")
    signed, infos = card_security(evidence.files[FileId.CARD_SECURITY], policy)
    if {signed.signer.country, issuer_of(signed.signer).country} != {sod.signed.signer.country}:
        raise ForeignIssuer("EF.CardSecurity is signed by another country than EF.SOD")
    if not _names_the_key(infos, evidence.chip_data):
        raise ChipNotProven("PACE: the chip does not hold the key that EF.CardSecurity names")
    return True


def _names_the_key(infos: tuple[SecurityInfo, ...], proof: ChipAuthenticationData) -> bool:
    for static in security_infos.static_keys(infos):
        try:
            key = agreement_key(static.spki)
        except (UnsupportedKey, BadPublicKey):
            continue
        if key.group is proof.group and proof.proves(key.element):
            return True
    return False


def by_active_authentication(sod: Sod, evidence: CardEvidence) -> bool:
    """Whether it has signed our nonce with the key of DG15; False where it was not asked.

    Raises ChipNotProven, ActiveAuthenticationUnsupported, MalformedData.
    """
    answer = evidence.active
    if answer is None:
        return False
    if answer.signature is None:
        raise ChipNotProven("active authentication: the chip refuses to sign")
    if not _vouched(sod, evidence, FileId.DG15):
        raise ChipNotProven("active authentication: by a key that nobody has signed for")
    dg14 = evidence.files[FileId.DG14] if _vouched(sod, evidence, FileId.DG14) else None
    if not active.verify_active_authentication(dg14, evidence.files[FileId.DG15], answer.nonce, answer.signature):
        raise ChipNotProven("active authentication: the chip does not hold the key that its files name")
    return True


def offers_chip_authentication(sod: Sod, evidence: CardEvidence) -> bool:
    """Whether DG14 offers a way that is spoken here. Raises UnsupportedKey, MalformedData."""
    if not _vouched(sod, evidence, FileId.DG14):
        return False
    return chip.choose(infos_of(evidence.files[FileId.DG14])) is not None


def _vouched(sod: Sod, evidence: CardEvidence, file: FileId) -> bool:
    return file in evidence.files and sod.vouches_for(file, evidence.files[file])
