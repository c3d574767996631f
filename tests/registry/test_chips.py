"""How a chip proves itself to the registry, in every way there is, and what becomes of it in the grant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from registry.errors import CardBlocked, CardMismatch, CardNotProven, CardUnknown, HolderNotProven
from registry.models import CardInHand, CardProof, HolderProof
from registry.reference import lds
from registry.reference.card_proof import CardFiles, prove_card
from registry.reference.chip_answer import ChipKey
from registry.reference.population import Card
from tests.registry.small_card import (
    CHIP_AGREEMENT,
    CHIP_MAPPING,
    Chip,
    Country,
    EcChip,
    RsaChip,
    Signing,
    SmallCard,
    td1,
    td2,
    td3,
    tlv,
)
from tests.registry.town import START, Town, grant_request, new_grant_id, present, presentation, served

pytestmark = pytest.mark.anyio

AMINA, YACINE = "991986160101427031", "991991150100683014"
NUMBER, EXPIRY = "900000018", dt.date(2035, 5, 1)
NONCE = b"12345678"


def card(
    country: Country, chip: Chip | None = None, *offers: str, number: str = NUMBER, zone: str | None = None
) -> SmallCard:
    return SmallCard(country, number=number, nin=AMINA, expires_on=EXPIRY, chip=chip, offers=offers, zone=zone)


# --- active authentication --------------------------------------------------------------------------


CHIPS: dict[str, Callable[[], Chip]] = {
    "ecdsa-p256": EcChip,
    "ecdsa-p521-sha512": lambda: EcChip(ec.SECP521R1(), 5),
    "ecdsa-brainpool-sha384": lambda: EcChip(ec.BrainpoolP384R1(), 4),
    "ecdsa-p224-sha224": lambda: EcChip(ec.SECP224R1(), 2),
    "rsa-sha1": lambda: RsaChip("sha1", bits=1024),
    "rsa-sha224": lambda: RsaChip("sha224", bits=1280),
    "rsa-sha256": lambda: RsaChip("sha256"),
    "rsa-sha512": lambda: RsaChip("sha512"),
    "rsa-smaller": lambda: RsaChip("sha256", bits=1024, smaller=True),
}


@pytest.mark.parametrize("kind", CHIPS)
def test_a_chip_answers_for_its_own_nonce_only(country: Country, kind: str) -> None:
    chip = CHIPS[kind]()
    files = CardFiles(**card(country, chip).files)
    key = prove_card(files, [x509.load_der_x509_certificate(country.csca)], at=START).key
    assert key is not None
    signature = chip.answer(NONCE)
    key.verify(NONCE, signature)
    flipped = signature[:-1] + bytes([signature[-1] ^ 1])
    for nonce, answer in (
        (b"12345679", signature),
        (NONCE, flipped),
        (NONCE, signature[:-1]),
        (NONCE, b"\0" + signature),
        (NONCE, bytes(len(signature))),
        (NONCE, b"\xff" * len(signature)),
        (NONCE, CHIPS[kind]().answer(NONCE)),
    ):
        with pytest.raises(CardNotProven, match="does not answer"):
            key.verify(nonce, answer)


def test_an_rsa_answer_has_nothing_but_its_message(country: Country) -> None:
    """What is recovered must be full to the last byte: room left over is room to forge in."""
    import hashlib

    chip = RsaChip("sha256", bits=1024)
    key = ChipKey.read(chip.spki, None)
    m1 = bytes(range(93))
    digest = hashlib.sha256(m1 + NONCE).digest()
    key.verify(NONCE, chip.raw(b"\x6a" + m1 + digest + b"\x34\xcc"))
    for message in (
        b"\x4a" + m1 + digest + b"\x34\xcc",  # another header
        b"\x6a" + m1 + digest + b"\x31\xcc",  # a hash nobody knows
        b"\x6a" + m1 + digest + b"\x35\xcc",  # another hash than it is
        bytes(10) + b"\x6a" + m1[:83] + hashlib.sha256(m1[:83] + NONCE).digest() + b"\x34\xcc",  # shorter
    ):
        with pytest.raises(CardNotProven):
            key.verify(NONCE, chip.raw(message))


def test_keys_that_are_not_accepted() -> None:
    for spki, hash_ in (
        (EcChip(ec.SECP192R1()).spki, "sha256"),
        (EcChip().spki, None),
        (b"\x30\x00", "sha256"),
    ):
        with pytest.raises(CardNotProven):
            ChipKey.read(spki, hash_)


async def test_a_card_that_signs_has_to(town: Town) -> None:
    signing = card(town.country, EcChip(), CHIP_AGREEMENT)
    async with town.kiosk() as registry:
        await present(registry, signing)
        with pytest.raises(CardNotProven, match="has to sign"):
            await present(registry, signing, "chip-authentication")
        shown = await presentation(registry, signing)
        with pytest.raises(CardNotProven, match="has to sign"):
            await registry.present(shown.model_copy(update={"signature": None}))
        for hidden in ("dg14", "dg15"):
            shown = await presentation(registry, signing)
            with pytest.raises(CardNotProven, match=f"{hidden.upper()} is signed by the country and not shown"):
                await registry.present(shown.model_copy(update={hidden: None}))
        presented, act = await served(registry, signing)
        request = await grant_request(registry, signing, new_grant_id(), presented.presentation_id, act.payload_sha256)
        with pytest.raises(CardNotProven):
            await registry.grant(new_grant_id(), request.model_copy(update={"signature": None}))


# --- chips that sign nothing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chip", "offers", "card_proof", "holder"),
    [
        (RsaChip, (), "active-authentication", "pin"),
        (EcChip, (), "active-authentication", "clerk"),
        (None, (CHIP_AGREEMENT,), "chip-authentication", "pin"),
        (None, (CHIP_MAPPING,), "chip-authentication-mapping", "clerk"),
        (None, (), "passive-authentication", "clerk"),
    ],
)
async def test_the_grant_says_how_card_and_holder_were_proven(
    town: Town, chip: Callable[[], Chip] | None, offers: tuple[str, ...], card_proof: CardProof, holder: HolderProof
) -> None:
    held = card(town.country, chip() if chip else None, *offers)
    async with town.kiosk() as registry:
        presented, act = await served(registry, held, card_proof, holder)
        grant_id = new_grant_id()
        request = await grant_request(registry, held, grant_id, presented.presentation_id, act.payload_sha256)
        given = (await registry.grant(grant_id, request)).grant
        assert (given.card_proof, given.holder_proof, given.capacity) == (card_proof, holder, "self")
        entitled = await registry.entitlements(presented.presentation_id)
        assert {one.capacity for one in entitled} == {"self"}


async def test_a_proof_that_the_card_does_not_offer(town: Town) -> None:
    bare, agreeing = card(town.country), card(town.country, None, CHIP_AGREEMENT)
    said: list[tuple[SmallCard, CardProof]] = [
        (bare, "active-authentication"),
        (bare, "chip-authentication"),
        (bare, "chip-authentication-mapping"),
        (agreeing, "chip-authentication-mapping"),
        (agreeing, "active-authentication"),
    ]
    async with town.kiosk() as registry:
        for held, proof in said:
            with pytest.raises(CardNotProven, match="do not offer"):
                await present(registry, held, proof)


async def test_a_pin_proves_nobody_to_a_chip_that_is_not_proven(town: Town) -> None:
    async with town.kiosk() as registry:
        with pytest.raises(HolderNotProven):
            await present(registry, card(town.country), "passive-authentication", "pin")
        await present(registry, card(town.country), "passive-authentication", "clerk")


# --- who signed, and what the zone says ----------------------------------------------------------------


@pytest.mark.parametrize("named_by_key", [False, True])
@pytest.mark.parametrize("signing", ["ecdsa", "written-out", "rsa", "pss"])
def test_document_signers_of_every_kind(signing: Signing, named_by_key: bool) -> None:
    country = Country("DZ", signing=signing, named_by_key=named_by_key)
    anchors = [x509.load_der_x509_certificate(country.csca)]
    held = card(country, EcChip())
    assert prove_card(CardFiles(**held.files), anchors, at=START).holder.nin == AMINA
    sod = held.files["sod"]
    spoiled = sod[:-1] + bytes([sod[-1] ^ 1])
    with pytest.raises(CardNotProven, match="signature does not hold"):
        prove_card(CardFiles(**{**held.files, "sod": spoiled}), anchors, at=START)


@pytest.mark.parametrize(("spelled", "same"), [("TEST  csca", True), ("Test CSCA 2", False)])
def test_a_country_signer_s_name_is_read_not_compared_byte_by_byte(spelled: str, same: bool) -> None:
    country = Country("DZ", signer_s_issuer=spelled)
    files, anchors = CardFiles(**card(country).files), [x509.load_der_x509_certificate(country.csca)]
    if same:
        assert prove_card(files, anchors, at=START).holder.nin == AMINA
    else:
        with pytest.raises(CardNotProven, match="no country certificate"):
            prove_card(files, anchors, at=START)


def test_countries_that_do_not_agree() -> None:
    for country, state in ((Country("MA"), "DZA"), (Country("DZ"), "MAR"), (Country("XY"), "XYZ")):
        held = card(country, EcChip(), zone=td1(NUMBER, EXPIRY, state))
        with pytest.raises(CardNotProven, match="not the one the card names"):
            prove_card(CardFiles(**held.files), [x509.load_der_x509_certificate(country.csca)], at=START)
    lent = Country("DZ", signer_code="MA")
    with pytest.raises(CardNotProven, match="not of the country"):
        prove_card(CardFiles(**card(lent).files), [x509.load_der_x509_certificate(lent.csca)], at=START)


@pytest.mark.parametrize("zone", [td1, td2, td3])
def test_zones_of_each_size(zone: Callable[[str, dt.date], str]) -> None:
    read = lds.machine_readable(tlv(0x61, tlv(0x5F1F, zone("AB12", EXPIRY).encode())))
    assert (read.document_number, read.issuing_state, read.expires_on) == ("AB12", "DZA", EXPIRY)


def test_a_number_longer_than_its_field() -> None:
    zone = "I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2STEVENSON<<PETER<JOHN<<<<<<<<<"
    read = lds.machine_readable(tlv(0x61, tlv(0x5F1F, zone.encode())))
    assert read.document_number == "D23145890734"  # the example of 9303-11, appendix D.2
    for changed in (
        zone.replace("<7349<", "<7348<"),
        zone.replace("<7349<", "<<<<<<"),
        zone.replace("<7349<", "<9<<<<"),
    ):
        with pytest.raises(lds.Malformed):
            lds.machine_readable(tlv(0x61, tlv(0x5F1F, changed.encode())))


# --- how it stands, while it is still being read -----------------------------------------------------


async def test_how_a_card_stands_is_told_before_it_answers(town: Town) -> None:
    import base64

    def in_hand(held: SmallCard) -> CardInHand:
        return CardInHand(**{name: base64.b64encode(held.files[name]).decode() for name in ("sod", "dg1", "dg11")})

    async with town.kiosk() as registry:
        held = card(town.country, EcChip())
        assert (await registry.card_standing(in_hand(held))).card_status == "valid"
        with pytest.raises(CardUnknown):
            await registry.card_standing(in_hand(card(town.country, number="900009999")))
        swapped = SmallCard(town.country, number=NUMBER, nin=YACINE, expires_on=EXPIRY)
        with pytest.raises(CardMismatch):
            await registry.card_standing(in_hand(swapped))
        with pytest.raises(CardNotProven):
            await registry.card_standing(in_hand(card(Country("DZ"), EcChip())))
        altered = card(town.country, EcChip())
        altered.files["dg11"] = swapped.files["dg11"]
        with pytest.raises(CardNotProven, match="DG11"):
            await registry.card_standing(in_hand(altered))
        town.registry.store.put_card(AMINA, Card(document_number=NUMBER, expires_on=EXPIRY, status="blocked"))
        with pytest.raises(CardBlocked):
            await registry.card_standing(in_hand(held))
