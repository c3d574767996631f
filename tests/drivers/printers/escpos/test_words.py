"""What is said and heard: commands byte for byte as in Epson's reference, answers read strictly, models as data."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printers.errors import DocumentUnprintable, PrinterModelUnknown, PrinterNonsense
from drivers.printers.escpos import answers, commands, models
from drivers.printers.escpos.answers import Answer, Answers, Cleared, Echo, RealTime, Sensor, Unasked
from drivers.printers.escpos.bitmap import MAX_PAGES, MAX_ROWS, read_bitmaps
from drivers.printers.escpos.models import load_model, model_names
from drivers.printers.port import Condition

JOBS = st.integers(1, commands.MOST_JOBS)

# --- commands


def test_commands_are_those_of_the_reference() -> None:
    assert commands.real_time_status(4) == bytes.fromhex("10 04 04")
    assert bytes.fromhex("10 14 08 01 03 14 01 06 02 08") == commands.CLEAR
    assert bytes.fromhex("10 05 02") == commands.RECOVER
    assert bytes.fromhex("1d 72 01") == commands.PAPER_SENSOR
    assert bytes.fromhex("1d 61 00") == commands.STATUS_OFF
    assert bytes.fromhex("1b 40") == commands.INITIALIZE
    assert commands.cut("partial") == bytes.fromhex("1d 56 42 00")
    assert commands.cut("full") == commands.cut("none") == bytes.fromhex("1d 56 41 00")
    assert commands.raster(bytes(range(6)), 24) == bytes.fromhex("1d 76 30 00 03 00 02 00 00 01 02 03 04 05")
    assert commands.echo(1) == bytes.fromhex("1d 28 48 06 00 30 30 20 20 20 21")


@pytest.mark.parametrize(
    "rows", [b"", b"\0" * 5, b"\0" * 4 * (commands.MOST_ROWS + 1)], ids=["none", "odd", "too many"]
)
def test_rows_that_are_no_band_are_not_encoded(rows: bytes) -> None:
    with pytest.raises(ValueError):
        commands.raster(rows, 32)


@pytest.mark.parametrize("number", [0, -1, commands.MOST_JOBS + 1])
def test_a_number_that_four_characters_do_not_carry_is_refused(number: int) -> None:
    with pytest.raises(ValueError):
        commands.echo(number)


# --- answers


def spoken(answer: Answer) -> bytes:
    match answer:
        case RealTime(bits) | Sensor(bits):
            return bytes((bits,))
        case Echo(job_id):
            return b"\x37\x22" + commands.characters(job_id) + b"\0"
        case Cleared():
            return b"\x37\x25\0"
        case Unasked():
            return b"\x10\x0f\0\0"


ANSWERS = st.one_of(
    st.sampled_from([RealTime(bits) for bits in range(256) if bits & 0x93 == 0x12]),
    st.sampled_from([Sensor(bits) for bits in range(256) if bits & 0x90 == 0]),
    JOBS.map(Echo),
    st.sampled_from([Cleared(), Unasked()]),
)


@given(st.lists(ANSWERS), st.lists(st.integers(0, 60)))
def test_answers_are_read_however_they_are_cut(said: list[Answer], cuts: list[int]) -> None:
    data = b"".join(map(spoken, said))
    reader = Answers()
    heard: list[Answer] = []
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for start, end in pairwise(edges):
        heard += reader.feed(data[start:end])
    assert heard == said


def understood(pieces: Iterable[bytes]) -> list[Answer | None]:
    """What is heard; None at the end where nonsense came."""
    reader = Answers()
    heard: list[Answer | None] = []
    try:
        for piece in pieces:
            for answer in reader.feed(piece):
                heard.append(answer)
    except PrinterNonsense:
        heard.append(None)
    return heard


@given(st.lists(ANSWERS, max_size=3), st.binary(max_size=12))
def test_rubbish_is_nonsense_or_answers_and_the_same_at_any_pace(said: list[Answer], rubbish: bytes) -> None:
    data = b"".join(map(spoken, said)) + rubbish
    heard = understood([data])
    assert heard[: len(said)] == said
    assert understood(data[at : at + 1] for at in range(len(data))) == heard


@pytest.mark.parametrize(
    "data",
    ["ff", "80", "11", "13", "93", "37 26", "37 25 01", "37 22 20 20 20 21 01", "37 22 20 20 20 1f 00",
     "37 22 20 20 20 20 00", "37 22 7f 20 20 21 00", "10 90"],
)  # fmt: skip
def test_an_answer_of_no_known_form_is_nonsense(data: str) -> None:
    with pytest.raises(PrinterNonsense):
        list(Answers().feed(bytes.fromhex(data)))


@given(JOBS)
def test_each_job_has_its_own_characters(job_id: int) -> None:
    (heard,) = Answers().feed(spoken(Echo(job_id)))
    assert heard == Echo(job_id)


def test_status_bits_are_conditions() -> None:
    assert answers.offline(0x12) == answers.offline(0x16) == frozenset()
    assert answers.offline(0x1A) == {Condition.OFFLINE}
    assert answers.why_offline(0x16) == {Condition.COVER_OPEN}
    assert answers.why_offline(0x32) == {Condition.PAPER_OUT}
    assert answers.why_offline(0x1A) == frozenset()  # the feed button
    assert answers.errors(0x1A) == {Condition.CUTTER}
    assert answers.errors(0x32) == answers.errors(0x52) == answers.errors(0x16) == {Condition.STOPPED}
    assert answers.paper(0x12) == frozenset()
    assert answers.paper(0x1E) == {Condition.PAPER_LOW}
    assert answers.paper(0x72) == answers.paper(0x7E) == {Condition.PAPER_OUT}
    assert answers.sensor(0x00) == frozenset()
    assert answers.sensor(0x03) == {Condition.PAPER_LOW}


# --- models


@pytest.mark.parametrize("name", model_names())
def test_two_bands_of_every_model_fit_its_buffer(name: str) -> None:
    model = load_model(name)
    band = commands.raster(bytes(model.band * model.width // 8), model.width) + commands.PAPER_SENSOR
    assert 2 * len(band) + len(commands.real_time_status(1)) <= model.buffer
    assert model.clears or not model.echo


def test_the_models_that_are_asked_for_are_there() -> None:
    known = model_names()
    assert {"epson-tm-t20iii", "epson-tm-t88v", "epson-tm-m30", "star-escpos", "generic-80"} <= set(known)
    assert (load_model("epson-tm-t88v").width, load_model("epson-tm-t88v").dpi) == (512, 180)
    assert (load_model("epson-tm-t20ii").width, load_model("epson-tm-t20ii").dpi) == (576, 203)


@pytest.mark.parametrize("name", ["epson", "", "../models/generic-80", "generic-80.toml"])
def test_a_name_without_a_profile_is_told_the_others(name: str) -> None:
    with pytest.raises(PrinterModelUnknown, match="generic-80"):
        load_model(name)


@pytest.mark.parametrize("text", ["width = [", 'name = "A"\nwidth = 575', "\xff"])
def test_a_profile_that_is_wrong_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "wrong.toml").write_bytes(text.encode("latin-1"))
    monkeypatch.setattr(models, "_FOLDER", tmp_path)
    load_model.cache_clear()
    with pytest.raises(PrinterModelUnknown, match="wrong is not as it must be"):
        load_model("wrong")


# --- bitmaps


@given(st.lists(st.binary(min_size=1, max_size=40).map(lambda rows: rows * 4), min_size=1, max_size=4))
def test_pages_are_read_as_they_were_written(pages: list[bytes]) -> None:
    document = b"".join(b"P4\n32 %d\n" % (len(rows) // 4) + rows for rows in pages)
    assert [(page.width, page.height, page.rows) for page in read_bitmaps(document, 32)] == [
        (32, len(rows) // 4, rows) for rows in pages
    ]
    assert [b"".join(page.bands(3)) for page in read_bitmaps(document, 32)] == pages


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"P4\n32 1\n123",
        b"P4\n32 1\n12345",
        b"P4\n24 1\n123",
        b"P4\n32 0\n",
        b"P4\n032 1\n1234",
        b"P1\n32 1\n1234",
        b"P4\n# a remark\n32 1\n1234",
        b"P4\n32 -1\n1234",
        b"%PDF-1.7",
        b"P4\n32 %d\n" % (MAX_ROWS + 1) + bytes(4 * (MAX_ROWS + 1)),
        b"P4\n32 1\n1234" * (MAX_PAGES + 1),
    ],
)
def test_what_is_no_picture_for_this_paper_is_refused(document: bytes) -> None:
    with pytest.raises(DocumentUnprintable):
        read_bitmaps(document, 32)


@given(st.binary(max_size=60) | st.binary(max_size=30).map(lambda rest: b"P4\n32 2\n" + rest))
def test_nothing_but_a_refusal_comes_of_rubbish(document: bytes) -> None:
    try:
        pages = read_bitmaps(document, 32)
    except DocumentUnprintable:
        return
    assert all(len(page.rows) == 4 * page.height for page in pages)
