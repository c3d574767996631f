"""Master lists bare, in a zip, in LDIF; by whom they must be, by a stranger, with a broken member."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from drivers.smartcard.errors import MalformedData
from drivers.smartcard.genuine import TrustStore, master_list
from tests.drivers.smartcard.genuine.state import (
    CSCA,
    DS,
    LDS,
    MASTER_LIST,
    TRUST,
    Signer,
    country_signer,
    encode,
    evidence,
    issue,
    judged,
    rsa_key,
    sign,
)

PURPOSE = (x509.ExtendedKeyUsage([ObjectIdentifier("2.23.136.1.1.3")]), True)
AUTHORITY = country_signer("Master list authority", country="DE")
SIGNER = issue("Master list signer", by=AUTHORITY, country="DE", extensions=(PURPOSE,))
OTHERS = tuple(country_signer(country=country) for country in ("MA", "TN"))


def content(*members: bytes) -> bytes:
    return encode(0x30, b"\x02\x01\x00" + encode(0x31, b"".join(members)))


def made(*members: Signer, signer: Signer = SIGNER, kind: str = MASTER_LIST, options: tuple[str, ...] = ()) -> bytes:
    return sign(content(*(one.der for one in members)), signer, kind, *options)


def zipped(*lists: bytes) -> bytes:
    """As the BSI gives it: the list beside papers about it."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("readme.txt", "about the list")
        for number, one in enumerate(lists):
            archive.writestr(f"{number}/DE_ML_2026.ml", one)
    return written.getvalue()


def in_ldif(*lists: bytes) -> bytes:
    """As ICAO's directory gives it: one entry a country, base64 carried on over lines."""
    text = "version: 1\n"
    for number, one in enumerate(lists):
        line = "pkdMasterListContent:: " + base64.b64encode(one).decode()
        folded = "\n ".join((line[:78], *(line[at : at + 77] for at in range(78, len(line), 77))))
        text += f"\ndn: cn={number},o=ml,c=DE\nobjectClass: pkdMasterList\n{folded}\nsn: {number}\n"
    return text.encode()


def names(data: bytes, *pinned: Signer) -> list[str | None]:
    found = master_list.read(data, tuple(one.read for one in pinned))
    return sorted(one.country or "" for one in found.certificates)


@pytest.mark.parametrize("wrapped", [lambda *lists: lists[0], zipped, in_ldif], ids=["bare", "zip", "LDIF"])
@pytest.mark.parametrize("pinned", [SIGNER, AUTHORITY], ids=["the signer", "its authority"])
def test_a_list_by_whom_is_pinned_is_read(wrapped: Callable[..., bytes], pinned: Signer) -> None:
    assert names(wrapped(made(CSCA, *OTHERS)), pinned) == ["DZ", "MA", "TN"]


def test_several_lists_of_one_file_are_one() -> None:
    lists = (made(CSCA, OTHERS[0]), made(OTHERS[0], OTHERS[1]))
    assert names(zipped(*lists), SIGNER) == names(in_ldif(*lists), SIGNER) == ["DZ", "MA", "TN"]


def test_the_signers_algorithm_and_encoding_are_its_own() -> None:
    by_pss = issue("RSA signer", by=AUTHORITY, key=rsa_key(), country="DE", extensions=(PURPOSE,))
    options = ("-keyopt", "rsa_padding_mode:pss")
    assert names(made(CSCA, signer=by_pss, options=options), by_pss) == ["DZ"]
    streamed = made(CSCA, *OTHERS, options=("-stream", "-keyid"))
    assert streamed[1] == 0x80  # lengths left open, as BER allows
    assert names(streamed, SIGNER) == ["DZ", "MA", "TN"]


STRANGER = country_signer("Master list authority", country="DE")


@pytest.mark.parametrize(
    ("signer", "pinned"),
    [
        (SIGNER, ()),
        (SIGNER, (STRANGER,)),
        (issue("Master list signer", by=STRANGER, country="DE", extensions=(PURPOSE,)), (AUTHORITY, SIGNER)),
        (issue("Document signer", by=AUTHORITY, country="DE"), (AUTHORITY,)),
        (issue("Below a signer", by=SIGNER, country="DE", extensions=(PURPOSE,)), (SIGNER,)),
    ],
    ids=["nobody pinned", "another pinned", "a stranger", "for other purposes", "by one who may not"],
)
def test_a_list_by_anybody_else_counts_for_nothing(signer: Signer, pinned: tuple[Signer, ...]) -> None:
    for data in (made(CSCA, signer=signer), zipped(made(CSCA, signer=signer))):
        with pytest.raises(MalformedData, match="not signed by whom"):
            names(data, *pinned)


