"""Is this a card of ours, and was it in the reader for this very request?

    store = CscaFolder(path)
    card = prove_card(files, store.certificates(), at=now)       # passive authentication, 9303-11 §5
    card.key.verify(nonce, signature)                            # active authentication (chip_answer)

Everything that does not prove the card raises
CardNotProven with a reason that names no person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cryptography import x509

from registry.errors import CardNotProven, HolderNotProven
from registry.models import CardProof, HolderProof
from registry.reference import lds
from registry.reference.chip_answer import ChipKey
from registry.reference.security_object import UNREADABLE, Signed, signed_hashes

_STATES = {"DZ": "DZA", "MA": "MAR"}
"""The countries whose people this register knows: the code in certificates, and the one in machine readable zones."""


@dataclass(frozen=True)
class CardFiles:
    """The files shown, each whole as the card gives it; None for one it has not, or that is not shown yet."""

    sod: bytes
    dg1: bytes
    dg11: bytes
    dg14: bytes | None = None
    dg15: bytes | None = None


@dataclass(frozen=True)
class CardHolder:
    """Whose card it is and until when, by the country's word."""

    document_number: str
    nin: str
    expires_on: dt.date


@dataclass(frozen=True)
class ProvenCard:
    """A card the country vouches for. `key` answers for it in active authentication, None where it has none.

    `agrees` and `maps`: its signed files offer chip authentication, or the mapping of that name.
    """

    holder: CardHolder
    key: ChipKey | None
    agrees: bool
    maps: bool

    def check_chip(self, card: CardProof, holder: HolderProof, nonce: bytes, signature: bytes | None) -> None:
        """That the chip is proven as the kiosk says. What the registry can verify itself it takes nobody's word for.

        Raises CardNotProven, HolderNotProven.
        """
        if self.key is not None:
            if card != "active-authentication" or signature is None:
                raise CardNotProven("a card that signs has to sign")
            self.key.verify(nonce, signature)
            return
        offered = {"chip-authentication": self.agrees, "chip-authentication-mapping": self.maps}
        if not offered.get(card, card == "passive-authentication"):
            raise CardNotProven("the card is said to be proven in a way that its signed files do not offer")
        if card == "passive-authentication" and holder == "pin":
            raise HolderNotProven("a PIN typed into a chip that is not proven")


def prove_holder(files: CardFiles, anchors: Sequence[x509.Certificate], *, at: dt.datetime) -> CardHolder:
    """Passive authentication of what says whose card it is: DG1 and DG11. Raises CardNotProven."""
    with _only_card_not_proven():
        signed = signed_hashes(lds.unwrap(files.sod, 0x77), anchors, at)
        return _holder(files, signed)


def prove_card(files: CardFiles, anchors: Sequence[x509.Certificate], *, at: dt.datetime) -> ProvenCard:
    """Passive authentication over all the files. One that the country signed must be shown, or its absence would
    hide what the chip could be asked. Raises CardNotProven."""
    with _only_card_not_proven():
        signed = signed_hashes(lds.unwrap(files.sod, 0x77), anchors, at)
        for number, content in ((14, files.dg14), (15, files.dg15)):
            if content is not None:
                signed.check(number, content)
            elif number in signed.hashes:
                raise CardNotProven(f"DG{number} is signed by the country and not shown")
        hash_ = lds.signature_hash(files.dg14) if files.dg14 is not None else None
        return ProvenCard(
            holder=_holder(files, signed),
            key=ChipKey.read(lds.active_authentication_key(files.dg15), hash_) if files.dg15 is not None else None,
            agrees=files.dg14 is not None and lds.names_chip_key(files.dg14),
            maps=files.dg14 is not None and lds.names_chip_mapping(files.dg14),
        )


def _holder(files: CardFiles, signed: Signed) -> CardHolder:
    for number, content in ((1, files.dg1), (11, files.dg11)):
        signed.check(number, content)
    zone = lds.machine_readable(files.dg1)
    if _STATES.get(signed.country) != zone.issuing_state:
        raise CardNotProven("the country that signed is not the one the card names")
    return CardHolder(zone.document_number, lds.personal_number(files.dg11), zone.expires_on)


@contextmanager
def _only_card_not_proven() -> Iterator[None]:
    try:
        yield
    except lds.Malformed as error:
        raise CardNotProven(f"a file of the card is malformed: {error}") from None
    except UNREADABLE as error:
        raise CardNotProven(f"a file of the card cannot be read ({type(error).__name__})") from None
