"""The signature of a PDF, checked from the outside in.

First the file's bytes: one signature, over everything but its own container, nothing after it, the
container holding one CMS and then zeros. Then the CMS: of our one form, under a key we know. Only when
both hold are the PDF's objects read: by then every byte of them is vouched for.

Stricter than PAdES asks (ETSI EN 319 142-1 §6, level B-B), because these files have one maker: no second
signature, no other attributes, no certificate that the path does not need, capital hex digits. What
nothing needs, nobody can hide something in.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import logging
import re
from dataclasses import dataclass
from io import BytesIO

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko.sign.validation.status import SignatureCoverageLevel, StandardCMSSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from signing.certificates import KID_BYTES
from signing.cms_form import CmsForm
from signing.trust import Issuer, TrustFolder

for _name in ("pyhanko", "pyhanko_certvalidator"):
    # Their log lines quote certificates and go to stderr; a verdict says all we have to say.
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False

SUBFILTER = "/ETSI.CAdES.detached"
_TRACES = (b"/ByteRange", b"/AcroForm", b"ETSI.CAdES", b"adbe.pkcs7", b"/SigFlags")
_BYTE_RANGE = re.compile(rb"/ByteRange ?\[ ?(0) (\d{1,9}) (\d{1,9}) (\d{1,9}) *\]")
_HEX = re.compile(rb"(?:[0-9A-F]{2})+")
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
"""What asn1crypto and pyHanko raise on bytes that are not the structure they expect."""


class NotIntact(Exception):
    """The signature does not hold, or bytes outside it were touched; the words are the reason."""


class NotKnown(Exception):
    """Signed by a key that the trust folder does not list."""


@dataclass(frozen=True, slots=True)
class SignedPdf:
    """A PDF whose signature holds, under a listed key. `signed_at` is the signer's own word (/M)."""

    issuer: Issuer
    signed_at: dt.datetime
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Container:
    byte_range: tuple[int, int, int, int]
    signed: bytes
    cms: bytes


def has_signature(data: bytes) -> bool:
    """Whether a PDF is, or ever was, one with a signature: then it is judged by it and by nothing else."""
    return any(trace in data for trace in _TRACES)


def check(data: bytes, trust: TrustFolder, at: dt.datetime) -> SignedPdf:
    """Checks the one signature of a PDF. `at` is the time of checking, for the certificates.

    Raises NotKnown, NotIntact. Not to be called inside a running event loop.
    """
    container = _container(data)
    signed_data, certificate = _signed_data(container.cms)
    issuer = trust.issuers.get(bytes(certificate.sha256)[:KID_BYTES])
    if issuer is None or issuer.certificate.public_bytes(Encoding.DER) != certificate.dump():
        raise NotKnown("the signing key is not in the trust list")
    _check_cms(container, signed_data, certificate, trust, at)
    try:
        return _read_objects(data, container, issuer)
    except (*_MALFORMED, PdfError):
        raise NotIntact("the PDF's objects contradict its signature") from None


def _container(data: bytes) -> _Container:
    """The signed bytes and the CMS (ISO 32000-2 §12.8.1). Raises NotIntact."""
    if data.count(b"/ByteRange") != 1:
        raise NotIntact("the PDF has not exactly one signature")
    found = _BYTE_RANGE.search(data)
    if found is None:
        raise NotIntact("the signature does not say which bytes it covers")
    start, before, resume, after = (int(number) for number in found.groups())
    if resume + after != len(data) or not start < before < resume - 2:
        raise NotIntact("the signature does not cover the whole file")
    gap = data[before:resume]
    if not data[:before].endswith((b"/Contents ", b"/Contents")) or gap[:1] != b"<" or gap[-1:] != b">":
        raise NotIntact("the bytes left out of the signature are not its container")
    if _HEX.fullmatch(gap, 1, len(gap) - 1) is None:
        raise NotIntact("the signature's container is not written as it was made")
    contents = bytes.fromhex(gap[1:-1].decode("ascii"))
    length = _der_length(contents)
    if any(contents[length:]):
        raise NotIntact("the padding of the signature's container holds something")
    return _Container((start, before, resume, after), data[:before] + data[resume:], contents[:length])


