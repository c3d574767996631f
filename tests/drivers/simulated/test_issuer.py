"""What the demo's authority issues: its certificates, the machine readable zone, the files and their SOD."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image

from drivers.simulated.card import CardImage, FileId, tlv
from drivers.simulated.errors import HolderInvalid, IssuerUnusable
from drivers.simulated.issuer import CardDesign, CardIssuer, Holder
from drivers.simulated.issuing import mrz, portrait
from drivers.simulated.issuing.design import SignatureKind


def test_the_country_certificate_is_self_signed_marked_demo_and_on_p384(issuer: CardIssuer) -> None:
    csca = x509.load_der_x509_certificate(issuer.csca_certificate)
    csca.verify_directly_issued_by(csca)
    assert "C=DZ" in csca.subject.rfc4514_string() and "DEMO" in csca.subject.rfc4514_string()
    assert csca.public_key().key_size == 384  # type: ignore[union-attr]
    constraints = csca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical and constraints.value.ca and constraints.value.path_length == 0


def test_an_issuer_is_made_once_and_found_again(tmp_path: Path) -> None:
    first = CardIssuer.load_or_create(tmp_path / "issuer")
    assert CardIssuer.load_or_create(tmp_path / "issuer").csca_certificate == first.csca_certificate
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "issuer").iterdir()} == {0}
    (tmp_path / "issuer" / "ds.key").write_text("not a key")
    with pytest.raises(IssuerUnusable):
        CardIssuer.load_or_create(tmp_path / "issuer")


def test_a_key_that_is_not_the_certificates_is_noticed(tmp_path: Path) -> None:
    CardIssuer.load_or_create(tmp_path / "one")
    CardIssuer.load_or_create(tmp_path / "two")
    shutil.copy(tmp_path / "two" / "ds.key", tmp_path / "one" / "ds.key")
    with pytest.raises(IssuerUnusable):
        CardIssuer.load_or_create(tmp_path / "one")


def test_openssl_believes_the_sod(image: CardImage, issuer: CardIssuer, tmp_path: Path) -> None:
    """A verifier we did not write: the CMS signature, the chain to the CSCA, the signed attributes."""
    ((tag, signed),) = tlv.decode(image.files[FileId.SOD])
    assert tag == 0x77
    (tmp_path / "sod.der").write_bytes(signed)
    csca = x509.load_der_x509_certificate(issuer.csca_certificate)
    (tmp_path / "csca.pem").write_bytes(csca.public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "sod.der", "-CAfile", "csca.pem"]
    subprocess.run([*command, "-purpose", "any", "-out", "lds.der"], cwd=tmp_path, check=True, capture_output=True)
    security_object = (tmp_path / "lds.der").read_bytes()
    for group in (FileId.DG1, FileId.DG2, FileId.DG11, FileId.DG14, FileId.DG15):
        assert hashlib.sha256(image.files[group]).digest() in security_object


def test_the_zone_of_icaos_td1_example() -> None:
    """ICAO 9303-5 appendix B, except the document code: its composite check digit does not cover that."""
    lines = mrz.td1(
        issuing_state="UTO",
        document_number="D23145890",
        date_of_birth=dt.date(1974, 8, 12),
        sex="F",
        date_of_expiry=dt.date(2012, 4, 15),
        surname="Eriksson",
        given="Anna Maria",
    )
    assert lines == (
        "IDUTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    )


@pytest.mark.parametrize(
    ("surname", "given", "line"),
    [
        ("Bencheikh El-Hocine", "Aïcha", "BENCHEIKH<EL<HOCINE<<AICHA<<<<"),
        ("M'hamed", "Noël", "MHAMED<<NOEL<<<<<<<<<<<<<<<<<<"),
        ("Abderrahmanebouteldjamoussaouia", "Mohamed", "ABDERRAHMANEBOUTELDJAMOUSSA<<M"),
        ("Benali", "Mohamed El Amine Abderrahmane", "BENALI<<MOHAMED<EL<AMINE<ABDER"),
    ],
)
def test_names_in_the_zones_alphabet(surname: str, given: str, line: str) -> None:
    zone = mrz.td1(
        issuing_state="DZA",
        document_number="9",
        date_of_birth=dt.date(2000, 1, 1),
        sex="M",
        date_of_expiry=dt.date(2030, 1, 1),
        surname=surname,
        given=given,
    )
    assert zone[2] == line and {len(part) for part in zone} == {30}


def test_dg11_holds_both_scripts_apart(image: CardImage) -> None:
    fields = dict(tlv.decode(tlv.decode(image.files[FileId.DG11])[0][1]))
    assert fields[0x5F0E].decode() == "Ben<Ali<<Amina"
    assert fields[0x5F10] == b"990000000000000001" and fields[0x5F2B] == b"19860314"
    assert tlv.decode(fields[0xA0]) == [(0x02, b"\x01"), (0x5F0F, "بن<علي<<أمينة".encode())]
    assert fields[0x5C] == bytes.fromhex("5F0E5F0F5F105F2B5F11")


def test_dg2_is_one_face_of_a_plausible_size(image: CardImage) -> None:
    dg2 = image.files[FileId.DG2]
    assert 12_000 < len(dg2) < 18_000
    record = dg2[dg2.index(b"FAC\x00010\x00") :]
    assert int.from_bytes(record[8:12], "big") == len(record)
    assert int.from_bytes(record[14:18], "big") == len(record) - 14
    picture = Image.open(io.BytesIO(record[14 + 20 + 12 :]))
    assert (picture.format, picture.size) == ("JPEG", (portrait.WIDTH, portrait.HEIGHT))


def test_only_a_pace_card_says_pace(image: CardImage, bac_image: CardImage) -> None:
    assert FileId.CARD_ACCESS in image.files and FileId.CARD_ACCESS not in bac_image.files
    oid = bytes.fromhex("060A04007F00070202040202")
    assert oid in image.files[FileId.DG14] and oid not in bac_image.files[FileId.DG14]
    assert len(image.files[FileId.DG1]) == 95
    assert tlv.decode(tlv.decode(image.files[FileId.COM])[0][1])[-1] == (0x5C, bytes.fromhex("61756B6E6F"))


def test_an_image_file_is_its_owners_alone(image: CardImage, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text("was open")
    path.chmod(0o644)
    image.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert CardImage.load(path) == image


@pytest.mark.parametrize(
    "change",
    [
        {"nin": "12"},
        {"document_number": "12345678901234567890123"},
        {"document_number": "12a"},
        {"can": "12345"},
        {"pin": "123"},
        {"sex": "X"},
        {"surname_latin": "بن علي"},
        {"given_arabic": " "},
        {"given_latin": "A<B"},
        {"issuing_state": "DZ"},
        {"access": "open"},
    ],
)
def test_a_holder_who_fits_on_no_card_is_refused_without_being_named(amina: Holder, change: dict[str, str]) -> None:
    with pytest.raises(HolderInvalid) as refused:
        replace(amina, **change)
    assert not any(value in str(refused.value) for value in change.values() if value.strip())


def test_secrets_and_names_stay_out_of_what_is_printed(image: CardImage, amina: Holder) -> None:
    for shown in (repr(image), repr(amina)):
        assert "123456" not in shown and "2580" not in shown and "Amina" not in shown and "AMINA" not in shown


@pytest.mark.parametrize("kind", ["ecdsa", "rsa", "rsa-pss"])
def test_openssl_believes_every_kind_of_signature_on_both_signed_files(
    kind: SignatureKind, issuer: CardIssuer, amina: Holder, tmp_path: Path
) -> None:
    image = issuer.issue(amina, replace(CardDesign.named("cam"), signature=kind))
    csca = x509.load_der_x509_certificate(issuer.csca_certificate)
    (tmp_path / "csca.pem").write_bytes(csca.public_bytes(Encoding.PEM))
    sod, security = tlv.decode(image.files[FileId.SOD])[0][1], image.files[FileId.CARD_SECURITY]
    for signed, what in (
        (sod, hashlib.sha256(image.files[FileId.DG1]).digest()),
        (security, bytes.fromhex("0202040602")),
    ):
        (tmp_path / "signed").write_bytes(signed)
        command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "signed", "-CAfile", "csca.pem"]
        subprocess.run([*command, "-purpose", "any", "-out", "said"], cwd=tmp_path, check=True, capture_output=True)
        assert what in (tmp_path / "said").read_bytes()


def test_what_a_trust_folder_wants(issuer: CardIssuer) -> None:
    trust = issuer.trust()
    assert trust["csca/csca.der"] == issuer.csca_certificate
    for code, name in (("DZ", "csca"), ("MA", "ma")):
        csca = x509.load_der_x509_certificate(trust[f"csca/{name}.der"])
        csca.verify_directly_issued_by(csca)
        assert f"C={code}" in csca.subject.rfc4514_string()
        assert x509.load_der_x509_crl(trust[f"crls/{code.lower()}.crl"]).issuer == csca.subject


def test_an_issuer_of_a_version_before_keeps_its_keys_and_gets_the_rest(tmp_path: Path) -> None:
    """Only csca and ds were there once: cards issued then are believed on."""
    first = CardIssuer.load_or_create(tmp_path / "issuer")
    shutil.rmtree(tmp_path / "issuer" / "MA")
    again = CardIssuer.load_or_create(tmp_path / "issuer")
    assert again.csca_certificate == first.csca_certificate
    assert again.trust()["csca/ma.der"] != first.trust()["csca/ma.der"]
