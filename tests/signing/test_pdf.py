"""The signed page: believed by verifiers we did not write, and refused when a byte of it was touched."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest
from asn1crypto import cms, core
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from config.schema import Signer as SignerSettings
from signing.certificates import Chain, DemoAuthority
from signing.demo import DemoToken
from signing.pades import PadesSigner
from signing.protocol import SignedDocument
from signing.token import Token
from signing.trust import TrustFolder
from signing.verify import Verdict, verify

DPI = 203
"""What a receipt printer has, and the coarsest a page is printed at."""


@pytest.fixture(scope="module")
def pdf(document: SignedDocument) -> bytes:
    return document.pdf


@pytest.fixture(scope="module")
def gap(pdf: bytes) -> tuple[int, int]:
    """Where the signature's container begins and ends, its angle brackets included."""
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) \d+ *\]", pdf)
    assert found
    return int(found[1]), int(found[2])


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- verifiers we did not write


def test_pdfsig_calls_it_valid_and_trusted(document: SignedDocument, token: DemoToken, tmp_path: Path) -> None:
    (tmp_path / "page.pdf").write_bytes(document.pdf)
    (tmp_path / "nss").mkdir()
    store = f"sql:{tmp_path}/nss"
    run("certutil", "-N", "-d", store, "--empty-password")
    run("certutil", "-A", "-d", store, "-n", "demo", "-t", "CT,C,C", "-a", "-i", token.ca)
    said = run("pdfsig", "-nssdir", store, tmp_path / "page.pdf")
    for line in (
        "Signature is Valid.",
        "Certificate is Trusted.",
        "Total document signed",
        "Signature Type: ETSI.CAdES.detached",
        "Signer Certificate Common Name: DEMO Commune d’Alger-Centre",
    ):
        assert line in said
    assert said.count("Signature #") == 1


def test_openssl_verifies_the_cms(pdf: bytes, gap: tuple[int, int], token: DemoToken, tmp_path: Path) -> None:
    start, end = gap
    (tmp_path / "sig.der").write_bytes(container(pdf, gap))
    (tmp_path / "content").write_bytes(pdf[:start] + pdf[end:])
    arguments = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "sig.der"]
    arguments += ["-content", tmp_path / "content", "-CAfile", token.ca, "-purpose", "any", "-cades"]
    run(*arguments, "-out", "/dev/null")
    (tmp_path / "content").write_bytes(pdf[:start] + pdf[end:-1])
    with pytest.raises(AssertionError):
        run(*arguments, "-out", "/dev/null")


def test_the_printed_seal_is_read_at_203_dpi(document: SignedDocument, trust: TrustFolder, tmp_path: Path) -> None:
    (tmp_path / "page.pdf").write_bytes(document.pdf)
    run("pdftoppm", "-r", str(DPI), "-gray", "-png", tmp_path / "page.pdf", tmp_path / "paper")
    (paper,) = tmp_path.glob("paper*.png")
    read = run("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", paper).strip()
    assert read == document.seal
    verdict = verify(paper.read_bytes(), trust)
    assert (verdict.verdict, verdict.kind) == ("valid", "seal")
    assert verdict.claims == verify(document.seal, trust).claims


def container(pdf: bytes, gap: tuple[int, int]) -> bytes:
    """The CMS without its padding."""
    raw = bytes.fromhex(pdf[gap[0] + 1 : gap[1] - 1].decode())
    return raw[: 4 + int.from_bytes(raw[2:4], "big")]


# -- what it is


