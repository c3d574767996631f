"""The ways a simulated card can misbehave on request."""

from __future__ import annotations

from enum import StrEnum

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
