"""A synthetic population: families whose members have acts, numbers and cards. Nobody here exists.

    people = generate(300, seed=1)      # people[0] is "amina", people[1] is "yacine", whatever the seed

The same count and seed give the same people on any day. Names come in hand-written pairs
(`population.toml`), and the Latin spelling is drawn for each entry of a register on its own, so that a
father may be Mohamed in his act and Mohammed in his daughter's, as real registers have it. Numbers begin
with 99 (NIN) and 9 (cards), and no check key is computed: they are nobody's.
"""

from __future__ import annotations

import datetime as dt
import random
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from registry.errors import SetupError
from registry.models import (
    BilingualName,
    BilingualText,
    BirthAct,
    DocumentNumber,
    Mention,
    Model,
    Name,
    Nin,
    Parent,
    Place,
    Register,
    Subject,
)

TODAY = dt.date(2026, 1, 1)
"""The day the population is as old as it is: fixed, so that the same seed gives the same people for ever."""
MAX_PEOPLE = 20_000
_ADULT = 18
_YEAR = dt.timedelta(days=365)

Sex = Literal["F", "M"]


class Card(Model):
    document_number: DocumentNumber
    expires_on: dt.date
    status: Literal["valid", "blocked"] = "valid"


class Person(Model):
    """`act` is None for the few whose act was never digitised; `card` for those too young for one."""

    nin: Nin
    name: BilingualName
    sex: Sex
    born_on: dt.date
    birthplace: Place
    act: BirthAct | None
    card: Card | None
    persona: str | None = None


def generate(people: int, seed: int) -> list[Person]:
    """`people` persons, personas first, then families. Raises SetupError outside 2 to 20,000."""
    personas = [_persona(entry) for entry in _data()["personas"]]
    if not len(personas) <= people <= MAX_PEOPLE:
        raise SetupError(f"a population has {len(personas)} to {MAX_PEOPLE} people")
    town = _Town(random.Random(seed), personas)  # noqa: S311  the same seed must give the same people
    found = list(personas)
    while len(found) < people:
        found += town.family()
    return found[:people]


