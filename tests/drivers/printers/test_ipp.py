"""The strict reader of IPP answers."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printers.errors import PrinterNonsense
from drivers.printers.ipp import JOB, MAX_ANSWER, OPERATION, PRINTER, Answer, parse
from drivers.printers.ipp_request import Operation, request

HEAD = struct.pack(">BBHi", 2, 0, 0, 7)


def field(octets: bytes) -> bytes:
    return struct.pack(">H", len(octets)) + octets


def attribute(tag: int, name: bytes, value: bytes) -> bytes:
    return bytes([tag]) + field(name) + field(value)


def test_an_answer_is_read() -> None:
    answer = parse(
        struct.pack(">BBHi", 1, 1, 0x0406, 9)
        + bytes([OPERATION])
        + attribute(0x47, b"attributes-charset", b"utf-8")
        + bytes([JOB])
        + attribute(0x21, b"job-id", struct.pack(">i", 12))
        + attribute(0x23, b"job-state", struct.pack(">i", 5))
        + attribute(0x44, b"job-state-reasons", b"job-printing")
        + attribute(0x44, b"", b"job-queued")
        + attribute(0x13, b"job-impressions-completed", b"")
        + bytes([PRINTER])
        + attribute(0x22, b"printer-is-accepting-jobs", b"\1")
        + attribute(0x30, b"printer-input-tray", b"level=0;")
        + b"\x03"
    )
    job, printer = answer.group(JOB), answer.group(PRINTER)
    assert (answer.status, answer.request_id) == (0x0406, 9)
    assert (job.integer("job-id"), job.integer("job-state"), job.integer("nothing")) == (12, 5, None)
    assert job.texts("job-state-reasons") == ("job-printing", "job-queued")
    assert job.integer("job-impressions-completed") is None
    assert printer.boolean("printer-is-accepting-jobs") is True
    assert printer.octets("printer-input-tray") == (b"level=0;",)
    with pytest.raises(PrinterNonsense):
        job.integer("job-state-reasons")
    with pytest.raises(PrinterNonsense):
        job.boolean("job-id")
    with pytest.raises(PrinterNonsense):
        printer.integer("printer-is-accepting-jobs")


def test_collections_are_read_with_their_members() -> None:
    inner = attribute(0x4A, b"", b"x-dimension") + attribute(0x21, b"", struct.pack(">i", 21000))
    nested = attribute(0x4A, b"", b"media-size") + attribute(0x34, b"", b"") + inner + attribute(0x37, b"", b"")
    words = attribute(0x4A, b"", b"words") + attribute(0x44, b"", b"a") + attribute(0x44, b"", b"b")
    members = attribute(0x44, b"", b"stray") + nested + words
    media = attribute(0x34, b"media-col", b"") + members + attribute(0x37, b"", b"")
    answer = parse(HEAD + bytes([PRINTER]) + media + attribute(0x44, b"after", b"word") + b"\x03")
    (read,) = answer.group(PRINTER).collections("media-col")
    assert read == {"media-size": ({"x-dimension": (21000,)},), "words": ("a", "b")}
    assert answer.group(PRINTER).texts("after") == ("word",)
    assert answer.group(PRINTER).collections("after") == ()


_NAMES = st.from_regex(r"\A[a-z][a-z-]{0,20}\Z")
_PLAIN = st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.text(max_size=20)
_LISTS = st.lists(st.text(max_size=9), min_size=1, max_size=3)
_FLAT = st.dictionaries(_NAMES, _PLAIN | _LISTS, max_size=3)
_GIVEN = _PLAIN | _LISTS | _FLAT | st.dictionaries(_NAMES, _FLAT | _PLAIN, max_size=2)


def as_read(value: Any) -> Any:
    """What `parse` gives for a value that was written: each attribute's values are a tuple."""
    if isinstance(value, dict):
        return {name: tuple(each) if isinstance(each, list) else (as_read(each),) for name, each in value.items()}
    return value


@given(st.dictionaries(_NAMES, _GIVEN, max_size=5))
def test_what_is_written_is_read_back(attributes: dict[str, Any]) -> None:
    written = request(Operation.CREATE_JOB, 7, "ipp://p/ipp/print", {"job-name": "n"}, {"copies": 1, **attributes})
    read = parse(written)
    assert (read.status, read.request_id) == (Operation.CREATE_JOB, 7)
    assert read.group(OPERATION).texts("printer-uri") == ("ipp://p/ipp/print",)
    assert dict(read.group(JOB).attributes) == as_read({"copies": 1, **attributes})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        attribute(0x44, b"outside", b"any-group") + b"\x03",
        bytes([JOB]) + attribute(0x44, b"", b"no-attribute-before") + b"\x03",
        bytes([JOB]) + attribute(0x21, b"short", b"\0\1") + b"\x03",
        bytes([JOB]) + attribute(0x22, b"long", b"\0\1") + b"\x03",
        bytes([JOB]) + attribute(0x44, b"twice", b"a") + attribute(0x44, b"twice", b"b") + b"\x03",
        bytes([JOB]) + attribute(0x37, b"end-without-begin", b"") + b"\x03",
        bytes([JOB]) + attribute(0x34, b"endless", b"") + b"\x03",
        bytes([JOB]) + attribute(0x34, b"deep", b"") * 9 + attribute(0x37, b"", b"") * 9 + b"\x03",
        bytes([JOB]) + attribute(0x44, b"no-end", b"word"),
        # A length of -6, which sends a parser that reads it signed back to the attribute's first byte for ever.
        bytes([JOB]) + b"\x44" + field(b"a") + struct.pack(">h", -6) + b"\x03",
    ],
)
def test_what_is_not_ipp_is_refused(body: bytes) -> None:
    with pytest.raises(PrinterNonsense):
        parse(HEAD + body)


def test_other_versions_and_endless_answers_are_refused() -> None:
    for data in (b"\x09\0" + HEAD[2:] + b"\x03", HEAD[:5], b"\0" * (MAX_ANSWER + 1)):
        with pytest.raises(PrinterNonsense):
            parse(data)


@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda b: HEAD + bytes([JOB]) + b))
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    try:
        answer = parse(data)
    except PrinterNonsense:
        return
    assert isinstance(answer, Answer)


_ATTRIBUTES = st.lists(
    st.tuples(st.sampled_from([0x44, 0x42, 0x30]), st.from_regex(rb"\A[a-z][a-z-]{0,20}\Z"), st.binary(max_size=60)),
    unique_by=lambda a: a[1],
    max_size=12,
)


@given(attributes=_ATTRIBUTES, cut=st.integers(min_value=1))
def test_what_is_well_formed_is_read_and_no_shorter_piece_of_it_is(
    attributes: list[tuple[int, bytes, bytes]], cut: int
) -> None:
    data = HEAD + bytes([JOB]) + b"".join(attribute(*a) for a in attributes) + b"\x03"
    read = parse(data).group(JOB).attributes
    assert list(read) == [name.decode() for _, name, _ in attributes]
    with pytest.raises(PrinterNonsense):
        parse(data[: len(data) - 1 - cut % (len(data) - 1)])