def test_it_is_pades_b_b(pdf: bytes, gap: tuple[int, int], document: SignedDocument) -> None:
    """ETSI EN 319 142-1 §6.3: signing certificate signed, no signing time in the CMS, /M in the dictionary."""
    (signer,) = cms.ContentInfo.load(container(pdf, gap))["content"]["signer_infos"]
    signed = {attribute["type"].native for attribute in signer["signed_attrs"]}
    assert signed == {"content_type", "message_digest", "signing_certificate_v2"}
    assert signer["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature.self_reported_timestamp == document.signed_at


def test_the_act_is_attached_as_the_registry_signed_it(pdf: bytes) -> None:
    document = pypdfium2.PdfDocument(pdf)
    (attached,) = [document.get_attachment(number) for number in range(document.count_attachments())]
    assert attached.get_name() == "act.json"
    assert b"109860314000041729" in bytes(attached.get_data())


def test_the_verdict_says_what_the_paper_is(document: SignedDocument, trust: TrustFolder) -> None:
    verdict = verify(document.pdf, trust)
    assert verdict.as_json() == {
        "verdict": "valid",
        "reason": None,
        "kind": "pdf",
        "signer": "DEMO Commune d’Alger-Centre",
        "signed_at": document.signed_at.isoformat(),
        "document": {"type": "birth-extract", "reference": "DZ-2026-1601-0000042"},
        "level": "PAdES-B-B",
        "status_checked": False,
    }


# -- touched


def refused(data: bytes, trust: TrustFolder) -> Verdict:
    verdict = verify(data, trust)
    assert not verdict.valid
    assert (verdict.claims, verdict.signer, verdict.signed_at) == (None, None, None)
    return verdict


def replaced(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes([value]) + data[at + 1 :]


@pytest.mark.slow
def test_a_changed_byte_anywhere_in_the_signed_ranges_is_refused(
    pdf: bytes, gap: tuple[int, int], trust: TrustFolder
) -> None:
    """Every 97th byte, the header, and all that is structure: the update, the dictionary, the cross-references."""
    start, end = gap
    update = pdf.rindex(b"%%EOF", 0, start)
    places = {*range(0, start, 97), *range(32), *range(update, start), *range(end, len(pdf))}
    for structure in (b"endobj", b"xref", b"/Root", b"/Size", b"/Prev", b"startxref", b"/ByteRange", b"/Contents"):
        places |= {found.start() for found in re.finditer(re.escape(structure), pdf)}
    for at in sorted(places - set(range(start, end))):
        refused(replaced(pdf, at, pdf[at] ^ 0x01), trust)


@given(data=st.data())
def test_any_other_byte_at_any_place_is_refused(pdf: bytes, trust: TrustFolder, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(pdf) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != pdf[at]))
    refused(replaced(pdf, at, value), trust)


@pytest.mark.slow
def test_a_changed_digit_anywhere_in_the_container_is_refused(
    pdf: bytes, gap: tuple[int, int], trust: TrustFolder
) -> None:
    """The signature does not cover its own container; the one form it may have does."""
    for at in range(gap[0], gap[1]):
        digit = b"0123456789ABCDEF".find(pdf[at])
        refused(replaced(pdf, at, b"123456789ABCDEF0"[digit]), trust)


def test_lower_case_digits_in_the_container_are_refused(pdf: bytes, gap: tuple[int, int], trust: TrustFolder) -> None:
    start, end = gap
    assert "container" in str(refused(pdf[:start] + pdf[start:end].lower() + pdf[end:], trust).reason)


@pytest.mark.parametrize("from_end", [2, 3, 100, 501])
def test_anything_in_the_padding_is_refused(
    pdf: bytes, gap: tuple[int, int], trust: TrustFolder, from_end: int
) -> None:
    at = gap[1] - from_end
    assert pdf[at : at + 1] == b"0"
    verdict = refused(replaced(pdf, at, ord("1")), trust)
    assert (verdict.verdict, "padding" in str(verdict.reason)) == ("invalid", True)


@pytest.mark.parametrize("tail", [b"\n", b" ", b"\0", b"%%EOF\n", b"x" * 5000])
def test_anything_after_the_end_is_refused(pdf: bytes, trust: TrustFolder, tail: bytes) -> None:
    assert refused(pdf + tail, trust).verdict == "invalid"


@pytest.mark.parametrize("head", [b"\n", b" ", b"%PDF-1.7\n"])
def test_anything_before_the_beginning_is_refused(pdf: bytes, trust: TrustFolder, head: bytes) -> None:
    refused(head + pdf, trust)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_short_is_refused(pdf: bytes, trust: TrustFolder, part: float) -> None:
    refused(pdf[: int(len(pdf) * part)], trust)


def test_an_incremental_update_is_refused(pdf: bytes, trust: TrustFolder) -> None:
    """What PDF tools do to add a page, a note or a form value: the signed bytes stay, something follows."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    updated = out.getvalue()
    assert updated.startswith(pdf)
    verdict = refused(updated, trust)
    assert (verdict.verdict, verdict.reason) == ("invalid", "the signature does not cover the whole file")


def test_a_second_signature_is_refused(pdf: bytes, token: DemoToken, trust: TrustFolder) -> None:
    settings = SignerSettings(softhsm_conf=token.softhsm_conf, pin_file=token.pin_file, certificate=token.certificate)
    with Token.open(settings) as held:
        signer = PadesSigner(held, Chain.load(token.certificate))
        signer_field = pdf.replace(b"(Signature1)", b"(Signature9)")
        twice = signer.sign(signer_field, dt.datetime.now(dt.UTC))
    assert refused(twice, trust).reason == "the PDF has not exactly one signature"


def test_a_page_whose_signature_was_taken_out_is_refused(pdf: bytes, trust: TrustFolder) -> None:
    """The seal in it is good, but only a signature can vouch for the text round it."""
    unsigned = pdf[: pdf.rindex(b"%%EOF", 0, pdf.index(b"/ByteRange")) + 6]
    verdict = refused(unsigned, trust)
    assert (verdict.verdict, verdict.reason) == ("invalid", "the PDF is not signed")


# -- signed by others


class SoftKey:
    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def sign_digest(self, digest: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def base_of(pdf: bytes) -> bytes:
    """The page before it was signed."""
    return pdf[: pdf.rindex(b"%%EOF", 0, pdf.index(b"/ByteRange")) + 6]


def test_another_key_is_an_unknown_issuer_even_under_the_same_name(pdf: bytes, trust: TrustFolder) -> None:
    key, authority = SoftKey(), DemoAuthority.create()
    chain = Chain((authority.certify(key.key.public_key(), "DEMO Commune d’Alger-Centre"),))
    forged = PadesSigner(key, chain).sign(base_of(pdf), dt.datetime.now(dt.UTC))
    assert refused(forged, trust).verdict == "unknown_issuer"


def test_a_listed_key_round_another_municipalitys_seal_is_refused(pdf: bytes, trust: TrustFolder) -> None:
    """Both keys are listed and both signatures hold; the seal in the page is not the signer's."""
    key, authority = SoftKey(), DemoAuthority.create()
    chain = Chain((authority.certify(key.key.public_key(), "DEMO Oran"),))
    both = trusting(trust, chain, authority)
    signed = PadesSigner(key, chain).sign(base_of(pdf), dt.datetime.now(dt.UTC))
    verdict = refused(signed, both)
    assert verdict.reason == "the seal in the page does not belong to the page's signature"


def test_a_listed_key_whose_authority_is_not_trusted_is_refused(pdf: bytes, trust: TrustFolder) -> None:
    key, authority = SoftKey(), DemoAuthority.create()
    chain = Chain((authority.certify(key.key.public_key(), "DEMO Oran"),))
    listed = trusting(trust, chain, None)
    signed = PadesSigner(key, chain).sign(base_of(pdf), dt.datetime.now(dt.UTC))
    verdict = refused(signed, listed)
    assert (verdict.verdict, "authority" in str(verdict.reason)) == ("invalid", True)


def test_an_expired_certificate_is_refused(pdf: bytes, trust: TrustFolder) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=20 * 365)
    assert verify(pdf, trust, at=later).verdict == "invalid"


