"""Each fault does what its name says, and nothing else is wrong with the card."""

from __future__ import annotations

import datetime as dt
import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from drivers.simulated.card import CardImage, Fault, FileId, SimulatedCard, tlv
from drivers.simulated.card.ciphers import Cipher
from drivers.simulated.card.plan import AccessPlan, PaceVariant, Password
from drivers.simulated.errors import HandRefused
from drivers.simulated.issuer import CardDesign, CardIssuer, Holder

MakeTerminal = Callable[[SimulatedCard], Any]


@pytest.fixture
def with_fault(image: CardImage, terminal: MakeTerminal) -> Callable[[Fault], Any]:
    def make(fault: Fault) -> Any:
        access = terminal(SimulatedCard(image, fault))
        access.open(image)
        return access

    return make


def test_slow_is_only_slow(with_fault: Callable[[Fault], Any], image: CardImage) -> None:
    access = with_fault(Fault.SLOW)
    assert access.card.delay > 0
    assert access.read(FileId.DG1) == image.files[FileId.DG1]
    assert SimulatedCard(image).delay == 0


def test_mute_answers_nothing_and_stays_in_the_reader(image: CardImage) -> None:
    card = SimulatedCard(image, Fault.MUTE)
    assert card.process(bytes.fromhex("00A4040C07A0000002471001")) == b""
    assert not card.gone and card.atr


def test_pulled_leaves_in_the_middle_of_a_data_group(with_fault: Callable[[Fault], Any]) -> None:
    access = with_fault(Fault.PULLED)
    access.read(FileId.COM)
    assert not access.card.gone
    assert access.send(0xB0, 0x81, 0, le=4)[1] == 0x9000
    assert access.card.process(access.protected(0xB0, 0, 4, le=91)) == b""
    assert access.card.gone
    assert access.card.process(bytes.fromhex("00A4040C07A0000002471001")) == b""


def test_garbled_sends_nonsense_in_correct_secure_messaging(
    with_fault: Callable[[Fault], Any], image: CardImage
) -> None:
    access = with_fault(Fault.GARBLED)
    content, status = access.send(0xB0, 0x81, 0, le=0)  # the terminal checks its checksum
    assert status == 0x9000 and len(content) == len(image.files[FileId.DG1])
    with pytest.raises(ValueError):
        tlv.decode(content)
    assert access.send(0xB0, 0x9E, 0, le=0) == (image.files[FileId.COM], 0x9000)


def test_wrong_mac_is_wrong_in_every_protected_answer(image: CardImage, terminal: MakeTerminal) -> None:
    access = terminal(SimulatedCard(image, Fault.WRONG_MAC))
    with pytest.raises(AssertionError, match="wrong checksum"):
        access.open(image)


def test_a_yes_card_says_yes_to_any_nonce_with_another_key(
    with_fault: Callable[[Fault], Any], image: CardImage
) -> None:
    access = with_fault(Fault.YES_CARD)
    signature, status = access.send(0x88, 0, 0, bytes(8), 0)
    assert (len(signature), status) == (64, 0x9000)
    key = load_der_public_key(tlv.decode(image.files[FileId.DG15])[0][1])
    assert isinstance(key, ec.EllipticCurvePublicKey)
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    with pytest.raises(InvalidSignature):
        key.verify(der, bytes(8), ec.ECDSA(hashes.SHA256()))


def test_altered_dg_has_another_name_than_the_sod_vouches_for(
    with_fault: Callable[[Fault], Any], image: CardImage
) -> None:
    access = with_fault(Fault.ALTERED_DG)
    dg1 = access.read(FileId.DG1)
    assert len(dg1) == 95 and dg1[:65] == image.files[FileId.DG1][:65] and dg1 != image.files[FileId.DG1]
    sod = access.read(FileId.SOD)
    assert hashlib.sha256(image.files[FileId.DG1]).digest() in sod
    assert hashlib.sha256(dg1).digest() not in sod


def test_a_fault_nobody_knows_is_refused() -> None:
    assert Fault.named(None) is None
    assert Fault.named("yes-card") is Fault.YES_CARD
    with pytest.raises(HandRefused, match="yes-card"):
        Fault.named("sulking")


