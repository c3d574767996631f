"""The closed sign says in both languages what is missing, and what to do instead."""

import pytest

from kiosk.ui.words import words
from tests.kiosk.ui.conftest import Kiosk
from tests.kiosk.ui.session import NIGHT, TICKETS_ONLY, TOWN

LANGUAGES = ("ar", "fr")
ISOLATES = dict.fromkeys((0x2068, 0x2069))
"""What keeps a number or a name whole among letters that run the other way; it is not seen."""


def read(kiosk: Kiosk, name: str) -> list[str]:
    """What stands there in Arabic and in French; nothing where nothing is seen."""
    items = [kiosk.seen(f"{name}-{language}") for language in LANGUAGES]
    return [item.property("text").translate(ISOLATES) for item in items if item is not None]


PARTS = ["reader", "laser", "thermal", "signer", "certificate", "clock", "registry", "configuration", "staff"]


@pytest.mark.parametrize("part", PARTS)
def test_the_missing_part_is_said_in_plain_words(kiosk: Kiosk, part: str) -> None:
    kiosk.show("attract", data={**TOWN, "unavailable": "E-X-Y", "part": part})
    assert read(kiosk, "reason") == [words("ar")["attract"][f"closed_{part}"], words("fr")["attract"][f"closed_{part}"]]
    assert read(kiosk, "advice") == [words("ar")["attract"]["closed_hint"], words("fr")["attract"]["closed_hint"]]
    assert kiosk.item("code").property("text") == "E-X-Y"


@pytest.mark.parametrize("part", ["ledger", "session", "disk", None, "of-a-newer-session"])
def test_what_no_citizen_would_understand_is_closed_and_no_more(kiosk: Kiosk, part: str | None) -> None:
    kiosk.show("attract", data={**TOWN, "unavailable": "E-X-Y", "part": part})
    assert read(kiosk, "reason") == []
    assert kiosk.item("closed").property("text") == words("ar")["attract"]["closed"]


def test_at_night_it_says_when_it_opens(kiosk: Kiosk) -> None:
    kiosk.show("attract", data={**TOWN, **NIGHT})
    assert kiosk.item("closed").property("text") == words("ar")["attract"]["closed_hours"]
    assert read(kiosk, "reason") == []
    arabic, french = read(kiosk, "advice")
    assert french == "Ouvre lundi à 08:30"
    assert arabic == "يُفتح يوم الإثنين على الساعة 08:30"


@pytest.mark.parametrize(
    ("date", "day"), [("2026-11-22", "dimanche"), ("2027-01-01", "vendredi"), ("2028-02-29", "mardi")]
)
def test_the_day_is_the_dates_own_whatever_the_machines_time_zone(kiosk: Kiosk, date: str, day: str) -> None:
    kiosk.show("attract", data={**TOWN, **NIGHT, "opens_at": f"{date}T00:00"})
    assert read(kiosk, "advice")[1] == f"Ouvre {day} à 00:00"


def test_that_never_opens_again_it_does_not_say_when(kiosk: Kiosk) -> None:
    kiosk.show("attract", data={**TOWN, **NIGHT, "opens_at": None})
    assert read(kiosk, "advice") == []


@pytest.mark.parametrize(
    ("form", "lost", "part"), [("ticket", "a4", "laser"), ("a4", "ticket", "thermal"), ("a4", "ticket", "clock")]
)
def test_while_something_can_be_had_it_says_what_and_why_not_the_rest(
    kiosk: Kiosk, form: str, lost: str, part: str
) -> None:
    without = {"form": lost, "part": part, "code": "E-X-Y"}
    kiosk.show("attract", data={**TOWN, "unavailable": None, "forms": [form], "lost": [without]})
    assert read(kiosk, "only") == [words("ar")["attract"][f"only_{form}"], words("fr")["attract"][f"only_{form}"]]
    assert read(kiosk, "lost") == [words("ar")["attract"][f"closed_{part}"], words("fr")["attract"][f"closed_{part}"]]
    assert kiosk.item("lost-code").property("text") == "E-X-Y"
    kiosk.tap("primary")
    assert kiosk.hears()["name"] == "start", "it serves all the same"


def test_where_nothing_is_missing_there_is_nothing_to_say(kiosk: Kiosk) -> None:
    kiosk.show("attract", data={**TOWN, **TICKETS_ONLY})
    kiosk.show("attract", data={**TOWN, "unavailable": None, "forms": ["a4", "ticket"], "lost": []})
    assert read(kiosk, "only") == [] and kiosk.seen("lost-code") is None
    kiosk.show("attract", data={**TOWN, "unavailable": "E-X-Y", "part": "signer", "forms": [], "lost": []})
    assert read(kiosk, "only") == []


def test_back_again_it_is_open(kiosk: Kiosk) -> None:
    kiosk.show("attract", data={**TOWN, "unavailable": "E-X-Y", "part": "reader"})
    kiosk.show("attract", data={**TOWN, "unavailable": None, "part": None})
    assert kiosk.seen("closed") is None and kiosk.seen("primary") is not None
