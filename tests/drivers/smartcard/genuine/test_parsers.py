"""Whatever bytes come, only this room's own errors come out; and no byte of what is signed can be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds import dg1
from drivers.smartcard.errors import MalformedData, UnsupportedKey
from drivers.smartcard.genuine import certificates, crl, master_list, signed_data, sod
from drivers.smartcard.genuine.certificates import Certificate
from tests.drivers.smartcard.genuine.state import (
    CSCA,
    DS,
    FILES,
    MASTER_LIST,
    Signer,
    country_signer,
    document_types,
    encode,
    evidence,
    good_sod,
    issue,
    judged,
    revocations,
    rsa_key,
    sign,
    states,
)
from tests.drivers.smartcard.genuine.test_master_lists import made

RICH = issue("DS", by=CSCA, key=rsa_key(), extensions=(states("DZA", "D"), document_types("I", "P")))


def certificate(data: bytes) -> None:
    read = certificates.parse(data)
    read.signed_by(CSCA.read)
    CSCA.read.signed_by(read)


def revocation_list(data: bytes) -> None:
    crl.parse(data).signed_by(CSCA.read)


def a_list(data: bytes) -> None:
    master_list.read(data, (CSCA.read,))


def card(data: bytes) -> None:
    """`judge` itself raises nothing at all."""
    judged(evidence(signed=data))
    judged(evidence({**FILES, FileId.COM: data, FileId.DG14: data}, signed=good_sod()))


PARSERS: list[tuple[Callable[[bytes], Any], bytes]] = [
    (certificate, RICH.der),
    (certificate, CSCA.der),
    (revocation_list, revocations(CSCA, [1, 2, 3])),
    (a_list, made(CSCA, signer=CSCA)),
    (lambda data: signed_data.parse(data, MASTER_LIST), made(CSCA, options=("-stream",))),
    (sod.parse, good_sod()),
    (sod.parse, encode(0x77, sign(encode(0x30, b""), DS, sod.LDS_SECURITY_OBJECT))),
    (dg1.zone_of, FILES[FileId.DG1]),
    (card, good_sod()),
]
NAMES = "DS|CSCA|CRL|master list|BER|SOD|SOD with nothing|zone|card".split("|")


@pytest.mark.parametrize(("parse", "good"), PARSERS, ids=NAMES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_changed_bytes_end_in_our_own_errors(parse: Callable[[bytes], Any], good: bytes, data: st.DataObject) -> None:
    changed = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    for one in (bytes(changed), bytes(changed[:cut])):
        try:
            parse(one)
        except (MalformedData, UnsupportedKey):
            continue


@pytest.mark.parametrize("parse", [parse for parse, _ in PARSERS], ids=NAMES)
@settings(max_examples=20, deadline=None)
@given(data=st.binary(max_size=200))
@example(data=b"\x30\x80" * 100)
@example(data=b"\x30\x84\xff\xff\xff\xff")
def test_any_bytes_end_in_our_own_errors(parse: Callable[[bytes], Any], data: bytes) -> None:
    try:
        parse(data)
    except (MalformedData, UnsupportedKey):
        return


@settings(max_examples=100, deadline=None)
@given(at=st.integers(min_value=0), flip=st.integers(1, 255))
def test_no_changed_byte_of_the_list_alters_what_is_vouched_for(at: int, flip: int) -> None:
    """Some bytes are outside the signature (a version, an algorithm's empty parameters): the hashes never are."""
    changed = bytearray(good_sod())
    changed[at % len(changed)] ^= flip
    verdict = judged(evidence(signed=bytes(changed)))
    if verdict.genuine:
        assert sod.parse(bytes(changed)).hashes == sod.parse(good_sod()).hashes
        assert sod.parse(bytes(changed)).signed.signer.der == DS.der


def test_what_is_longer_than_it_should_be_is_not_parsed() -> None:
    for parse, limit in ((certificates.parse, certificates.MAX_BYTES), (crl.parse, crl.MAX_BYTES)):
        with pytest.raises(MalformedData, match="longer"):
            parse(bytes(limit + 1))


def test_a_revocation_list_that_is_not_whole_is_refused() -> None:
    from cryptography import x509

    parts = (x509.DeltaCRLIndicator(1), True)
    other = (x509.CertificateIssuer([x509.DirectoryName(CSCA.x509.subject)]), True)
    for more in ({"extensions": (parts,)}, {"entry": (other,)}):
        with pytest.raises(MalformedData, match="whole"):
            crl.parse(revocations(CSCA, [1], **more))
    assert crl.parse(revocations(CSCA, [1], extensions=((x509.CRLNumber(1), False),))).serials == {1}


def test_revocation_lists_come_as_pem_too() -> None:
    from tests.drivers.smartcard.genuine.state import openssl

    pem = openssl("crl", "-inform", "DER", stdin=revocations(CSCA, [1, 2]))
    assert crl.parse(pem).serials == {1, 2}


def test_what_a_certificate_says_is_read() -> None:
    read = RICH.read
    assert (read.country, read.states, read.document_types) == ("DZ", {"DZA", "D"}, {"I", "P"})
    assert read.key_usage == {"digital_signature"} and not read.may_certify and CSCA.read.may_certify
    assert read.issued_by(CSCA.read) and not CSCA.read.issued_by(read)


def test_a_signer_with_a_number_that_is_no_modulus_signs_nothing() -> None:
    numbers = rsa_key().public_key().public_numbers()
    modulus = b"\x00" + numbers.n.to_bytes(256)
    for spoilt in (modulus[1:2] + modulus[1:], b"\xff" + modulus[1:]):
        read = Signer(RICH.der.replace(modulus, spoilt), b"").read
        assert not CSCA.read.signed_by(read)
    negative = RICH.der.replace(b"\x02\x03\x01\x00\x01", b"\x02\x03\x81\x00\x01")
    assert negative != RICH.der and not CSCA.read.signed_by(Signer(negative, b"").read)


def test_an_extension_that_is_not_looked_at_may_be_ill_formed() -> None:
    from cryptography import x509

    points = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.31"), b"\x30\x05nonsense")
    read = country_signer(extensions=((points, False),)).read
    assert read.may_certify and read.country == "DZ" and read.signed_by(read)


def test_a_signer_with_a_point_off_its_curve_signs_nothing() -> None:
    public = DS.private.public_key().public_numbers().x.to_bytes(32)
    spoilt = DS.der.replace(public, bytes(32))
    assert spoilt != DS.der
    read: Certificate = Signer(spoilt, DS.key).read
    with pytest.raises(MalformedData, match="point"):
        _ = read.key
    assert not CSCA.read.signed_by(read)
