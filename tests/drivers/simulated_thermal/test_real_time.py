"""Trouble at the simulated ticket printer, what it says of it at once, and what it does when it is over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thermal_bench import ACROSS, CUT, Bench, raster, row

CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
ASK = {n: bytes((0x10, 0x04, n)) for n in (1, 2, 3, 4)}
ECHO = b"\x1d(H\x06\x00\x30\x30ABCD"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def answers(bench: Bench) -> list[int]:
    return [bench.send(ASK[n])[0] for n in (1, 2, 3, 4)]


def test_all_is_well(bench: Bench) -> None:
    assert answers(bench) == [0x12] * 4


def test_each_trouble_has_its_bits(bench: Bench) -> None:
    bench.engine.cover_open = True
    assert answers(bench) == [0x1A, 0x16, 0x12, 0x12]
    bench.engine.cover_open = False
    bench.paper.roll = 0.0
    assert answers(bench) == [0x1A, 0x32, 0x12, 0x7E]
    bench.paper.roll = 9000.0
    bench.engine.hot = True
    assert answers(bench) == [0x1A, 0x52, 0x52, 0x12]
    bench.engine.hot = False
    bench.engine.cutter_stuck = True
    bench.send(raster(row()) + CUT)
    assert answers(bench) == [0x1A, 0x52, 0x1A, 0x12]


def test_only_a_printer_with_that_sensor_sees_the_end_of_the_roll_near() -> None:
    blind, seeing = Bench("epson-tm-t20iii"), Bench("epson-tm-t88v")
    for bench in (blind, seeing):
        bench.paper.roll = 2999.0
    assert (blind.send(ASK[4]), seeing.send(ASK[4]), seeing.send(b"\x1dr\x01")) == (b"\x12", b"\x1e", b"\x03")
    assert seeing.engine.online


def test_the_rest_waits_for_paper_and_goes_on_with_it(bench: Bench) -> None:
    """The danger: whoever stands there when paper comes gets the end of somebody else's document."""
    bench.paper.roll = 10.06 * 25.4 / 203
    heard = bench.send(raster(row(1) * 30) + CUT + ECHO)
    assert (bench.paper.rows, heard, bench.engine.online) == (10, b"", False)
    assert len(bench.engine.received) == 20 * ACROSS + len(CUT + ECHO)
    bench.paper.roll = 80_000.0
    bench.go_on()
    assert bench.printed == [row(1) * 30] and bench.heard() == b"\x37\x22ABCD\x00"


def test_cleared_nothing_comes_out_and_nothing_is_echoed(bench: Bench) -> None:
    bench.paper.roll = 10.06 * 25.4 / 203
    bench.send(raster(row(1) * 30) + CUT + ECHO)
    assert bench.send(CLEAR) == b"\x37\x25\x00"
    bench.paper.roll = 80_000.0
    assert bench.send(CUT + b"\x1dr\x01") == b"\x00"
    assert bench.printed == [row(1) * 10]


def test_what_follows_a_clearing_is_kept(bench: Bench) -> None:
    bench.engine.cover_open = True
    bench.send(raster(row(1)) + CLEAR + raster(row(2)) + CUT)
    bench.engine.cover_open = False
    bench.go_on()
    assert bench.printed == [row(2)]


def test_a_full_buffer_takes_no_more(bench: Bench) -> None:
    bench.engine.cover_open = True
    bench.send(raster(row() * 100))
    assert len(bench.engine.received) == 4096 and len(bench.left) == 8 + 100 * ACROSS - 4096
    bench.send(CLEAR)
    assert bench.left == CLEAR


def test_a_stuck_blade_stops_everything_until_it_is_free_and_told_so(bench: Bench) -> None:
    bench.engine.cutter_stuck = True
    bench.send(raster(row(1)) + CUT + ECHO + raster(row(2)) + CUT)
    bench.send(b"\x10\x05\x01")
    assert not bench.engine.online and bench.heard() == b""
    bench.engine.cutter_stuck = False
    assert bench.send(ASK[3]) == b"\x1a"
    assert bench.send(b"\x10\x05\x01") == b"\x37\x22ABCD\x00"
    assert bench.printed == [row(1) + bytes(bench.blade * ACROSS) + row(2)]


