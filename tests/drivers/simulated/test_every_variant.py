"""Every mapping, group and cipher of PACE, and every kind of chip key, on cards made with them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import ecdsa
import pytest
from asn1crypto import cms, keys

from drivers.simulated.card import CardImage, Fault, FileId, SimulatedCard, tlv
from drivers.simulated.card.bac import mrz_seed
from drivers.simulated.card.ciphers import Cipher, suite
from drivers.simulated.card.groups import draw, standard
from drivers.simulated.card.plan import AccessPlan, Mapping, PaceVariant, Password
from drivers.simulated.issuer import CardDesign, CardIssuer, Holder
from drivers.simulated.issuing.design import ActiveDesign, ChipKeyDesign

MakeTerminal = Callable[[SimulatedCard], Any]
GROUPS = [0, 1, 2, *range(8, 19)]
FEW = (FileId.DG1, FileId.DG14, FileId.DG15)
PLAIN = replace(CardDesign.named("icao"), active=None, groups=FEW)


def variants() -> list[PaceVariant]:
    every = [PaceVariant(m, c, g) for m in Mapping for c in Cipher for g in GROUPS]
    without_3des_and_dh = Mapping.CHIP_AUTHENTICATION
    return [
        one
        for one in every
        if not (one.mapping is Mapping.INTEGRATED and one.parameters == 10)  # P-224 cannot
        and not (one.mapping is without_3des_and_dh and (one.parameters < 8 or one.cipher is Cipher.TRIPLE_DES))
    ]


def with_pace(variant: PaceVariant) -> CardDesign:
    key = ChipKeyDesign(variant.parameters, key_id=variant.parameters)
    cam = variant.mapping is Mapping.CHIP_AUTHENTICATION
    return replace(PLAIN, access=AccessPlan((variant,)), chip_keys=(key,) if cam else ())


def tried() -> Iterator[Any]:
    """Each protocol once and each group once at least; the rest of the product is slow."""
    seen: set[object] = set()
    for one in sorted(variants(), key=lambda one: (one.parameters * 7 % 19, one.oid)):
        new = one.oid not in seen or one.parameters not in seen
        seen |= {one.oid, one.parameters}
        name = f"{one.mapping}-{one.cipher}-{standard(one.parameters).name}"
        yield pytest.param(one, id=name, marks=() if new else (pytest.mark.slow,))


def once(rows: Iterable[int], columns: Sequence[Any]) -> Iterator[Any]:
    """The product of both; each row quick with one of the columns, in turn, and slow with the others."""
    for turn, row in enumerate(rows):
        for place, column in enumerate(columns):
            marks = () if place == turn % len(columns) else (pytest.mark.slow,)
            yield pytest.param(row, column, marks=marks)


@pytest.mark.parametrize("variant", list(tried()))
def test_pace_opens_with_the_right_password_only(
    variant: PaceVariant, issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    image = issuer.issue(amina, with_pace(variant))
    access = terminal(SimulatedCard(image))
    assert access.pace(b"654321", Password.CAN, variant) == 0x6300
    assert access.pace(b"123456", Password.CAN, variant) == 0x9000
    assert access.send(0xA4, 4, 0x0C, bytes.fromhex("A0000002471001"))[1] == 0x9000
    assert access.read(FileId.DG1) == image.files[FileId.DG1]
    assert tlv.encode(0x06, variant.oid) in image.files[FileId.CARD_ACCESS]
    if variant.mapping is Mapping.CHIP_AUTHENTICATION:
        assert proven_by_mapping(access, image)


def test_all_variants_are_tried() -> None:
    """19 protocols of 9303-11 tables 2 and 3, on every group each can have."""
    assert len({variant.oid for variant in variants()}) == 19 and len(variants()) == 141


def proven_by_mapping(access: Any, image: CardImage) -> bool:
    """9303-11 §4.4.3.5.2, with the key that EF.CardSecurity has."""
    infos = cms.ContentInfo.load(image.files[FileId.CARD_SECURITY])["content"]["encap_content_info"]["content"].native
    group = standard(image.plan.paces[-1].parameters)
    public = group.decode(infos[-len(group.generator.encode()) - 3 : -3])  # the point stands before the key's id
    return public.times(int.from_bytes(access.chip_proof, "big")) == access.mapping_key


def test_a_copied_chip_fails_the_chip_authentication_mapping(
    issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    image = issuer.issue(amina, with_pace(PaceVariant(Mapping.CHIP_AUTHENTICATION)))
    for fault, proven in ((None, True), (Fault.YES_CARD, False)):
        access = terminal(SimulatedCard(image, fault))
        assert access.pace(b"123456", Password.CAN, image.plan.paces[0]) == 0x9000
        assert proven_by_mapping(access, image) is proven


def test_of_several_variants_the_named_one_is_meant(issuer: CardIssuer, amina: Holder, terminal: MakeTerminal) -> None:
    both = PaceVariant(parameters=12), PaceVariant(parameters=13)
    image = issuer.issue(amina, replace(PLAIN, access=AccessPlan(both)))
    assert terminal(SimulatedCard(image)).pace(b"123456", Password.CAN, both[0]) == 0x6A88  # ambiguous
    for variant in both:
        assert terminal(SimulatedCard(image)).pace(b"123456", Password.CAN, variant, names_parameters=True) == 0x9000


def agree(access: Any, image: CardImage, cipher: Cipher, *, at_once: bool = False, key: int = 0) -> None:
    """The terminal's side of chip authentication version 1: the keys after it come from the chip's static key."""
    chip = image.chip_keys[key]
    group = standard(chip.parameters)
    private = draw(group, os.urandom)
    ephemeral = group.generator.times(private).encode()
    reference = b"" if chip.key_id is None else tlv.encode(0x84, bytes([chip.key_id]))
    if at_once:
        assert access.said(0x22, 0x41, 0xA6, tlv.encode(0x91, ephemeral) + reference) == (b"", 0x9000)
    else:
        assert access.said(0x22, 0x41, 0xA4, tlv.encode(0x80, chip.oid(cipher)) + reference) == (b"", 0x9000)
        body = tlv.encode(0x7C, tlv.encode(0x80, ephemeral))
        # The answer itself still comes under the old keys (§9.8.2).
        assert access.said(0x86, 0, 0, body, le=0) == (b"\x7c\x00", 0x9000)
    secret = group.generator.times(chip.private).times(private).secret()
    access.session, access.counter = suite(cipher, secret), 0


@pytest.mark.parametrize(("number", "cipher"), list(once(GROUPS, list(Cipher))))
def test_chip_authentication_restarts_the_channel(
    number: int, cipher: Cipher, issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    image = issuer.issue(amina, replace(PLAIN, chip_keys=(ChipKeyDesign(number, (cipher,)),)))
    for at_once in (False, True) if cipher is Cipher.TRIPLE_DES else (False,):
        access = terminal(SimulatedCard(image))
        access.open(image)
        agree(access, image, cipher, at_once=at_once)
        assert access.read(FileId.DG1) == image.files[FileId.DG1]


def test_a_copied_chip_does_not_know_the_new_keys(issuer: CardIssuer, amina: Holder, terminal: MakeTerminal) -> None:
    image = issuer.issue(amina, CardDesign.named("chip-authentication"))
    access = terminal(SimulatedCard(image, Fault.YES_CARD))
    access.open(image)
    agree(access, image, Cipher.AES_128)
    assert access.plain(access.protected(0xB0, 0x9E, 0, le=4)) == (b"", 0x6988)


def test_the_key_must_be_named_where_there_are_several(
    issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    keys_ = ChipKeyDesign(12, key_id=1), ChipKeyDesign(13, key_id=2)
    image = issuer.issue(amina, replace(PLAIN, chip_keys=keys_))
    access = terminal(SimulatedCard(image))
    access.open(image)
    oid = tlv.encode(0x80, image.chip_keys[0].oid(Cipher.AES_128))
    assert access.said(0x22, 0x41, 0xA4, oid)[1] == 0x6A88
    assert access.said(0x22, 0x41, 0xA4, oid + tlv.encode(0x84, b"\3"))[1] == 0x6A88
    assert access.said(0x22, 0x41, 0xA4, tlv.encode(0x80, b"\1"))[1] == 0x6A80
    assert access.said(0x22, 0x41, 0xA6, tlv.encode(0x91, b"\4"))[1] == 0x6A80  # no key for 3DES
    agree(access, image, Cipher.AES_128, key=1)
    assert access.read(FileId.DG1) == image.files[FileId.DG1]


def test_a_terminals_bad_key_leaves_the_channel_as_it_was(
    issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    image = issuer.issue(amina, CardDesign.named("chip-authentication"))
    access = terminal(SimulatedCard(image))
    access.open(image)
    stranger = standard(13).strangers()
    oid = tlv.encode(0x80, image.chip_keys[0].oid(Cipher.AES_128))
    assert access.said(0x22, 0x41, 0xA4, oid)[1] == 0x9000
    assert access.said(0x86, 0, 0, tlv.encode(0x7C, tlv.encode(0x80, stranger)), le=0) == (b"", 0x6A80)
    assert access.said(0x86, 0, 0, tlv.encode(0x7C, tlv.encode(0x80, stranger)), le=0) == (b"", 0x6985)
    assert access.read(FileId.DG1) == image.files[FileId.DG1]


CURVES = {
    8: ecdsa.NIST192p,
    9: ecdsa.BRAINPOOLP192r1,
    10: ecdsa.NIST224p,
    11: ecdsa.BRAINPOOLP224r1,
    12: ecdsa.NIST256p,
    13: ecdsa.BRAINPOOLP256r1,
    14: ecdsa.BRAINPOOLP320r1,
    15: ecdsa.NIST384p,
    16: ecdsa.BRAINPOOLP384r1,
    17: ecdsa.BRAINPOOLP512r1,
    18: ecdsa.NIST521p,
}


@pytest.mark.parametrize(("number", "digest"), list(once(CURVES, ["sha224", "sha256", "sha384", "sha512"])))
def test_ecdsa_is_verified_by_another_library(
    number: int, digest: str, issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    design = replace(PLAIN, active=ActiveDesign(number, digest=digest), groups=FEW)
    image = issuer.issue(amina, design)
    ((_, public),) = tlv.decode(image.files[FileId.DG15])
    point = keys.PublicKeyInfo.load(public)["public_key"].native
    key = ecdsa.VerifyingKey.from_string(point[1:], CURVES[number])
    for fault, good in ((None, True), (Fault.YES_CARD, False)):
        access = terminal(SimulatedCard(image, fault))
        access.open(image)
        signature, status = access.send(0x88, 0, 0, b"12345678", 0)
        assert status == 0x9000
        try:
            verified = key.verify(signature, b"12345678", getattr(hashlib, digest), allow_truncate=True)
        except ecdsa.BadSignatureError:
            verified = False
        assert verified is good


@pytest.mark.parametrize(
    ("bits", "digest", "least"),
    [
        (1024, "sha1", False),
        (1024, "sha1", True),
        (1280, "sha224", False),
        (1536, "sha256", False),
        (1848, "sha384", True),
        (2048, "sha512", False),
    ],
)
def test_rsa_recovers_to_the_nonce_signed(
    bits: int, digest: str, least: bool, issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    design = replace(PLAIN, active=ActiveDesign(None, bits, digest, least), groups=FEW)
    image = issuer.issue(amina, design)
    ((_, public),) = tlv.decode(image.files[FileId.DG15])
    rsa = keys.PublicKeyInfo.load(public)["public_key"].parsed
    modulus, exponent = rsa["modulus"].native, rsa["public_exponent"].native
    trailers = {"sha1": "bc", "sha224": "38cc", "sha256": "34cc", "sha384": "36cc", "sha512": "35cc"}
    trailer = bytes.fromhex(trailers[digest])
    for fault, good in ((None, True), (Fault.YES_CARD, False)):
        access = terminal(SimulatedCard(image, fault))
        access.open(image)
        signature, status = access.send(0x88, 0, 0, b"12345678", 0, extended=bits > 1700)
        assert (len(signature), status) == (bits // 8, 0x9000)
        root = pow(int.from_bytes(signature, "big"), exponent, modulus)
        if least:
            assert int.from_bytes(signature, "big") <= modulus // 2
            root = root if root & 15 == 12 else modulus - root
        opened = root.to_bytes(bits // 8, "big")
        size = hashlib.new(digest).digest_size
        first, digested = opened[1 : -size - len(trailer)], opened[-size - len(trailer) : -len(trailer)]
        right = opened[0] == 0x6A and opened.endswith(trailer)
        assert (right and hashlib.new(digest, first + b"12345678").digest() == digested) is good


def test_a_signature_too_long_for_a_short_answer_asks_for_extended_length(
    issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    image = issuer.issue(amina, CardDesign.named("rsa"))
    access = terminal(SimulatedCard(image))
    access.open(image)
    assert access.send(0x88, 0, 0, b"12345678", 0) == (b"", 0x6700)
    assert access.send(0x88, 0, 0, b"12345678", 0, extended=True)[1] == 0x9000


def test_a_card_without_a_key_has_no_active_authentication(
    issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    image = issuer.issue(amina, PLAIN)
    access = terminal(SimulatedCard(image))
    access.open(image)
    assert access.send(0x88, 0, 0, b"12345678", 0) == (b"", 0x6D00)
    assert mrz_seed(image.mrz_information) and FileId.DG15 not in image.files
