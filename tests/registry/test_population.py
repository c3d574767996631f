"""Nobody here exists, and everybody here is consistent."""

from __future__ import annotations

import unicodedata
from collections import defaultdict

import pytest

from registry.errors import SetupError
from registry.reference.population import TODAY, Person, generate

PEOPLE = generate(400, seed=3)


def test_the_personas_are_the_same_in_every_population() -> None:
    for people, seed in ((2, 1), (50, 9), (400, 3)):
        found = generate(people, seed)
        assert [person.persona for person in found[:2]] == ["amina", "yacine"]
        assert found[:2] == PEOPLE[:2]
        assert len(found) == people
    amina, yacine = PEOPLE[:2]
    assert (amina.sex, yacine.sex) == ("F", "M")
    for person in (amina, yacine):
        assert (TODAY - person.born_on).days > 18 * 366
        assert person.act is not None
        assert person.card is not None
        assert person.card.status == "valid"


def test_a_seed_gives_the_same_people_and_another_gives_others() -> None:
    assert generate(400, seed=3) == PEOPLE
    assert generate(400, seed=4)[2:] != PEOPLE[2:]
    for count in (1, 0, -5, 10**9):
        with pytest.raises(SetupError):
            generate(count, seed=1)


def test_numbers_are_nobodys_and_given_once() -> None:
    assert len({person.nin for person in PEOPLE}) == len(PEOPLE)
    assert all(person.nin.startswith("99") for person in PEOPLE)
    cards = [person.card.document_number for person in PEOPLE if person.card]
    acts = [person.act.act_id for person in PEOPLE if person.act]
    assert len(set(cards)) == len(cards)
    assert all(len(card) == 9 and card.startswith("9") for card in cards)
    assert len(set(acts)) == len(acts)


def test_acts_agree_with_their_people() -> None:
    for person in PEOPLE:
        if person.act is None:
            continue
        act = person.act
        assert (act.subject.nin, act.subject.name, act.subject.born_on) == (person.nin, person.name, person.born_on)
        assert 0 <= (act.drawn_up_on - person.born_on).days < 5
        assert act.register_.year == act.drawn_up_on.year
        assert act.version == 1 + len(act.mentions)
        assert act.father is not None
        assert act.father.name.arabic.surname == person.name.arabic.surname
        assert all(mention.made_on <= TODAY for mention in act.mentions)


def test_the_population_has_what_real_registers_have() -> None:
    assert any(person.act is None for person in PEOPLE)
    assert any(person.card is None for person in PEOPLE)
    assert any(person.card and person.card.status == "blocked" for person in PEOPLE)
    assert any(person.card and person.card.expires_on < TODAY.replace(year=TODAY.year + 1) for person in PEOPLE)
    acts = [person.act for person in PEOPLE if person.act]
    assert any(act.subject.born_at is None for act in acts)
    assert any(len(act.mentions) == 2 for act in acts)
    families = defaultdict(list)
    for act in acts:
        families[str(act.mother)].append(act)
    assert any(len(children) >= 3 for children in families.values())


def test_one_arabic_name_stands_beside_several_latin_spellings() -> None:
    spellings = defaultdict(set)
    for person in PEOPLE:
        spellings[person.name.arabic.given].add(person.name.latin.given)
    assert {"Mohamed", "Mohammed"} <= spellings["محمد"]
    differing = [
        person
        for person in PEOPLE
        if person.act and person.act.father and person.act.father.name.latin.surname != person.name.latin.surname
    ]
    assert differing


def test_scripts_are_where_they_belong() -> None:
    def script(text: str) -> set[str]:
        return {unicodedata.name(c).split()[0] for c in text if c.isalpha()}

    def names(person: Person) -> list[tuple[str, str]]:
        both = [
            (person.name.arabic.surname, person.name.latin.surname),
            (person.name.arabic.given, person.name.latin.given),
        ]
        mentions = person.act.mentions if person.act else ()
        return both + [(mention.text.arabic, mention.text.latin) for mention in mentions]

    for person in PEOPLE:
        for arabic, latin in names(person):
            assert script(arabic) == {"ARABIC"}
            assert script(latin) <= {"LATIN", "DEGREE"}


def test_mentions_speak_of_the_spouse_in_the_right_gender() -> None:
    amina = PEOPLE[0]
    assert amina.act is not None
    text = amina.act.mentions[0].text
    assert text.latin == "Mariée avec Merabet Karim le 21 juin 2012 à Bab El Oued, acte n° 318"
    assert text.arabic.startswith("تزوجت من مرابط كريم بتاريخ 21 جوان 2012")
    firsts = [m.text.latin for p in PEOPLE if p.act for m in p.act.mentions if m.made_on.day == 1]
    assert all("1er " in latin for latin in firsts)