def test_a_spoilt_list_counts_for_nothing() -> None:
    whole = made(CSCA, OTHERS[0])
    spoilt = whole.replace(CSCA.der, CSCA.der[:-1] + bytes((CSCA.der[-1] ^ 1,)))
    with pytest.raises(MalformedData, match="not signed by whom"):
        names(spoilt, SIGNER)
    with pytest.raises(MalformedData, match="SHA-1"):
        names(made(CSCA, options=("-md", "sha1")), SIGNER)
    with pytest.raises(MalformedData, match="another kind"):
        names(made(CSCA, kind=LDS), SIGNER)


def test_a_list_does_not_fall_for_one_broken_member() -> None:
    broken = encode(0x30, b"no certificate")
    data = sign(content(CSCA.der, broken, OTHERS[0].der), SIGNER, MASTER_LIST)
    found = master_list.read(data, (SIGNER.read,))
    assert [one.country for one in found.certificates] == ["DZ", "MA"] and found.unread == 1


def test_a_list_of_hundreds_is_read() -> None:
    data = sign(content(*(CSCA.der for _ in range(600)), OTHERS[0].der), SIGNER, MASTER_LIST)
    assert names(data, SIGNER) == ["DZ", "MA"]


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04nothing", zipped(), b"dn: c=DE\n", b"pkdMasterListContent:: #\n", b"\x30\x00", content(CSCA.der)],
    ids=["empty", "no zip", "empty zip", "no value", "no base64", "no content", "not signed"],
)
def test_what_is_no_master_list_is_told(data: bytes) -> None:
    with pytest.raises(MalformedData):
        names(data, SIGNER)


def test_a_swollen_zip_is_not_unpacked() -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ml", bytes(master_list.MAX_BYTES + 1))
    assert len(written.getvalue()) < 100_000
    with pytest.raises(MalformedData, match="larger"):
        names(written.getvalue(), SIGNER)


# --- as part of the folder -------------------------------------------------------------------------------


def folder(tmp_path: Path, *, lists: dict[str, bytes], signers: tuple[Signer, ...] = (SIGNER,)) -> TrustStore:
    for part in ("master-lists", "master-list-signers"):
        (tmp_path / part).mkdir()
    for file, data in lists.items():
        (tmp_path / "master-lists" / file).write_bytes(data)
    for number, one in enumerate(signers):
        (tmp_path / "master-list-signers" / f"{number}.der").write_bytes(one.der)
    return TrustStore.load(tmp_path)


def test_a_card_is_believed_for_a_master_list(tmp_path: Path) -> None:
    trust = folder(tmp_path, lists={"DE.zip": zipped(made(CSCA, *OTHERS))})
    assert len(trust.certificates) == 3 and trust.skipped == ()
    assert judged(evidence(), trust).passive == "passed"


def test_a_pinned_signer_is_no_country_signer(tmp_path: Path) -> None:
    trust = folder(tmp_path, lists={}, signers=(CSCA,))
    assert trust.certificates == () and judged(evidence(), trust).passive == "no_trust_anchor"


def test_the_lists_word_makes_an_anchor_and_a_self_signature_is_no_evidence(tmp_path: Path) -> None:
    old = country_signer("An old CSCA")
    link = country_signer("CSCA", by=old, key=CSCA.private)
    spoilt = Signer(CSCA.der[:-1] + bytes((CSCA.der[-1] ^ 1,)), CSCA.key)
    for number, one in enumerate((link, spoilt)):
        (tmp_path / str(number)).mkdir()
        trust = folder(tmp_path / str(number), lists={"a.ml": made(one)})
        assert judged(evidence(), trust).passive == "passed"


def test_what_is_no_country_signer_is_left_out_of_a_list_and_named(tmp_path: Path) -> None:
    nowhere = country_signer("CSCA", country=None, key=CSCA.private)
    usage_only = country_signer("Usage only", authority=False)
    basic_only = country_signer("Basic constraints only", usage=None)
    trust = folder(tmp_path, lists={"a.ml": made(DS, nowhere, usage_only, basic_only), "b.ml": b"junk"})
    assert {one.name.split("name ")[-1] for one in trust.certificates} == {"Usage only", "Basic constraints only"}
    assert sorted(where.split(":")[0] for where, _ in trust.skipped) == ["a.ml", "a.ml", "b.ml"]
    assert judged(evidence(), TRUST).passive == "passed" and judged(evidence(), trust).passive == "no_trust_anchor"


def test_a_list_by_a_stranger_is_named_with_why(tmp_path: Path) -> None:
    trust = folder(tmp_path, lists={"a.ml": made(CSCA)}, signers=(STRANGER,))
    assert trust.certificates == () and trust.skipped[0][0] == "a.ml" and "signed" in trust.skipped[0][1]
