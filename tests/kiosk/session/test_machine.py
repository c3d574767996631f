"""The visit's table: every path ends, nothing personal is left, and no paper comes out while the card is in."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.schema import Town
from kiosk.session import events as e
from kiosk.session import holder_events as holder
from kiosk.session import paper_events as paper
from kiosk.session import staff_events as staff
from kiosk.session.actions import Visit
from kiosk.session.availability import Availability
from kiosk.session.diagram import markdown
from kiosk.session.machine import TABLE, WAITING, VisitMachine
from kiosk.session.view import view

PAPER = e.Paper("birth-extract", "مستخرج", "Extrait", ("ar", "fr"))
IDENTIFIED = e.Identified("أمينة", "Amina", (PAPER,))

HAPPY: list[e.Event] = [
    e.Start(),
    e.ChooseLanguage("fr"),
    e.CardIn(),
    e.AsksCan(),
    e.Password({"can": "123456"}),
    e.Opened(),
    e.Step("genuine"),
    holder.AsksPin(3),
    e.Pin("1234"),
    e.Step("registry"),
    IDENTIFIED,
    e.Choose("birth-extract", "ar"),
    e.PreviewReady(("page",)),
    e.Confirm(),
    e.Step("signing"),
    e.Issued(),
    e.CardOut(),
    e.Printing(1, 1, ()),
    e.Printed(),
    e.Taken(),
    e.TimeOut(),
]
COMPARED = holder.ToCompare("أمينة بن يوسف", "Amina BENYOUCEF", "1986-03-14", "0018", "picture", "alike")
BY_CLERK: list[e.Event] = [
    *HAPPY[:7],
    holder.AsksClerk(),
    staff.StaffAsked(3),
    staff.StaffPin("739184"),
    staff.StaffAdmitted(out=False),
    COMPARED,
    holder.Vouched(),
    IDENTIFIED,
]
UNKNOWN = [*HAPPY[:18], paper.PaperUnknown("E-PRINTER-PAPER-UNKNOWN")]
"""Until the citizen is asked whether the paper came out."""
EVENTS = st.sampled_from(
    [
        *HAPPY,
        e.PreviewReady(("strip",), "ticket"),
        UNKNOWN[-1],
        paper.Whole(),
        paper.NotWhole(),
        paper.PaperVoided(again=True),
        paper.Again(),
        e.AsksMrz(),
        holder.ZoneScanned(("LINE",) * 3),
        *BY_CLERK[7:],
        holder.NotHolder(),
        e.ReaderLost("E-READER-NONE"),
        e.ScreenLost(),
        e.WrongPassword(),
        e.PinRefused(2),
        e.OneTryLeft(),
        e.Continue(),
        e.Back(),
        e.Cancel(),
        e.Done(),
        e.Failed("E-CARD-REMOVED"),
        e.Failed("E-KIOSK-UNEXPECTED", "unknown"),
        staff.Staff(),
        staff.StaffPin("739184"),
        staff.StaffAsked(2, 0, wrong=True),
        staff.StaffAdmitted(out=True),
        staff.Checked("reader", "ok", None, "a reader", None),
        staff.ChecksDone(),
        staff.CheckAgain(),
        staff.PutService(out=True),
        staff.ServicePut(out=True),
        staff.PaperPutIn("thermal"),
        staff.PaperCounted((staff.PaperLeft("laser", 12, 12, low=True),)),
    ]
)


OVER = (e.State.ATTRACT, e.State.GOODBYE, e.State.TROUBLE, e.State.RETURN_CARD)
AFTERWARDS = (*OVER, e.State.ASK_PAPER, e.State.CONFIRM, e.State.SETTLING, e.State.STRAY)
"""Others may stand here: nothing of the citizen is left."""


def walk(events: Iterable[e.Event]) -> tuple[VisitMachine, list[e.Command]]:
    machine = VisitMachine()
    commands = [c for event in events for c in machine.handle(event)]
    return machine, commands


def test_a_whole_visit() -> None:
    machine, commands = walk(HAPPY)
    assert machine.state is e.State.ATTRACT and machine.visit == Visit()
    names = [type(c).__name__ for c in commands]
    assert names == "AwaitCard Probe Open Examine Prove Prepare Issue AwaitCardOut Print Wipe Wipe".split()


def test_the_last_try_is_asked_about_before_it_is_spent() -> None:
    machine, commands = walk([*HAPPY[:9], e.OneTryLeft(), e.Pin("1111")])
    assert machine.state is e.State.PIN_LAST
    assert sum(isinstance(c, e.Prove) for c in commands) == 1
    machine.handle(e.Continue())
    assert machine.state is e.State.PIN
    assert machine.handle(e.Pin("1111")) == (e.Prove("1111"),)


def test_the_card_is_believed_before_its_holder_is_asked_anything() -> None:
    for asked in (holder.AsksPin(3), e.OneTryLeft(), holder.AsksClerk()):
        assert [state for state, event in TABLE if event is type(asked) and state is e.State.OPENING] == []
    machine, _ = walk(HAPPY[:6])
    assert machine.state is e.State.READING
    assert machine.handle(e.Pin("1234")) == () and machine.state is e.State.READING


def test_a_scanned_zone_opens_the_card_as_a_typed_one_does() -> None:
    for asked in (e.AsksCan(scanner=True), e.AsksMrz(scanner=True)):
        machine, _ = walk([*HAPPY[:3], asked])
        assert machine.visit.scanner
        (opening,) = machine.handle(holder.ZoneScanned(("AB", "CD", "EF")))
        assert isinstance(opening, e.Open) and opening.fields == {"zone": "ABCDEF"}
        assert machine.state is e.State.OPENING
    for elsewhere in range(len(HAPPY)):
        machine, _ = walk(HAPPY[:elsewhere])
        if machine.state not in (e.State.CAN, e.State.MRZ):
            assert not machine.expects(holder.ZoneScanned(("AB", "CD", "EF")))


def test_a_clerk_sees_what_to_compare_behind_the_staff_pin_only() -> None:
    machine, commands = walk(BY_CLERK[:8])
    assert machine.state is e.State.CLERK and commands[-1] == staff.AskStaff()
    machine.handle(holder.Vouched())
    machine.handle(COMPARED)
    assert machine.state is e.State.CLERK and machine.visit.to_compare is None
    machine.handle(staff.StaffAsked(2, 0, wrong=True))
    assert machine.state is e.State.CLERK and machine.visit.desk.asked == staff.StaffAsked(2, 0, wrong=True)
    machine, commands = walk(BY_CLERK[:12])
    assert machine.state is e.State.COMPARE and machine.visit.to_compare == COMPARED
    assert [type(c) for c in commands[-2:]] == [staff.CheckPin, holder.Compare]
    assert machine.handle(holder.Vouched()) == (holder.ClerkSaid(is_holder=True),)
    assert machine.visit.to_compare is None, "the picture stands no longer than the clerk looks"
    machine.handle(IDENTIFIED)
    assert machine.state is e.State.CHOICE


def test_a_holder_nobody_vouches_for_ends_the_visit() -> None:
    machine, commands = walk([*BY_CLERK[:12], holder.NotHolder()])
    assert commands[-1] == holder.ClerkSaid(is_holder=False)
    machine.handle(e.Failed("E-KIOSK-HOLDER"))
    assert (machine.state, machine.visit) == (e.State.TROUBLE, Visit("fr", code="E-KIOSK-HOLDER"))
    for length in (8, 12):
        machine, _ = walk([*BY_CLERK[:length], e.TimeOut()])
        assert (machine.state, machine.visit) == (e.State.TROUBLE, Visit("fr", code="E-KIOSK-IDLE"))
        machine, _ = walk([*BY_CLERK[:length], e.CardOut()])
        assert machine.visit == Visit("fr", code="E-CARD-REMOVED")


def test_the_citizen_cannot_call_a_clerk_instead_of_typing_the_pin() -> None:
    for state in (e.State.PIN, e.State.PIN_LAST):
        targets = {target for (source, _), (target, _) in TABLE.items() if source is state}
        assert e.State.CLERK not in targets and e.State.COMPARE not in targets


def test_a_wrong_number_is_asked_again_and_said_to_be_wrong() -> None:
    machine, _ = walk([*HAPPY[:5], e.WrongPassword(), e.AsksCan()])
    assert machine.state is e.State.CAN and machine.visit.wrong


def test_a_card_pulled_while_it_belongs_in_the_reader_ends_the_visit() -> None:
    for length in range(3, 13):
        machine, commands = walk([*HAPPY[:length], e.CardOut()])
        assert machine.state is e.State.TROUBLE and machine.visit.code == "E-CARD-REMOVED"
        assert isinstance(commands[-1], e.Wipe)


def test_a_reader_lost_in_a_visit_is_named_and_one_lost_after_the_grant_costs_no_paper() -> None:
    for length in range(3, 13):
        machine, _ = walk([*HAPPY[:length], e.ReaderLost("E-READER-PCSC"), e.CardOut()])
        assert (machine.state, machine.visit.code) == (e.State.TROUBLE, "E-READER-PCSC")
    machine, _ = walk([*HAPPY[:16], e.ReaderLost("E-READER-PCSC"), e.CardOut()])
    assert machine.state is e.State.PRINTING


def test_a_visit_ends_with_its_screen_until_the_paper_is_under_way() -> None:
    for length in range(1, 13):
        machine, commands = walk([*HAPPY[:length], e.ScreenLost()])
        assert (machine.state, machine.visit) == (e.State.RETURN_CARD, Visit(language=machine.visit.language))
        assert e.Wipe in map(type, commands)
    machine, _ = walk([*HAPPY[:16], e.ScreenLost(), e.CardOut()])
    assert machine.state is e.State.PRINTING
    machine, commands = walk([staff.Staff(), e.ScreenLost()])
    assert machine.state is e.State.ATTRACT and isinstance(commands[-1], e.Wipe)


def test_a_forgotten_card_gives_no_paper() -> None:
    machine, commands = walk([*HAPPY[:16], e.TimeOut()])
    assert machine.visit.code == "E-KIOSK-CARD-FORGOTTEN"
    assert any(isinstance(c, e.Void) for c in commands) and not any(isinstance(c, e.Print) for c in commands)


def test_an_unknown_end_is_told_as_unknown() -> None:
    machine, _ = walk([*HAPPY[:18], e.Failed("E-KIOSK-UNEXPECTED", "unknown")])
    shown = view(machine.state, machine.visit, Town(), ("ar",), Availability()).data
    assert shown["outcome"] == "unknown"


@pytest.mark.parametrize(("said", "seen"), [(paper.Whole(), "yes"), (e.TimeOut(), "silent")])
def test_an_unknown_paper_is_confirmed_by_staff_alone(said: e.Event, seen: paper.Seen) -> None:
    machine, _ = walk(UNKNOWN)
    assert machine.state is e.State.ASK_PAPER
    assert machine.visit == Visit("fr", printing=e.Printing(1, 1, ()), code="E-PRINTER-PAPER-UNKNOWN"), "and no name"
    assert machine.handle(said) == (paper.Answer(seen), staff.AskStaff())
    assert machine.handle(e.Printed()) == () and machine.state is e.State.CONFIRM
    assert machine.handle(staff.StaffPin("739185")) == (staff.CheckPin("739185"),)
    machine.handle(staff.StaffAsked(2, 0, wrong=True))
    assert machine.state is e.State.CONFIRM and machine.visit.desk.asked == staff.StaffAsked(2, 0, wrong=True)
    assert machine.handle(staff.StaffAdmitted(out=False)) == (paper.ConfirmPaper(),)
    machine.handle(e.Printed())
    assert machine.state is e.State.TAKE_PAPER


def test_what_the_citizen_denies_staff_is_not_asked_about() -> None:
    machine, _ = walk(UNKNOWN)
    assert machine.handle(paper.NotWhole()) == (paper.Answer("no"), paper.VoidPaper())
    assert machine.handle(staff.StaffAdmitted(out=False)) == (), "a PIN that came in too late confirms nothing"
    machine.handle(paper.PaperVoided(again=False))
    assert machine.state is e.State.STRAY


@pytest.mark.parametrize("given_up", [paper.NotWhole(), e.TimeOut()], ids=["refused", "silent"])
def test_what_nobody_confirms_is_void(given_up: e.Event) -> None:
    machine, _ = walk([*UNKNOWN, paper.Whole()])
    assert machine.handle(given_up) == (paper.VoidPaper(),)


def test_another_print_begins_with_the_card_and_all_is_forgotten_before() -> None:
    machine, _ = walk([*UNKNOWN, paper.NotWhole(), paper.PaperVoided(again=True)])
    assert machine.handle(paper.Again()) == (e.Wipe(), e.AwaitCard())
    assert (machine.state, machine.visit) == (e.State.CARD, Visit(language="fr"))


def test_a_form_that_is_no_longer_to_be_had_is_shown_anew_before_anything_is_granted() -> None:
    machine, commands = walk([*HAPPY[:14], e.PreviewReady(("strip",), "ticket")])
    assert machine.state is e.State.PREVIEW
    assert (machine.visit.form, machine.visit.other_form) == ("ticket", True)
    machine.handle(e.Confirm())
    machine.handle(e.Issued())
    assert machine.state is e.State.TAKE_CARD, "seen and confirmed, it is printed in that form"
    assert not any(isinstance(c, e.Print) for c in commands)


@given(st.integers(0, len(UNKNOWN)), st.lists(EVENTS, max_size=40))
@settings(max_examples=400)
def test_whatever_happens(well: int, events: list[e.Event]) -> None:
    """However far the visit went well before."""
    machine = VisitMachine()
    card_in = issued = False
    for event in [*UNKNOWN[:well], *events]:
        before = machine.state
        commands = machine.handle(event)
        card_in = (card_in or before is e.State.CARD) if isinstance(event, e.CardIn) else card_in
        card_in = card_in and not isinstance(event, e.CardOut)
        issued = machine.state in (e.State.TAKE_CARD, e.State.PRINTING, e.State.TAKE_PAPER)
        if any(isinstance(c, e.Print) for c in commands):
            assert before is e.State.TAKE_CARD and not card_in
        if issued and machine.state is e.State.PRINTING:
            assert not card_in
        if machine.state in AFTERWARDS:
            left = machine.visit
            assert not (left.name_ar or left.name_latin or left.papers or left.pages or left.choice or left.to_compare)
            if machine.state is e.State.ATTRACT:
                assert left == Visit()
        if machine.state in OVER and before is not machine.state:
            assert before in (e.State.TROUBLE, e.State.RETURN_CARD) or any(isinstance(c, e.Wipe) for c in commands)
        assert (machine.visit.to_compare is not None) <= (machine.state is e.State.COMPARE), "seen by the clerk only"
        if any(c == holder.ClerkSaid(is_holder=True) for c in commands):
            assert before is e.State.COMPARE and isinstance(event, holder.Vouched)
        if any(isinstance(c, e.Prove) for c in commands):
            assert before is e.State.PIN
        if any(isinstance(c, paper.ConfirmPaper) for c in commands):
            assert before is e.State.CONFIRM and isinstance(event, staff.StaffAdmitted)
        view(machine.state, machine.visit, Town(), ("ar", "fr"), Availability())


@given(st.integers(0, len(UNKNOWN)), st.lists(EVENTS, max_size=30))
def test_from_anywhere_the_kiosk_gets_ready_again(well: int, events: list[e.Event]) -> None:
    machine, _ = walk([*UNKNOWN[:well], *events])
    for event in (e.Failed("E-KIOSK-UNEXPECTED"), e.Done(), e.TimeOut(), e.CardOut(), e.TimeOut(), e.TimeOut()):
        machine.handle(event)
    assert machine.state is e.State.ATTRACT


def test_every_state_is_reached_and_left() -> None:
    targets = {target for target, _ in TABLE.values()}
    sources = {state for state, _ in TABLE}
    assert targets == set(e.State) and sources == set(e.State)


def test_the_citizen_never_waits_for_ever() -> None:
    """Each state where the citizen is asked something has a row for silence."""
    for state in (
        *WAITING,
        e.State.TAKE_CARD,
        e.State.TAKE_PAPER,
        e.State.STRAY,
        e.State.TROUBLE,
        e.State.RETURN_CARD,
    ):
        assert (state, e.TimeOut) in TABLE


def test_secrets_stay_out_of_tracebacks() -> None:
    for thing in (
        e.Pin("4321"),
        e.Prove("4321"),
        e.Password({"can": "4321"}),
        e.Open({"can": "4321"}),
        staff.StaffPin("4321"),
        staff.CheckPin("4321"),
        holder.ZoneScanned(("4321",)),
        holder.ToCompare("4321", "4321", "4321", "4321", "4321"),
    ):
        assert "4321" not in repr(thing)
    assert "Amina" not in repr(IDENTIFIED) + repr(Visit(name_latin="Amina"))


def test_the_diagram_is_the_tables(repository: Path) -> None:
    assert (repository / "docs" / "visit.md").read_text(encoding="utf-8") == markdown()
