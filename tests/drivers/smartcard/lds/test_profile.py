"""National profiles: data that is read strictly, and that no code contradicts."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import profile as profiles
from drivers.smartcard.profile import ProfileInvalid, for_zone, load
from drivers.smartcard.profile_file import MAX_PROFILE, parse

FOLDER = Path(profiles.__file__).parent / "profiles"
SMALL = b'aid = "A0000002471001"\nencodings = ["utf-8"]\n'


def test_the_profiles_that_come_with_the_kiosk() -> None:
    assert profiles.names() == ("dz-cnibe", "icao", "ma-cnie")
    assert [load(name).issuing_state for name in profiles.names()] == ["DZA", None, "MAR"]
    assert [load(name).country for name in profiles.names()] == ["DZ", None, "MA"]


def test_the_standard_has_no_quirk_no_pin_and_one_encoding() -> None:
    icao = load("icao")
    assert icao.quirks == profiles.Quirks() and icao.pin is None and icao.encodings == ("utf-8",)
    assert icao.dg11.fields[0x5F2B] == "date_of_birth" and icao.dg11.scripts == "apart"


def test_what_the_algerian_card_has_of_its_own() -> None:
    card = load("dz-cnibe")
    assert card.quirks.bac_number == "nine" and card.quirks.one_bac_try and card.quirks.bare_select_ok
    assert card.dg11.scripts == "together" and card.dg11.fields[0x5F0F] == "given_names"
    assert card.encodings == ("utf-8", "iso8859-6")
    pattern = card.personal_number.pattern
    assert card.personal_number.strict and not load("ma-cnie").personal_number.strict
    assert pattern and pattern.fullmatch("109860314160100123") and not pattern.fullmatch("10986031416010012")
    assert card.pin and (card.pin.kind, card.pin.reference, card.pin.application) == ("verify", 0x81, None)


def test_what_a_profile_leaves_out_is_as_in_the_standard() -> None:
    assert load("ma-cnie").dg11 == load("icao").dg11
    small = parse("small", SMALL)
    assert small.dg11 == load("icao").dg11 and small.quirks == profiles.Quirks()
    assert small.pin is None and small.personal_number == profiles.PersonalNumber()


@pytest.mark.parametrize(
    ("state", "allowed", "expected"),
    [
        ("DZA", ["icao", "ma-cnie", "dz-cnibe"], "dz-cnibe"),
        ("FRA", ["dz-cnibe", "icao"], "icao"),
        ("DZA", ["icao"], "icao"),
        ("FRA", ["dz-cnibe", "ma-cnie"], None),
        ("FRA", [], None),
    ],
)
def test_the_zone_s_state_chooses_among_those_allowed(state: str, allowed: list[str], expected: str | None) -> None:
    chosen = for_zone(state, allowed)
    assert (chosen.name if chosen else None) == expected


@pytest.mark.parametrize("name", ["../icao", "ICAO", "de-pa", ""])
def test_no_profile_of_that_name(name: str) -> None:
    with pytest.raises(ProfileInvalid):
        load(name)


@pytest.mark.parametrize(
    ("added", "named"),
    [
        ('colour = "red"', "colour"),
        ('country = "DZ"', "country"),
        ('country = "dz"\nissuing_state = "DZA"', "country"),
        ("[quirks]\nbac_number = 9", "bac_number"),
        ('[quirks]\nbac_number = "nin"', "bac_number"),
        ("[quirks]\none_bac_try = 1", "one_bac_try"),
        ("[quirks]\nhurry = true", "hurry"),
        ('quirks = "none"', "quirks"),
        ('[dg11]\nscripts = "apart"', "fields"),
        ('[dg11.fields]\nsurname = "5F0E"\nfull_name = "5F0E"', "fields"),
        ('[dg11.fields]\nshoe_size = "5F0E"', "shoe_size"),
        ('[dg11.fields]\nsurname = "5F0"', "surname"),
        ('[dg11]\nstandard_tags = ["A0", "A0"]\n[dg11.fields]\nsurname = "5F0E"', "standard_tags"),
        ('[personal_number]\npattern = "(a+)+"\nsources = ["DG11"]', "pattern"),
        ('[personal_number]\npattern = "[9-0]{3}"\nsources = ["DG11"]', "pattern"),
        ('[personal_number]\npattern = "[0-9]{3}"\nsources = ["DG12"]', "sources"),
        ('[personal_number]\npattern = "[0-9]{3}"\nsources = []', "sources"),
        ("[pin]\nreference = 256\nmin_digits = 4\nmax_digits = 8", "reference"),
        ("[pin]\nreference = 1\nmin_digits = 8\nmax_digits = 4", "min_digits"),
        ("[pin]\nreference = true\nmin_digits = 4\nmax_digits = 8", "reference"),
        ('[pin]\nkind = "ask"\nreference = 1\nmin_digits = 4\nmax_digits = 8', "kind"),
        ("[pin]\nreference = 1\nmin_digits = 4", "max_digits"),
        ("[pin]\nreference = 1\nmin_digits = 3\nmax_digits = 8", "min_digits"),
        ("[pin]\nreference = 1\nmin_digits = 4\nmax_digits = 17", "max_digits"),
    ],
)
def test_what_is_not_known_is_refused_by_name(added: str, named: str) -> None:
    with pytest.raises(ProfileInvalid, match=rf"\b{named}\b"):
        parse("small", SMALL + added.encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"aid = ",
        b'aid = "A0000002471001"',
        b'aid = "A0"\nencodings = ["utf-8"]',
        b'aid = "A0000002471001"\nencodings = ["iso8859-6", "utf-8"]',
        b'aid = "A0000002471001"\nencodings = ["utf-16"]',
        SMALL + b"#" * MAX_PROFILE,
        SMALL + b"x = " + b"[" * 5000,
    ],
)
def test_what_is_no_profile_is_refused(content: bytes) -> None:
    with pytest.raises(ProfileInvalid):
        parse("small", content)


def test_a_standard_without_its_table_is_refused() -> None:
    with pytest.raises(ProfileInvalid, match="dg11"):
        parse("icao", SMALL)


ORIGINAL = (FOLDER / "dz-cnibe.toml").read_bytes()


@given(st.integers(0, len(ORIGINAL)), st.integers(0, 6), st.binary(max_size=8) | st.sampled_from([b'"', b"[", b"]\n"]))
def test_a_spoilt_profile_loads_or_is_our_own_error(at: int, cut: int, put: bytes) -> None:
    with contextlib.suppress(ProfileInvalid):
        parse("dz-cnibe", ORIGINAL[:at] + put + ORIGINAL[at + cut :])