def _der_length(data: bytes) -> int:
    """Length in bytes of the DER SEQUENCE that `data` begins with (X.690 §10.1). Raises NotIntact."""
    size = data[1] & 0x7F if len(data) > 5 and data[0] == 0x30 and data[1] & 0x80 else 0
    if not 1 <= size <= 3:
        raise NotIntact("the signature's container holds no CMS")
    length = 2 + size + int.from_bytes(data[2 : 2 + size], "big")
    if length > len(data) or data[2] == 0:
        raise NotIntact("the signature's container is cut short")
    return length


def _signed_data(der: bytes) -> tuple[cms.SignedData, asn1_x509.Certificate]:
    """The CMS SignedData and the certificate of its one signer. Raises NotIntact."""
    try:
        signed_data = cms.ContentInfo.load(der, strict=True)["content"]
        (signer,) = signed_data["signer_infos"]
        issued = signer["sid"].chosen
        (certificate,) = [
            each
            for each in _certificates(signed_data)
            if each.issuer == issued["issuer"] and each.serial_number == issued["serial_number"].native
        ]
    except _MALFORMED:
        raise NotIntact("the signature's container holds no CMS of this kind") from None
    return signed_data, certificate


def _certificates(signed_data: cms.SignedData) -> list[asn1_x509.Certificate]:
    return [choice.chosen for choice in signed_data["certificates"]]


def _check_cms(
    container: _Container,
    signed_data: cms.SignedData,
    certificate: asn1_x509.Certificate,
    trust: TrustFolder,
    at: dt.datetime,
) -> None:
    """The CMS is of our one form, over these bytes; its signature holds; its certificate is vouched for."""
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in trust.authorities],
        allow_fetching=False,
        revocation_mode="soft-fail",
        moment=at,
    )
    try:
        form = CmsForm(certificate, _certificates(signed_data))
        signature = signed_data["signer_infos"][0]["signature"].native
        if form.content_info(hashlib.sha256(container.signed).digest(), signature) != container.cms:
            raise NotIntact("the signature is not the one made over these bytes")
        status: StandardCMSSignatureStatus = asyncio.run(
            async_validate_detached_cms(container.signed, signed_data, signer_validation_context=context)
        )
    except (*_MALFORMED, PathError, ValidationError):
        raise NotIntact("the signature does not hold") from None
    if not (status.intact and status.valid):
        raise NotIntact("the signature does not hold")
    if not status.trusted or status.validation_path is None:
        raise NotIntact("the signing certificate is not certified by a trusted authority at this time")
    needed = {each.dump() for each in status.validation_path.iter_certs(include_root=True)}
    if not {each.dump() for each in _certificates(signed_data)} <= needed:
        raise NotIntact("the signature carries a certificate it does not need")


def _read_objects(data: bytes, container: _Container, issuer: Issuer) -> SignedPdf:
    reader = PdfFileReader(BytesIO(data))
    (signature,) = reader.embedded_signatures
    if tuple(int(number) for number in signature.byte_range) != container.byte_range:
        raise NotIntact("the PDF's signature is not the one over these bytes")
    if signature.evaluate_signature_coverage() != SignatureCoverageLevel.ENTIRE_FILE:
        raise NotIntact("the signature does not cover the whole file")
    if signature.sig_object["/SubFilter"] != SUBFILTER:
        raise NotIntact("the signature is not a PAdES signature")
    signed_at = signature.self_reported_timestamp
    if signed_at is None or signed_at.tzinfo is None:
        raise NotIntact("the signature does not say when it was made")
    return SignedPdf(issuer, signed_at.astimezone(dt.UTC), tuple(_links(reader)))


def _links(reader: PdfFileReader) -> list[str]:
    """The addresses that the pages link to."""
    found: list[str] = []
    for number in range(int(reader.root["/Pages"]["/Count"])):
        page = reader.find_page_for_modification(number)[0].get_object()  # type: ignore[no-untyped-call]
        for annotation in page.get("/Annots", ()):
            action = annotation.get_object().get("/A", {})
            if "/URI" in action:
                found.append(str(action["/URI"]))
    return found