def test_a_certificate_nobody_needs_cannot_ride_along(pdf: bytes, trust: TrustFolder) -> None:
    key, authority, stranger = SoftKey(), DemoAuthority.create(), DemoAuthority.create("DEMO stranger")
    certificate = authority.certify(key.key.public_key(), "DEMO Oran")
    rider = stranger.certify(ec.generate_private_key(ec.SECP256R1()).public_key(), "DEMO rider")
    signed = PadesSigner(key, Chain((certificate, rider))).sign(base_of(pdf), dt.datetime.now(dt.UTC))
    verdict = refused(signed, trusting(trust, Chain((certificate,)), authority))
    assert verdict.reason == "the signature carries a certificate it does not need"


def trusting(trust: TrustFolder, chain: Chain, authority: DemoAuthority | None) -> TrustFolder:
    from signing.trust import Issuer

    authorities = trust.authorities if authority is None else (*trust.authorities, authority.certificate)
    issuers = trust.issuers | {chain.kid: Issuer("DEMO Oran", chain.signer)}
    return TrustFolder(issuers, authorities, trust.hosts, {})


def test_unsigned_attributes_are_refused(pdf: bytes, gap: tuple[int, int], trust: TrustFolder) -> None:
    """They lie outside every signature: anyone could add them to the container's free room."""
    info = cms.ContentInfo.load(container(pdf, gap))
    (signer,) = info["content"]["signer_infos"]
    signer["unsigned_attrs"] = cms.CMSAttributes([{"type": "1.2.3.4", "values": [core.UTF8String("x")]}])
    changed = info.dump()  # by force it would encode every attribute anew, also those whose names it never learnt
    assert bytes([core.UTF8String.tag, 1]) + b"x" in changed
    digits = changed.hex().upper().encode().ljust(gap[1] - gap[0] - 2, b"0")
    assert len(digits) == gap[1] - gap[0] - 2
    assert refused(pdf[: gap[0] + 1] + digits + pdf[gap[1] - 1 :], trust).verdict == "invalid"


