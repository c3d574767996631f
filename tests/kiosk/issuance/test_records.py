"""Nothing personal fits into the ledger: tried by type, by value, and through the file."""

import json
import re
import secrets
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeper_of_tests import KEEPER

from kiosk.catalogue.codes import entries as catalogue
from kiosk.issuance.errors import RecordRefused
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import RECORDS, Failed, PaperEvidence, Requested, Settled, parse_grant_id, parse_record

SHA = "ab" * 32
GOOD: dict[str, dict[str, Any]] = {
    "requested": {"document_type": "birth-extract", "language": "ar"},
    "granted": {"reference": "DZ-2026-16001-0000042"},
    "signed": {"document": SHA},
    "submitting": {"station": "thermal", "printer": SHA, "pages": 1, "length": 210},
    "submitted": {"job_id": 7},
    "evidence": {"outcome": "printed", "evidence": "ipp-completed", "pages": 1, "code": None},
    "answered": {"came_out": "silent"},
    "confirmed": {"pages": 1},
    "failed": {"code": "E-ISSUANCE-ABANDONED"},
    "settled": {"outcome": "PRINTED", "evidence": "ipp-completed", "answer": "accepted"},
    "loaded": {"units": 250},
    "spoiled": {"units": 1, "reason": "jam"},
    "counted": {"units": 249},
    "begun": {"retired_seq": 0, "retired_head": None, "told_seq": 4711, "told_head": SHA},
}
PERSONAL = (
    "109860316001234567",  # a NIN
    "C01X7HA42",  # a card's number
    "IDDZAC01X7HA422<<<<<<<<<<<<<<<",
    "860314F3205017DZA<<<<<<<<<<<8",
    "BENALI<<AMINA",
    "Amina Benali",
    "AMINA-BENALI",
    "amina-benali",
    "أمينة بن علي",
    "1986-03-14",
    "123456",  # a CAN
    "1234",  # a PIN
)
FIELDS = [(step, name) for step, values in GOOD.items() for name in values]


def test_each_kind_of_record_is_tried() -> None:
    assert {record.model_fields["step"].default for record in RECORDS} == set(GOOD)
    for step, values in GOOD.items():
        record = parse_record(json.dumps({"step": step, **values}))
        assert set(type(record).model_fields) == {"step", *values}


def _sorts(schema: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """What a field's JSON schema admits, by sort."""
    if "$ref" in schema:
        return _sorts(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "anyOf" in schema:
        return set().union(*(_sorts(option, definitions) for option in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return {"word"}
    if schema["type"] == "integer":
        assert {"minimum", "maximum", "exclusiveMaximum"} & set(schema) > {"minimum"}
        return {"number"}
    if schema["type"] == "null":
        return {"nothing"}
    assert schema["type"] == "string" and schema["pattern"].startswith("^") and schema["pattern"].endswith("$")
    return {"pattern"}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_field_is_a_word_a_pattern_or_a_bounded_number(record: Any) -> None:
    schema = record.model_json_schema()
    assert schema["additionalProperties"] is False
    for field in schema["properties"].values():
        assert _sorts(field, schema.get("$defs", {})) <= {"word", "pattern", "number", "nothing"}


@pytest.mark.parametrize(("step", "name"), FIELDS)
@pytest.mark.parametrize("personal", PERSONAL)
def test_personal_data_is_refused_in_every_field_and_not_quoted(step: str, name: str, personal: str) -> None:
    for value in (personal, f"E-{personal}", f"DZ-{personal}", int(personal) if personal.isdigit() else personal):
        if (
            isinstance(value, int)
            and value < 10**6
            and name in ("job_id", "pages", "length", "units", "retired_seq", "told_seq")
        ):
            continue  # a count may have any digits
        if value == "E-AMINA-BENALI" and name == "code":
            continue  # has the form of a code: the ledger refuses it, below
        with pytest.raises(RecordRefused) as raised:
            parse_record(json.dumps({"step": step, **GOOD[step], name: value}))
        assert personal not in str(raised.value) and raised.value.__cause__ is None


@pytest.mark.parametrize("step", GOOD)
def test_a_field_that_is_not_there_is_refused(step: str) -> None:
    with pytest.raises(RecordRefused):
        parse_record(json.dumps({"step": step, **GOOD[step], "name": "x"}))


@pytest.mark.parametrize("personal", PERSONAL)
def test_the_models_refuse_before_the_ledger_is_asked(personal: str) -> None:
    with pytest.raises(RecordRefused):
        Requested(document_type=personal, language="ar")  # type: ignore[arg-type]
    with pytest.raises(RecordRefused):
        Failed(code=personal)
    with pytest.raises(RecordRefused):
        parse_grant_id(personal)


def test_a_name_dressed_as_a_code_is_refused_by_the_ledger(tmp_path: Path) -> None:
    grant_id = secrets.token_hex(16)
    with Ledger.open(tmp_path / "ledger.sqlite", KEEPER) as ledger:
        ledger.append(grant_id, Requested(document_type="birth-extract", language="ar"))  # type: ignore[arg-type]
        with pytest.raises(RecordRefused, match="catalogue"):
            ledger.append(grant_id, Failed(code="E-BENALI-AMINA"))
        assert len(ledger.records(grant_id)) == 1


def test_every_code_of_the_catalogue_can_be_recorded() -> None:
    assert [Failed(code=code).code for code in catalogue()] == list(catalogue())


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "printed", "evidence": "none", "pages": 1},
        {"outcome": "printed", "evidence": "ipp-completed", "pages": 0},
        {"outcome": "printed", "evidence": "ipp-completed", "pages": 1, "code": "E-ISSUANCE-PAPER-UNKNOWN"},
        {"outcome": "unknown", "evidence": "ipp-completed", "pages": 1, "code": "E-ISSUANCE-PAPER-UNKNOWN"},
        {"outcome": "failed", "evidence": "none", "pages": 0},
    ],
)
def test_evidence_that_contradicts_itself_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(RecordRefused):
        PaperEvidence(**values)


def test_printed_at_the_registry_needs_no_other_words() -> None:
    assert Settled(outcome="VOIDED", evidence="none", answer="accepted").model_dump(mode="json") == {  # type: ignore[arg-type]
        "step": "settled",
        "outcome": "VOIDED",
        "evidence": "none",
        "answer": "accepted",
    }


@given(st.text(max_size=300) | st.recursive(st.none() | st.integers() | st.text(max_size=9), st.lists).map(json.dumps))
def test_any_text_is_a_record_or_is_refused(text: str) -> None:
    try:
        record = parse_record(text)
    except RecordRefused:
        return
    assert re.fullmatch("[a-z]+", record.step)
