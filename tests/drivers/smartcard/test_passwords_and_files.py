"""What is typed, and what the data groups say."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import Can, FileId, MalformedData, Mrz, PasswordFormat, PersonName, card_data, tlv
from drivers.smartcard.emrtd import dates, mrz, text
from drivers.smartcard.emrtd.data_groups import parse_dg1, parse_dg2, parse_dg11

TODAY = dt.date(2026, 6, 15)


# -- passwords


@pytest.mark.parametrize("digits", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "123456\n"])
def test_a_can_is_six_ascii_digits(digits: str) -> None:
    with pytest.raises(PasswordFormat):
        Can(digits)


def td1(number: str = "AB1234567", birth: str = "860314", expiry: str = "320501", names: str = "BENALI<<AMINA") -> str:
    first = "IDDZA" + number + mrz.check_digit(number) + "<" * 15
    second = birth + mrz.check_digit(birth) + "F" + expiry + mrz.check_digit(expiry) + "DZA" + "<" * 11
    composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
    return first + second + mrz.check_digit(composite) + names.ljust(30, "<")


def test_an_mrz_is_three_lines_or_three_fields() -> None:
    expected = Mrz("AB1234567", dt.date(1986, 3, 14), dt.date(2032, 5, 1))
    zone = td1()
    assert Mrz.parse(zone, today=TODAY) == expected
    assert Mrz.parse("\n".join((zone[:30], zone[30:60], zone[60:])), today=TODAY) == expected
    assert Mrz.parse("ab1234567|860314|320501", today=TODAY) == expected


@pytest.mark.parametrize(
    "typed",
    ["", "||", "AB|860314", "AB1234567|861314|320501", "AB1234567|860314|320501|1", "A-B|860314|320501", "I" * 90],
)
def test_what_cannot_be_an_mrz_is_refused_before_the_card_hears_of_it(typed: str) -> None:
    with pytest.raises(PasswordFormat):
        Mrz.parse(typed, today=TODAY)


@given(st.integers(0, 59), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_a_slip_in_the_two_upper_lines_is_told_by_the_check_digits(at: int, typed: str) -> None:
    zone = td1()
    covered = (*range(5, 15), *range(30, 37), *range(38, 45), 59)
    slipped = zone[:at] + typed + zone[at + 1 :]
    value = {c: 0 if c == "<" else int(c, 36) % 10 for c in (zone[at], typed)}
    if at in covered and value[zone[at]] != value[typed]:
        with pytest.raises(PasswordFormat):
            Mrz.parse(slipped, today=TODAY)


@given(st.text(max_size=100))
def test_any_text_at_all_is_an_mrz_or_our_own_error(typed: str) -> None:
    with contextlib.suppress(PasswordFormat):
        Mrz.parse(typed, today=TODAY)


def test_a_long_document_number_runs_on_into_the_optional_data() -> None:
    number = "D23145890734"
    first = "I<UTO" + number[:9] + "<" + number[9:] + mrz.check_digit(number) + "<" * 11
    second = td1()[30:59]
    composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
    zone = first + second + mrz.check_digit(composite) + "ERIKSSON<<ANNA".ljust(30, "<")
    assert Mrz.parse(zone, today=TODAY).document_number == number
    assert Mrz.parse(zone, today=TODAY).information.startswith(number.encode() + mrz.check_digit(number).encode())


def test_passwords_are_not_shown() -> None:
    shown = repr(Can("123456")) + repr(Mrz("AB1234567", dt.date(1986, 3, 14), dt.date(2032, 5, 1)))
    assert "123456" not in shown and "1986" not in shown


# -- dates


@given(st.dates(dt.date(TODAY.year - 99, 1, 1), TODAY))
def test_a_birth_is_never_in_the_future(born: dt.date) -> None:
    assert dates.birth(born.strftime("%y%m%d"), TODAY) == born


@given(st.dates(dt.date(1976, 1, 1), dt.date(2075, 12, 31)))
def test_an_expiry_is_within_fifty_years(expires: dt.date) -> None:
    assert dates.expiry(expires.strftime("%y%m%d"), TODAY) == expires


def test_a_presumed_birthday_is_not_made_up() -> None:
    assert dates.birth("50<<<<", TODAY) is None
    assert dates.full("19500000") is None


@pytest.mark.parametrize("bad", ["861314", "8603", "86031a", "000230", "٨٦٠٣١٤"])
def test_no_date_that_is_none(bad: str) -> None:
    with pytest.raises(MalformedData):
        dates.birth(bad, TODAY)


# -- data groups


def dg1(zone: str) -> bytes:
    return tlv.encode(0x61, tlv.encode(0x5F1F, zone.encode()))


def test_dg1_of_the_standard_s_own_sample(vectors) -> None:
    parsed = parse_dg1(bytes.fromhex(vectors["lds_9303_10"]["hex_in_order"][2]), dt.date(2010, 1, 1))
    assert parsed.issuing_state == "NLD" and parsed.document_number == "XI85935F8"
    assert parsed.date_of_birth == dt.date(1972, 8, 14) and parsed.date_of_expiry == dt.date(2011, 8, 26)
    assert parsed.sex == "F" and parsed.name == PersonName("VAN DER STEEN", "MARIANNE LOUISE")


def dg11(*parts: tuple[int, bytes]) -> bytes:
    return tlv.encode(0x6B, b"".join(tlv.encode(tag, value) for tag, value in parts))


ARABIC = tlv.encode(0x02, b"\x01") + tlv.encode(0x5F0F, "بن علي<<أمينة".encode())


def test_dg11_tells_names_by_their_script() -> None:
    parsed = parse_dg11(
        dg11((0x5C, b"\x5f\x0e"), (0x5F0E, b"BEN<ALI<<AMINA"), (0x5F10, b"109860314160100123"), (0xA0, ARABIC))
    )
    assert parsed.latin == PersonName("BEN ALI", "AMINA")
    assert parsed.arabic == PersonName("بن علي", "أمينة")
    assert parsed.personal_number == "109860314160100123"
    swapped = parse_dg11(dg11((0x5F0E, "بن علي<<أمينة".encode()), (0x5F0F, b"BENALI<<AMINA")))
    assert swapped.latin == PersonName("BENALI", "AMINA") and swapped.arabic == parsed.arabic


def test_iso_8859_6_is_read_where_it_is_no_utf_8() -> None:
    name = "بن علي<<أمينة"
    assert parse_dg11(dg11((0x5F0E, name.encode("iso-8859-6")))).arabic == PersonName("بن علي", "أمينة")
    assert text.decode(name.encode()) == name


@pytest.mark.parametrize("born", [b"19860314", bytes.fromhex("19860314")])
def test_the_full_birthday_in_both_its_writings(born: bytes) -> None:
    assert parse_dg11(dg11((0x5F2B, born))).date_of_birth == dt.date(1986, 3, 14)


@pytest.mark.parametrize(
    "name",
    ["BENALI\x00", "BEN\u202eALI<<A", "A\u200f", "X" * 401, "\ue000"],
    ids=["nul", "rlo", "rlm", "long", "private"],
)
def test_a_name_that_could_deceive_a_screen_is_refused(name: str) -> None:
    with pytest.raises(MalformedData):
        parse_dg11(dg11((0x5F0E, name.encode())))


def test_the_same_thing_said_twice_is_refused() -> None:
    with pytest.raises(MalformedData):
        parse_dg11(dg11((0x5F10, b"1"), (0x5F10, b"2")))


def test_dg11_completes_dg1_and_may_not_contradict_it() -> None:
    files = {FileId.DG1: dg1(td1()), FileId.DG11: dg11((0x5F0E, b"BENALI-LONGNAME<<AMINA"), (0x5F2B, b"19860314"))}
    data = card_data(files, TODAY)
    assert data.latin.surname == "BENALI-LONGNAME" and data.date_of_birth == dt.date(1986, 3, 14)
    assert card_data({FileId.DG1: dg1(td1())}, TODAY).latin == PersonName("BENALI", "AMINA")
    with pytest.raises(MalformedData, match="different days"):
        card_data({**files, FileId.DG11: dg11((0x5F2B, b"19860315"))}, TODAY)
    with pytest.raises(MalformedData):
        card_data({}, TODAY)


def dg2(image: bytes, points: int = 0, claimed: int | None = None) -> bytes:
    info = bytes(2) + (300).to_bytes(2) + (400).to_bytes(2) + bytes(6)
    inner = points.to_bytes(2) + bytes(14) + bytes(8 * points) + info + image
    length = 4 + len(inner) if claimed is None else claimed
    record = b"FAC\x00010\x00" + bytes(4) + b"\x00\x01" + length.to_bytes(4) + inner
    template = tlv.encode(0xA1, b"") + tlv.encode(0x5F2E, record)
    return tlv.encode(0x75, tlv.encode(0x7F61, tlv.encode(0x02, b"\x01") + tlv.encode(0x7F60, template)))


@pytest.mark.parametrize("points", [0, 3])
@pytest.mark.parametrize(
    ("magic", "mime"),
    [("FFD8FFE0", "image/jpeg"), ("0000000C6A5020200D0A870A", "image/jp2"), ("FF4FFF51", "image/j2c")],
)
def test_the_face_is_found_behind_its_headers(magic: str, mime: str, points: int) -> None:
    image = bytes.fromhex(magic) + bytes(50)
    face = parse_dg2(dg2(image, points))
    assert (face.image, face.mime, face.width, face.height) == (image, mime, 300, 400)


@pytest.mark.parametrize("bad", [dg2(b"GIF89a"), dg2(b"\xff\xd8\xff", claimed=5000), dg2(b""), tlv.encode(0x75, b"")])
def test_a_face_that_is_none_is_refused(bad: bytes) -> None:
    with pytest.raises(MalformedData):
        parse_dg2(bad)
