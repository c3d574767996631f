"""Cards for people of the reference registry's population: what the ministry's card factory does."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from drivers.simulated.issuer import CardDesign, CardIssuer, Holder
from registry.reference.population import Person, generate


@dataclass(frozen=True, slots=True)
class Card:
    """A card in somebody's pocket: the file of its image, what is printed on it, and the PIN its holder knows."""

    file: Path
    can: str
    pin: str
    document_number: str
    date_of_birth: str
    date_of_expiry: str
    nin: str

    @property
    def mrz(self) -> str:
        """The three fields that open the chip, as `kiosk card read --mrz` takes them."""
        return f"{self.document_number}|{self.date_of_birth}|{self.date_of_expiry}"


def issue(
    issuer: CardIssuer, folder: Path, people: int, seed: int, access: str, design: CardDesign | None = None
) -> dict[str, Card]:
    """A card for every persona of the population, by name; images are written to `folder` (0600).

    All are of that design; without one they open as `access` says, "pace" or "bac".
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {
        person.persona: _card(issuer, folder, person, access, design)
        for person in generate(people, seed)
        if person.persona is not None and person.card is not None
    }


def _card(issuer: CardIssuer, folder: Path, person: Person, access: str, design: CardDesign | None) -> Card:
    assert person.card is not None  # noqa: S101 - chosen so
    number = person.card.document_number
    draw = random.Random(number)  # noqa: S311 - a demonstration's numbers, the same each time
    can, pin = f"{draw.randrange(10**6):06d}", f"{draw.randrange(10**4):04d}"
    holder = Holder(
        document_number=number,
        nin=person.nin,
        surname_latin=person.name.latin.surname,
        given_latin=person.name.latin.given,
        surname_arabic=person.name.arabic.surname,
        given_arabic=person.name.arabic.given,
        sex=person.sex,
        date_of_birth=person.born_on,
        date_of_expiry=person.card.expires_on,
        can=can,
        pin=pin,
        access=access,
    )
    file = folder / f"{person.persona}.json"
    issuer.issue(holder, design).save(file)
    return Card(
        file,
        can,
        pin,
        number,
        person.born_on.strftime("%y%m%d"),
        person.card.expires_on.strftime("%y%m%d"),
        person.nin,
    )
