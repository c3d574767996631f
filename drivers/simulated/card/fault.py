"""The ways a simulated card can misbehave on request."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from drivers.simulated.card.image import CardImage, FileId
from drivers.simulated.errors import HandRefused

AWKWARD_READ = 192
"""Bytes of a READ BINARY beyond which the faults of reading begin; the command's form alone is one of them."""


class Fault(StrEnum):
    """One fault at a time; the card is otherwise in order.

    As a thing. SLOW: every answer is late. MUTE: it gives its ATR and then answers nothing. WRONG_WAY: it gives no
    ATR that a reader could take. PULLED: it leaves the reader in the middle of reading a data group.

    In reading, for more than `AWKWARD_READ` bytes at once. WRONG_LE: 6CC0, inside the channel. TOO_LONG: 6700, inside
    the channel. UNPROTECTED_ERROR: 6700 in plain, and the chip's counter stands where it was before that command.
    UNPROTECTED_ERROR_COUNTED: the same, but the chip has counted the command and its answer. TOO_LITTLE: fewer
    bytes, and 6282. WRONG_OFFSET: 6B00.

    In the channel. WRONG_MAC: protected answers carry a wrong checksum. REPLAY: the third protected answer and each
    after it is the second once more. BAD_POINT: PACE's public keys are none. GARBLED: the data groups are nonsense,
    sent in correct secure messaging.

    In what is to be believed. YES_CARD: a copied card, whose proofs come from keys of its own. ALTERED_DG: another
    name in DG1 than EF.SOD vouches for. EXPIRED_DS, REVOKED_DS, UNKNOWN_CSCA, FOREIGN_CSCA: signed by such a signer.
    HIDDEN_DG14, HIDDEN_DG15: named by EF.SOD, but there is no such file. DOWNGRADE: a PACE card without
    EF.CardAccess, opened by BAC. WEAKER_ACCESS: EF.CardAccess keeps silent on all PACE variants but the last.
    """

    SLOW = "slow"
    MUTE = "mute"
    WRONG_WAY = "wrong-way"
    PULLED = "pulled"
    WRONG_LE = "6cxx"
    TOO_LONG = "6700"
    TOO_LITTLE = "6282"
    WRONG_OFFSET = "6b00"
    UNPROTECTED_ERROR = "unprotected-error"
    UNPROTECTED_ERROR_COUNTED = "unprotected-error-counted"
    WRONG_MAC = "wrong-mac"
    REPLAY = "replay"
    BAD_POINT = "bad-point"
    GARBLED = "garbled"
    YES_CARD = "yes-card"
    ALTERED_DG = "altered-dg"
    EXPIRED_DS = "expired-ds"
    REVOKED_DS = "revoked-ds"
    UNKNOWN_CSCA = "unknown-csca"
    FOREIGN_CSCA = "foreign-csca"
    HIDDEN_DG14 = "hidden-dg14"
    HIDDEN_DG15 = "hidden-dg15"
    DOWNGRADE = "downgrade"
    WEAKER_ACCESS = "weaker-access"

    @classmethod
    def named(cls, name: str | None) -> Fault | None:
        """The fault of that name, None for None. Raises HandRefused for a name that is none."""
        if name is None:
            return None
        try:
            return cls(name)
        except ValueError:
            raise HandRefused(f"a simulated card has no such fault; it has {', '.join(cls)}") from None

    @property
    def in_reading(self) -> bool:
        return self in _IN_READING

    @property
    def unprotected(self) -> bool:
        return self in (Fault.UNPROTECTED_ERROR, Fault.UNPROTECTED_ERROR_COUNTED)


_IN_READING = frozenset(
    {
        Fault.WRONG_LE,
        Fault.TOO_LONG,
        Fault.TOO_LITTLE,
        Fault.WRONG_OFFSET,
        Fault.UNPROTECTED_ERROR,
        Fault.UNPROTECTED_ERROR_COUNTED,
    }
)
_HIDDEN = {
    Fault.HIDDEN_DG14: FileId.DG14,
    Fault.HIDDEN_DG15: FileId.DG15,
    Fault.DOWNGRADE: FileId.CARD_ACCESS,
}


def served_files(image: CardImage, fault: Fault | None) -> Mapping[FileId, bytes]:
    """The files as a card with that fault gives them out. Raises HandRefused for a fault this card cannot have."""
    files = image.files
    if fault is None:
        return files
    if fault is Fault.GARBLED:
        plain = (FileId.COM, FileId.CARD_ACCESS, FileId.CARD_SECURITY, FileId.DIR, FileId.ATR_INFO)
        return {name: content if name in plain else _nonsense(content) for name, content in files.items()}
    if fault is Fault.ALTERED_DG:
        return {**files, FileId.DG1: _renamed(files[FileId.DG1], len(image.mrz))}
    if fault.value in image.faulty:
        files = {**files, **image.faulty[fault.value]}
    elif fault in (Fault.EXPIRED_DS, Fault.REVOKED_DS, Fault.UNKNOWN_CSCA, Fault.FOREIGN_CSCA, Fault.WEAKER_ACCESS):
        raise HandRefused("this card cannot have that fault")
    hidden = _HIDDEN.get(fault)
    if hidden is not None and hidden not in files:
        raise HandRefused("this card cannot have that fault")
    return {name: content for name, content in files.items() if name is not hidden}


def _nonsense(content: bytes) -> bytes:
    return bytes(byte ^ 0xA5 for byte in content)


def _renamed(dg1: bytes, lines: int) -> bytes:
    """Another first letter of the surname, which no check digit covers."""
    at = len(dg1) - 30 if lines == 3 else 5 + 5
    letter = b"B" if dg1[at : at + 1] == b"A" else b"A"
    return dg1[:at] + letter + dg1[at + 1 :]
