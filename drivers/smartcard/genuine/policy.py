"""What a kiosk accepts, and what proof a document needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast, get_args

Proof = Literal["passive", "chip", "active"]
_PROOFS = get_args(Proof)


@dataclass(frozen=True, slots=True)
class Policy:
    """`sha1` is for the cards and document signers of before 2011: their signatures can be forged at a price.
    `revocation` "required" refuses a card unless a list of its country says today that its signer is not revoked."""

    sha1: Literal["refused", "accepted"] = "refused"
    revocation: Literal["if_known", "required"] = "if_known"


@dataclass(frozen=True, slots=True)
class Needs:
    """Every group must be met, each by one of its proofs: ("passive"), ("active" or "chip")."""

    groups: tuple[frozenset[Proof], ...] = (frozenset(("passive",)),)

    @classmethod
    def parse(cls, words: Iterable[str]) -> Needs:
        """From `["passive", "active|chip"]`. Raises ValueError for other words, and for none of "passive": the other
        proofs are worth nothing without it."""
        groups = tuple(frozenset(word.split("|")) for word in words)
        if unknown := sorted(frozenset().union(*groups).difference(_PROOFS)):
            raise ValueError(f"no such proof: {', '.join(unknown)}")
        if frozenset(("passive",)) not in groups:
            raise ValueError("passive is always needed")
        return cls(cast("tuple[frozenset[Proof], ...]", groups))
