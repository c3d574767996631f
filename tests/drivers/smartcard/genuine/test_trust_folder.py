"""The folder of whom this kiosk believes, as an administrator fills it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.smartcard.errors import TrustUnreadable
from drivers.smartcard.genuine import TrustStore
from tests.drivers.smartcard.genuine.state import (
    CSCA,
    DS,
    FILES,
    NOW,
    YEAR,
    codes,
    country_signer,
    evidence,
    issue,
    judged,
    revocations,
    sod,
)


def test_the_folder_itself_takes_der_and_pem_and_names_what_it_cannot_read(tmp_path: Path) -> None:
    second = country_signer(country="MA")
    both = CSCA.x509.public_bytes(Encoding.PEM) + second.x509.public_bytes(Encoding.PEM)
    (tmp_path / "a.der").write_bytes(CSCA.der)
    (tmp_path / "b.pem").write_bytes(both)
    (tmp_path / "broken.cer").write_bytes(b"nothing")
    (tmp_path / "broken.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n")
    (tmp_path / "long.crt").write_bytes(bytes(2 << 20))
    (tmp_path / "readme.txt").write_bytes(b"not looked at")
    trust = TrustStore.load(tmp_path)
    assert [one.country for one in trust.certificates] == ["DZ", "MA"]
    assert [file for file, _ in trust.skipped] == ["broken.cer", "broken.pem", "long.crt"]
    assert judged(evidence(), trust).passive == "passed"


def test_the_subfolders_are_read_too(tmp_path: Path) -> None:
    for part in ("csca", "crls"):
        (tmp_path / part).mkdir()
    (tmp_path / "csca" / "a.cer").write_bytes(CSCA.der)
    trust = TrustStore.load(tmp_path)
    assert judged(evidence(), trust).passive == "passed"
    (tmp_path / "crls" / "a.crl").write_bytes(revocations(CSCA, [DS.read.serial]))
    (tmp_path / "crls" / "b.crl").write_bytes(b"nothing")
    (tmp_path / "crls" / "c.crl").write_bytes(revocations(country_signer("A stranger"), [1]))
    trust = TrustStore.load(tmp_path)
    assert codes(judged(evidence(), trust)) == ["SIGNER-REVOKED"]
    named = [file for file, _ in trust.skipped]
    assert named[0] == "b.crl" and "stranger" in named[1] and len(named) == 2


def test_beside_a_folder_of_countries_nothing_is_a_country(tmp_path: Path) -> None:
    """Such as the municipality's own authority, which signs papers and no cards."""
    (tmp_path / "csca").mkdir()
    (tmp_path / "csca" / "a.der").write_bytes(CSCA.der)
    (tmp_path / "signer.pem").write_bytes(country_signer("Municipality").x509.public_bytes(Encoding.PEM))
    trust = TrustStore.load(tmp_path)
    assert [one.name for one in trust.certificates] == ["country name DZ, common name CSCA"]


def test_a_link_is_no_anchor_by_itself(tmp_path: Path) -> None:
    old = country_signer(since=NOW - 5 * YEAR)
    link = country_signer(by=old, key=CSCA.private)
    (tmp_path / "link.der").write_bytes(link.der)
    trust = TrustStore.load(tmp_path)
    assert trust.certificates == () and trust.skipped[0][0] == link.read.fingerprint[:16]
    assert "link" in trust.skipped[0][1]
    (tmp_path / "old.der").write_bytes(old.der)
    trust = TrustStore.load(tmp_path)
    assert trust.skipped == () and judged(evidence(), trust).passive == "passed"


def test_an_old_country_signer_without_key_identifiers_is_an_anchor(tmp_path: Path) -> None:
    bare = country_signer(identifiers=False)
    (tmp_path / "a.der").write_bytes(bare.der)
    signer = issue("DS", by=bare)
    assert judged(evidence(signed=sod(FILES, signer)), TrustStore.load(tmp_path)).passive == "passed"


def test_a_certificate_of_nobody_who_may_issue_is_named(tmp_path: Path) -> None:
    (tmp_path / "ds.der").write_bytes(DS.der)
    (tmp_path / "usage.der").write_bytes(country_signer(usage=("digital_signature",)).der)
    trust = TrustStore.load(tmp_path)
    assert trust.certificates == () and len(trust.skipped) == 2


def test_diagnostics_can_say_whose_certificates_and_until_when(tmp_path: Path) -> None:
    (tmp_path / "a.der").write_bytes(CSCA.der)
    found = TrustStore.load(tmp_path).certificates[0]
    assert found.name == "country name DZ, common name CSCA" and found.not_after == NOW + YEAR
    assert found.in_force(NOW) and not found.in_force(NOW + 2 * YEAR)


def test_a_folder_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(TrustUnreadable):
        TrustStore.load(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TrustUnreadable):
        TrustStore.load(tmp_path / "file")
