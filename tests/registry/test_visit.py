"""A whole visit as the registry sees it: real TLS with client certificates, cards that really sign."""

from __future__ import annotations

import base64
import logging
import zlib
from pathlib import Path

import pytest

from registry import jws, status
from registry.client import PREFIX, RegistryClient
from registry.errors import (
    ActChanged,
    CardNotProven,
    ChallengeStale,
    Conflict,
    GrantClosed,
    NoAct,
    NonsenseAnswer,
    NotEntitled,
    NotFound,
    PresentationStale,
    RegistryAbsent,
    RequestRefused,
    Untrusted,
)
from registry.exchange import Exchange
from registry.jws import TrustedKeys
from registry.models import ActRequest, LedgerHead, Settlement
from registry.reference.keys import RegistryKeys, write_device
from tests.registry.town import Town, grant_request, new_grant_id, present, served

pytestmark = pytest.mark.anyio

AMINA = "991986160101427031"
HEAD, LATER_HEAD = "0" * 64, "1" * 64
PRINTED = Settlement(outcome="PRINTED", evidence="ipp-completed", ledger_seq=1, ledger_head=HEAD)
VOIDED = Settlement(outcome="VOIDED", evidence="none", ledger_seq=1, ledger_head=HEAD)


async def test_a_card_becomes_an_act_a_grant_and_a_settlement(town: Town) -> None:
    card = town.card()
    async with town.kiosk() as registry:
        await registry.health()
        presented, act = await served(registry, card)
        assert presented.nin == act.act.subject.nin == AMINA
        assert act.act.subject.name.arabic.given == "أمينة"
        assert act.act.mentions
        rights = await registry.entitlements(presented.presentation_id)
        assert [(right.document_type, right.capacity) for right in rights] == [("birth-extract", "self")]
        grant_id = new_grant_id()
        request = await grant_request(registry, card, grant_id, presented.presentation_id, act.payload_sha256)
        grant = (await registry.grant(grant_id, request)).grant
        assert (grant.act_sha256, grant.kiosk, grant.copy_number) == (act.payload_sha256, "demo-1", 1)
        assert grant.reference == "DZ-2026-1601-0000001"
        assert AMINA not in grant.model_dump_json()
        assert (grant.expires_at - grant.issued_at).total_seconds() == 15 * 60
        await registry.settle(grant_id, PRINTED)
        assert registry.requests == 8
        assert registry.bytes > 4000


async def test_copies_and_serials_are_counted_and_indexes_differ(town: Town) -> None:
    card, grants = town.card(), []
    async with town.kiosk() as registry:
        presented, act = await served(registry, card)
        for _ in range(3):
            grant_id = new_grant_id()
            request = await grant_request(registry, card, grant_id, presented.presentation_id, act.payload_sha256)
            grants.append((await registry.grant(grant_id, request)).grant)
    assert [grant.copy_number for grant in grants] == [1, 2, 3]
    assert [grant.reference[-7:] for grant in grants] == ["0000001", "0000002", "0000003"]
    assert len({grant.status_index for grant in grants}) == 3
    assert len({grant.requester for grant in grants}) == 1


async def test_attributes_are_told_of_the_presented_person_only(town: Town) -> None:
    async with town.kiosk() as registry:
        presented = await present(registry, town.card())
        names = ["firstName", "firstNameLatin", "dateOfBirth", "gender"]
        told = await registry.person(AMINA, presented.presentation_id, names)
        assert told == {"firstName": "أمينة", "firstNameLatin": "Amina", "dateOfBirth": "1986-03-14", "gender": 2}
        with pytest.raises(NonsenseAnswer):
            await registry.person(AMINA, presented.presentation_id, ["shoeSize"])
        with pytest.raises(NotEntitled):
            await registry.person("991991150100683014", presented.presentation_id, names)
        with pytest.raises(PresentationStale):
            await registry.person(AMINA, new_grant_id(), names)


async def test_a_grant_needs_a_fresh_signature_of_the_card(town: Town) -> None:
    card = town.card()
    async with town.kiosk() as registry:
        presented, act = await served(registry, card)
        grant_id, other = new_grant_id(), new_grant_id()
        asked = (presented.presentation_id, act.payload_sha256)
        good = await grant_request(registry, card, grant_id, *asked)
        with pytest.raises(CardNotProven):  # signed for another grant id
            await registry.grant(other, good)
        with pytest.raises(ChallengeStale):  # and its challenge is used up by that
            await registry.grant(grant_id, good)
        fresh = await grant_request(registry, card, grant_id, *asked)
        recorded = fresh.model_copy(update={"signature": good.signature})
        with pytest.raises(CardNotProven):  # an older signature under a fresh challenge
            await registry.grant(grant_id, recorded)
        unsigned = await grant_request(registry, card, grant_id, *asked)
        with pytest.raises(CardNotProven):
            await registry.grant(grant_id, unsigned.model_copy(update={"signature": ""}))
        changed = await grant_request(registry, card, grant_id, *asked)
        with pytest.raises(CardNotProven):  # signed for Arabic, asked in French
            await registry.grant(grant_id, changed.model_copy(update={"language": "fr"}))
        late = await grant_request(registry, card, grant_id, *asked)
        town.clock.advance(seconds=121)
        with pytest.raises(ChallengeStale):
            await registry.grant(grant_id, late)


