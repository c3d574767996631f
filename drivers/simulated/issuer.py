"""The demo's issuing authorities: they make country and signer keys once, and cards from holders.

issuer = CardIssuer.load_or_create(folder)          # the CSCA certificate: issuer.csca_certificate
issuer.issue(Holder(...)).save(folder / "amina.json")
issuer.issue(Holder(...), CardDesign.named("cam"))  # another kind of card
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

from drivers.simulated.card import Access, CardImage
from drivers.simulated.card.groups import draw, standard
from drivers.simulated.card.plan import ChipKey
from drivers.simulated.errors import HolderInvalid
from drivers.simulated.issuing import mrz, writing
from drivers.simulated.issuing.active_key import ActiveKey
from drivers.simulated.issuing.authority import Authority
from drivers.simulated.issuing.certificates import STATES
from drivers.simulated.issuing.design import CardDesign

__all__ = ["CardDesign", "CardIssuer", "Holder"]
_LONGEST_NUMBER = {"TD1": 22, "TD2": 14, "TD3": 9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a card is for. `can` has 6 digits, `pin` 4 to 8, `nin` 18, or is a Moroccan CIN; `access` "pace" or "bac".

    Raises HolderInvalid for what fits on no card.
    """

    document_number: str
    nin: str = field(repr=False)
    surname_latin: str = field(repr=False)
    given_latin: str = field(repr=False)
    surname_arabic: str = field(repr=False)
    given_arabic: str = field(repr=False)
    sex: str = field(repr=False)
    date_of_birth: dt.date = field(repr=False)
    date_of_expiry: dt.date
    can: str = field(repr=False)
    pin: str = field(repr=False)
    issuing_state: str = "DZA"
    birthplace: str | None = field(default=None, repr=False)
    access: str = Access.PACE

    def __post_init__(self) -> None:
        rules = {
            "document number": ("[A-Z0-9]{1,22}", self.document_number),
            "national number": ("[0-9]{18}|[A-Z]{1,2}[0-9]{5,8}", self.nin),
            "sex": ("[FM]", self.sex),
            "CAN": ("[0-9]{6}", self.can),
            "PIN": ("[0-9]{4,8}", self.pin),
            "issuing state": ("[A-Z]{3}", self.issuing_state),
            "access": ("pace|bac", self.access),
        }
        for what, (pattern, value) in rules.items():
            if not re.fullmatch(pattern, value):
                raise HolderInvalid(f"the holder's {what} has not the form a card needs")
        names = (self.surname_latin, self.given_latin, self.surname_arabic, self.given_arabic)
        if not all(name.strip() and len(name) <= 100 and "<" not in name for name in names):
            raise HolderInvalid("a name of the holder is missing, too long, or holds a filler")
        if not mrz.latin(self.surname_latin):
            raise HolderInvalid("the holder's Latin surname has no Latin letter")


class CardIssuer:
    """The country signing authorities and their document signers, kept as PEM files of mode 0600 in a folder."""

    def __init__(self, folder: Path) -> None:
        self._authorities = {"DZ": Authority(folder, "DZ"), "MA": Authority(folder / "MA", "MA")}

    @classmethod
    def load_or_create(cls, folder: Path) -> CardIssuer:
        """The issuer of `folder`, made on first use. Raises IssuerUnusable."""
        return cls(folder)

    @property
    def csca_certificate(self) -> bytes:
        """DER; put it into the trust folder of whoever shall believe these cards."""
        return self._authorities["DZ"].csca.der

    def trust(self) -> dict[str, bytes]:
        """All that a trust folder wants, by the path inside it: both countries' CSCA certificates and CRLs, DER."""
        files = {"csca/csca.der": self.csca_certificate, "csca/ma.der": self._authorities["MA"].csca.der}
        crls = {f"crls/{code.lower()}.crl": made.revocations for code, made in self._authorities.items()}
        return {**files, **crls}

    def issue(self, holder: Holder, design: CardDesign | None = None) -> CardImage:
        """A new card: new chip keys, the same holder. Without a design, `icao` or `bac` as the holder's access says.

        Raises HolderInvalid for a holder who does not fit on that design.
        """
        if design is None:
            design = CardDesign.named("icao" if holder.access == Access.PACE else "bac")
        if design.country != "DZ":
            holder = replace(holder, issuing_state=STATES[design.country])
        if len(holder.document_number) > _LONGEST_NUMBER[design.zone]:
            raise HolderInvalid("the holder's document number is too long for that zone")
        zone = _zone(holder, design)
        keys = tuple(
            ChipKey(
                wanted.curve,
                draw(standard(wanted.curve), secrets.token_bytes),
                wanted.ciphers,
                wanted.key_id,
                wanted.version,
            )
            for wanted in design.chip_keys
        )
        active = None if design.active is None else ActiveKey.generate(design.active)
        home = self._authorities[design.country]
        abroad = self._authorities["MA" if design.country == "DZ" else "DZ"]
        files, faulty = writing.Writer(holder, design, zone, keys, active).files(home, abroad)
        return CardImage(
            mrz=zone,
            can=holder.can,
            pin=holder.pin,
            files=files,
            plan=design.access,
            aa_private_key=b"" if active is None else active.private,
            aa_hash="sha256" if design.active is None else design.active.digest,
            aa_least=design.active is not None and design.active.least,
            chip_keys=keys,
            pin_plan=design.pin,
            platform=design.platform,
            faulty=faulty,
        )


def _zone(holder: Holder, design: CardDesign) -> tuple[str, ...]:
    bearer = mrz.Bearer(
        holder.issuing_state,
        holder.document_number,
        holder.date_of_birth,
        holder.sex,
        holder.date_of_expiry,
        holder.surname_latin,
        holder.given_latin,
    )
    if design.zone != "TD1":
        return mrz.two_lines(bearer, 36 if design.zone == "TD2" else 44)
    return mrz.td1(
        issuing_state=bearer.issuing_state,
        document_number=bearer.document_number,
        date_of_birth=bearer.date_of_birth,
        sex=bearer.sex,
        date_of_expiry=bearer.date_of_expiry,
        surname=bearer.surname,
        given=bearer.given,
    )
