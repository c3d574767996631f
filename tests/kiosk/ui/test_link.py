"""The line to the session: whatever arrives on it, the screen stays, and comes back."""

from __future__ import annotations

import base64
import json
import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.session.protocol import MAX_SNAPSHOT_BYTES
from kiosk.ui.errors import SnapshotRefused
from kiosk.ui.facts import read_facts, read_snapshot
from kiosk.ui.link import Lines
from tests.kiosk.ui.conftest import Kiosk, wait_until
from tests.kiosk.ui.session import PAPER, page_png

LINE = st.binary(max_size=40).map(lambda b: b.replace(b"\n", b""))


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(c % (len(stream) + 1) for c in cuts), len(stream)]
    return [stream[a:b] for a, b in pairwise(edges)]


@given(st.lists(LINE, max_size=8), st.lists(st.integers(0, 10_000), max_size=12))
def test_lines_do_not_depend_on_how_the_stream_was_cut(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    reader = Lines(limit=40)
    assert [line for chunk in cut(stream, cuts) for line in reader.feed(chunk)] == lines


@given(st.lists(st.integers(0, 10_000), max_size=12), st.integers(11, 60))
def test_a_line_too_long_is_refused_once_and_the_next_is_read(cuts: list[int], length: int) -> None:
    stream = b"before\n" + b"x" * length + b"\nafter\n"
    reader = Lines(limit=10)
    heard = [line for chunk in cut(stream, cuts) for line in reader.feed(chunk)]
    assert [line if isinstance(line, bytes) else "refused" for line in heard] == [b"before", "refused", b"after"]


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_only_the_rooms_own_error_comes_out_of_a_bad_line(line: bytes) -> None:
    try:
        read_facts(read_snapshot(line))
    except SnapshotRefused as refused:
        assert refused.__cause__ is None


@pytest.mark.parametrize(
    ("screen", "data"),
    [
        ("choice", {"papers": "all"}),
        ("choice", {"papers": [{**PAPER, "type": "../../etc"}]}),
        ("choice", {"papers": [{**PAPER, "languages": ["xx"]}]}),
        ("choice", {"name_ar": "x" * 500}),
        ("pin", {"tries_left": -4}),
        ("reading", {"steps": [{"name": "unheard-of", "state": "now"}]}),
        ("trouble", {"code": "<b>", "sentence_ar": "", "sentence_fr": ""}),
        ("trouble", {}),
        ("preview", {"pages": []}),
        ("attract", {"unavailable": "because"}),
    ],
)
def test_data_that_does_not_fit_its_screen_is_refused(screen: str, data: dict[str, object]) -> None:
    snapshot = read_snapshot(json.dumps({"seq": 1, "screen": screen, "language": "fr", "data": data}).encode())
    with pytest.raises(SnapshotRefused):
        read_facts(snapshot)


@pytest.mark.parametrize(
    "page", ["not base64!", base64.b64encode(b"no picture").decode(), base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()]
)
def test_a_preview_that_is_no_picture_is_refused(kiosk: Kiosk, page: str) -> None:
    kiosk.show("card")
    kiosk.session.say("preview", data={"pages": [page_png(), page]})
    wait_until(lambda: bool(kiosk.refused))
    assert kiosk.opened.visit.shown[0] == "card"
    assert kiosk.opened.pictures.held == 0


def test_garbage_and_lines_too_long_are_survived(kiosk: Kiosk) -> None:
    seq = kiosk.show("card")
    kiosk.session.raw(b'{"v":1,"seq":\n\n\xff\xfe\x00\n[]\n{"v":2,"seq":99,"screen":"card","language":"fr"}\n')
    kiosk.session.raw(b'{"v":1,"seq":98,"screen":"sesame","language":"fr"}\n')
    wait_until(lambda: len(kiosk.refused) == 6)
    long = threading.Thread(target=kiosk.session.raw, args=(b"x" * (MAX_SNAPSHOT_BYTES + 10) + b"\n",))
    long.start()
    wait_until(lambda: len(kiosk.refused) == 7 and not long.is_alive())
    assert (kiosk.opened.visit.seq, kiosk.opened.visit.shown[0]) == (seq, "card")
    kiosk.show("opening")
    assert {type(error) for error in kiosk.refused} == {SnapshotRefused}


def test_a_snapshot_older_than_the_one_that_stands_is_dropped(kiosk: Kiosk) -> None:
    old = kiosk.session.line("pin", data={})
    new = kiosk.session.line("card")
    kiosk.session.raw(new + old)
    kiosk.session.raw(new.replace(b'"card"', b'"goodbye"'))
    seq = kiosk.show("opening")
    assert kiosk.opened.visit.seq == seq
    turns: list[str] = []
    kiosk.opened.visit.turned.connect(lambda: turns.append(kiosk.opened.visit.shown[0]))
    kiosk.session.raw(old + kiosk.session.line("can"))
    wait_until(lambda: bool(turns))
    assert turns == ["can"]


def test_two_snapshots_in_one_read_leave_the_second(kiosk: Kiosk) -> None:
    kiosk.session.raw(kiosk.session.line("opening") + kiosk.session.line("can", data={"wrong": False}))
    kiosk.settle(2)
    assert kiosk.seen("key-1") is not None
    kiosk.tap("switch-language")
    assert kiosk.hears()["seq"] == 2


def test_one_snapshot_in_many_reads(kiosk: Kiosk) -> None:
    line = kiosk.session.line("preview", data={"pages": [page_png()]}, step=(7, 8))
    for at in range(0, len(line), 1000):
        kiosk.session.raw(line[at : at + 1000])
    kiosk.settle(1)
    assert kiosk.seen("preview-page") is not None


def test_a_session_that_goes_is_said_calmly_and_comes_back(kiosk: Kiosk) -> None:
    kiosk.show("attract", "ar")
    kiosk.show("choice", "ar", step=(6, 8), data={"name_ar": "أمينة", "name_latin": "Amina", "papers": [PAPER]})
    kiosk.session.close()
    wait_until(lambda: kiosk.opened.visit.shown[0] == "away" and bool(kiosk.opened.window.property("settled")))
    assert kiosk.item("code").property("text") == "E-SCREEN-AWAY"
    assert [i.objectName() for i in kiosk.items() if i.property("target")] == []
    kiosk.session.come_back()
    wait_until(lambda: kiosk.session.connected)
    kiosk.show("attract", "ar")  # its numbers begin anew, and that is no staleness
    kiosk.tap("primary")
    assert kiosk.hears() == {"v": 1, "seq": 1, "name": "start", "value": {}}


def test_before_any_session_the_kiosk_is_out_of_service(kiosk: Kiosk) -> None:
    wait_until(lambda: bool(kiosk.opened.window.property("settled")))
    assert kiosk.opened.visit.shown[0] == "away"
    assert kiosk.seen("closed") is not None
