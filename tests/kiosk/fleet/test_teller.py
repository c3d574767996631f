"""What a release changes reaches the log as keys and values; what cannot be a setting's value does not."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import difference
from config.schema import Settings, Town, keys
from kiosk.catalogue import events, log
from kiosk.fleet.teller import LogTeller


def told(lines: list[str]) -> list[dict[str, Any]]:
    stream = io.StringIO()
    log.configure(stream)
    LogTeller().difference(7, lines)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fields(lines: list[str], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(event[name] for name in ("event", "release", *names)) for event in told(lines)]


def test_a_changed_setting_is_a_key_and_two_values() -> None:
    found = fields(
        ['hours.friday: "00:00-24:00" becomes ""', "documents.templates: empty becomes [1]"], "key", "old", "new"
    )
    assert found == [
        ("setting-changed", 7, "hours.friday", '"00:00-24:00"', '""'),
        ("setting-changed", 7, "documents.templates", "empty", "[1]"),
    ]


def test_files_and_what_is_too_much() -> None:
    assert fields(["templates/birth-extract/birth-extract.typ: changed"], "file", "change") == [
        ("file-changed", 7, "templates/birth-extract/birth-extract.typ", "changed")
    ]
    assert fields(["and 12 more"], "more") == [("more-changes", 7, 12)]


def test_phases() -> None:
    stream = io.StringIO()
    log.configure(stream)
    LogTeller().state("refused", None, "E-CONFIG-INVALID")
    LogTeller().state("good", 7, None)
    refused, good = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (refused["event"], refused["phase"], refused["release"]) == ("configuration-trouble", "refused", 0)
    assert refused["code"] == "E-CONFIG-INVALID" and refused["remedy"]
    assert (good["event"], good["phase"], good["release"]) == ("configuration", "good", 7)


@given(name=st.text(min_size=1, max_size=120), host=st.text(max_size=400))
def test_any_value_the_schema_admits_can_be_told(name: str, host: str) -> None:
    """Whatever an administrator names a town: quotes, direction marks, what looks like the sentence itself."""
    before = Settings(profile="demo")
    town = Town.model_construct(**(before.town.model_dump() | {"commune_ar": name, "wilaya_fr": host}))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "kiosk.toml").touch()
        after = before.model_copy(update={"town": town})
        lines = difference.between(before, after, None, Path(folder))
    found = told(lines)
    assert [event["event"] for event in found] == ["setting-changed"] * len(lines)
    assert {event["key"] for event in found} <= {"town.commune_ar", "town.wilaya_fr"}


def test_every_setting_has_a_key() -> None:
    assert len(set(keys())) == len(list(keys())) > len(Settings.model_fields)
    assert [event["key"] for event in told([f"{key}: empty becomes true" for key in keys()])] == list(keys())


@pytest.mark.parametrize("value", ["BENALI", "109860101601012345", "123456", "860314", "أمينة", "", "null", "{}"])
def test_what_is_no_quoted_setting_is_refused(value: str) -> None:
    with pytest.raises(events.EventRefused):
        log.say(events.SETTING_CHANGED, release=1, key="town.commune_fr", old=value, new='""')
    with pytest.raises(events.EventRefused):
        log.say(events.SETTING_CHANGED, release=1, key=value, old='""', new='""')
    with pytest.raises(events.EventRefused):
        log.say(events.FILE_CHANGED, release=1, file=value, change="added")