# -- pictures and scans


def test_a_scan_of_the_page_is_judged_by_its_seal(document: SignedDocument, trust: TrustFolder) -> None:
    page = pypdfium2.PdfDocument(document.pdf)[0].render(scale=300 / 72, grayscale=True).to_pil()
    scan = io.BytesIO()
    page.save(scan, "PDF", resolution=300)
    verdict = verify(scan.getvalue(), trust)
    assert (verdict.verdict, verdict.kind) == ("valid", "seal")


def test_a_picture_that_is_turned_and_small_is_read_too(document: SignedDocument, trust: TrustFolder) -> None:
    page = pypdfium2.PdfDocument(document.pdf)[0].render(scale=DPI / 72).to_pil()
    photo = io.BytesIO()
    page.rotate(7, expand=True, fillcolor="white").save(photo, "JPEG", quality=80)
    assert verify(photo.getvalue(), trust).valid


@pytest.mark.parametrize("data", [b"", b"x", b"%PDF-", b"%PDF-1.7\n%%EOF", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
def test_what_is_neither_is_unreadable(trust: TrustFolder, data: bytes) -> None:
    assert verify(data, trust).verdict == "unreadable"


@given(st.binary(max_size=400))
def test_any_bytes_get_a_verdict(trust: TrustFolder, data: bytes) -> None:
    for start in (b"", b"%PDF-1.7\n", b"%PDF-1.7\n/ByteRange [0 1 2 3]", b"\x89PNG\r\n\x1a\n"):
        assert not verify(start + data, trust).valid


def test_a_white_page_and_a_picture_too_large_are_unreadable(trust: TrustFolder) -> None:
    for size in ((200, 200), (12_000, 12_000)):
        picture = io.BytesIO()
        Image.new("1", size, 1).save(picture, "PNG")
        assert verify(picture.getvalue(), trust).verdict == "unreadable"


def test_a_foreign_code_is_unreadable_not_invalid(trust: TrustFolder, tmp_path: Path) -> None:
    import segno

    segno.make("https://example.org/menu").save(str(tmp_path / "menu.png"), scale=6)
    assert verify((tmp_path / "menu.png").read_bytes(), trust).verdict == "unreadable"


# -- what a verifier trusts


def test_a_trust_folder_with_a_wrong_kid_is_refused(token: DemoToken, tmp_path: Path) -> None:
    from signing.errors import TrustUnusable

    folder = tmp_path / "trust"
    shutil.copytree(token.trust, folder)
    good = (folder / "issuers.json").read_text()
    kid = hashlib.sha256(Chain.load(token.certificate).signer.public_bytes(Encoding.DER)).hexdigest()[:16]
    assert kid in good
    TrustFolder.load(folder)
    for bad in (
        good.replace(kid, "0" * 16),
        good.replace("signer.pem", "../signer.pem"),
        good.replace("demo-ca.pem", "missing.pem"),
        good.replace('"hosts"', '"host"'),
        good.replace("{", "[", 1),
        "",
        "[" * 100_000,
    ):
        (folder / "issuers.json").write_text(bad)
        with pytest.raises(TrustUnusable):
            TrustFolder.load(folder)
    (folder / "issuers.json").unlink()
    with pytest.raises(TrustUnusable):
        TrustFolder.load(folder)
