"""Every code has words, every word has a code, and the log has no room for a person."""

import ast
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.catalogue import codes, events, log

ROOMS = ("config", "registry", "drivers", "printing", "signing", "kiosk")


def codes_in_source(root: Path) -> Iterator[tuple[str, str]]:
    """Each `code = "E-…"` that a class of the six rooms declares, with its class."""
    for room in ROOMS:
        for file in (root / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.ClassDef):
                    continue
                for line in node.body:
                    target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
                    value = getattr(line, "value", None)
                    text = value.value if isinstance(value, ast.Constant) else None
                    named = isinstance(target, ast.Name) and target.id == "code"
                    if named and isinstance(text, str) and codes.CODE.fullmatch(text):
                        yield text, f"{file.name}:{node.name}"


def test_every_code_that_can_be_raised_has_words(repository: Path) -> None:
    without = {(c, where) for c, where in codes_in_source(repository) if c not in codes.entries()}
    assert not without


def test_every_entry_is_raised_somewhere(repository: Path) -> None:
    source = "".join(f.read_text(encoding="utf-8") for room in ROOMS for f in (repository / room).rglob("*.py"))
    assert not [code for code in codes.entries() if f'"{code}"' not in source]


@pytest.mark.parametrize("entry", codes.entries().values(), ids=str)
def test_an_entry_speaks_to_technician_and_citizen(entry: codes.Entry) -> None:
    assert codes.CODE.fullmatch(entry.code)
    assert entry.cause.endswith((".", "?", "!")) and entry.remedy.endswith((".", "?", "!"))
    assert set(entry.citizen) == set(codes.LANGUAGES)
    assert any("\u0600" <= c <= "\u06ff" for c in entry.citizen["ar"])
    for sentence in entry.citizen.values():
        assert len(sentence.split()) <= 26


def test_an_unknown_code_is_never_a_traceback() -> None:
    assert codes.entry("E-NO-SUCH-CODE").code == codes.UNKNOWN
    assert codes.code_of(ValueError("some words")) == codes.UNKNOWN


def test_the_pages_are_the_catalogues(repository: Path) -> None:
    assert (repository / "docs" / "errors.md").read_text(encoding="utf-8") == codes.markdown()
    assert (repository / "docs" / "log-events.md").read_text(encoding="utf-8") == events.markdown()


def test_an_event_reaches_the_log_with_its_remedy() -> None:
    stream = io.StringIO()
    log.configure(stream)
    log.say(events.VISIT_TROUBLE, code="E-KIOSK-IDLE")
    line = json.loads(stream.getvalue())
    assert line["event"] == "visit-trouble" and line["code"] == "E-KIOSK-IDLE"
    assert line["remedy"] == codes.entry("E-KIOSK-IDLE").remedy


def test_the_words_of_an_unforeseen_failure_are_not_logged() -> None:
    stream = io.StringIO()
    log.configure(stream)
    log.say_error(events.ISSUE_FAILED, ValueError("BENALI Amina 109860101601012345"))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    for line in lines:
        line.pop("timestamp")  # any four digits turn up in it some day
    assert "BENALI" not in repr(lines) and "1098" not in repr(lines)
    assert "ValueError" in repr(lines)


NIN = st.from_regex(r"[0-9]{18}", fullmatch=True)
NAME = st.sampled_from(["BENALI", "Amina", "بن علي", "EL MANSOURI Fatima-Zahra", "AB1234567", "860314", "123456"])


@given(value=NIN | NAME, event=st.sampled_from(sorted(events.EVENTS.values(), key=lambda e: e.name)))
def test_nothing_personal_fits_any_field(value: str, event: events.Event) -> None:
    for field, kind in event.fields.items():
        if kind == "class":  # the name of an exception's class, taken from the code and never from data
            continue
        good = {f: _good(k) for f, k in event.fields.items()}
        event.check(good)
        with pytest.raises(events.EventRefused):
            event.check(good | {field: value})


def test_every_event_is_said_somewhere(repository: Path) -> None:
    files = [f for f in (repository / "kiosk").rglob("*.py") if f.name != "events.py"]
    source = "".join(f.read_text(encoding="utf-8") for f in files)
    names = [name for name, value in vars(events).items() if isinstance(value, events.Event)]
    assert not [name for name in names if not re.search(rf"\b{name}\b", source)]


def test_what_quotes_the_configuration_is_said_of_the_configuration_only(repository: Path) -> None:
    """A quoted setting could hold anything: so nobody but the agent's teller, which knows of no visit, says one."""
    quoting = [
        name for name, e in vars(events).items() if isinstance(e, events.Event) and "setting" in e.fields.values()
    ]
    said = {
        file.name
        for file in (repository / "kiosk").rglob("*.py")
        for name in quoting
        if re.search(rf"\b{name}\b", file.read_text(encoding="utf-8"))
    }
    assert quoting and said == {"events.py", "teller.py"}


def test_a_field_that_is_not_in_the_catalogue_is_refused() -> None:
    with pytest.raises(events.EventRefused):
        log.say(events.VISIT_TROUBLE, code="E-KIOSK-IDLE", name="somebody")


def _good(kind: str) -> object:
    return {
        "code": "E-KIOSK-IDLE",
        "reference": "DZ-2026-1601-0000042",
        "type": "birth-extract",
        "language": "ar",
        "count": 1,
        "ms": 1.0,
        "state": "attract",
        "word": "printed",
        "class": "ValueError",
        "hash": "0" * 64,
        "key": "hours.monday",
        "setting": '"08:00-12:00"',
        "file": "trust/csca/country.der",
    }[kind]
