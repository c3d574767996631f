"""From the visit to what the screen is told. Pure: one function, one table of steps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, cast

from config.schema import Town
from kiosk.catalogue.codes import entry
from kiosk.session.actions import Visit
from kiosk.session.availability import Availability
from kiosk.session.events import Language, Paper, State
from kiosk.session.protocol import Screen

_SCREENS = {State.PROVING: "reading", State.ISSUING: "printing", State.RETURN_CARD: "take_card"}
_STEPS = {
    State.LANGUAGE: 1,
    State.CARD: 2,
    State.OPENING: 3,
    State.CAN: 3,
    State.MRZ: 3,
    State.READING: 4,
    State.PIN: 5,
    State.PIN_LAST: 5,
    State.CLERK: 5,
    State.COMPARE: 5,
    State.PROVING: 5,
    State.CHOICE: 6,
    State.PREPARING: 6,
    State.PREVIEW: 7,
    State.ISSUING: 8,
    State.TAKE_CARD: 8,
    State.PRINTING: 8,
    State.ASK_PAPER: 8,
    State.CONFIRM: 8,
    State.SETTLING: 8,
    State.TAKE_PAPER: 8,
}
LAST_STEP = 8
READING_STEPS = ("chip", "genuine", "holder", "registry")
PREPARING_STEPS = ("registry", "page")


@dataclass(frozen=True, slots=True)
class View:
    """What a snapshot says, before it has a number."""

    screen: Screen
    language: Language
    step: tuple[int, int] | None
    data: dict[str, Any]


def view(state: State, visit: Visit, town: Town, languages: tuple[str, ...], availability: Availability) -> View:
    """The screen of a state. `availability` is what keeps the kiosk from serving, if anything does."""
    screen = cast(Screen, _SCREENS.get(state, state.value))
    step = (_STEPS[state], LAST_STEP) if state in _STEPS else None
    return View(screen, visit.language, step, _data(state, visit, town, languages, availability))


def _data(
    state: State, visit: Visit, town: Town, languages: tuple[str, ...], availability: Availability
) -> dict[str, Any]:
    match state:
        case State.ATTRACT:
            return {
                "town_ar": town.commune_ar,
                "town_fr": town.commune_fr,
                "unavailable": availability.code,
                "part": availability.source,
                "opens_at": _opens_at(availability),
                "forms": sorted(availability.forms),
                "lost": [{"form": lost.form, "part": lost.source, "code": lost.code} for lost in availability.lost],
            }
        case State.LANGUAGE:
            return {"languages": list(languages)}
        case State.CAN | State.MRZ:
            return {"wrong": visit.wrong, "scanner": visit.scanner}
        case State.PIN:
            return {"tries_left": visit.tries_left, "wrong": visit.wrong}
        case State.COMPARE:
            return {} if visit.to_compare is None else asdict(visit.to_compare)
        case State.READING | State.PROVING:
            return {"steps": _steps(READING_STEPS, visit.step)}
        case State.CHOICE:
            return {
                "name_ar": visit.name_ar,
                "name_latin": visit.name_latin,
                "papers": [_paper(paper) for paper in visit.papers],
            }
        case State.PREPARING:
            return {"steps": _steps(PREPARING_STEPS, visit.step)}
        case State.PREVIEW:
            paper = next(p for p in visit.papers if visit.choice and p.document_type == visit.choice.document_type)
            titles = {"title_ar": paper.title_ar, "title_fr": paper.title_fr}
            return {"pages": [*visit.pages], **titles, "form": visit.form, "other_form": visit.other_form}
        case State.ISSUING | State.PRINTING:
            now = visit.printing
            return {
                "stage": visit.step,
                "form": visit.form,
                "page": now.page if now else 0,
                "of": now.of if now else 1,
                "conditions": [*now.conditions] if now else [],
            }
        case State.ASK_PAPER | State.TAKE_PAPER:
            return {"form": visit.form, "papers": visit.printing.of if visit.printing else 1}
        case State.STRAY:
            again = visit.again and availability.code is None
            return {"form": visit.form, "code": visit.code, "again": again}
        case State.TROUBLE:
            words = entry(visit.code)
            return {
                "code": visit.code,
                "sentence_ar": words.citizen["ar"],
                "sentence_fr": words.citizen["fr"],
                "outcome": visit.outcome,
            }
        case State.STAFF_PIN | State.CONFIRM | State.CLERK:
            return {"asked": asdict(visit.desk.asked) if visit.desk.asked else None}
        case State.DIAGNOSTICS:
            desk = visit.desk
            return {
                "checks": [asdict(check) for check in desk.checks],
                "running": desk.running,
                "out_of_service": desk.out,
                "paper": [asdict(left) for left in desk.paper],
                "code": desk.code,
            }
        case _:
            return {}


def _opens_at(availability: Availability) -> str | None:
    """In the town's own time, to the minute and without an offset: the screen shows it as it is."""
    if availability.source != "hours" or availability.opens_at is None:
        return None
    return availability.opens_at.replace(tzinfo=None).isoformat(timespec="minutes")


def _paper(paper: Paper) -> dict[str, Any]:
    return {
        "type": paper.document_type,
        "title_ar": paper.title_ar,
        "title_fr": paper.title_fr,
        "languages": [*paper.languages],
        "form": paper.form,
    }


def _steps(names: tuple[str, ...], current: str) -> list[dict[str, str]]:
    """A list that ticks: what is done, what is being done now, what comes later."""
    now = names.index(current) if current in names else 0
    states = ["done"] * now + ["now"] + ["later"] * (len(names) - now - 1)
    return [{"name": name, "state": state} for name, state in zip(names, states, strict=True)]
