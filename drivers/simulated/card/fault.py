"""The ways a simulated card can misbehave on request."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from drivers.simulated.card.image import FileId
from drivers.simulated.errors import HandRefused


class Fault(StrEnum):
    """One fault at a time; the card is otherwise in order.

    SLOW: every answer is late. MUTE: it gives its ATR and then answers nothing. PULLED: it leaves the reader in
    the middle of reading a data group. GARBLED: its data groups are nonsense, sent in correct secure messaging.
    WRONG_MAC: protected answers carry a wrong checksum. YES_CARD: a copied card, which signs with a key of its
    own. ALTERED_DG: another name in DG1 than EF.SOD vouches for.
    """

    SLOW = "slow"
    MUTE = "mute"
    PULLED = "pulled"
    GARBLED = "garbled"
    WRONG_MAC = "wrong-mac"
    YES_CARD = "yes-card"
    ALTERED_DG = "altered-dg"

    @classmethod
    def named(cls, name: str | None) -> Fault | None:
        """The fault of that name, None for None. Raises HandRefused for a name that is none."""
        if name is None:
            return None
        try:
            return cls(name)
        except ValueError:
            raise HandRefused(f"a simulated card has no such fault; it has {', '.join(cls)}") from None


def served_files(files: Mapping[FileId, bytes], fault: Fault | None) -> Mapping[FileId, bytes]:
    """The files as a card with that fault gives them out."""
    if fault is Fault.GARBLED:
        known = (FileId.CARD_ACCESS, FileId.COM)
        return {name: content if name in known else _nonsense(content) for name, content in files.items()}
    if fault is Fault.ALTERED_DG:
        return {**files, FileId.DG1: _renamed(files[FileId.DG1])}
    return files


def _nonsense(content: bytes) -> bytes:
    return bytes(byte ^ 0xA5 for byte in content)


def _renamed(dg1: bytes) -> bytes:
    """Another first letter of the surname, which no check digit covers: TD1's third line is DG1's last 30 bytes."""
    letter = b"B" if dg1[-30:-29] == b"A" else b"A"
    return dg1[:-30] + letter + dg1[-29:]
