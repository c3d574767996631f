"""What each command of the simulated ticket printer does to its paper, and what it answers."""

from __future__ import annotations

import pytest
from thermal_bench import ACROSS, CUT, RESET, Bench, opened, raster, row

PICTURE = b"".join(row(value) for value in range(1, 41))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_rows_are_burnt_as_they_were_sent(bench: Bench) -> None:
    bench.send(RESET + raster(PICTURE) + CUT)
    (strip,) = bench.paper.strips
    assert strip == bytes(bench.blade * ACROSS) + PICTURE


def test_the_picture_is_black_where_a_bit_is_set() -> None:
    image = opened(b"\x80" + bytes(ACROSS - 2) + b"\x01" + row(0))
    assert (image.mode, image.size) == ("1", (ACROSS * 8, 2))
    assert [image.getpixel((x, 0)) for x in (0, 1, 574, 575)] == [0, 255, 255, 0]
    assert image.getpixel((0, 1)) == 255 and round(image.info["dpi"][0]) == 203


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0, [b"\xf0\x01"]), (49, [b"\xff\x00\x00\x03"]), (2, [b"\xf0\x01"] * 2), (3, [b"\xff\x00\x00\x03"] * 2)],
)
def test_a_picture_may_be_doubled(bench: Bench, mode: int, expected: list[bytes]) -> None:
    bench.send(raster(b"\xf0\x01", 2, mode) + CUT)
    assert bench.printed == [b"".join(line.ljust(ACROSS, b"\0") for line in expected).strip(b"\0")]


def test_what_is_wider_than_the_paper_is_not_printed(bench: Bench) -> None:
    wide = 9000  # a row longer than the whole buffer
    bench.send(raster((b"\xaa" * ACROSS).ljust(wide, b"\x55") * 3, wide) + CUT)
    assert bench.printed == [b"\xaa" * ACROSS * 3] and bench.engine.rubbish == 0


@pytest.mark.parametrize("head", [b"\x1d(L\x1a\x00", b"\x1d8L\x1a\x00\x00\x00"])
def test_graphics_are_stored_and_printed_once(bench: Bench, head: bytes) -> None:
    store = head + b"\x30\x70\x30\x01\x01\x31" + b"\x20\x00\x04\x00" + bytes(range(1, 17))
    bench.send(store)
    assert bench.paper.rows == 0
    bench.send(b"\x1d(L\x02\x00\x30\x32" * 2 + CUT)
    assert bench.printed == [
        b"".join(bytes(range(at, at + 4)).ljust(ACROSS, b"\0") for at in (1, 5, 9, 13)).strip(b"\0")
    ]


def test_graphics_larger_than_the_memory_are_not_printed(bench: Bench) -> None:
    size = (4 << 20) + 10
    bench.send(
        b"\x1d8L" + size.to_bytes(4, "little") + b"\x30\x70\x30\x01\x01\x31\x00\x10\x00\x20" + b"\xff" * (size - 10)
    )
    bench.send(b"\x1d(L\x02\x00\x30\x32" + b"\x1dr\x01")
    assert (bench.paper.rows, bench.engine.rubbish) == (0, 0)


@pytest.mark.parametrize("form", [b"\x00", b"\x01", b"0", b"1"])
def test_a_cut_without_feeding_leaves_what_is_before_the_blade(bench: Bench, form: bytes) -> None:
    bench.send(raster(row() * 200) + b"\x1dV" + form)
    (strip,) = bench.paper.strips
    assert strip == bytes(bench.blade * ACROSS) + row() * (200 - bench.blade)
    assert bench.paper.hanging == bench.blade


@pytest.mark.parametrize("form", [65, 66])
def test_a_cut_with_feeding_takes_everything(bench: Bench, form: int) -> None:
    bench.send(raster(row() * 200) + bytes((0x1D, 0x56, form, 7)))
    assert bench.paper.strips[0] == bytes(bench.blade * ACROSS) + row() * 200 + bytes(7 * ACROSS)
    assert bench.paper.hanging == 0


@pytest.mark.parametrize("form", [97, 98])
def test_a_cut_reserved_falls_when_its_place_is_at_the_blade(bench: Bench, form: int) -> None:
    bench.send(raster(row(1) * 200) + bytes((0x1D, 0x56, form, 0)) + raster(row(2) * 50))
    assert bench.paper.strips == []
    bench.send(raster(row(2) * 150) + CUT)
    assert bench.paper.strips == [bytes(bench.blade * ACROSS) + row(1) * 200, row(2) * 200]