async def test_the_same_grant_request_is_the_same_grant(town: Town) -> None:
    card = town.card()
    async with town.kiosk() as registry:
        presented, act = await served(registry, card)
        grant_id = new_grant_id()
        asked = (presented.presentation_id, act.payload_sha256)
        request = await grant_request(registry, card, grant_id, *asked)
        first = await registry.grant(grant_id, request)
        again = await registry.grant(grant_id, request)
        assert first.jws == again.jws
        with pytest.raises(Conflict):
            await registry.grant(grant_id, await grant_request(registry, card, grant_id, *asked))
        async with town.kiosk("demo-2") as another:
            with pytest.raises(Conflict):
                await another.grant(grant_id, request)


async def test_a_grant_is_for_an_act_this_presentation_was_served_and_still_the_newest(town: Town) -> None:
    card = town.card()
    async with town.kiosk() as registry:
        presented, act = await served(registry, card)
        other = await present(registry, card)
        grant_id = new_grant_id()
        with pytest.raises(ActChanged):
            await registry.grant(
                grant_id, await grant_request(registry, card, grant_id, other.presentation_id, act.payload_sha256)
            )
        newer = act.act.model_copy(update={"version": act.act.version + 1})
        town.registry.store.put_act(newer)
        asked = (presented.presentation_id, act.payload_sha256)
        with pytest.raises(ActChanged):
            await registry.grant(grant_id, await grant_request(registry, card, grant_id, *asked))


async def test_documents_and_acts_that_are_not_there(town: Town) -> None:
    card = town.card()
    async with town.kiosk() as registry:
        presented, act = await served(registry, card)
        with pytest.raises(NotEntitled):
            await registry.act(ActRequest(presentation_id=presented.presentation_id, document_type="death-extract"))
        grant_id = new_grant_id()
        asked = (presented.presentation_id, act.payload_sha256, "death-extract")
        with pytest.raises(NotEntitled):
            await registry.grant(grant_id, await grant_request(registry, card, grant_id, *asked))
        town.registry.store.remove_act(AMINA)
        with pytest.raises(NoAct):
            await registry.act(ActRequest(presentation_id=presented.presentation_id, document_type="birth-extract"))


async def test_a_presentation_is_its_kiosks_own_and_ends_after_ten_minutes(town: Town) -> None:
    card = town.card()
    async with town.kiosk() as registry, town.kiosk("demo-2") as another:
        presented, act = await served(registry, card)
        request = ActRequest(presentation_id=presented.presentation_id, document_type="birth-extract")
        grant_id = new_grant_id()
        with pytest.raises(PresentationStale):
            await another.act(request)
        with pytest.raises(PresentationStale):
            await another.entitlements(presented.presentation_id)
        with pytest.raises(PresentationStale):
            stolen = await grant_request(another, card, grant_id, presented.presentation_id, act.payload_sha256)
            await another.grant(grant_id, stolen)
        town.clock.advance(minutes=10, seconds=1)
        with pytest.raises(PresentationStale):
            await registry.act(request)


async def test_settlements_are_idempotent_and_never_contradicted(town: Town) -> None:
    card = town.card()
    async with town.kiosk() as registry, town.kiosk("demo-2") as another:
        presented, act = await served(registry, card)
        grant_id = new_grant_id()
        request = await grant_request(registry, card, grant_id, presented.presentation_id, act.payload_sha256)
        await registry.grant(grant_id, request)
        with pytest.raises(Conflict):
            await another.settle(grant_id, PRINTED)
        with pytest.raises(RequestRefused):
            await registry.settle(grant_id, PRINTED.model_copy(update={"evidence": "none"}))
        await registry.settle(grant_id, PRINTED)
        # Sent again after a crash, the ledger has grown meanwhile.
        await registry.settle(grant_id, PRINTED.model_copy(update={"ledger_head": LATER_HEAD}))
        with pytest.raises(Conflict):
            await registry.settle(grant_id, VOIDED)
        with pytest.raises(Conflict):
            await registry.settle(grant_id, PRINTED.model_copy(update={"evidence": "operator-confirmed"}))
        with pytest.raises(GrantClosed):
            await registry.grant(grant_id, request)


