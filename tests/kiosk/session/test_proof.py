"""What a verdict is worth to a document, and what of a card is read and shown to the registry."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import pytest

from config.schema import Card
from drivers import smartcard
from drivers.smartcard import FileId, genuine
from drivers.smartcard.errors import AlteredData, ForeignIssuer, ProofMissing
from drivers.smartcard.genuine import ActiveAnswer, CardEvidence, Reason, TrustStore, Verdict
from kiosk.session import proof
from kiosk.session.proof import BelievedCard, believe, password, presentation, wanted, wants_portrait
from printing.documents import CardPolicy, DocumentCatalogue, DocumentType
from tests.registry.small_card import td1, tlv

ANYTHING: Any = None
FILES = {
    FileId.SOD: b"sod",
    FileId.DG1: tlv(0x61, tlv(0x5F1F, td1("900000018", dt.date(2035, 5, 1)).encode())),
    FileId.DG11: tlv(0x6B, tlv(0x5C, b"\x5f\x10"), tlv(0x5F10, b"991986160101427031")),
    FileId.DG14: b"dg14",
    FileId.DG15: b"dg15",
}


def document(**policy: object) -> DocumentType:
    (shipped,) = DocumentCatalogue().types()
    return shipped.model_copy(update={"card": CardPolicy.model_validate(policy)})


def evidence(**more: Any) -> CardEvidence:
    return CardEvidence(FILES, **more)


def verdict(chip: Any = "not_supported", active: Any = "not_supported", *reasons: Reason) -> Verdict:
    return Verdict("failed" if reasons else "passed", chip, active, reasons)


def card(believed: Verdict, **more: Any) -> BelievedCard:
    return BelievedCard(evidence(**more), believed, ANYTHING, ANYTHING, (), "0f" * 16)


def test_the_best_proof_is_told_and_only_a_proven_chip_is_given_a_pin() -> None:
    answered = ActiveAnswer(b"12345678", b"signature")
    signing = card(verdict("passed", "passed"), active=answered, chip_authentication="passed")
    agreeing = card(verdict("passed"), chip_authentication="passed")
    mapping = card(verdict("passed"), chip_data=object())
    unsupported = card(verdict("not_supported"), active=answered)
    told = [one.card_proof for one in (signing, agreeing, mapping, unsupported)]
    assert told == [
        "active-authentication",
        "chip-authentication",
        "chip-authentication-mapping",
        "passive-authentication",
    ]
    assert [one.channel_proven for one in (signing, agreeing, mapping, unsupported)] == [True, True, True, False]
    assert presentation(signing, "pin").signature == base64.b64encode(b"signature").decode()
    assert presentation(unsupported, "clerk").signature is None


def test_nothing_is_read_that_no_policy_asks_for() -> None:
    bare, more = document(), document(reads=["DG12", "DG1"])
    assert wanted([bare]) == (FileId.DG1, FileId.DG11)
    assert wanted([bare, more]) == (FileId.DG1, FileId.DG11, FileId.DG12)
    pictured = document(reads=["DG2"])
    assert FileId.DG2 not in wanted([pictured]), "a portrait is read only once somebody looks"
    assert (wants_portrait([pictured]), wants_portrait([bare, more])) == (True, False)


def believed_by(judged: Verdict, monkeypatch: pytest.MonkeyPatch, *documents: DocumentType, **settings: Any) -> Any:
    monkeypatch.setattr(proof.genuine, "judge", lambda *_: judged)
    return believe(evidence(), TrustStore(), Card(**settings), documents)


def test_a_document_is_offered_to_a_card_that_proves_enough_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lenient, strict = document(), document(needs=["passive", "active|chip"])
    assert believed_by(verdict("passed"), monkeypatch, lenient, strict).documents == (lenient, strict)
    assert believed_by(verdict(), monkeypatch, lenient, strict).documents == (lenient,)
    with pytest.raises(ProofMissing):
        believed_by(verdict(), monkeypatch, strict)
    with pytest.raises(ProofMissing):
        believed_by(verdict("passed"), monkeypatch, document(needs=["passive", "active"]))


def test_what_speaks_against_a_card_is_said_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AlteredData):
        believed_by(
            verdict("passed", "passed", Reason(AlteredData, "DG1")), monkeypatch, document(), profiles=("ma-cnie",)
        )
    with pytest.raises(ForeignIssuer):
        believed_by(verdict("passed"), monkeypatch, document(), profiles=("ma-cnie",))
    assert believed_by(verdict("passed"), monkeypatch, document(), profiles=("icao",)).profile.name == "icao"
    assert (
        believed_by(verdict("passed"), monkeypatch, document(), profiles=("icao", "dz-cnibe")).profile.country == "DZ"
    )


def test_the_settings_of_belief_reach_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def judge(*given: Any) -> Verdict:
        asked.append(given)
        return verdict("passed")

    monkeypatch.setattr(proof.genuine, "judge", judge)
    believe(evidence(), TrustStore(), Card(weak_signatures="accepted", revocation="required"), [document()])
    ((_, _, profile, at, policy),) = asked
    assert profile.country == "DZ" and at.tzinfo is not None
    assert policy == genuine.Policy(sha1="accepted", revocation="required")


def test_each_way_to_give_a_password() -> None:
    assert password({"can": "123456"}) == smartcard.Can("123456")
    by_zone = password({"zone": td1("900000018", dt.date(2035, 5, 1))})
    by_fields = password({"document_number": "900000018", "date_of_birth": "860314", "date_of_expiry": "350501"})
    assert by_zone == by_fields
    with pytest.raises(smartcard.PasswordFormat):
        password({"zone": td1("900000018", dt.date(2035, 5, 1)).replace("900000018", "900000019")})
