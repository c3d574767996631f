"""What the visit knows, and how each row of the table changes it. Pure functions of a visit and an event.

An action returns the visit as it is from now on, and the commands that follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from kiosk.session import events as e
from kiosk.session import holder_events as holder
from kiosk.session import paper_events as paper
from kiosk.session import staff_events as staff
from printing.forms import Form


@dataclass(frozen=True, slots=True)
class Visit:
    """All of it is shown on some screen. `other_form`: not the form that was shown before can be had."""

    language: e.Language = "ar"
    wrong: bool = False
    scanner: bool = False
    last_try: bool = False
    tries_left: int | None = None
    to_compare: holder.ToCompare | None = None
    name_ar: str = ""
    name_latin: str = ""
    papers: tuple[e.Paper, ...] = ()
    choice: e.Choose | None = None
    pages: tuple[str, ...] = ()
    form: Form = "a4"
    other_form: bool = False
    step: str = ""
    printing: e.Printing | None = None
    again: bool = False
    code: str = ""
    outcome: e.OnPaper = "none"
    desk: staff.Desk = staff.EMPTY

    def __repr__(self) -> str:
        return "Visit(…)"


Result = tuple[Visit, tuple[e.Command, ...]]
Action = Callable[[Visit, e.Event], Result]


def nothing(visit: Visit, _: e.Event) -> Result:
    return visit, ()


def command(*commands: e.Command) -> Action:
    return lambda visit, _: (visit, commands)


def language(visit: Visit, event: e.Event) -> Result:
    return (replace(visit, language=event.language), ()) if isinstance(event, e.ChooseLanguage) else (visit, ())


def language_then_card(visit: Visit, event: e.Event) -> Result:
    return language(visit, event)[0], (e.AwaitCard(),)


# --- card and holder --------------------------------------------------------------------------------


def asks_password(visit: Visit, event: e.Event) -> Result:
    return replace(visit, scanner=isinstance(event, e.AsksCan | e.AsksMrz) and event.scanner), ()


def open_(visit: Visit, event: e.Event) -> Result:
    fields = event.fields if isinstance(event, e.Password) else {}
    return replace(visit, wrong=False), (e.Open(fields),)


def open_by_zone(visit: Visit, event: e.Event) -> Result:
    lines = event.lines if isinstance(event, holder.ZoneScanned) else ()
    return replace(visit, wrong=False), (e.Open({"zone": "".join(lines)}),)


def wrong(visit: Visit, _: e.Event) -> Result:
    return replace(visit, wrong=True), (e.Probe(),)


def examine(visit: Visit, _: e.Event) -> Result:
    return replace(visit, step="chip"), (holder.Examine(),)


def asks_pin(visit: Visit, event: e.Event) -> Result:
    tries = event.tries_left if isinstance(event, holder.AsksPin | e.PinRefused) else None
    return replace(visit, wrong=isinstance(event, e.PinRefused), tries_left=tries), ()


def one_left(visit: Visit, _: e.Event) -> Result:
    return replace(visit, tries_left=1, last_try=True), ()


def prove(visit: Visit, event: e.Event) -> Result:
    return replace(visit, step="holder"), (e.Prove(event.digits if isinstance(event, e.Pin) else ""),)


def compare(visit: Visit, _: e.Event) -> Result:
    return replace(visit, step="holder", desk=staff.EMPTY), (holder.Compare(),)


def to_compare(visit: Visit, event: e.Event) -> Result:
    return (replace(visit, to_compare=event), ()) if isinstance(event, holder.ToCompare) else (visit, ())


def clerk_said(visit: Visit, event: e.Event) -> Result:
    return replace(visit, to_compare=None), (holder.ClerkSaid(isinstance(event, holder.Vouched)),)


def step(visit: Visit, event: e.Event) -> Result:
    return (replace(visit, step=event.name), ()) if isinstance(event, e.Step) else (visit, ())


def identified(visit: Visit, event: e.Event) -> Result:
    if not isinstance(event, e.Identified):
        return visit, ()
    return replace(visit, name_ar=event.name_ar, name_latin=event.name_latin, papers=event.papers), ()


# --- the document -----------------------------------------------------------------------------------


def prepare(visit: Visit, event: e.Event) -> Result:
    if not isinstance(event, e.Choose):
        return visit, ()
    return replace(visit, choice=event, step="registry"), (e.Prepare(event.document_type, event.language),)


def preview(visit: Visit, event: e.Event) -> Result:
    if not isinstance(event, e.PreviewReady):
        return visit, ()
    return replace(visit, pages=event.pages, form=event.form, other_form=False), ()


def preview_other_form(visit: Visit, event: e.Event) -> Result:
    return replace(preview(visit, event)[0], other_form=True), ()


def issue(visit: Visit, _: e.Event) -> Result:
    return replace(visit, pages=(), step="asking"), (e.Issue(),)


def print_(visit: Visit, _: e.Event) -> Result:
    return replace(visit, step="printing"), (e.Print(),)


def printing(visit: Visit, event: e.Event) -> Result:
    return (replace(visit, printing=event), ()) if isinstance(event, e.Printing) else (visit, ())


# --- a paper of which nothing is known --------------------------------------------------------------


def ask_paper(visit: Visit, event: e.Event) -> Result:
    """Others will stand here: nothing is kept but what paper it is about."""
    code = event.code if isinstance(event, paper.PaperUnknown) else ""
    return Visit(language=visit.language, form=visit.form, printing=visit.printing, code=code), ()


def said(seen: paper.Seen) -> Action:
    return command(paper.Answer(seen), staff.AskStaff())


denied = command(paper.Answer("no"), paper.VoidPaper())
"""What the citizen denies, staff is not asked about."""


def confirm(visit: Visit, _: e.Event) -> Result:
    return replace(visit, desk=staff.EMPTY), (paper.ConfirmPaper(),)


def stray(visit: Visit, event: e.Event) -> Result:
    return replace(visit, again=isinstance(event, paper.PaperVoided) and event.again), ()


def again(visit: Visit, _: e.Event) -> Result:
    return Visit(language=visit.language), (e.Wipe(), e.AwaitCard())


# --- ends -------------------------------------------------------------------------------------------


def failed(visit: Visit, event: e.Event) -> Result:
    if not isinstance(event, e.Failed):
        return visit, ()
    return Visit(language=visit.language, code=event.code, outcome=event.outcome), (e.Void(), e.Wipe())


def fail_with(code: str) -> Action:
    return lambda visit, _: failed(visit, e.Failed(code))


def reader_lost(visit: Visit, event: e.Event) -> Result:
    return failed(visit, e.Failed(event.code)) if isinstance(event, e.ReaderLost) else (visit, ())


def give_back(visit: Visit, _: e.Event) -> Result:
    return Visit(language=visit.language), (e.Void(), e.Wipe(), e.AwaitCardOut())


def goodbye(visit: Visit, _: e.Event) -> Result:
    return Visit(language=visit.language), (e.Wipe(),)


def forget(_visit: Visit, _: e.Event) -> Result:
    return Visit(), (e.Wipe(),)


# --- staff ------------------------------------------------------------------------------------------


def _at_desk(visit: Visit, **changed: Any) -> Visit:
    return replace(visit, desk=replace(visit.desk, **changed))


def asked(visit: Visit, event: e.Event) -> Result:
    return (_at_desk(visit, asked=event), ()) if isinstance(event, staff.StaffAsked) else (visit, ())


def check_pin(visit: Visit, event: e.Event) -> Result:
    return visit, (staff.CheckPin(event.digits if isinstance(event, staff.StaffPin) else ""),)


def admitted(visit: Visit, event: e.Event) -> Result:
    out = isinstance(event, staff.StaffAdmitted) and event.out
    return replace(visit, desk=staff.Desk(running=True, out=out)), (staff.RunChecks(), staff.CountPaper())


def check_again(visit: Visit, _: e.Event) -> Result:
    return (visit, ()) if visit.desk.running else (_at_desk(visit, checks=(), running=True), (staff.RunChecks(),))


def checked(visit: Visit, event: e.Event) -> Result:
    if not isinstance(event, staff.Checked):
        return visit, ()
    return _at_desk(visit, checks=(*visit.desk.checks, event)), ()


def checks_done(visit: Visit, _: e.Event) -> Result:
    return _at_desk(visit, running=False), ()


def put_service(visit: Visit, event: e.Event) -> Result:
    return visit, (staff.SetService(isinstance(event, staff.PutService) and event.out),)


def service_put(visit: Visit, event: e.Event) -> Result:
    return (_at_desk(visit, out=event.out, code=event.code), ()) if isinstance(event, staff.ServicePut) else (visit, ())


def paper_put_in(visit: Visit, event: e.Event) -> Result:
    return (visit, (staff.BookPaper(event.station),)) if isinstance(event, staff.PaperPutIn) else (visit, ())


def paper_counted(visit: Visit, event: e.Event) -> Result:
    if not isinstance(event, staff.PaperCounted):
        return visit, ()
    return _at_desk(visit, paper=event.left, code=event.code), ()
