"""Cards the registry must not believe, each refused for its own reason."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import (
    CardBlocked,
    CardExpired,
    CardMismatch,
    CardNotProven,
    CardUnknown,
    ChallengeStale,
    RequestRefused,
)
from registry.reference.card_proof import CardFiles, prove_card
from registry.reference.chip_answer import ChipKey
from registry.reference.population import Card
from tests.registry.small_card import Country, SmallCard, tlv
from tests.registry.town import START, Town, new_grant_id, present, presentation

pytestmark = pytest.mark.anyio

AMINA, YACINE = "991986160101427031", "991991150100683014"
NUMBER, EXPIRY = "900000018", dt.date(2035, 5, 1)


async def test_a_challenge_is_used_once_whatever_becomes_of_it(town: Town) -> None:
    async with town.kiosk() as registry:
        good = await presentation(registry, town.card())
        await registry.present(good)
        with pytest.raises(ChallengeStale):
            await registry.present(good)
        spoiled = await presentation(registry, town.card())
        with pytest.raises(CardNotProven):
            await registry.present(spoiled.model_copy(update={"signature": ""}))
        with pytest.raises(ChallengeStale):
            await registry.present(spoiled)


async def test_a_challenge_goes_stale_and_is_its_kiosks_own(town: Town) -> None:
    async with town.kiosk() as registry, town.kiosk("demo-2") as another:
        aged = await presentation(registry, town.card())
        town.clock.advance(seconds=121)
        with pytest.raises(ChallengeStale):
            await registry.present(aged)
        foreign = await presentation(registry, town.card())
        with pytest.raises(ChallengeStale):
            await another.present(foreign)
        unknown = (await presentation(registry, town.card())).model_copy(update={"challenge_id": new_grant_id()})
        with pytest.raises(ChallengeStale):
            await registry.present(unknown)


async def test_cards_the_register_does_not_let_pass(town: Town) -> None:
    async with town.kiosk() as registry:
        unknown = SmallCard(town.country, number="900009999", nin=AMINA, expires_on=EXPIRY)
        with pytest.raises(CardUnknown):
            await present(registry, unknown)
        swapped = SmallCard(town.country, number=NUMBER, nin=YACINE, expires_on=EXPIRY)
        with pytest.raises(CardMismatch):
            await present(registry, swapped)
        with pytest.raises(CardExpired):  # by its own date
            await present(registry, SmallCard(town.country, number=NUMBER, nin=AMINA, expires_on=dt.date(2026, 5, 31)))
        card = town.card()
        town.registry.store.put_card(AMINA, Card(document_number=NUMBER, expires_on=EXPIRY, status="blocked"))
        with pytest.raises(CardBlocked):
            await present(registry, card)
        town.registry.store.put_card(AMINA, Card(document_number=NUMBER, expires_on=dt.date(2026, 5, 31)))
        with pytest.raises(CardExpired):  # by the register's
            await present(registry, card)
        town.registry.store.put_card(AMINA, Card(document_number=NUMBER, expires_on=dt.date(2026, 6, 1)))
        await present(registry, card)  # its last day still counts


async def test_cards_that_are_not_what_the_country_signed(town: Town) -> None:
    async with town.kiosk() as registry:
        with pytest.raises(CardNotProven, match="no country certificate"):
            await present(registry, town.card(country=Country("DZ")))
        for name in ("dg1", "dg11", "dg14", "dg15"):
            altered = town.card()
            altered.files[name] = altered.files[name][:-1] + bytes([altered.files[name][-1] ^ 1])
            with pytest.raises(CardNotProven, match=name.upper()):
                await present(registry, altered)
        copied, clone = town.card(), town.card()
        clone.files = copied.files  # a copy of every file, but not of the key
        with pytest.raises(CardNotProven, match="does not answer"):
            await present(registry, clone)
        other_person = town.card("900000026")
        mixed = town.card()
        mixed.files["dg11"] = other_person.files["dg11"]
        with pytest.raises(CardNotProven, match="DG11"):
            await present(registry, mixed)


async def test_fields_that_are_not_base64(town: Town) -> None:
    async with town.kiosk() as registry:
        shown = await presentation(registry, town.card())
        with pytest.raises(RequestRefused):
            await registry.present(shown.model_copy(update={"dg1": "YQ=="[:3]}))


@pytest.fixture(scope="module")
def believed(country: Country) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(country.csca)]


def files_of(card: SmallCard) -> CardFiles:
    return CardFiles(**card.files)


def test_a_signer_out_of_force_signs_nothing(believed: list[x509.Certificate]) -> None:
    lapsed = Country("DZ", signer_until=START - dt.timedelta(days=1))
    card = SmallCard(lapsed, number=NUMBER, nin=AMINA, expires_on=EXPIRY)
    anchors = [x509.load_der_x509_certificate(lapsed.csca)]
    with pytest.raises(CardNotProven, match="out of force"):
        prove_card(files_of(card), anchors, at=START)
    assert prove_card(files_of(card), anchors, at=START - dt.timedelta(days=2)).holder.nin == AMINA
    with pytest.raises(CardNotProven, match="no country certificate"):
        prove_card(files_of(card), [], at=START)


def test_fields_are_read_from_signed_files_only_when_well_formed(
    country: Country, believed: list[x509.Certificate]
) -> None:
    good = SmallCard(country, number="AB12", nin=AMINA, expires_on=EXPIRY)
    proven = prove_card(files_of(good), believed, at=START).holder
    assert (proven.document_number, proven.nin, proven.expires_on) == ("AB12", AMINA, EXPIRY)
    for name, content in {
        "dg11": tlv(0x6B, tlv(0x5F10, b"12345")),
        "dg1": tlv(0x61, tlv(0x5F1F, good.files["dg1"][5:][:-90] + b"X" * 90)),
        "dg14": tlv(0x6E, tlv(0x31)),
        "dg15": tlv(0x6F, b"\x30\x00"),
    }.items():
        groups = {**good.files, name: content}
        sod = country.security_object({number: groups[dg] for dg, number in DATA_GROUPS.items()})
        with pytest.raises(CardNotProven):
            prove_card(CardFiles(**{**groups, "sod": sod}), believed, at=START)


def test_a_data_group_the_country_did_not_sign_is_missing_not_free(
    country: Country, believed: list[x509.Certificate]
) -> None:
    card = SmallCard(country, number=NUMBER, nin=AMINA, expires_on=EXPIRY)
    for left_out in DATA_GROUPS:
        sod = country.security_object({n: card.files[dg] for dg, n in DATA_GROUPS.items() if dg != left_out})
        with pytest.raises(CardNotProven, match=left_out.upper()):
            prove_card(CardFiles(**{**card.files, "sod": sod}), believed, at=START)


DATA_GROUPS = {"dg1": 1, "dg11": 11, "dg14": 14, "dg15": 15}
ONE_COUNTRY = Country("DZ")
ONE_CARD = SmallCard(ONE_COUNTRY, number=NUMBER, nin=AMINA, expires_on=EXPIRY)
assert ONE_CARD.chip is not None
KEY = ChipKey.read(ONE_CARD.chip.spki, "sha256")
ANCHORS = [x509.load_der_x509_certificate(ONE_COUNTRY.csca)]


@given(st.data())
def test_a_changed_byte_anywhere_is_refused_and_nothing_else_comes_out(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(DATA_GROUPS)))
    assert prove_card(files_of(ONE_CARD), ANCHORS, at=START).holder.nin == AMINA
    content = ONE_CARD.files[name]
    at, flip = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 255))
    changed = content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :]
    with pytest.raises(CardNotProven):
        prove_card(CardFiles(**{**ONE_CARD.files, name: changed}), ANCHORS, at=START)


@given(st.data())
def test_a_spoiled_security_object_proves_no_other_hashes(data: st.DataObject) -> None:
    sod = ONE_CARD.files["sod"]
    at, flip = data.draw(st.integers(0, len(sod) - 1)), data.draw(st.integers(1, 255))
    spoiled = sod[:at] + bytes([sod[at] ^ flip]) + sod[at + 1 :]
    try:
        proven = prove_card(CardFiles(**{**ONE_CARD.files, "sod": spoiled}), ANCHORS, at=START).holder
    except CardNotProven:
        return
    # Bytes that no signature covers (an algorithm's optional parameters, say) may differ: the card is the same.
    assert (proven.nin, proven.document_number) == (AMINA, NUMBER)


@given(st.binary(max_size=400), st.binary(max_size=80))
def test_arbitrary_bytes_are_refused(noise: bytes, signature: bytes) -> None:
    for wrapped in (noise, tlv(0x77, noise), tlv(0x77, tlv(0x30, noise))):
        with pytest.raises(CardNotProven):
            prove_card(CardFiles(wrapped, noise, noise, noise, noise), ANCHORS, at=START)
    with pytest.raises(CardNotProven):
        KEY.verify(b"12345678", signature)


def test_an_answer_holds_for_its_own_nonce() -> None:
    signature = ONE_CARD.answer(b"12345678")
    KEY.verify(b"12345678", signature)
    for nonce, answer in ((b"12345679", signature), (b"12345678", signature[:-1]), (b"12345678", bytes(64))):
        with pytest.raises(CardNotProven):
            KEY.verify(nonce, answer)
