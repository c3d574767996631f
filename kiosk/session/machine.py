"""The visit, as a table of states and events. Everything that decides what comes next is in this file.

Rules of the file:

1. No clock, no socket, no thread, no device: time and the world arrive as events, and what is to be done
   leaves as commands, which the runner carries out (`kiosk.session.runner`).
2. A pair (state, event) that is not in `TABLE` changes nothing. Each row has one target, so the table is
   the diagram: `docs/visit.md` is drawn from it, and a test holds the two together.
3. Every path back to ATTRACT passes `Wipe`: what belongs to a citizen ends with the visit.

What a row does to the visit, and what it commands, is in `actions`.
"""

from __future__ import annotations

from kiosk.session import actions as do
from kiosk.session import events as e
from kiosk.session import holder_events as holder
from kiosk.session import paper_events as paper
from kiosk.session import staff_events as staff
from kiosk.session.actions import Action, Visit
from kiosk.session.events import Command, Event, State

S = State
_HOLDER = (S.PIN, S.PIN_LAST, S.CLERK, S.COMPARE)
_IN_HAND = (S.OPENING, S.CAN, S.MRZ, S.READING, *_HOLDER, S.PROVING, S.CHOICE, S.PREPARING, S.PREVIEW)
"""The card is in the reader and belongs there: taking it out ends the visit."""
_BEFORE_PAPER = (S.LANGUAGE, S.CARD, *_IN_HAND, S.TAKE_CARD)
_ASKING = (S.LANGUAGE, S.CARD, S.CAN, S.MRZ, *_HOLDER, S.CHOICE, S.PREVIEW)
_STAFF = (S.STAFF_PIN, S.DIAGNOSTICS)
"""No visit: nobody is served, and none begins."""
WAITING = (*_ASKING, S.ASK_PAPER, S.CONFIRM, *_STAFF)
"""Somebody's turn: idle time counts here, never while the machine is busy."""
_NO_TROUBLE = (S.ATTRACT, S.TROUBLE, S.RETURN_CARD, S.GOODBYE, *_STAFF)

