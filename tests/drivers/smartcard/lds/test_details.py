"""DG11, and what it says together with DG1, by the table of the card's profile."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import FileId, MalformedData, PersonName, card_data, parse_dg11
from drivers.smartcard.emrtd.dates import PartialDate
from drivers.smartcard.emrtd.text import Bilingual
from drivers.smartcard.profile import Profile, load
from tests.drivers.smartcard.lds import files
from tests.drivers.smartcard.lds.zones import Printed

TODAY = dt.date(2026, 6, 15)
ICAO, CNIBE, CNIE = load("icao"), load("dz-cnibe"), load("ma-cnie")
NIN = "109860314160100123"
LATIN, ARABIC = PersonName("BEN ALI", "AMINA"), PersonName("بن علي", "أمينة")


def cnibe(encoding: str = "iso8859-6", *more: tuple[int, bytes]) -> bytes:
    """DG11 as the Algerian card writes it: the same tags, other meanings, two scripts in a field."""
    texts = {0x5F0E: "BEN ALI<<بن علي", 0x5F0F: "AMINA<<أمينة", 0x5F10: NIN, 0x5F11: "ORAN<<وهران", 0x5F18: "O+<<"}
    return files.dg11(*((tag, text.encode(encoding)) for tag, text in texts.items()), *more)


# -- names


def test_a_standard_dg11_tells_names_by_their_script() -> None:
    parsed = parse_dg11(
        files.dg11(
            (0x5F0E, b"BEN<ALI<<AMINA"), (0x5F10, NIN.encode()), (0xA0, files.others(0x5F0F, "بن<علي<<أمينة", "MIMI"))
        )
    )
    assert (parsed.latin, parsed.arabic, parsed.personal_number) == (LATIN, ARABIC, NIN)
    swapped = parse_dg11(files.dg11((0x5F0E, "بن<علي<<أمينة".encode()), (0x5F0F, b"BEN<ALI<<AMINA")))
    assert (swapped.latin, swapped.arabic) == (LATIN, ARABIC)


@pytest.mark.parametrize("encoding", ["utf-8", "iso8859-6"])
def test_the_algerian_dg11_has_two_scripts_in_a_field_and_either_encoding(encoding: str) -> None:
    parsed = parse_dg11(cnibe(encoding), CNIBE)
    assert (parsed.latin, parsed.arabic, parsed.personal_number) == (LATIN, ARABIC, NIN)
    assert parsed.place_of_birth == Bilingual("ORAN", "وهران")
    assert parsed.detail("blood_group") == Bilingual("O+", None) and parsed.detail("spouse") is None


def test_the_script_and_not_the_place_says_which_half_is_which() -> None:
    parsed = parse_dg11(files.dg11((0x5F0E, "بن علي<<BEN ALI".encode()), (0x5F0F, "أمينة".encode())), CNIBE)
    assert parsed.latin == PersonName("BEN ALI", "") and parsed.arabic == ARABIC


@pytest.mark.parametrize("field", ["BEN<<ALI<<بن", "بن<<علي"])
def test_two_halves_in_one_script_are_refused(field: str) -> None:
    with pytest.raises(MalformedData):
        parse_dg11(files.dg11((0x5F0E, field.encode())), CNIBE)


def test_an_algerian_card_that_keeps_to_the_standard_is_read_by_it() -> None:
    standard = files.dg11((0x5F0E, b"BEN<ALI<<AMINA"), (0x5F2B, b"19860314"), (0x5F12, b"021000000"))
    parsed = parse_dg11(standard, CNIBE)
    assert parsed.latin == LATIN and parsed.date_of_birth == dt.date(1986, 3, 14)
    assert parsed.detail("telephone") == Bilingual("021000000", None) and parsed.detail("address") is None


def test_only_a_profile_that_says_so_reads_another_encoding_than_utf_8() -> None:
    name = (0x5F0E, "بن<علي<<أمينة".encode("iso8859-6"))
    with pytest.raises(MalformedData, match="encoding"):
        parse_dg11(files.dg11(name))
    assert parse_dg11(files.dg11(name, (0x5F2B, b"19860314")), CNIBE).arabic == ARABIC


@pytest.mark.parametrize(
    "name",
    ["BENALI\x00", "BEN\u202eALI<<A", "A\u200f", "X" * 401, "\ue000"],
    ids=["nul", "rlo", "rlm", "long", "private"],
)
def test_a_name_that_could_deceive_a_screen_is_refused(name: str) -> None:
    with pytest.raises(MalformedData):
        parse_dg11(files.dg11((0x5F0E, name.encode())))


# -- the rest of DG11


@pytest.mark.parametrize("born", [b"19860314", bytes.fromhex("19860314")])
def test_the_full_birthday_in_both_its_writings(born: bytes) -> None:
    assert parse_dg11(files.dg11((0x5F2B, born))).date_of_birth == dt.date(1986, 3, 14)


def test_a_birthday_known_in_part() -> None:
    parsed = parse_dg11(files.dg11((0x5F2B, bytes.fromhex("19860000"))))
    assert parsed.birth == PartialDate(1986) and parsed.date_of_birth is None


def test_details_nobody_needs_are_read_when_asked_for_and_not_before() -> None:
    parsed = parse_dg11(files.dg11((0x5F0E, b"A<<B"), (0x5F42, b"1<RUE<DIDOUCHE"), (0x5F15, b"\xff\xfe")))
    assert parsed.detail("address") == Bilingual("1 RUE DIDOUCHE", None)
    with pytest.raises(MalformedData):
        parsed.detail("summary")


BAD = {
    "number twice": files.dg11((0x5F10, b"1"), (0x5F10, b"2")),
    "list of tags twice": files.tlv(0x6B, files.tlv(0x5C), files.tlv(0x5C)),
    "other names twice": files.dg11((0xA0, files.others(0x5F0F, "A")), (0xA0, files.others(0x5F0F, "B"))),
    "another number of names": files.dg11((0xA0, files.count(2) + files.tlv(0x5F0F, b"A"))),
    "no number of names": files.dg11((0xA0, files.tlv(0x5F0F, b"A"))),
    "seventeen names": files.dg11((0xA0, files.others(0x5F0F, *"ABCDEFGHIJKLMNOPQ"))),
    "no date": files.dg11((0x5F2B, b"1986031")),
    "after it": files.dg11((0x5F10, b"1")) + b"\x00",
    "another file": files.details(0x6C, (0x5F10, b"1")),
}


@pytest.mark.parametrize("why", BAD)
def test_a_dg11_that_is_none_is_refused(why: str) -> None:
    with pytest.raises(MalformedData):
        parse_dg11(BAD[why])


def test_the_same_name_twice_is_refused_where_each_has_its_own_tag() -> None:
    with pytest.raises(MalformedData, match="twice"):
        parse_dg11(cnibe("utf-8", (0x5F0F, b"MIMI")), CNIBE)


def test_a_number_with_fillers_around_it_and_an_empty_one() -> None:
    assert parse_dg11(files.dg11((0x5F10, f"<{NIN}<<".encode()))).personal_number == NIN
    assert parse_dg11(files.dg11((0x5F10, f"{NIN}<<".encode())), CNIBE).personal_number == NIN
    assert parse_dg11(files.dg11((0x5F10, f"{NIN}<<الرقم".encode())), CNIBE).personal_number == NIN
    for profile in (ICAO, CNIBE):
        assert parse_dg11(files.dg11((0x5F10, b"<<")), profile).personal_number is None


@pytest.mark.parametrize("number", [NIN[:-1], NIN + "4", "A" + NIN[1:], NIN[:-1] + "\u0663"])
def test_a_number_of_another_form_than_the_profile_s_is_refused(number: str) -> None:
    with pytest.raises(MalformedData, match="personal number"):
        parse_dg11(files.dg11((0x5F10, number.encode())), CNIBE)
    for profile in (ICAO, CNIE):
        assert parse_dg11(files.dg11((0x5F10, number.encode())), profile).personal_number == number


# -- with DG1


def test_dg11_completes_dg1_and_each_says_what_came_from_it() -> None:
    of = Printed(number="D23145890734", names="BEN<ALI<<AM")
    data = card_data({FileId.DG1: files.dg1(of.text("TD1")), FileId.DG11: cnibe()}, TODAY, CNIBE)
    assert (data.latin, data.arabic, data.personal_number) == (LATIN, ARABIC, NIN)
    assert (data.document_number, data.issuing_state, data.nationality, data.sex) == ("D23145890734", "DZA", "DZA", "F")
    assert data.place_of_birth == Bilingual("ORAN", "وهران") and data.profile == "dz-cnibe"
    assert dict(data.sources) == {
        "latin": "DG11",
        "arabic": "DG11",
        "birth": "DG1",
        "personal_number": "DG11",
        "place_of_birth": "DG11",
    }


@pytest.mark.parametrize("size", ["TD1", "TD2", "TD3"])
def test_dg1_alone_is_enough_whatever_its_size(size: str) -> None:
    data = card_data({FileId.DG1: files.dg1(Printed().text(size))}, TODAY)
    assert data.latin == PersonName("BENALI", "AMINA") and data.arabic is None and data.personal_number is None
    assert data.date_of_birth == dt.date(1986, 3, 14) and data.date_of_expiry == dt.date(2032, 5, 1)
    assert dict(data.sources) == {"latin": "DG1", "birth": "DG1"} and data.zone.size == size


def _born(zone: str, full: bytes) -> tuple[PartialDate, str]:
    group = files.dg11((0x5F0E, b"A<<B"), (0x5F2B, full))
    data = card_data({FileId.DG1: files.dg1(Printed(birth=zone).text("TD1")), FileId.DG11: group}, TODAY)
    assert data.date_of_birth == data.birth.whole
    return data.birth, data.sources["birth"]


def test_the_birth_is_of_the_file_that_knows_more_of_it() -> None:
    assert _born("860314", b"19860314") == (PartialDate(1986, 3, 14), "DG11")
    assert _born("200314", b"19200314") == (PartialDate(1920, 3, 14), "DG11")
    assert _born("86<<<<", b"19860300") == (PartialDate(1986, 3), "DG11")
    assert _born("860314", b"19860000") == (PartialDate(1986, 3, 14), "DG1")


@pytest.mark.parametrize("full", [b"19860315", b"19870314", b"19860400"])
def test_two_days_of_birth_contradict_each_other(full: bytes) -> None:
    with pytest.raises(MalformedData, match="different days"):
        _born("860314", full)


def test_without_dg1_nothing_is_known() -> None:
    with pytest.raises(MalformedData):
        card_data({FileId.DG11: cnibe()}, TODAY, CNIBE)


def test_the_moroccan_number_comes_from_dg11_or_from_the_zone() -> None:
    zone = files.dg1(Printed(state="MAR", optional="<AB123456").text("TD1"))
    data = card_data({FileId.DG1: zone}, TODAY, CNIE)
    assert (data.personal_number, data.sources["personal_number"]) == ("AB123456", "DG1")
    both = card_data({FileId.DG1: zone, FileId.DG11: files.dg11((0x5F10, b"X54321"))}, TODAY, CNIE)
    assert (both.personal_number, both.sources["personal_number"]) == ("X54321", "DG11")
    assert card_data({FileId.DG1: zone}, TODAY, ICAO).personal_number is None
    unclear = files.dg1(Printed(state="MAR", optional="AB123456", second_optional="X54321").text("TD1"))
    assert card_data({FileId.DG1: unclear}, TODAY, CNIE).personal_number is None


def test_nothing_personal_is_shown() -> None:
    data = card_data({FileId.DG1: files.dg1(Printed().text("TD1")), FileId.DG11: cnibe()}, TODAY, CNIBE)
    assert not any(word in repr(data) + repr(data.birth) + repr(data.latin) for word in ("BEN", NIN, "1986", "AB1"))


# -- anything at all


@given(
    st.sampled_from([cnibe(), cnibe("utf-8")]),
    st.sampled_from([ICAO, CNIBE, CNIE]),
    st.data(),
    st.binary(max_size=6),
    st.integers(0, 6),
)
def test_a_spoilt_file_is_read_or_is_our_own_error(
    good: bytes, profile: Profile, data: st.DataObject, put: bytes, cut: int
) -> None:
    at = data.draw(st.integers(0, len(good)))
    content = good[:at] + put + good[at + cut :]
    with contextlib.suppress(MalformedData):
        parse_dg11(content, profile)


names = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12)
arabic_names = st.text("ابتثجحخدذرزسشصضطظعغفقكلمنهوي", min_size=1, max_size=12)


@given(names, names, arabic_names, arabic_names, st.sampled_from(["utf-8", "iso8859-6"]))
def test_every_name_comes_back_in_both_scripts(
    surname: str, given_name: str, family: str, own: str, encoding: str
) -> None:
    fields = {0x5F0E: f"{surname}<<{family}", 0x5F0F: f"{given_name}<<{own}"}
    parsed = parse_dg11(files.dg11(*((tag, text.encode(encoding)) for tag, text in fields.items())), CNIBE)
    assert parsed.latin == PersonName(surname, given_name) and parsed.arabic == PersonName(family, own)
