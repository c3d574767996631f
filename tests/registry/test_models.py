"""What crosses a border is closed, bounded and immutable; a status list says what it was told."""

from __future__ import annotations

import base64
import datetime as dt
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from registry import status
from registry.errors import NonsenseAnswer
from registry.models import BirthAct, Grant, GrantRequest, Mention, Model, Presentation, Settlement
from registry.presence import grant_nonce, presentation_nonce
from registry.reference.population import generate

ACT = generate(2, seed=1)[0].act
assert ACT is not None
ACT_JSON = json.loads(ACT.model_dump_json(by_alias=True))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
HEX32, HEX64 = "ab" * 16, "cd" * 32
REQUEST = GrantRequest(
    presentation_id=HEX32,
    challenge_id=HEX32,
    act_sha256=HEX64,
    document_type="birth-extract",
    language="ar",
    template_sha256=HEX64,
    signature="",
)


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON document that holds an object."""
    found = [path] if isinstance(document, dict) else []
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return found + [place for key, value in items for place in places(value, (*path, key))]


def test_an_act_survives_the_wire() -> None:
    assert BirthAct.model_validate_json(json.dumps(ACT_JSON), strict=True) == ACT


@given(st.sampled_from(places(ACT_JSON)), st.text(min_size=1, max_size=20), JSON)
def test_an_unknown_field_anywhere_in_an_act_is_refused(place: tuple[Any, ...], name: str, value: object) -> None:
    document = json.loads(json.dumps(ACT_JSON))
    target = document
    for step in place:
        target = target[step]
    if name in target:
        return
    target[name] = value
    with pytest.raises(ValidationError):
        BirthAct.model_validate_json(json.dumps(document), strict=True)


@given(st.sampled_from([BirthAct, Grant, GrantRequest, Presentation, Settlement]), JSON | st.binary(max_size=100))
def test_noise_is_refused_by_every_model(kind: type[Model], noise: object) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate_json(noise if isinstance(noise, bytes) else json.dumps(noise), strict=True)


@given(
    st.text(max_size=20),
    st.sampled_from("\u202e\u2067\u200f\u061c\u0640\ufb50\ufefb\x00\x1b\x9f\ue000"),
    st.text(max_size=20),
)
def test_register_text_has_no_direction_controls_no_presentation_forms_no_control_characters(
    before: str, bad: str, after: str
) -> None:
    text = {"arabic": f"ا{before}{bad}{after}ا", "latin": "a"}
    with pytest.raises(ValidationError):
        Mention.model_validate({"made_on": "2020-01-01", "text": text})


def test_models_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        ACT.version = 9  # type: ignore[misc,union-attr]


def test_a_nonce_binds_everything_it_is_about() -> None:
    challenge = bytes(32)
    base = grant_nonce(challenge, HEX32, REQUEST)
    assert len(base) == len(presentation_nonce(challenge)) == 8
    others = [
        presentation_nonce(challenge),
        grant_nonce(bytes(31) + b"\x01", HEX32, REQUEST),
        grant_nonce(challenge, "0" * 32, REQUEST),
        *(
            grant_nonce(challenge, HEX32, REQUEST.model_copy(update={field: value}))
            for field, value in {
                "presentation_id": "0" * 32,
                "act_sha256": "0" * 64,
                "document_type": "death-extract",
                "language": "fr",
                "template_sha256": "0" * 64,
            }.items()
        ),
    ]
    assert base not in others
    assert len(set(others)) == len(others)


NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@given(st.sets(st.integers(0, status.CAPACITY - 1), max_size=20), st.integers(0, status.CAPACITY - 1))
def test_a_status_list_sets_the_bits_it_was_told_and_no_other(voided: set[int], asked: int) -> None:
    listed = status.parse(status.payload("list", voided, at=NOW, lifetime=dt.timedelta(hours=1)))
    assert listed.exp - listed.iat == 3600
    assert listed.is_set(asked) == (asked in voided)
    assert all(listed.is_set(index) for index in voided)


def test_a_status_list_is_read_as_the_draft_writes_it() -> None:
    """draft-ietf-oauth-status-list §4.1: the worked example's bits are 1,0,0,1,1,1,0,1,1,1,0,0,0,1,0,1."""
    body = {"sub": "x", "iat": 1, "exp": 2, "ttl": 3, "status_list": {"bits": 1, "lst": "eNrbuRgAAhcBXQ"}}
    listed = status.parse(json.dumps(body).encode())
    assert [int(listed.is_set(index)) for index in range(16)] == [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
    with pytest.raises(NonsenseAnswer):
        listed.is_set(16)
    with pytest.raises(NonsenseAnswer):
        listed.is_set(-1)


@given(st.binary(max_size=60))
def test_noise_is_no_status_list(noise: bytes) -> None:
    with pytest.raises(NonsenseAnswer):
        status.parse(noise)
    lst = base64.urlsafe_b64encode(noise).decode().rstrip("=")
    listed = status.StatusList.model_validate(
        {"sub": "x", "iat": 1, "exp": 2, "ttl": 3, "status_list": {"bits": 1, "lst": lst}}
    )
    with pytest.raises(NonsenseAnswer):
        listed.is_set(10**9)


def test_a_status_list_that_unpacks_without_end_is_refused() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(64 << 20), 9)).decode().rstrip("=")
    listed = status.StatusList.model_validate(
        {"sub": "x", "iat": 1, "exp": 2, "ttl": 3, "status_list": {"bits": 1, "lst": bomb}}
    )
    with pytest.raises(NonsenseAnswer, match="too many"):
        listed.is_set(0)
