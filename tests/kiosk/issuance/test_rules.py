"""The order of steps, and what each unfinished history still needs."""

import itertools

import pytest

from kiosk.issuance.errors import StepRefused
from kiosk.issuance.records import (
    Answered,
    CameOut,
    Confirmed,
    Failed,
    Granted,
    PaperEvidence,
    Record,
    Requested,
    Settled,
    Signed,
    StationName,
    Submitted,
    Submitting,
    parse_record,
)
from kiosk.issuance.rules import (
    FOLLOWS,
    Abandon,
    AskPrinter,
    Nothing,
    Settle,
    check_next,
    job_title,
    next_action,
    outcome_of,
)

SHA = "ab" * 32
REQUESTED = parse_record('{"step": "requested", "document_type": "birth-extract", "language": "fr"}')
PRINTED = parse_record('{"step": "evidence", "outcome": "printed", "evidence": "ipp-completed", "pages": 1}')
UNKNOWN = parse_record(
    '{"step": "evidence", "outcome": "unknown", "evidence": "none", "pages": 0, "code": "E-ISSUANCE-PAPER-UNKNOWN"}'
)
AS_PRINTED = parse_record(
    '{"step": "settled", "outcome": "PRINTED", "evidence": "ipp-completed", "answer": "accepted"}'
)
AS_SEEN = parse_record(
    '{"step": "settled", "outcome": "PRINTED", "evidence": "operator-confirmed", "answer": "accepted"}'
)
AS_VOIDED = parse_record('{"step": "settled", "outcome": "VOIDED", "evidence": "none", "answer": "accepted"}')
ALPHABET: tuple[Record, ...] = (
    REQUESTED,
    Granted(reference="DZ-2026-1601-0000001"),
    Signed(document=SHA),
    Submitting(station=StationName.LASER, printer=SHA, pages=2, length=2),
    Submitted(job_id=3),
    PRINTED,
    UNKNOWN,
    Failed(code="E-ISSUANCE-ABANDONED"),
    *(Answered(came_out=answer) for answer in CameOut),
    Confirmed(pages=2),
    AS_PRINTED,
    AS_SEEN,
    AS_VOIDED,
)


def allowed(history: tuple[Record, ...]) -> bool:
    try:
        for count, record in enumerate(history):
            check_next(history[:count], record)
    except StepRefused:
        return False
    return True


def histories() -> list[tuple[Record, ...]]:
    """Every history that the rules allow."""
    found: list[tuple[Record, ...]] = []
    edge: list[tuple[Record, ...]] = [()]
    while edge:
        edge = [(*h, r) for h, r in itertools.product(edge, ALPHABET) if allowed((*h, r))]
        found += edge
    return found


def test_every_history_ends_and_sends_the_document_once_at_most() -> None:
    found = histories()
    assert max(len(h) for h in found) == 9
    for history in found:
        steps = [record.step for record in history]
        assert len(set(steps)) == len(steps), "a step stands twice"
        if AS_PRINTED in history:
            assert PRINTED in history and "submitted" in steps
        if "failed" in steps:
            assert "submitting" not in steps and AS_PRINTED not in history
        if UNKNOWN in history:
            assert AS_PRINTED not in history
        if "confirmed" in steps or AS_SEEN in history:
            assert UNKNOWN in history and Answered(came_out=CameOut.NO) not in history
        if AS_SEEN in history:
            assert "confirmed" in steps


def test_what_is_next_can_always_be_recorded() -> None:
    for history in histories():
        action = next_action(history)
        last = history[-1]
        match action:
            case Nothing():
                assert isinstance(last, Settled) and not any(allowed((*history, r)) for r in ALPHABET)
            case Abandon():
                assert isinstance(last, Requested | Granted | Signed)
                assert allowed((*history, Failed(code="E-ISSUANCE-INTERRUPTED")))
            case AskPrinter(printer=printer, pages=pages, job_id=job_id):
                assert isinstance(last, Submitting | Submitted) and (printer, pages) == (SHA, 2)
                assert (job_id == 3) == isinstance(last, Submitted)
                assert allowed((*history, UNKNOWN))
            case Settle(outcome=outcome, evidence=evidence):
                assert isinstance(last, PaperEvidence | Answered | Confirmed | Failed)
                right = AS_PRINTED if PRINTED in history else AS_SEEN if isinstance(last, Confirmed) else AS_VOIDED
                assert isinstance(right, Settled) and (outcome, evidence) == (right.outcome, right.evidence)
                assert [s for s in (AS_PRINTED, AS_SEEN, AS_VOIDED) if allowed((*history, s))] == [right]


def test_the_outcome_is_told_only_when_it_is_decided() -> None:
    for history in histories():
        decided = any(isinstance(record, PaperEvidence | Failed) for record in history)
        assert (outcome_of(history) is not None) == decided


def test_every_step_of_the_table_can_be_reached() -> None:
    reached = {(h[-2].step if len(h) > 1 else None, h[-1].step) for h in histories()}
    assert reached == {(before, after) for before, follows in FOLLOWS.items() for after in follows}


def test_a_job_title_tells_neither_grant_nor_reference() -> None:
    one, other = job_title("0" * 32), job_title("1" * 32)
    assert one != other and "0" * 16 not in one and len(one) < 64


@pytest.mark.parametrize("record", ALPHABET[1:])
def test_nothing_comes_before_the_request(record: Record) -> None:
    with pytest.raises(StepRefused):
        check_next((), record)
