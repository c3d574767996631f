"""The visit, as a table of states and events. Everything that decides what comes next is in this file.

Rules of the file:

1. No clock, no socket, no thread, no device: time and the world arrive as events, and what is to be done
   leaves as commands, which the runner carries out (`kiosk.session.runner`).
2. A pair (state, event) that is not in `TABLE` changes nothing. Each row has one target, so the table is
   the diagram: `docs/visit.md` is drawn from it, and a test holds the two together.
3. Every path back to ATTRACT passes `Wipe`: what belongs to a citizen ends with the visit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from kiosk.session import staff_events as staff
from kiosk.session.events import (
    AsksCan,
    AsksMrz,
    AwaitCard,
    AwaitCardOut,
    Back,
    Cancel,
    CardIn,
    CardOut,
    Choose,
    ChooseLanguage,
    Command,
    Confirm,
    Continue,
    Done,
    Event,
    Failed,
    Identified,
    Issue,
    Issued,
    Language,
    OneTryLeft,
    OnPaper,
    Open,
    Opened,
    Paper,
    Password,
    Pin,
    PinRefused,
    Prepare,
    PreviewReady,
    Print,
    Printed,
    Printing,
    Probe,
    Prove,
    ReaderLost,
    ScreenLost,
    Start,
    State,
    Step,
    Taken,
    TimeOut,
    Void,
    Wipe,
    WrongPassword,
)

# --- what the visit knows (all of it shown on some screen) ------------------------------------------


@dataclass(frozen=True, slots=True)
class Visit:
    language: Language = "ar"
    wrong: bool = False
    last_try: bool = False
    tries_left: int | None = None
    name_ar: str = ""
    name_latin: str = ""
    papers: tuple[Paper, ...] = ()
    choice: Choose | None = None
    pages: tuple[str, ...] = ()
    step: str = ""
    printing: Printing | None = None
    code: str = ""
    outcome: OnPaper = "none"
    desk: staff.Desk = staff.EMPTY

    def __repr__(self) -> str:
        return "Visit(…)"


# --- actions: how the visit changes on a row, and what is commanded ---------------------------------

Action = Callable[[Visit, Event], tuple[Visit, tuple[Command, ...]]]


def _nothing(visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return visit, ()


def _command(*commands: Command) -> Action:
    return lambda visit, _: (visit, commands)


def _language(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return (replace(visit, language=event.language), ()) if isinstance(event, ChooseLanguage) else (visit, ())


def _language_then_card(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return _language(visit, event)[0], (AwaitCard(),)


def _open(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    fields = event.fields if isinstance(event, Password) else {}
    return replace(visit, wrong=False), (Open(fields),)


def _wrong(visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return replace(visit, wrong=True), (Probe(),)


def _opened(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    tries = event.tries_left if isinstance(event, Opened | PinRefused) else None
    return replace(visit, wrong=isinstance(event, PinRefused), tries_left=tries), ()


def _one_left(visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return replace(visit, tries_left=1, last_try=True), ()


def _prove(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return replace(visit, step="chip"), (Prove(event.digits if isinstance(event, Pin) else ""),)


def _step(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return (replace(visit, step=event.name), ()) if isinstance(event, Step) else (visit, ())


def _identified(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    if not isinstance(event, Identified):
        return visit, ()
    return replace(visit, name_ar=event.name_ar, name_latin=event.name_latin, papers=event.papers), ()


def _prepare(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    if not isinstance(event, Choose):
        return visit, ()
    return replace(visit, choice=event, step="registry"), (Prepare(event.document_type, event.language),)


def _preview(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return (replace(visit, pages=event.pages), ()) if isinstance(event, PreviewReady) else (visit, ())


def _issue(visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return replace(visit, pages=(), step="asking"), (Issue(),)


def _print(visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return replace(visit, step="printing"), (Print(),)


def _printing(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return (replace(visit, printing=event), ()) if isinstance(event, Printing) else (visit, ())


def _failed(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    if not isinstance(event, Failed):
        return visit, ()
    return Visit(language=visit.language, code=event.code, outcome=event.outcome), (Void(), Wipe())


def _fail_with(code: str) -> Action:
    return lambda visit, _: _failed(visit, Failed(code))


def _reader_lost(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return _failed(visit, Failed(event.code)) if isinstance(event, ReaderLost) else (visit, ())


def _give_back(visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return Visit(language=visit.language), (Void(), Wipe(), AwaitCardOut())


def _goodbye(visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return Visit(language=visit.language), (Wipe(),)


def _forget(_visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return Visit(), (Wipe(),)


def _at_desk(visit: Visit, **changed: Any) -> Visit:
    return replace(visit, desk=replace(visit.desk, **changed))


def _asked(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return (_at_desk(visit, asked=event), ()) if isinstance(event, staff.StaffAsked) else (visit, ())


def _check_pin(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return visit, (staff.CheckPin(event.digits if isinstance(event, staff.StaffPin) else ""),)


def _admitted(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    out = isinstance(event, staff.StaffAdmitted) and event.out
    return replace(visit, desk=staff.Desk(running=True, out=out)), (staff.RunChecks(),)


def _check_again(visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return (visit, ()) if visit.desk.running else (_at_desk(visit, checks=(), running=True), (staff.RunChecks(),))


def _checked(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return (
        (_at_desk(visit, checks=(*visit.desk.checks, event)), ()) if isinstance(event, staff.Checked) else (visit, ())
    )


def _checks_done(visit: Visit, _: Event) -> tuple[Visit, tuple[Command, ...]]:
    return _at_desk(visit, running=False), ()


def _put_service(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return visit, (staff.SetService(isinstance(event, staff.PutService) and event.out),)


def _service_put(visit: Visit, event: Event) -> tuple[Visit, tuple[Command, ...]]:
    return (_at_desk(visit, out=event.out, code=event.code), ()) if isinstance(event, staff.ServicePut) else (visit, ())


# --- the table ----------------------------------------------------------------------------------------

S = State
_IN_HAND = (S.OPENING, S.CAN, S.MRZ, S.PIN, S.PIN_LAST, S.READING, S.CHOICE, S.PREPARING, S.PREVIEW)
"""The card is in the reader and belongs there: taking it out ends the visit."""
_BEFORE_PAPER = (S.LANGUAGE, S.CARD, *_IN_HAND, S.TAKE_CARD)
_ASKING = (S.LANGUAGE, S.CARD, S.CAN, S.MRZ, S.PIN, S.PIN_LAST, S.CHOICE, S.PREVIEW)
_STAFF = (S.STAFF_PIN, S.DIAGNOSTICS)
"""No visit: nobody is served, and none begins."""
WAITING = (*_ASKING, *_STAFF)
"""Somebody's turn: idle time counts here, never while the machine is busy."""
_NO_TROUBLE = (S.ATTRACT, S.TROUBLE, S.RETURN_CARD, S.GOODBYE, *_STAFF)