# -- in reading


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.WRONG_LE, 0x6CC0), (Fault.TOO_LONG, 0x6700), (Fault.WRONG_OFFSET, 0x6B00)]
)
def test_an_awkward_read_is_refused_inside_the_channel(
    fault: Fault, status: int, with_fault: Callable[[Fault], Any], image: CardImage
) -> None:
    access = with_fault(fault)
    for le in (193, 223, 0):
        assert access.send(0xB0, 0x82, 0, le=le) == (b"", status)
    assert access.send(0xB0, 0x82, 0, le=192) == (image.files[FileId.DG2][:192], 0x9000)
    assert access.read(FileId.SOD, step=160) == image.files[FileId.SOD]


def test_too_little_is_given_with_a_warning(with_fault: Callable[[Fault], Any], image: CardImage) -> None:
    access = with_fault(Fault.TOO_LITTLE)
    assert access.send(0xB0, 0x82, 0, le=223) == (image.files[FileId.DG2][:96], 0x6282)
    assert access.send(0xB0, 0x82, 0, le=192) == (image.files[FileId.DG2][:192], 0x9000)


@pytest.mark.parametrize(("fault", "counted"), [(Fault.UNPROTECTED_ERROR, -1), (Fault.UNPROTECTED_ERROR_COUNTED, 1)])
def test_an_unprotected_error_leaves_the_channel_and_the_counter_where_it_says(
    fault: Fault, counted: int, with_fault: Callable[[Fault], Any], image: CardImage
) -> None:
    access = with_fault(fault)
    assert access.plain(access.protected(0xB0, 0x82, 0, le=223)) == (b"", 0x6700)
    access.counter += counted  # the terminal has counted its command
    assert access.send(0xB0, 0x82, 0, le=192) == (image.files[FileId.DG2][:192], 0x9000)


# -- in the channel


def test_replay_says_an_answer_again(with_fault: Callable[[Fault], Any]) -> None:
    access = with_fault(Fault.REPLAY)  # the first protected answer was SELECT's
    assert access.send(0xB0, 0x9E, 0, le=4)[1] == 0x9000
    with pytest.raises(AssertionError, match="wrong checksum"):
        access.send(0xB0, 0x81, 0, le=4)