@pytest.mark.parametrize("form", [103, 104])
def test_a_cut_with_turning_back_wastes_no_paper(bench: Bench, form: int) -> None:
    bench.send((raster(row() * 200) + bytes((0x1D, 0x56, form, 0))) * 2)
    assert bench.paper.strips[1] == row() * 200
    assert bench.paper.roll == pytest.approx(80_000 - 400 * 25.4 / 203)


def test_nothing_falls_where_nothing_moved(bench: Bench) -> None:
    bench.send(CUT + b"\x1dV\x00" * 5)
    assert len(bench.paper.strips) == 1


def test_paper_is_fed_by_dots_and_by_lines(bench: Bench) -> None:
    bench.send(b"\x1bJ\x05\x1bd\x02")
    assert bench.paper.rows == 5 + 2 * 34


def test_two_documents_that_are_not_cut_apart_come_off_as_one(bench: Bench) -> None:
    bench.send(raster(row(1) * 300))
    assert bench.paper.hanging == bench.blade + 300
    bench.send(RESET + raster(row(2) * 300) + CUT)
    assert bench.printed == [row(1) * 300 + row(2) * 300]


def test_no_more_hangs_than_paper_can_bear(bench: Bench) -> None:
    for _ in range(50):
        bench.send(raster(row() * 1000))
    assert len(bench.paper.strips) == 1 and len(bench.paper.out) <= bench.paper.past(5000) * ACROSS


# --- answers


def test_the_sensor_and_the_echo_answer_in_their_turn(bench: Bench) -> None:
    bench.engine.receive(raster(row() * 3) + b"\x1dr\x01" + b"\x1d(H\x06\x00\x30\x30ABCD")
    answered_after: dict[bytes, int] = {}
    while bench.engine.step():
        for answer in bench.engine.answers:
            answered_after.setdefault(answer, bench.paper.rows)
    assert answered_after == {b"\x00": 3, b"\x37\x22ABCD\x00": 3}


def test_a_printer_without_echo_or_clearing_says_nothing_of_them() -> None:
    bench = Bench("generic-80")
    assert bench.send(b"\x1d(H\x06\x00\x30\x30ABCD\x1dr\x01") == b"\x00"
    assert bench.send(b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08") == b"" and bench.engine.rubbish > 0


@pytest.mark.parametrize(
    ("asked", "answer"),
    [(b"\x1dI\x01", b"\x20"), (b"\x1dI\x42", b"_EPSON\0"), (b"\x1dI\x43", b"_TM-T20III\0"), (b"\x1dr\x02", b"\0")],
)
def test_it_says_what_it_is(bench: Bench, asked: bytes, answer: bytes) -> None:
    assert bench.send(asked) == answer


def test_status_unasked_is_told_at_once_and_at_each_change(bench: Bench) -> None:
    assert bench.send(b"\x1da\xff") == b"\x10\x00\x00\x00"
    bench.engine.cover_open = True
    bench.engine.look_around()
    bench.engine.look_around()
    assert bench.heard() == b"\x38\x00\x00\x00"
    bench.engine.cover_open = False
    assert bench.send(b"\x1da\x00\x1dr\x01") == b"\x10\x00\x00\x00" + b"\x00"


# --- what is no command


def test_whatever_is_no_command_is_printed_as_text_that_shows(bench: Bench) -> None:
    bench.send(b"Shubbak\x1b\x7fab\n" + raster(row()) + CUT)
    assert bench.engine.rubbish == 11
    (strip,) = bench.paper.strips
    text = strip[bench.blade * ACROSS : (bench.blade + 24) * ACROSS]
    assert all(any(text[at : at + ACROSS]) for at in range(0, len(text), ACROSS))
    assert strip.endswith(row())


def test_a_picture_that_lost_a_byte_of_its_head_shows_as_text(bench: Bench) -> None:
    bench.send(raster(b"\x7f" * ACROSS * 10)[1:] + CUT)
    assert bench.engine.rubbish > 10 * ACROSS and bench.paper.rows > 10 * 24


def test_settings_of_text_print_nothing(bench: Bench) -> None:
    bench.send(b"\x1ba\x01\x1bt\x00\x1b2\x1b3\x10\x1d!\x11\x1dL\x05\x00\x1b$\x05\x00\x1d(D\x03\x00\x14\x01\x00\r")
    assert (bench.paper.rows, bench.engine.rubbish) == (0, 0)