@pytest.mark.parametrize("how", [b"\x10\x05\x02", CLEAR])
def test_a_free_blade_recovers_without_what_waited(bench: Bench, how: bytes) -> None:
    bench.engine.cutter_stuck = True
    bench.send(raster(row(1)) + CUT + ECHO + raster(row(2)))
    bench.engine.cutter_stuck = False
    bench.send(how)
    bench.send(CUT)
    assert bench.engine.online and bench.printed == [row(1)]


def test_recovering_where_there_is_no_error_does_nothing(bench: Bench) -> None:
    bench.engine.cover_open = True
    bench.send(raster(row()) + b"\x10\x05\x02")
    bench.engine.cover_open = False
    bench.go_on()
    assert bench.paper.rows == 1


def test_power_off_forgets_what_is_not_on_paper(bench: Bench) -> None:
    bench.engine.cover_open = True
    bench.send(b"\x1da\xff" + raster(row()) + ASK[1] + b"\x10")
    bench.engine.power_off()
    bench.engine.cover_open = False
    bench.go_on()
    assert (bench.paper.rows, bench.heard(), len(bench.engine.received)) == (0, b"", 0)
    assert bench.send(b"\x04\x01\n") == b"", "half a command was remembered"


def test_a_question_inside_a_picture_is_answered_and_printed(bench: Bench) -> None:
    inside = (b"\x10\x04\x01" * ACROSS)[:ACROSS]
    assert bench.send(raster(inside) + CUT) == b"\x12" * (ACROSS // 3)
    assert bench.printed == [inside]


@pytest.mark.parametrize("clearing", [b"", CLEAR])
@given(cuts=st.sets(st.integers(1, 300), max_size=12))
def test_it_does_not_matter_how_bytes_arrive(cuts: set[int], clearing: bytes) -> None:
    inside = (b"\x10\x04\x01\x10" * ACROSS)[:ACROSS]
    stream = raster(row(3) * 2 + inside) + ASK[4] + b"\x10\x05\x01" + CUT + CLEAR[:4]
    stream += clearing + raster(inside) + ECHO + b"abc\n" + CUT
    whole, parts = Bench(), Bench()
    for bench in (whole, parts):
        bench.engine.cover_open = bool(clearing)  # or it would matter what was printed before
    heard = b""
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(stream)], strict=True):
        heard += parts.send(stream[start:end])
    assert sorted(whole.send(stream)) == sorted(heard)
    for bench in (whole, parts):
        bench.engine.cover_open = False
        bench.go_on()
    assert whole.heard() == parts.heard()
    assert (whole.paper.strips, whole.engine.rubbish) == (parts.paper.strips, parts.engine.rubbish)
    assert len(whole.paper.strips) == (1 if clearing else 2)


_PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([CUT, CLEAR, ECHO, *ASK.values(), b"\x1dv0\0", b"\x1d8L", b"\x1d(", b"\x1dV", b"\x1b", b"\x10"]),
    st.integers(0, 0xFFFFFFFF).map(lambda size: b"\x1d8L" + size.to_bytes(4, "little") + b"\x30\x70\x30\x01\x01\x31"),
)


@given(pieces=st.lists(_PIECES, max_size=60), open_at=st.integers(0, 60))
def test_whatever_comes_it_stands_and_stays_small(pieces: list[bytes], open_at: int) -> None:
    bench = Bench()
    for at, piece in enumerate(pieces):
        bench.engine.cover_open = at == open_at
        bench.send(piece)
        assert len(bench.engine.received) <= 4096
        assert len(bench.paper.out) <= bench.paper.past(5000) * ACROSS
    bench.engine.cover_open = False
    bench.engine.power_off()
    before = len(bench.paper.strips)
    bench.send(raster(row(0x5A)) + CUT)
    assert bench.paper.strips[before].endswith(row(0x5A))