@pytest.mark.parametrize("parameters", [0, 13])
def test_a_bad_point_is_no_member_of_the_group(
    parameters: int, issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    variant = PaceVariant(parameters=parameters)
    image = issuer.issue(amina, replace(CardDesign.named("icao"), access=AccessPlan((variant,))))
    access = terminal(SimulatedCard(image, Fault.BAD_POINT))
    with pytest.raises(ValueError, match=r"not on the curve|not a member"):
        access.pace(b"123456", Password.CAN, variant)


# -- in what is to be believed


def certificates(image: CardImage, fault: Fault | None, terminal: MakeTerminal) -> tuple[Any, bytes]:
    """The SOD's signer as a card with that fault shows it, and the SOD's CMS."""
    access = terminal(SimulatedCard(image, fault))
    access.open(image)
    for group in (FileId.DG1, FileId.DG14):
        assert access.read(group) == image.files[group]
    ((_, signed),) = tlv.decode(access.read(FileId.SOD))
    return x509.load_der_x509_certificate(cms.ContentInfo.load(signed)["content"]["certificates"][0].dump()), signed


def believed(signed: bytes, trusted: bytes, folder: Path, *more: str) -> bool:
    """Whether openssl verifies the SOD to that CSCA."""
    (folder / "sod.der").write_bytes(signed)
    csca = x509.load_der_x509_certificate(trusted)
    (folder / "csca.pem").write_bytes(csca.public_bytes(Encoding.PEM))
    command = [
        "openssl",
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-in",
        "sod.der",
        "-CAfile",
        "csca.pem",
        "-purpose",
        "any",
    ]
    return subprocess.run([*command, *more, "-out", "lds"], cwd=folder, capture_output=True).returncode == 0


def test_an_expired_signer_is_right_but_for_its_time(
    image: CardImage, issuer: CardIssuer, terminal: MakeTerminal, tmp_path: Path
) -> None:
    signer, signed = certificates(image, Fault.EXPIRED_DS, terminal)
    assert signer.not_valid_after_utc < dt.datetime.now(dt.UTC)
    assert not believed(signed, issuer.csca_certificate, tmp_path)
    assert believed(signed, issuer.csca_certificate, tmp_path, "-no_check_time")


def test_a_revoked_signer_is_right_but_on_the_list(
    image: CardImage, issuer: CardIssuer, terminal: MakeTerminal, tmp_path: Path
) -> None:
    signer, signed = certificates(image, Fault.REVOKED_DS, terminal)
    assert believed(signed, issuer.csca_certificate, tmp_path)
    revoked = x509.load_der_x509_crl(issuer.trust()["crls/dz.crl"])
    csca = x509.load_der_x509_certificate(issuer.csca_certificate)
    assert revoked.is_signature_valid(csca.public_key())  # type: ignore[arg-type]
    assert revoked.get_revoked_certificate_by_serial_number(signer.serial_number) is not None
    good, _ = certificates(image, None, terminal)
    assert revoked.get_revoked_certificate_by_serial_number(good.serial_number) is None
    assert revoked.next_update_utc is not None and revoked.next_update_utc > dt.datetime.now(dt.UTC)


def test_an_unknown_country_signer_has_the_known_ones_name(
    image: CardImage, issuer: CardIssuer, terminal: MakeTerminal, tmp_path: Path
) -> None:
    signer, signed = certificates(image, Fault.UNKNOWN_CSCA, terminal)
    assert signer.issuer == x509.load_der_x509_certificate(issuer.csca_certificate).subject
    assert not any(
        believed(signed, trusted, tmp_path) for name, trusted in issuer.trust().items() if name.startswith("csca/")
    )


def test_a_foreign_signer_is_believed_in_another_country(
    image: CardImage, issuer: CardIssuer, terminal: MakeTerminal, tmp_path: Path
) -> None:
    signer, signed = certificates(image, Fault.FOREIGN_CSCA, terminal)
    assert "C=MA" in signer.subject.rfc4514_string() and image.mrz[0].startswith("IDDZA")
    assert believed(signed, issuer.trust()["csca/ma.der"], tmp_path)
    assert not believed(signed, issuer.csca_certificate, tmp_path)


@pytest.mark.parametrize(("fault", "group"), [(Fault.HIDDEN_DG14, FileId.DG14), (Fault.HIDDEN_DG15, FileId.DG15)])
def test_a_hidden_group_is_named_by_the_sod_alone(
    fault: Fault, group: FileId, with_fault: Callable[[Fault], Any], image: CardImage
) -> None:
    access = with_fault(fault)
    assert access.send(0xA4, 2, 0x0C, group.to_bytes(2, "big")) == (b"", 0x6A82)
    assert image.files[group][0] not in tlv.decode(tlv.decode(access.read(FileId.COM))[0][1])[-1][1]
    assert hashlib.sha256(image.files[group]).digest() in access.read(FileId.SOD)


def test_a_downgraded_card_has_bac_in_place_of_pace(image: CardImage, terminal: MakeTerminal) -> None:
    access = terminal(SimulatedCard(image, Fault.DOWNGRADE))
    assert access.plain("00A4020C02011C") == (b"", 0x6A82)
    assert access.pace(b"123456", Password.CAN) == 0x6985
    access.select_application()
    assert access.bac(image.bac_information) == 0x9000
    assert access.read(FileId.DG14) == image.files[FileId.DG14]


def test_weaker_access_keeps_silent_on_the_other_variants(
    issuer: CardIssuer, amina: Holder, terminal: MakeTerminal
) -> None:
    strong, weak = PaceVariant(cipher=Cipher.AES_256), PaceVariant(cipher=Cipher.TRIPLE_DES)
    image = issuer.issue(amina, replace(CardDesign.named("icao"), access=AccessPlan((strong, weak))))
    access = terminal(SimulatedCard(image, Fault.WEAKER_ACCESS))
    access.plain("00A4020C02011C")
    shown, _ = access.plain("00B0000000")
    assert weak.oid in shown and strong.oid not in shown
    assert strong.oid in image.files[FileId.CARD_ACCESS] and strong.oid in image.files[FileId.DG14]


def test_a_card_the_wrong_way_gives_no_atr_a_reader_takes(image: CardImage) -> None:
    card = SimulatedCard(image, Fault.WRONG_WAY)
    assert len(card.atr) > 33 and not card.gone  # ISO 7816-3 §8.2.1: an ATR has 33 bytes at most
    assert card.process(bytes.fromhex("00A4040C07A0000002471001")) == b""
    assert len(SimulatedCard(image).atr) < 33
