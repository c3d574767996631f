"""The technician's rows of the table: in only by the right PIN, no visit meanwhile, and out by any way with a wipe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.session import events as e
from kiosk.session import staff_events as staff
from kiosk.session.actions import Visit
from kiosk.session.machine import TABLE, VisitMachine
from tests.kiosk.session.test_machine import EVENTS

FOUND = staff.Checked("reader", "failed", "E-READER-NONE", "no reader", "Plug it in.")
STAFF_STATES = (e.State.STAFF_PIN, e.State.DIAGNOSTICS)


def at_diagnostics(*, out: bool = False) -> VisitMachine:
    machine = VisitMachine()
    for event in (staff.Staff(), staff.StaffAsked(3), staff.StaffPin("739184"), staff.StaffAdmitted(out)):
        machine.handle(event)
    return machine


def test_the_emblem_asks_for_the_pin_and_the_right_one_runs_the_checks() -> None:
    machine = VisitMachine()
    assert machine.handle(staff.Staff()) == (staff.AskStaff(),)
    machine.handle(staff.StaffAsked(3))
    assert machine.handle(staff.StaffPin("739184")) == (staff.CheckPin("739184"),)
    assert machine.state is e.State.STAFF_PIN, "nobody is in before the PIN was looked at"
    assert machine.handle(staff.StaffAdmitted(out=False)) == (staff.RunChecks(), staff.CountPaper())
    assert machine.state is e.State.DIAGNOSTICS and machine.visit.desk.running


def test_a_wrong_pin_stays_outside_and_says_how_it_stands() -> None:
    machine = VisitMachine()
    refused = staff.StaffAsked(1, 15, wrong=True)
    for event in (staff.Staff(), staff.StaffAsked(3), staff.StaffPin("739185"), refused):
        machine.handle(event)
    assert machine.state is e.State.STAFF_PIN and machine.visit.desk.asked == refused


def test_the_checks_are_shown_as_they_come_and_begun_again_only_when_done() -> None:
    machine = at_diagnostics()
    machine.handle(FOUND)
    assert machine.visit.desk.checks == (FOUND,)
    assert machine.handle(staff.CheckAgain()) == () and machine.visit.desk.checks == (FOUND,)
    machine.handle(staff.ChecksDone())
    assert not machine.visit.desk.running
    assert machine.handle(staff.CheckAgain()) == (staff.RunChecks(),)
    assert machine.visit.desk.checks == () and machine.visit.desk.running


def test_the_switch_is_shown_as_it_stands_not_as_it_was_wanted() -> None:
    machine = at_diagnostics(out=True)
    assert machine.visit.desk.out
    assert machine.handle(staff.PutService(out=False)) == (staff.SetService(out=False),)
    assert machine.visit.desk.out
    machine.handle(staff.ServicePut(out=True, code="E-STAFF-STATE"))
    assert machine.visit.desk.out and machine.visit.desk.code == "E-STAFF-STATE"
    machine.handle(staff.ServicePut(out=False))
    assert not machine.visit.desk.out and machine.visit.desk.code is None


@pytest.mark.parametrize("leave", [e.Back(), e.Cancel(), e.TimeOut()], ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("inside", [True, False])
def test_every_way_out_wipes(leave: e.Event, inside: bool) -> None:
    machine = at_diagnostics()
    if not inside:
        machine = VisitMachine()
        machine.handle(staff.Staff())
    assert machine.handle(leave) == (e.Wipe(),)
    assert machine.state is e.State.ATTRACT and machine.visit == Visit()


def test_what_comes_late_finds_nobody() -> None:
    """The answer to a PIN typed before the technician left admits nobody."""
    machine = VisitMachine()
    for event in (staff.Staff(), staff.StaffPin("739184"), e.Back(), staff.StaffAdmitted(out=False), FOUND):
        machine.handle(event)
    assert machine.state is e.State.ATTRACT and machine.visit == Visit()


@given(st.lists(EVENTS, max_size=40))
def test_nobody_is_served_while_staff_is_in_and_nobody_is_in_who_was_not_admitted(events: list[e.Event]) -> None:
    machine = VisitMachine()
    for event in events:
        before = machine.state
        commands = machine.handle(event)
        if before in STAFF_STATES:
            assert machine.state in (*STAFF_STATES, e.State.ATTRACT)
            assert all(isinstance(c, e.Wipe) or type(c).__module__ == staff.__name__ for c in commands)
        if machine.state is e.State.DIAGNOSTICS and before is not e.State.DIAGNOSTICS:
            assert before is e.State.STAFF_PIN and isinstance(event, staff.StaffAdmitted)
        if machine.state is e.State.STAFF_PIN and before is not e.State.STAFF_PIN:
            assert before is e.State.ATTRACT and isinstance(event, staff.Staff)


def test_paper_put_in_is_written_down_and_what_is_left_is_shown() -> None:
    machine = at_diagnostics()
    assert machine.handle(staff.PaperPutIn("laser")) == (staff.BookPaper("laser"),)
    left = (staff.PaperLeft("laser", 250, 250),)
    machine.handle(staff.PaperCounted(left))
    assert machine.visit.desk.paper == left and machine.visit.desk.code is None
    machine.handle(staff.PaperCounted(left, "E-LEDGER-FULL"))
    assert machine.visit.desk.code == "E-LEDGER-FULL"


def test_staff_comes_in_from_the_first_screen_only() -> None:
    assert [state for state, event in TABLE if event is staff.Staff] == [e.State.ATTRACT]