TABLE: dict[tuple[State, type[Event]], tuple[State, Action]] = {
    (S.ATTRACT, e.Start): (S.LANGUAGE, do.nothing),
    (S.LANGUAGE, e.ChooseLanguage): (S.CARD, do.language_then_card),
    (S.CARD, e.CardIn): (S.OPENING, do.command(e.Probe())),
    (S.OPENING, e.AsksCan): (S.CAN, do.asks_password),
    (S.OPENING, e.AsksMrz): (S.MRZ, do.asks_password),
    (S.CAN, e.Password): (S.OPENING, do.open_),
    (S.CAN, holder.ZoneScanned): (S.OPENING, do.open_by_zone),
    (S.MRZ, e.Password): (S.OPENING, do.open_),
    (S.MRZ, holder.ZoneScanned): (S.OPENING, do.open_by_zone),
    (S.OPENING, e.WrongPassword): (S.OPENING, do.wrong),
    (S.OPENING, e.Opened): (S.READING, do.examine),
    (S.READING, e.Step): (S.READING, do.step),
    # Only a card that is believed asks for its holder: for the PIN where its chip is proven, else for a clerk.
    (S.READING, holder.AsksPin): (S.PIN, do.asks_pin),
    (S.READING, e.OneTryLeft): (S.PIN_LAST, do.one_left),
    (S.READING, holder.AsksClerk): (S.CLERK, do.command(staff.AskStaff())),
    (S.PIN_LAST, e.Continue): (S.PIN, do.nothing),
    (S.PIN, e.Pin): (S.PROVING, do.prove),
    (S.PROVING, e.PinRefused): (S.PIN, do.asks_pin),
    (S.PROVING, e.OneTryLeft): (S.PIN_LAST, do.one_left),
    (S.PROVING, holder.AsksClerk): (S.CLERK, do.command(staff.AskStaff())),
    (S.CLERK, staff.StaffAsked): (S.CLERK, do.asked),
    (S.CLERK, staff.StaffPin): (S.CLERK, do.check_pin),
    (S.CLERK, staff.StaffAdmitted): (S.PROVING, do.compare),
    (S.PROVING, holder.ToCompare): (S.COMPARE, do.to_compare),
    (S.COMPARE, holder.Vouched): (S.PROVING, do.clerk_said),
    (S.COMPARE, holder.NotHolder): (S.PROVING, do.clerk_said),
    (S.PROVING, e.Step): (S.PROVING, do.step),
    (S.PROVING, e.Identified): (S.CHOICE, do.identified),
    (S.CHOICE, e.Choose): (S.PREPARING, do.prepare),
    (S.PREPARING, e.Step): (S.PREPARING, do.step),
    (S.PREPARING, e.PreviewReady): (S.PREVIEW, do.preview),
    (S.PREVIEW, e.Back): (S.CHOICE, do.nothing),
    (S.PREVIEW, e.Confirm): (S.ISSUING, do.issue),
    (S.ISSUING, e.PreviewReady): (S.PREVIEW, do.preview_other_form),
    (S.ISSUING, e.Step): (S.ISSUING, do.step),
    (S.ISSUING, e.Issued): (S.TAKE_CARD, do.command(e.AwaitCardOut())),
    (S.TAKE_CARD, e.CardOut): (S.PRINTING, do.print_),
    (S.TAKE_CARD, e.TimeOut): (S.TROUBLE, do.fail_with("E-KIOSK-CARD-FORGOTTEN")),
    (S.PRINTING, e.Printing): (S.PRINTING, do.printing),
    (S.PRINTING, e.Printed): (S.TAKE_PAPER, do.nothing),
    (S.TAKE_PAPER, e.Taken): (S.GOODBYE, do.goodbye),
    (S.TAKE_PAPER, e.TimeOut): (S.GOODBYE, do.goodbye),
    # A paper of which nothing is known: the citizen is asked, then staff; what nobody confirms is void.
    (S.PRINTING, paper.PaperUnknown): (S.ASK_PAPER, do.ask_paper),
    (S.ASK_PAPER, paper.Whole): (S.CONFIRM, do.said("yes")),
    (S.ASK_PAPER, e.TimeOut): (S.CONFIRM, do.said("silent")),
    (S.ASK_PAPER, paper.NotWhole): (S.SETTLING, do.denied),
    (S.CONFIRM, staff.StaffAsked): (S.CONFIRM, do.asked),
    (S.CONFIRM, staff.StaffPin): (S.CONFIRM, do.check_pin),
    (S.CONFIRM, staff.StaffAdmitted): (S.SETTLING, do.confirm),
    (S.CONFIRM, paper.NotWhole): (S.SETTLING, do.command(paper.VoidPaper())),
    (S.CONFIRM, e.TimeOut): (S.SETTLING, do.command(paper.VoidPaper())),
    (S.SETTLING, e.Printed): (S.TAKE_PAPER, do.nothing),
    (S.SETTLING, paper.PaperVoided): (S.STRAY, do.stray),
    (S.STRAY, paper.Again): (S.CARD, do.again),
    (S.STRAY, e.Done): (S.GOODBYE, do.goodbye),
    (S.STRAY, e.TimeOut): (S.GOODBYE, do.goodbye),
    (S.TROUBLE, e.Done): (S.RETURN_CARD, do.give_back),
    (S.TROUBLE, e.TimeOut): (S.RETURN_CARD, do.give_back),
    (S.RETURN_CARD, e.CardOut): (S.GOODBYE, do.goodbye),
    (S.RETURN_CARD, e.TimeOut): (S.ATTRACT, do.forget),
    (S.GOODBYE, e.Start): (S.ATTRACT, do.forget),
    (S.GOODBYE, e.TimeOut): (S.ATTRACT, do.forget),
    (S.ATTRACT, staff.Staff): (S.STAFF_PIN, do.command(staff.AskStaff())),
    (S.STAFF_PIN, staff.StaffAsked): (S.STAFF_PIN, do.asked),
    (S.STAFF_PIN, staff.StaffPin): (S.STAFF_PIN, do.check_pin),
    (S.STAFF_PIN, staff.StaffAdmitted): (S.DIAGNOSTICS, do.admitted),
    (S.DIAGNOSTICS, staff.Checked): (S.DIAGNOSTICS, do.checked),
    (S.DIAGNOSTICS, staff.ChecksDone): (S.DIAGNOSTICS, do.checks_done),
    (S.DIAGNOSTICS, staff.CheckAgain): (S.DIAGNOSTICS, do.check_again),
    (S.DIAGNOSTICS, staff.PutService): (S.DIAGNOSTICS, do.put_service),
    (S.DIAGNOSTICS, staff.ServicePut): (S.DIAGNOSTICS, do.service_put),
    (S.DIAGNOSTICS, staff.PaperPutIn): (S.DIAGNOSTICS, do.paper_put_in),
    (S.DIAGNOSTICS, staff.PaperCounted): (S.DIAGNOSTICS, do.paper_counted),
    **{(s, event): (S.ATTRACT, do.forget) for s in _STAFF for event in (e.Back, e.Cancel, e.ScreenLost, e.TimeOut)},
    **{(s, e.Failed): (S.TROUBLE, do.failed) for s in State if s not in _NO_TROUBLE},
    **{(s, e.CardOut): (S.TROUBLE, do.fail_with("E-CARD-REMOVED")) for s in _IN_HAND},
    **{(s, e.ReaderLost): (S.TROUBLE, do.reader_lost) for s in _IN_HAND},
    **{(s, e.Cancel): (S.RETURN_CARD, do.give_back) for s in _BEFORE_PAPER},
    **{(s, e.ScreenLost): (S.RETURN_CARD, do.give_back) for s in (S.LANGUAGE, S.CARD, *_IN_HAND)},
    **{(s, e.TimeOut): (S.TROUBLE, do.fail_with("E-KIOSK-IDLE")) for s in _ASKING},
    **{(s, e.ChooseLanguage): (s, do.language) for s in State if s not in (S.ATTRACT, S.LANGUAGE)},
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
