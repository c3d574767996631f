"""From the document signer to a country signer that is believed: links, days, purposes, revocations."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from drivers.smartcard.genuine import Policy, TrustStore, Verdict, crl
from tests.drivers.smartcard.genuine.state import (
    CSCA,
    DAY,
    DS,
    FILES,
    NOW,
    TRUST,
    YEAR,
    Signer,
    codes,
    country_signer,
    ec_key,
    evidence,
    issue,
    judged,
    openssl,
    revocations,
    rsa_key,
    sod,
)


def card_of(signer: Signer, trust: TrustStore = TRUST, **more: Any) -> Verdict:
    return judged(evidence(signed=sod(FILES, signer)), trust, **more)


def trusting(*signers: Signer, links: tuple[Signer, ...] = (), lists: tuple[bytes, ...] = ()) -> TrustStore:
    return TrustStore(
        tuple(one.read for one in signers), tuple(one.read for one in links), tuple(crl.parse(one) for one in lists)
    )


# --- who has issued it -----------------------------------------------------------------------------------


def test_an_issuer_that_is_not_believed_is_no_trust_anchor() -> None:
    namesake = country_signer()
    for trust in (TrustStore(), trusting(namesake), trusting(DS)):
        verdict = judged(evidence(), trust)
        assert (verdict.passive, codes(verdict), verdict.country) == ("no_trust_anchor", ["ISSUER-UNKNOWN"], None)
    assert judged(evidence(), trusting(namesake, CSCA)).passive == "passed"


def test_a_key_of_the_countrys_name_without_identifiers_is_told_by_its_signature() -> None:
    old, new = (country_signer(identifiers=False) for _ in range(2))
    signer = issue("DS", by=new, identifiers=False)
    assert card_of(signer, trusting(old, new)).passive == "passed"
    assert codes(card_of(signer, trusting(old))) == ["ISSUER-UNKNOWN"]


def test_a_signer_that_only_claims_our_country_is_altered() -> None:
    thief = ec_key()
    claimed = x509.AuthorityKeyIdentifier.from_issuer_public_key(CSCA.private.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(DS.x509.subject)
        .issuer_name(CSCA.x509.subject)
        .public_key(thief.public_key())
        .serial_number(7)
        .not_valid_before(NOW - YEAR)
        .not_valid_after(NOW + YEAR)
        .add_extension(claimed, critical=False)
    )
    from cryptography.hazmat.primitives import hashes, serialization

    from tests.drivers.smartcard.genuine.state import pem

    forged = builder.sign(thief, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert codes(card_of(Signer(forged, pem(thief)))) == ["ALTERED"]


def test_a_key_counts_under_its_own_name_only() -> None:
    other_name = country_signer("Something else", key=CSCA.private)
    signer = issue("DS", by=other_name, identifiers=False)
    assert codes(card_of(signer)) == ["ISSUER-UNKNOWN"]
    assert card_of(signer, trusting(CSCA, other_name)).passive == "passed"


def test_a_wrong_key_identifier_does_no_harm_to_a_right_signature() -> None:
    misnamed = x509.AuthorityKeyIdentifier(b"of another key", None, None)
    signer = issue("DS", by=CSCA, identifiers=False, extensions=((misnamed, False),))
    assert card_of(signer).passive == "passed"


# --- link certificates -----------------------------------------------------------------------------------

OLD, NEWER, NEWEST = (
    country_signer("CSCA", since=NOW - years * YEAR, until=NOW + (9 - years) * YEAR) for years in (8, 5, 1)
)


def link(new: Signer, old: Signer, **more: Any) -> Signer:
    """The old key's word for the new one: the new one's subject and key, signed by the old."""
    own = {"since": new.x509.not_valid_before_utc, "until": new.x509.not_valid_after_utc, "key": new.private}
    return country_signer("CSCA", by=old, **(own | more))


def test_belief_is_carried_over_two_generations_of_keys_and_no_further() -> None:
    signer = issue("DS", by=NEWEST)
    first, second = link(NEWER, OLD), link(NEWEST, NEWER)
    assert card_of(signer, trusting(OLD, links=(second, first))).passive == "passed"
    for missing in ((first,), (second,), ()):
        trust = trusting(OLD, links=missing)
        assert codes(card_of(signer, trust)) == ["ISSUER-UNKNOWN"]
    assert len(trusting(OLD, links=(second,)).unlinked) == 1


def test_a_link_of_another_country_carries_nothing() -> None:
    foreign = country_signer("CSCA", country="MA", key=NEWEST.private, by=OLD)
    signer = issue("DS", by=Signer(foreign.der, NEWEST.key), country="MA")
    trust = trusting(OLD, links=(foreign,))
    assert "ISSUER-UNKNOWN" in codes(card_of(signer, trust)) and len(trust.unlinked) == 1


def test_a_link_made_after_the_old_keys_days_carries_nothing() -> None:
    expired = country_signer("CSCA", since=NOW - 9 * YEAR, until=NOW - 2 * YEAR)
    signer = issue("DS", by=NEWEST)
    assert codes(card_of(signer, trusting(expired, links=(link(NEWEST, expired),)))) == ["ISSUER-UNKNOWN"]
    in_time = link(NEWEST, expired, since=NOW - 3 * YEAR)
    assert card_of(signer, trusting(expired, links=(in_time,))).passive == "passed"


def test_a_link_signed_with_sha1_carries_nothing(tmp_path: Path) -> None:
    at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    days = {"since": at - DAY, "until": at + YEAR}
    old, new = (country_signer(key=rsa_key(number), **days) for number in (0, 1))
    (tmp_path / "old").write_bytes(old.x509.public_bytes(Encoding.PEM))
    (tmp_path / "old.key").write_bytes(old.key)
    (tmp_path / "new.key").write_bytes(new.key)
    (tmp_path / "extensions").write_text("basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n")
    request = openssl(
        "req", "-new", "-key", str(tmp_path / "new.key"), "-subj", "/C=DZ/CN=CSCA", "-config", "/dev/null"
    )
    signer = issue("DS", by=new, **days)
    for digest, outcome in (("-sha256", "passed"), ("-sha1", "no_trust_anchor")):
        by_old = ("-CA", str(tmp_path / "old"), "-CAkey", str(tmp_path / "old.key"), digest)
        made = ("-extfile", str(tmp_path / "extensions"), "-days", "9", "-outform", "DER")
        linked = Signer(openssl("x509", "-req", *by_old, *made, stdin=request), new.key)
        later = dt.datetime.now(dt.UTC) + DAY
        assert card_of(signer, trusting(old, links=(linked,)), at=later).passive == outcome


def test_the_country_may_change_its_signers_name_by_a_link() -> None:
    renamed = country_signer("CSCA of another ministry", by=OLD, key=NEWEST.private, since=NOW - YEAR)
    signer = issue("DS", by=Signer(renamed.der, NEWEST.key))
    assert card_of(signer, trusting(OLD, links=(renamed,))).passive == "passed"


# --- days and purposes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [NOW - 2 * YEAR, NOW + 2 * YEAR])
def test_a_chain_out_of_its_days_is_not_in_force(at: dt.datetime) -> None:
    verdict = judged(evidence(), at=at)
    assert (verdict.passive, codes(verdict)) == ("failed", ["SIGNER-EXPIRED"])


def test_a_document_signer_has_days_of_its_own() -> None:
    for days in ({"until": NOW - DAY}, {"since": NOW + DAY}):
        verdict = card_of(issue("DS", by=CSCA, **days))
        assert codes(verdict) == ["SIGNER-EXPIRED"] and "document signer" in verdict.reasons[0].words


def test_a_country_signer_out_of_its_days_is_not_in_force() -> None:
    expired = country_signer(until=NOW - DAY)
    signer = issue("DS", by=expired)
    assert codes(card_of(signer, trusting(expired))) == ["SIGNER-EXPIRED"]
    renewed = country_signer(key=expired.private)
    assert card_of(signer, trusting(expired, renewed)).passive == "passed"


SERVER = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
STRANGE = (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)


@pytest.mark.parametrize(
    "made",
    [
        {"usage": ("key_encipherment",)},
        {"usage": None},
        {"usage": ("digital_signature", "key_cert_sign")},
        {"extensions": (SERVER,)},
        {"extensions": (STRANGE,)},
    ],
    ids=["for encryption", "for nothing said", "an authority", "a server's", "something critical"],
)
def test_a_signer_made_for_something_else_is_refused(made: dict[str, Any]) -> None:
    verdict = card_of(issue("DS", by=CSCA, **made))
    assert codes(verdict) == ["SIGNER-EXPIRED"] and "signing documents" in verdict.reasons[0].words


# --- revocation ------------------------------------------------------------------------------------------


def test_a_revoked_signer_and_a_revoked_country_signer_are_told() -> None:
    for revoked in (DS, CSCA):
        listed = revocations(CSCA, [5, revoked.read.serial])
        verdict = judged(evidence(), trusting(CSCA, lists=(listed,)))
        assert (verdict.passive, codes(verdict)) == ("failed", ["SIGNER-REVOKED"])
        assert f"{revoked.read.serial:X}" in verdict.reasons[0].words
    assert judged(evidence(), trusting(CSCA, lists=(revocations(CSCA, [5]),))).passive == "passed"


def test_who_is_on_an_old_list_stays_revoked() -> None:
    stale = revocations(CSCA, [DS.read.serial], since=NOW - 9 * DAY, until=NOW - 8 * DAY)
    assert codes(judged(evidence(), trusting(CSCA, lists=(stale, revocations(CSCA))))) == ["SIGNER-REVOKED"]


def test_a_stranger_revokes_nobody() -> None:
    stranger, other = country_signer(), country_signer("Another CSCA")
    no_lists = country_signer(key=CSCA.private, usage=("key_cert_sign",))
    for by in (stranger, other):
        trust = trusting(CSCA, other, lists=(revocations(by, [DS.read.serial]),))
        assert judged(evidence(), trust).passive == "passed"
    in_our_name = revocations(Signer(CSCA.der, other.key), [DS.read.serial])
    assert judged(evidence(), trusting(CSCA, other, lists=(in_our_name,))).passive == "passed"
    assert judged(evidence(), trusting(no_lists, lists=(revocations(CSCA, [DS.read.serial]),))).passive == "passed"


def test_the_new_key_revokes_what_the_old_one_issued() -> None:
    signer = issue("DS", by=OLD)
    trust = trusting(OLD, links=(link(NEWER, OLD),), lists=(revocations(NEWER, [signer.read.serial]),))
    assert codes(card_of(signer, trust)) == ["SIGNER-REVOKED"]


def test_a_policy_may_want_a_list_of_today() -> None:
    strict = Policy(revocation="required")
    stale = revocations(CSCA, since=NOW - 9 * DAY, until=NOW - 8 * DAY)
    early = revocations(CSCA, since=NOW + DAY, until=NOW + 2 * DAY)
    for lists in ((), (stale,), (early,)):
        trust = trusting(CSCA, lists=lists)
        assert judged(evidence(), trust).passive == "passed"
        assert codes(judged(evidence(), trust, policy=strict)) == ["ISSUER-UNKNOWN"]
    assert judged(evidence(), trusting(CSCA, lists=(stale, revocations(CSCA))), policy=strict).passive == "passed"