class _Town:
    """Draws families, and keeps every number given once only."""

    def __init__(self, rng: random.Random, taken: list[Person]) -> None:
        self._rng = rng
        self._nins = {person.nin for person in taken}
        self._cards = {person.card.document_number for person in taken if person.card}
        self._acts = {person.act.act_id for person in taken if person.act}

    def family(self) -> list[Person]:
        rng = self._rng
        home = self._place()
        father_born = self._day(dt.date(1945, 1, 1), dt.date(2000, 12, 31))
        mother_born = self._day(father_born - 2 * _YEAR, father_born + 8 * _YEAR)
        married_on = self._day(max(father_born, mother_born) + 20 * _YEAR, max(father_born, mother_born) + 26 * _YEAR)
        him, her = self._name("M", _pick_surname(rng)), self._name("F", _pick_surname(rng))
        husband = self._person(him, "M", father_born, self._parents(him.arabic.surname), self._near(home))
        wife = self._person(her, "F", mother_born, self._parents(her.arabic.surname), self._near(home))
        if married_on > TODAY:
            return [husband, wife]
        margin = self._marriage(married_on, home)
        couple = [_noted(husband, margin, her), _noted(wife, margin, him)]
        return couple + self._children(him, her, married_on, mother_born, home)

    def _children(
        self, him: BilingualName, her: BilingualName, married_on: dt.date, mother_born: dt.date, home: Place
    ) -> list[Person]:
        children: list[Person] = []
        born_on = married_on
        for _ in range(self._rng.choice((0, 1, 2, 2, 3, 3, 4, 5))):
            born_on = self._day(born_on + _YEAR, born_on + 4 * _YEAR)
            if born_on >= TODAY or born_on > mother_born + 45 * _YEAR:
                break
            sex: Sex = self._rng.choice(("F", "M"))
            latin = him.latin.surname if self._rng.random() < 0.85 else self._spelling(him.arabic.surname)
            name = self._name(sex, (him.arabic.surname, latin))
            parents = (self._parent(him, "M"), self._parent(her, "F"))
            children.append(self._person(name, sex, born_on, parents, home))
        return children

    def _person(
        self, name: BilingualName, sex: Sex, born_on: dt.date, parents: tuple[Parent, Parent], place: Place
    ) -> Person:
        nin = self._unused(self._nins, lambda: f"99{self._rng.randrange(10**16):016d}")
        digitised = self._rng.random() >= 0.02
        act = self._act(nin, name, sex, born_on, parents, place) if digitised else None
        card = self._card() if born_on <= TODAY - _ADULT * _YEAR else None
        return Person(nin=nin, name=name, sex=sex, born_on=born_on, birthplace=place, act=act, card=card)

    def _act(
        self, nin: str, name: BilingualName, sex: Sex, born_on: dt.date, parents: tuple[Parent, Parent], place: Place
    ) -> BirthAct:
        rng = self._rng
        drawn_up_on = born_on + dt.timedelta(days=rng.randrange(5))
        code, year = place.commune_code, drawn_up_on.year
        act_id = self._unused(self._acts, lambda: _act_id(code, year, rng.randrange(1, 4000)))
        known_hour = dt.time(rng.randrange(24), rng.randrange(0, 60, 5))
        born_at = known_hour if rng.random() < 0.9 else None
        subject = Subject(nin=nin, name=name, sex=sex, born_on=born_on, born_at=born_at, birthplace=place)
        return _birth_act(act_id, place, int(act_id[-5:]), drawn_up_on, subject, parents)

    def _marriage(self, married_on: dt.date, place: Place) -> list[_Noted]:
        noted = [_Noted(what="marriage", on=married_on, place=place, number=self._rng.randrange(1, 900))]
        divorced_on = married_on + self._rng.randrange(2, 20) * _YEAR
        if self._rng.random() < 0.08 and divorced_on < TODAY:
            noted.append(_Noted(what="divorce", on=divorced_on, place=place, number=self._rng.randrange(1, 900)))
        return noted

    def _card(self) -> Card:
        number = self._unused(self._cards, lambda: f"9{self._rng.randrange(10**8):08d}")
        issued_on = self._day(TODAY - 10 * _YEAR, TODAY)
        status: Literal["valid", "blocked"] = "blocked" if self._rng.random() < 0.03 else "valid"
        return Card(document_number=number, expires_on=issued_on + 10 * _YEAR, status=status)

    def _name(self, sex: Sex, surname: tuple[str, str]) -> BilingualName:
        arabic, latin = self._rng.choice(_data()["given_f" if sex == "F" else "given_m"])
        return _bilingual(surname, (arabic, self._rng.choice(latin)))

    def _parents(self, surname: str) -> tuple[Parent, Parent]:
        father = self._name("M", (surname, self._spelling(surname)))
        return self._parent(father, "M"), self._parent(self._name("F", _pick_surname(self._rng)), "F")

    def _parent(self, name: BilingualName, sex: Sex) -> Parent:
        arabic, latin = self._rng.choice(_data()["professions_f" if sex == "F" else "professions_m"])
        profession = BilingualText(arabic=arabic, latin=latin) if self._rng.random() < 0.9 else None
        return Parent(name=name, profession=profession)

    def _spelling(self, surname: str) -> str:
        return str(self._rng.choice(dict(_data()["surnames"])[surname]))

    def _place(self) -> Place:
        return _place(self._rng.choice(_data()["communes"])[0])

    def _near(self, home: Place) -> Place:
        return home if self._rng.random() < 0.7 else self._place()

    def _day(self, first: dt.date, last: dt.date) -> dt.date:
        return first + dt.timedelta(days=self._rng.randrange((last - first).days + 1))

    @staticmethod
    def _unused(taken: set[str], draw: Any) -> str:
        while (value := str(draw())) in taken:
            pass
        taken.add(value)
        return value


class _Noted(Model):
    """What a margin tells, before it is put into words for husband or wife."""

    what: Literal["marriage", "divorce"]
    on: dt.date
    place: Place
    number: int