async def test_the_newest_entry_of_a_kiosks_ledger_is_remembered(town: Town) -> None:
    def voided(seq: int, head: str) -> Settlement:
        return VOIDED.model_copy(update={"ledger_seq": seq, "ledger_head": head})

    async with town.kiosk() as registry, town.kiosk("demo-2") as another:
        assert await registry.ledger_head() == LedgerHead(seq=0, head=None)
        first, second = new_grant_id(), new_grant_id()
        await registry.settle(first, voided(5, HEAD))
        assert await registry.ledger_head() == LedgerHead(seq=5, head=HEAD)
        assert await another.ledger_head() == LedgerHead(seq=0, head=None)
        await registry.settle(second, voided(11, LATER_HEAD))
        # One sent again does not make the ledger younger, and one that is refused tells nothing.
        await registry.settle(first, voided(5, HEAD))
        with pytest.raises(Conflict):
            await another.settle(first, voided(99, HEAD))
        with pytest.raises(RequestRefused):
            await registry.settle(second, voided(99, HEAD).model_copy(update={"outcome": "PRINTED"}))
        assert await registry.ledger_head() == LedgerHead(seq=11, head=LATER_HEAD)
        assert await another.ledger_head() == LedgerHead(seq=0, head=None)


async def test_a_grant_id_the_registry_never_saw_can_be_closed(town: Town) -> None:
    card = town.card()
    async with town.kiosk() as registry, town.kiosk("demo-2") as another:
        grant_id = new_grant_id()
        with pytest.raises(NotFound):
            await registry.settle(grant_id, PRINTED)
        await registry.settle(grant_id, VOIDED)
        await registry.settle(grant_id, VOIDED)
        with pytest.raises(Conflict):
            await registry.settle(grant_id, PRINTED)
        with pytest.raises(Conflict):
            await another.settle(grant_id, VOIDED)
        presented, act = await served(registry, card)
        with pytest.raises(GrantClosed):
            late = await grant_request(registry, card, grant_id, presented.presentation_id, act.payload_sha256)
            await registry.grant(grant_id, late)


async def test_voiding_sets_the_documents_bit_in_the_status_list(town: Town) -> None:
    card, grants = town.card(), []
    keys = TrustedKeys.from_jwk_set(town.registry.keys.signers)
    async with town.kiosk() as registry:
        with pytest.raises(NotFound):
            await registry.status_list("dz-1")
        presented, act = await served(registry, card)
        for settlement in (PRINTED, VOIDED):
            grant_id = new_grant_id()
            request = await grant_request(registry, card, grant_id, presented.presentation_id, act.payload_sha256)
            grants.append((await registry.grant(grant_id, request)).grant)
            await registry.settle(grant_id, settlement)
        token = await registry.status_list(grants[0].status_list)
    listed = status.parse(keys.verify(token, typ=jws.STATUS))
    assert [listed.is_set(grant.status_index) for grant in grants] == [False, True]
    # The draft's own definition, decoded by hand: zlib, least significant bit first.
    bits = zlib.decompress(base64.urlsafe_b64decode(listed.status_list.lst + "=="))
    assert len(bits) == status.CAPACITY // 8
    assert int.from_bytes(bits, "little") == 1 << grants[1].status_index
    with pytest.raises(NonsenseAnswer):
        listed.is_set(status.CAPACITY)


async def test_a_certificate_the_registry_did_not_issue_opens_nothing(town: Town, tmp_path: Path) -> None:
    elsewhere = RegistryKeys.load_or_create(tmp_path / "elsewhere")
    certificate, key = write_device(tmp_path / "stranger", *elsewhere.enrol_device("demo-1"))
    signers = TrustedKeys.from_jwk_set(town.registry.keys.signers)
    # asyncio drops the line without a TLS alert, so the reference registry cannot tell the stranger why.
    files = {"certificate": certificate, "key": key, "signers": signers, "deadline": 10.0}
    async with RegistryClient(town.url, ca=town.registry.keys.tls_ca, **files) as stranger:
        with pytest.raises(RegistryAbsent):
            await stranger.challenge()
    async with RegistryClient(town.url, ca=elsewhere.tls_ca, **files) as misled:
        with pytest.raises(Untrusted):
            await misled.challenge()
    async with town.kiosk() as known:
        await known.health()


async def test_no_nin_in_logs_nor_in_our_own_paths(
    town: Town, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    paths: list[str] = []
    ask = Exchange.ask

    async def noted(self: Exchange, method: str, path: str, content: bytes, headers: dict[str, str]) -> bytes:
        paths.append(path)
        return await ask(self, method, path, content, headers)

    monkeypatch.setattr(Exchange, "ask", noted)
    card = town.card()
    async with town.kiosk() as registry:
        presented, act = await served(registry, card)
        await registry.person(AMINA, presented.presentation_id, ["uin"])
        await registry.entitlements(presented.presentation_id)
        grant_id = new_grant_id()
        request = await grant_request(registry, card, grant_id, presented.presentation_id, act.payload_sha256)
        grant = (await registry.grant(grant_id, request)).grant
        await registry.settle(grant_id, VOIDED)
        await registry.status_list(grant.status_list)
    assert caplog.records, "nothing was captured, so nothing is proven"
    told = [record.getMessage() for record in caplog.records]
    assert not [line for line in told if AMINA in line or "900000018" in line or "Amina" in line]
    ours = [path for path in paths if path.startswith(PREFIX)]
    assert len(ours) == len(paths) - 1 == 8
    assert not [path for path in ours if AMINA in path]
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
