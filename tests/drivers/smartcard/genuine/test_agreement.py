"""The parts of a card against each other: what a thief mixes, hides or leaves out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from drivers.smartcard.emrtd import security_infos
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.passwords import Can, Mrz
from drivers.smartcard.genuine import CardEvidence, TrustStore, Verdict, judge
from tests.drivers.smartcard.genuine.state import (
    CSCA,
    DS,
    FILES,
    NOW,
    TRUST,
    ZONE,
    Profile,
    Signer,
    codes,
    country_signer,
    dg1,
    document_types,
    encode,
    evidence,
    issue,
    judged,
    sod,
    states,
)

# --- countries -------------------------------------------------------------------------------------------


def issued(
    *, csca: str | None = "DZ", ds: str | None = "DZ", zone: str = "DZA", profile: str | None = "DZ", **more: Any
) -> Verdict:
    """Of a card whose signatures are all right, and whose countries are these."""
    country = country_signer(country=csca, extensions=more.get("csca_extensions", ()))
    signer = issue("DS", by=country, country=ds, extensions=more.get("ds_extensions", ()))
    files = {FileId.DG1: dg1(ZONE.replace("DZA", zone.ljust(3, "<"), 1))}
    card = evidence(files, signed=sod(files, signer))
    return judged(card, TrustStore((country.read,)), Profile(profile))


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("DZ", "DZA"),
        ("dz", "DZA"),
        ("DE", "D"),
        ("GB", "GBD"),
        ("KS", "RKS"),
        ("UN", "UNO"),
        ("EU", "EUE"),
        ("UT", "UTO"),
    ],
)
def test_one_country_all_along_passes(country: str, zone: str) -> None:
    for profile in (country, None):
        assert issued(csca=country, ds=country, zone=zone, profile=profile).reasons == ()


@pytest.mark.parametrize(
    "mixed",
    [
        {"csca": "MA"},
        {"ds": "MA"},
        {"zone": "MAR"},
        {"csca": "MA", "ds": "MA"},
        {"csca": "MA", "ds": "MA", "zone": "MAR"},
        {"profile": "MA"},
        {"zone": "XYZ"},
        {"zone": ""},
        {"ds": None},
        {"csca": None, "ds": None},
        {"ds_extensions": (states("MAR"),)},
        {"csca_extensions": (states("MAR", "TUN"),)},
    ],
    ids=str,
)
def test_anything_of_another_country_is_foreign(mixed: dict[str, Any]) -> None:
    verdict = issued(**mixed)
    assert verdict.passive == "failed" and codes(verdict) == ["FOREIGN"]


def test_states_of_the_alternative_name_that_fit_or_say_nothing_do_no_harm() -> None:
    for named in (("DZA",), ("MAR", "DZA"), ("ALGIERS",)):
        assert issued(ds_extensions=(states(*named),)).reasons == ()


def test_a_foreign_card_is_foreign_even_where_its_country_is_unknown() -> None:
    csca = country_signer(country="MA")
    files = {FileId.DG1: dg1(ZONE.replace("DZA", "MAR"))}
    verdict = judged(evidence(files, signed=sod(files, issue("DS", by=csca, country="MA"))))
    assert codes(verdict) == ["FOREIGN", "ISSUER-UNKNOWN"] and verdict.passive == "failed"


def test_without_a_zone_nobody_knows_whose_card_it_is() -> None:
    files = {FileId.DG11: FILES[FileId.DG11]}
    assert codes(judged(evidence(files))) == ["FOREIGN"]
    files = {FileId.DG1: encode(0x61, encode(0x5F1F, b"short"))}
    assert codes(judged(evidence(files))) == ["DATA", "FOREIGN"]


def test_any_country_will_do_where_no_profile_is_given() -> None:
    assert judge(evidence(), TRUST, None, NOW).genuine


# --- kinds of documents ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "types", "refused"),
    [
        ("I<", ("I", "P"), False),
        ("ID", ("ID",), False),
        ("ID", ("I",), False),
        ("I<", ("I<",), False),
        ("I<", ("P",), True),
        ("I<", ("ID",), True),
        ("I<", (), True),
    ],
)
def test_a_signer_for_some_documents_signs_those_only(zone: str, types: tuple[str, ...], refused: bool) -> None:
    signer = issue("DS", by=CSCA, extensions=(document_types(*types),))
    files = {FileId.DG1: dg1(zone + ZONE[2:])}
    verdict = judged(evidence(files, signed=sod(files, signer)))
    assert codes(verdict) == (["SIGNER-EXPIRED"] if refused else [])


# --- hidden files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [FileId.DG14, FileId.DG15])
def test_a_key_that_is_signed_for_and_not_given_is_hidden(file: FileId) -> None:
    signed = sod({**FILES, file: b"any"}, DS)
    verdict = judged(evidence(signed=signed, unread={file: "status 6A82"}))
    assert verdict.passive == "failed" and codes(verdict) == ["FILE-HIDDEN"]
    assert file.name in verdict.reasons[0].words and "6A82" in verdict.reasons[0].words
    assert verdict.notes == ()


def test_a_file_that_proves_nothing_may_be_withheld() -> None:
    signed = sod({**FILES, FileId.DG3: b"any"}, DS)
    assert judged(evidence(signed=signed, unread={FileId.DG3: "status 6982"})).passive == "passed"


def test_a_key_that_nobody_signed_for_is_not_missed() -> None:
    assert judged(evidence(unread={FileId.DG15: "status 6A82"})).passive == "passed"


# --- EF.COM ----------------------------------------------------------------------------------------------


def com(tags: bytes, version: bytes = b"0107") -> bytes:
    return encode(0x60, encode(0x5F01, version) + encode(0x5F36, b"040000") + encode(0x5C, tags))


@pytest.mark.parametrize(
    ("tags", "wrong"),
    [(b"\x61\x6b", False), (b"\x6b\x61", False), (b"\x61", True), (b"\x61\x6b\x6f", True), (b"\x61\x6b\x42", True)],
)
def test_the_unsigned_list_of_files_says_what_the_signed_one_says(tags: bytes, wrong: bool) -> None:
    verdict = judged(evidence({**FILES, FileId.COM: com(tags)}))
    assert codes(verdict) == (["CONTRADICTION"] if wrong else [])


def test_the_versions_agree_where_both_lists_have_one() -> None:
    signed = sod(FILES, DS, version="0108")
    for version, wrong in ((b"0108", []), (b"0107", ["CONTRADICTION"])):
        assert codes(judged(evidence({**FILES, FileId.COM: com(b"\x61\x6b", version)}, signed=signed))) == wrong


def test_a_list_of_files_that_is_none_is_malformed() -> None:
    assert codes(judged(evidence({**FILES, FileId.COM: b"\x60\x02\x5c\x00"}))) == ["DATA"]


# --- the zone it was opened with -------------------------------------------------------------------------

BORN, EXPIRES = dt.date(1986, 3, 14), dt.date(2032, 5, 1)
TD2 = "I<DZABENALI<<AMINA<<<<<<<<<<<<<<<<<<1234567897DZA8603142F3205013<<<<<<<8"
TD3 = "P<DZABENALI<<AMINA<<<<<<<<<<<<<<<<<<<<<<<<<<1234567897DZA8603142F3205013<<<<<<<<<<<<<<08"
LONG = "I<DZAD23145890<7349<<<<<<<<<<<" + ZONE[30:59] + "8" + ZONE[60:]


@pytest.mark.parametrize("zone", [ZONE, TD2, TD3], ids=["TD1", "TD2", "TD3"])
def test_the_chip_says_what_it_was_opened_with(zone: str) -> None:
    files = {FileId.DG1: dg1(zone)}
    right = Mrz("123456789", BORN, EXPIRES)
    wrong = (
        Mrz("123456788", BORN, EXPIRES),
        Mrz("12345678", BORN, EXPIRES),
        Mrz("123456789", BORN, dt.date(2032, 5, 2)),
        Mrz("123456789", dt.date(1986, 3, 15), EXPIRES),
    )
    assert judged(evidence(files, opened_with=right)).reasons == ()
    assert judged(evidence(files, opened_with=Can("123456"))).reasons == ()
    for given in wrong:
        assert codes(judged(evidence(files, opened_with=given))) == ["CONTRADICTION"]


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ("D23145890734", True),
        ("D23145890", True),
        ("D2314589073", False),
        ("D231458907349", False),
        ("D2314589", False),
    ],
)
def test_long_document_numbers_run_on(given: str, same: bool) -> None:
    files = {FileId.DG1: dg1(LONG)}
    verdict = judged(evidence(files, opened_with=Mrz(given, BORN, EXPIRES)))
    assert codes(verdict) == ([] if same else ["CONTRADICTION"])


# --- EF.CardAccess ---------------------------------------------------------------------------------------

GM = bytes.fromhex("3012060A04007F0007020204020202010202010D")
WEAK = bytes.fromhex("3012060A04007F0007020204020102010202010D")
CHIP = bytes.fromhex("300D060804007F0007020202020101")


def shown(*infos: bytes) -> tuple[security_infos.SecurityInfo, ...]:
    return security_infos.parse(encode(0x31, b"".join(infos)))


def with_dg14(*infos: bytes) -> dict[FileId, bytes]:
    return {**FILES, FileId.DG14: encode(0x6E, encode(0x31, b"".join(infos)))}


def downgrades(signed: dict[FileId, bytes], access: tuple[security_infos.SecurityInfo, ...] | None) -> list[str]:
    return codes(judged(evidence(signed, access=access)))


def test_the_access_shown_is_the_access_signed() -> None:
    assert downgrades(with_dg14(GM, WEAK, CHIP), shown(WEAK, GM)) == []
    for access in ((), shown(), shown(WEAK), shown(GM, CHIP)):
        assert downgrades(with_dg14(GM, WEAK), access) == ["DOWNGRADE"]
    assert downgrades(with_dg14(GM), shown(GM, WEAK)) == ["DOWNGRADE"]


def test_what_is_not_known_is_not_compared() -> None:
    assert downgrades(with_dg14(GM), None) == []
    assert downgrades(with_dg14(CHIP), shown(GM)) == []
    assert downgrades(dict(FILES), shown(GM)) == []


def test_a_dg14_that_is_none_is_malformed() -> None:
    files = {**FILES, FileId.DG14: b"\x6e\x02\x31\x01"}
    assert codes(judged(evidence(files, access=shown(GM)))) == ["DATA"]


def test_all_that_is_wrong_is_told() -> None:
    signer = issue("DS", by=Signer(CSCA.der, CSCA.key), extensions=(document_types("P"),))
    files = {FileId.DG1: dg1(), FileId.COM: com(b"\x61\x6f")}
    card = CardEvidence(
        {FileId.SOD: sod({FileId.DG1: dg1(), FileId.DG15: b""}, signer), **files, FileId.DG11: b""},
        {FileId.DG15: "status 6A82"},
        opened_with=Mrz("1", BORN, EXPIRES),
    )
    assert codes(judged(card, profile=Profile("MA"))) == [
        "ALTERED",
        "FOREIGN",
        "FILE-HIDDEN",
        "SIGNER-EXPIRED",
        "CONTRADICTION",
    ]