TABLE: dict[tuple[State, type[Event]], tuple[State, Action]] = {
    (S.ATTRACT, Start): (S.LANGUAGE, _nothing),
    (S.LANGUAGE, ChooseLanguage): (S.CARD, _language_then_card),
    (S.CARD, CardIn): (S.OPENING, _command(Probe())),
    (S.OPENING, AsksCan): (S.CAN, _nothing),
    (S.OPENING, AsksMrz): (S.MRZ, _nothing),
    (S.CAN, Password): (S.OPENING, _open),
    (S.MRZ, Password): (S.OPENING, _open),
    (S.OPENING, WrongPassword): (S.OPENING, _wrong),
    (S.OPENING, Opened): (S.PIN, _opened),
    (S.OPENING, OneTryLeft): (S.PIN_LAST, _one_left),
    (S.PIN_LAST, Continue): (S.PIN, _nothing),
    (S.PIN, Pin): (S.READING, _prove),
    (S.READING, Step): (S.READING, _step),
    (S.READING, PinRefused): (S.PIN, _opened),
    (S.READING, OneTryLeft): (S.PIN_LAST, _one_left),
    (S.READING, Identified): (S.CHOICE, _identified),
    (S.CHOICE, Choose): (S.PREPARING, _prepare),
    (S.PREPARING, Step): (S.PREPARING, _step),
    (S.PREPARING, PreviewReady): (S.PREVIEW, _preview),
    (S.PREVIEW, Back): (S.CHOICE, _nothing),
    (S.PREVIEW, Confirm): (S.ISSUING, _issue),
    (S.ISSUING, Step): (S.ISSUING, _step),
    (S.ISSUING, Issued): (S.TAKE_CARD, _command(AwaitCardOut())),
    (S.TAKE_CARD, CardOut): (S.PRINTING, _print),
    (S.TAKE_CARD, TimeOut): (S.TROUBLE, _fail_with("E-KIOSK-CARD-FORGOTTEN")),
    (S.PRINTING, Printing): (S.PRINTING, _printing),
    (S.PRINTING, Printed): (S.TAKE_PAPER, _nothing),
    (S.TAKE_PAPER, Taken): (S.GOODBYE, _goodbye),
    (S.TAKE_PAPER, TimeOut): (S.GOODBYE, _goodbye),
    (S.TROUBLE, Done): (S.RETURN_CARD, _give_back),
    (S.TROUBLE, TimeOut): (S.RETURN_CARD, _give_back),
    (S.RETURN_CARD, CardOut): (S.GOODBYE, _goodbye),
    (S.RETURN_CARD, TimeOut): (S.ATTRACT, _forget),
    (S.GOODBYE, Start): (S.ATTRACT, _forget),
    (S.GOODBYE, TimeOut): (S.ATTRACT, _forget),
    (S.ATTRACT, staff.Staff): (S.STAFF_PIN, _command(staff.AskStaff())),
    (S.STAFF_PIN, staff.StaffAsked): (S.STAFF_PIN, _asked),
    (S.STAFF_PIN, staff.StaffPin): (S.STAFF_PIN, _check_pin),
    (S.STAFF_PIN, staff.StaffAdmitted): (S.DIAGNOSTICS, _admitted),
    (S.DIAGNOSTICS, staff.Checked): (S.DIAGNOSTICS, _checked),
    (S.DIAGNOSTICS, staff.ChecksDone): (S.DIAGNOSTICS, _checks_done),
    (S.DIAGNOSTICS, staff.CheckAgain): (S.DIAGNOSTICS, _check_again),
    (S.DIAGNOSTICS, staff.PutService): (S.DIAGNOSTICS, _put_service),
    (S.DIAGNOSTICS, staff.ServicePut): (S.DIAGNOSTICS, _service_put),
    **{(s, e): (S.ATTRACT, _forget) for s in _STAFF for e in (Back, Cancel, ScreenLost, TimeOut)},
    **{(s, Failed): (S.TROUBLE, _failed) for s in State if s not in _NO_TROUBLE},
    **{(s, CardOut): (S.TROUBLE, _fail_with("E-CARD-REMOVED")) for s in _IN_HAND},
    **{(s, ReaderLost): (S.TROUBLE, _reader_lost) for s in _IN_HAND},
    **{(s, Cancel): (S.RETURN_CARD, _give_back) for s in _BEFORE_PAPER},
    **{(s, ScreenLost): (S.RETURN_CARD, _give_back) for s in (S.LANGUAGE, S.CARD, *_IN_HAND)},
    **{(s, TimeOut): (S.TROUBLE, _fail_with("E-KIOSK-IDLE")) for s in _ASKING},
    **{(s, ChooseLanguage): (s, _language) for s in State if s not in (S.ATTRACT, S.LANGUAGE)},
}


class VisitMachine:
    """One kiosk's visits, one after the other. `handle` is the only way anything changes."""

    def __init__(self) -> None:
        self.state = State.ATTRACT
        self.visit = Visit()

    def handle(self, event: Event) -> tuple[Command, ...]:
        """Take one event; returns the commands it causes, () where the table has no such row."""
        row = TABLE.get((self.state, type(event)))
        if row is None:
            return ()
        self.state, action = row
        self.visit, commands = action(self.visit, event)
        return commands

    def expects(self, event: Event) -> bool:
        """Whether this event has a row in this state."""
        return (self.state, type(event)) in TABLE
