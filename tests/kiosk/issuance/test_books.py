"""The running state of a ledger, and what of it a checkpoint carries. Pure."""

import json
from pathlib import Path
from typing import Any

import pytest
from histories import books_of, entries_of, rows_of, whole
from hypothesis import given, settings
from hypothesis import strategies as st
from keeper_of_tests import KEEPER
from pydantic import ValidationError

from kiosk.issuance.books import State, follow
from kiosk.issuance.chain import START, Entry, link
from kiosk.issuance.checkpoints import make
from kiosk.issuance.errors import LedgerKeyUnfit, RecordRefused
from kiosk.issuance.keeper import load_certificates
from kiosk.issuance.records import StationName
from kiosk.issuance.verification import verify


def test_a_chain_made_anew_in_which_a_settled_grant_begins_again_shows() -> None:
    entries, tip = list[Entry](), START
    for record in (*whole(StationName.LASER, 1, "printed"), *whole(StationName.LASER, 1, "printed")):
        entries.append(link(tip, at=1, subject="0" * 32, record=record))
        tip = entries[-1].tip
    verdict = verify(rows_of(entries), [])
    assert (verdict.valid, verdict.at) == (False, 8)


@given(st.integers(0, 2**32), st.integers(1, 120), st.integers(1, 120))
@settings(deadline=None, max_examples=80)
def test_from_any_checkpoint_the_books_come_to_the_same(seed: int, count: int, stop: int) -> None:
    entries = entries_of(count, seed)
    stop = min(stop, count)
    made = make(books_of(entries[:stop]), 7, KEEPER.sign)
    resumed = made.books()
    assert resumed.open == books_of(entries[:stop]).open
    for _ in follow(rows_of(entries[stop:]), resumed):
        pass
    assert (resumed.tip, resumed.state()) == (books_of(entries).tip, books_of(entries).state())
    verdict = verify(rows_of(entries), [made], is_signed=KEEPER.is_own)
    assert (verdict.valid, verdict.signed_up_to) == (True, stop)


def test_nothing_personal_fits_into_a_checkpoint() -> None:
    account = {"kept": True, "loaded": 1, "printed": 0, "spoiled": 0, "difference": 0, "documents": 0, "counted": None}
    requested = {"step": "requested", "document_type": "birth-extract", "language": "ar"}
    good: dict[str, Any] = {"open": [{"grant": "0" * 32, "records": [requested]}], "paper": {"laser": account}}
    State.model_validate_json(json.dumps(good), strict=True)
    for personal in ("Amina Benali", "109860316001234567", 109860316001234567, "أمينة"):
        for bad in (
            {**good, "name": personal},
            {**good, "open": [{"grant": personal, "records": [requested]}]},
            {**good, "open": [{"grant": "0" * 32, "records": [{**requested, "language": personal}]}]},
            {**good, "open": [{"grant": "0" * 32, "records": [requested], "name": personal}]},
            {**good, "paper": {str(personal): account}},
            *({**good, "paper": {"laser": {**account, field: personal}}} for field in account),
        ):
            with pytest.raises((ValidationError, RecordRefused)) as raised:
                State.model_validate_json(json.dumps(bad), strict=True)
            assert isinstance(personal, int) or "input_value" not in str(raised.value)


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "device.pem").write_text("-----BEGIN NOTHING-----")
    for file in (tmp_path / "device.pem", tmp_path / "missing.pem"):
        with pytest.raises(LedgerKeyUnfit):
            load_certificates([file])