def _noted(person: Person, margin: list[_Noted], spouse: BilingualName) -> Person:
    if person.act is None:
        return person
    mentions = tuple(_mention(noted, person.sex, spouse) for noted in margin)
    act = person.act.model_copy(update={"mentions": mentions, "version": 1 + len(mentions)})
    return person.model_copy(update={"act": act})


def _mention(noted: _Noted, sex: Sex, spouse: BilingualName) -> Mention:
    words = _data()["mentions"][noted.what if noted.what == "divorce" else f"marriage_{sex.lower()}"]
    months, place = _data()["months"], noted.place.commune
    first = "1er" if noted.on.day == 1 else str(noted.on.day)
    arabic = words["arabic"].format(
        spouse=f"{spouse.arabic.surname} {spouse.arabic.given}",
        date=f"{noted.on.day} {months['arabic'][noted.on.month - 1]} {noted.on.year}",
        commune=place.arabic,
        number=noted.number,
    )
    latin = words["latin"].format(
        spouse=f"{spouse.latin.surname} {spouse.latin.given}",
        date=f"{first} {months['latin'][noted.on.month - 1]} {noted.on.year}",
        commune=place.latin,
        number=noted.number,
    )
    return Mention(made_on=noted.on, text=BilingualText(arabic=arabic, latin=latin))


def _persona(entry: dict[str, Any]) -> Person:
    name, place = _bilingual(entry["surname"], entry["given"]), _place(entry["commune"])
    subject = Subject(
        nin=entry["nin"],
        name=name,
        sex=entry["sex"],
        born_on=entry["born_on"],
        born_at=entry["born_at"],
        birthplace=place,
    )
    father, mother = (
        Parent(name=_bilingual(surname, given), profession=BilingualText(arabic=work[0], latin=work[1]))
        for surname, given, work in (entry["father"], entry["mother"])
    )
    act_id = _act_id(place.commune_code, entry["drawn_up_on"].year, entry["act_number"])
    person = Person(
        nin=entry["nin"],
        name=name,
        sex=entry["sex"],
        born_on=entry["born_on"],
        birthplace=place,
        act=_birth_act(act_id, place, entry["act_number"], entry["drawn_up_on"], subject, (father, mother)),
        card=Card(document_number=entry["card"], expires_on=entry["card_expires_on"]),
        persona=entry["persona"],
    )
    if (married := entry.get("married")) is None:
        return person
    noted = _Noted(what="marriage", on=married["on"], place=_place(married["commune"]), number=married["number"])
    return _noted(person, [noted], _bilingual(*married["spouse"]))


def _birth_act(
    act_id: str, place: Place, number: int, drawn_up_on: dt.date, subject: Subject, parents: tuple[Parent, Parent]
) -> BirthAct:
    return BirthAct(
        act_id=act_id,
        version=1,
        register_=Register(commune=place, year=drawn_up_on.year, number=number),
        drawn_up_on=drawn_up_on,
        subject=subject,
        father=parents[0],
        mother=parents[1],
        as_of=dt.datetime.combine(TODAY, dt.time(), dt.UTC),
    )


def _act_id(commune: str, year: int, number: int) -> str:
    return f"birth-{commune}-{year}-{number:05d}"


def _bilingual(surname: tuple[str, str], given: tuple[str, str]) -> BilingualName:
    return BilingualName(
        arabic=Name(surname=surname[0], given=given[0]), latin=Name(surname=surname[1], given=given[1])
    )


def _pick_surname(rng: random.Random) -> tuple[str, str]:
    arabic, latin = rng.choice(_data()["surnames"])
    return arabic, rng.choice(latin)


@cache
def _place(code: str) -> Place:
    _, commune_ar, commune, wilaya_ar, wilaya = next(row for row in _data()["communes"] if row[0] == code)
    return Place(
        commune_code=code,
        commune=BilingualText(arabic=commune_ar, latin=commune),
        wilaya=BilingualText(arabic=wilaya_ar, latin=wilaya),
    )


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("population.toml").read_text(encoding="utf-8"))
