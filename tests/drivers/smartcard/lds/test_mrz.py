"""Machine readable zones of every size, out of a chip, a scanner and a hand."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.smartcard import MalformedData, Mrz, PasswordFormat
from drivers.smartcard.emrtd import mrz
from tests.drivers.smartcard.lds.zones import VALUES, WIDTHS, Printed

TODAY = dt.date(2026, 6, 15)
SIZES = sorted(WIDTHS)
LONGEST = {"TD1": 22, "TD2": 14, "TD3": 9}
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
sizes = st.sampled_from(SIZES)


@st.composite
def printed(draw: st.DrawFn) -> tuple[str, Printed]:
    size = draw(sizes)
    number = draw(st.text(ALPHABET, min_size=1, max_size=LONGEST[size]))
    days = st.dates(dt.date(1930, 1, 1), dt.date(2025, 12, 31)).map(lambda day: day.strftime("%y%m%d"))
    return size, Printed(
        number=number, birth=draw(days), expiry=draw(days), sex=draw(st.sampled_from("MF<")), citizen="MAR"
    )


@given(printed())
def test_a_zone_of_any_size_is_read_back(case: tuple[str, Printed]) -> None:
    size, of = case
    zone = mrz.parse(of.text(size))
    assert zone.size == size and list(zone.lines) == of.lines(size)
    assert zone.document_code == ("P" if size == "TD3" else "ID")
    assert (zone.document_number, zone.date_of_birth, zone.date_of_expiry) == (of.number, of.birth, of.expiry)
    assert (zone.issuing_state, zone.nationality, zone.sex) == ("DZA", "MAR", of.sex)
    assert mrz.split_names(zone.names) == ("BENALI", "AMINA")
    assert not any(zone.optional)


@given(printed(), st.data())
def test_one_wrong_character_under_a_check_digit_is_seen(case: tuple[str, Printed], data: st.DataObject) -> None:
    size, of = case
    zone = of.text(size)
    width = WIDTHS[size]
    covered = (*range(5, 30), *range(30, 37), *range(38, 45), *range(48, 60))
    if size != "TD1":
        covered = (*range(width, width + 10), *range(width + 13, width + 20), *range(width + 21, 2 * width))
    at = data.draw(st.sampled_from(covered))
    typed = data.draw(st.sampled_from(ALPHABET))
    assume(VALUES[typed] % 10 != VALUES[zone[at]] % 10)
    with pytest.raises(MalformedData):
        mrz.parse(zone[:at] + typed + zone[at + 1 :])


@pytest.mark.parametrize(
    ("size", "slip"), [*((size, slip) for size in SIZES for slip in ("number", "birth", "expiry")), ("TD3", "optional")]
)
def test_each_check_digit_is_looked_at_by_itself(size: str, slip: str) -> None:
    with pytest.raises(MalformedData):
        mrz.parse(Printed(slip=slip, optional="X7").text(size))


def test_a_zone_without_a_number_is_none() -> None:
    with pytest.raises(MalformedData):
        mrz.parse(Printed(number="").text("TD1"))


def test_the_standard_s_own_zones(vectors: dict[str, Any]) -> None:
    zones = [mrz.parse(bytes.fromhex(text)[5:].decode()) for text in vectors["lds_9303_10"]["hex_in_order"][2:]]
    assert [zone.size for zone in zones] == ["TD1", "TD2", "TD3", "TD3"]
    assert [zone.document_number for zone in zones] == ["XI85935F8", "123456789012", "L898902C3", "C11T002JM"]
    assert [zone.issuing_state for zone in zones] == ["NLD", "ATA", "UTO", "D"]
    assert [zone.nationality for zone in zones] == ["NLD", "HMD", "UTO", "D"]
    assert [zone.optional for zone in zones] == [("999999990", ""), ("",), ("ZE184226B",), ("",)]
    assert mrz.split_names(zones[1].names) == ("SMITH", "JOHN T")


@pytest.mark.parametrize("size", ["TD1", "TD2"])
def test_what_follows_a_long_number_is_optional_data(size: str) -> None:
    zone = mrz.parse(Printed(number="D2314589073", optional="X7").text(size))
    assert zone.document_number == "D2314589073" and zone.optional[0] == "X7"


def test_a_long_number_needs_its_end() -> None:
    lines = Printed(number="D23145890" + "7" * 13).lines("TD1")
    endless = lines[0][:29] + "8" + "".join(lines[1:])
    with pytest.raises(MalformedData, match="without its end"):
        mrz.parse(endless)


@pytest.mark.parametrize("filler", ["<", "0"])
def test_a_passport_without_optional_data_has_a_filler_or_a_nought(filler: str) -> None:
    zone = Printed().text("TD3")
    assert mrz.parse(zone[:86] + filler + zone[87]).document_number == "AB1234567"
    with pytest.raises(MalformedData, match="optional"):
        mrz.parse(zone[:86] + "4" + zone[87])


# -- what opens a chip


@given(printed())
def test_every_size_opens_a_chip_as_its_three_fields_do(case: tuple[str, Printed]) -> None:
    size, of = case
    typed = Mrz.parse(f"{of.number} | {of.birth} | {of.expiry}".lower(), today=TODAY)
    assert Mrz.parse("\r\n".join(of.lines(size)), today=TODAY) == typed == Mrz.of(mrz.parse(of.text(size)), today=TODAY)
    assert typed.information.decode().startswith(of.number)


def test_the_number_of_nine_for_chips_that_know_no_longer_one() -> None:
    password = Mrz.parse("D23145890734|340712|950712", today=TODAY)
    assert password.information == b"D23145890734934071279507122"
    assert password.nine.information == Mrz.parse("D23145890|340712|950712", today=TODAY).information


@pytest.mark.parametrize("birth", ["86<<<<", "8603<<", "<<<<<<"])
def test_a_birth_that_nobody_knows_opens_the_chip_as_it_is_written(birth: str) -> None:
    for size in SIZES:
        password = Mrz.parse(Printed(birth=birth).text(size), today=TODAY)
        assert password.information[10:16].decode() == birth
    assert Mrz.parse(f"AB1234567|{birth}|320501", today=TODAY) == password


def test_a_number_with_a_filler_inside_keeps_it() -> None:
    assert Mrz.parse(Printed(number="AB<12").text("TD1"), today=TODAY).document_number == "AB<12"


@pytest.mark.parametrize(
    "typed", ["AB|8603<4|320501", "AB|86<<14|320501", "AB|860314|3205<<", "A" * 23 + "|860314|320501"]
)
def test_what_no_zone_says_is_refused(typed: str) -> None:
    with pytest.raises(PasswordFormat):
        Mrz.parse(typed, today=TODAY)


# -- what a scanner saw


@given(printed(), st.sampled_from(["", "\n", "\r\n", "\r", " ", "\t\n\n", "\n \n"]), st.data())
def test_a_zone_is_found_however_its_lines_are_parted(
    case: tuple[str, Printed], between: str, data: st.DataObject
) -> None:
    size, of = case
    before, after = (data.draw(st.sampled_from(["", "\x02", "~ ~\n", "REPUBLIQUE ALGERIENNE\n"])) for _ in "12")
    found = mrz.find(before + between.join(of.lines(size)) + "\n" + after)
    assert found == mrz.parse(of.text(size))


@pytest.mark.parametrize("size", SIZES)
def test_noise_beside_the_lines_blanks_in_them_and_a_line_between_do_no_harm(size: str) -> None:
    of = Printed(number="X1Y2Z3")
    noisy = "\n--- |.\n".join(f"; {line[:4]} {line[4:].lower()} ." for line in of.lines(size))
    assert mrz.find(noisy) == mrz.parse(of.text(size))
    letters = "\n".join(
        f"{'' if at == 2 else 'KX '}{line[:9]} {line[9:]} 7 8S" for at, line in enumerate(of.lines(size))
    )
    assert mrz.find(letters) == mrz.parse(of.text(size))
    spread = "\n".join(" ".join(line) + " 7" for line in of.lines(size))
    assert mrz.find(spread) == mrz.parse(of.text(size))


def test_a_character_too_many_is_not_taken_for_noise_before_a_number() -> None:
    """The number is D7BS9CT; a camera saw D7BSICTK, of which 7BSICTK has the same check digit."""
    assert mrz.find("IDDZAK<<LILAKK<<<<K<KKKKKKKKKKX<<KK\nD7BSICTK<<1DZA8212269F3205013<<<<<<<6") is None


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("miscount", [-3, 2])
def test_fillers_miscounted_are_set_right(size: str, miscount: int) -> None:
    of = Printed(number="X1Y2Z3")
    lines = []
    for line in of.lines(size):
        run = max(("<" * n for n in range(1, 45) if "<" * n in line), key=len)
        lines.append(line.replace(run, run[: len(run) + min(miscount, 0)] + "<" * max(miscount, 0)))
    assert mrz.find("\n".join(lines)) == mrz.parse(of.text(size))


OF_A_CAMERA = """
IDDZAB6GIZGVPX3<<<<<< E
4608116F3205013DZAS<<<<K<<0
VANSDER<STEEN<<MARIANNES<<<<<
"""


def test_fillers_taken_for_letters_leave_a_zone_whose_digits_hold() -> None:
    found = mrz.find(OF_A_CAMERA)
    assert found and (found.document_number, found.date_of_birth, found.date_of_expiry) == (
        "B6GIZGVPX",
        "460811",
        "320501",
    )
    assert found.optional == ("", "") and found == mrz.parse(found.text)


@pytest.mark.parametrize("size", SIZES)
def test_optional_data_is_empty_only_if_it_looks_so_and_every_digit_holds(size: str) -> None:
    lines = Printed().lines(size)
    at = 0 if size == "TD1" else 1
    run = max(("<" * n for n in range(1, 45) if "<" * n in lines[at]), key=len)
    like, unlike = (lines[at].replace(run, put) for put in ("<KK<CES<", "<KK<W9<"))
    found = mrz.find("\n".join([*lines[:at], like, *lines[at + 1 :]]))
    assert found == mrz.parse("".join(lines))
    assert mrz.find("\n".join([*lines[:at], unlike, *lines[at + 1 :]])) is None
    wrong = like.replace("AB1234567", "AB1234568")
    assert mrz.find("\n".join([*lines[:at], wrong, *lines[at + 1 :]])) is None


@pytest.mark.parametrize("before", ["", "K7 "])
@pytest.mark.parametrize("after", ["", " 7", " 7 8A"])
def test_words_beside_a_line_are_not_of_it(before: str, after: str) -> None:
    lines = Printed().lines("TD1")
    seen = [f"{before}{lines[0][:9]} {lines[0][9:15]}<<E<<{after}", lines[1], lines[2]]
    assert mrz.find("\n".join(seen)) == mrz.parse("".join(lines))


def test_a_number_s_own_check_digit_is_set_right_only_in_a_line_that_was_seen_well() -> None:
    lines = Printed().lines("TD1")
    assert lines[0][14] == "1"
    well, badly = lines[0][:14] + "I" + lines[0][15:], lines[0][:14] + "I<<E<<"
    assert mrz.find("\n".join([well, *lines[1:]])) == mrz.parse("".join(lines))
    assert mrz.find("\n".join([badly, *lines[1:]])) is None


@pytest.mark.parametrize("code", ["DD", "LD", "VD", "PD"])
def test_what_begins_like_no_card_is_none(code: str) -> None:
    assert mrz.find(Printed().text("TD1").replace("ID", code, 1)) is None


CONFUSED = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "G": "6", "B": "8"}


@given(printed(), st.data())
def test_letters_taken_for_digits_are_set_right_where_only_digits_are(
    case: tuple[str, Printed], data: st.DataObject
) -> None:
    size, of = case
    start = 30 if size == "TD1" else WIDTHS[size] + 13
    zone = of.text(size)
    at = data.draw(st.sampled_from((*range(start, start + 7), *range(start + 8, start + 15))))
    looks = [letter for letter, number in CONFUSED.items() if number == zone[at]]
    assume(looks)
    seen = zone[:at] + data.draw(st.sampled_from(looks)) + zone[at + 1 :]
    assert mrz.find(seen) == mrz.parse(zone)
    with pytest.raises(MalformedData):
        mrz.parse(seen)


def test_digits_taken_for_letters_are_set_right_where_only_letters_are() -> None:
    lines = Printed(state="UTO", citizen="UTO").lines("TD1")
    seen = [lines[0].replace("IDUTO", "1DUT0"), lines[1].replace("UTO", "UT0"), lines[2].replace("I", "1")]
    assert mrz.find("\n".join(seen)) == mrz.parse("".join(lines))


@pytest.mark.parametrize("size", SIZES)
def test_a_document_number_is_never_guessed(size: str) -> None:
    zone = Printed(number="AB0234567").text(size)
    assert mrz.find(zone) and mrz.find(zone.replace("AB0", "ABO")) is None


def test_two_documents_at_once_are_none_and_the_same_twice_is_one() -> None:
    one, other = Printed(), Printed(number="AB7654321")
    assert mrz.find(one.text("TD1") + "\n" + other.text("TD1")) is None
    assert mrz.find("\n".join(one.lines("TD1") * 2)) == mrz.parse(one.text("TD1"))


def test_only_the_newest_of_a_long_text_is_looked_at() -> None:
    old, new = Printed(number="AB7654321").text("TD1"), Printed().text("TD1")
    found = mrz.find(old + "." * mrz.LONGEST_TEXT + new)
    assert found and found.document_number == "AB1234567"


@given(st.text(max_size=300) | st.text("<ID0123\n ", max_size=300))
def test_any_text_is_no_zone_or_one_whose_digits_hold(text: str) -> None:
    found = mrz.find(text)
    assert found is None or mrz.parse(found.text) == found


@given(st.text("<0123456789ABCP", min_size=72, max_size=90))
def test_any_text_parses_or_is_our_own_error(text: str) -> None:
    with contextlib.suppress(MalformedData):
        mrz.parse(text)


def test_a_zone_is_not_shown() -> None:
    assert "AB1234567" not in repr(mrz.parse(Printed().text("TD1")))
