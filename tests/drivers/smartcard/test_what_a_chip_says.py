"""What a chip says of itself: its ATR, EF.ATR/INFO, the protocols it offers, the keys it names."""

from __future__ import annotations

import itertools

import ecdsa
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import MalformedData, PaceUnsupported, tlv
from drivers.smartcard.emrtd import domain, public_keys, security_infos
from drivers.smartcard.emrtd.answer_to_reset import BufferSizes, announces_extended_length, buffer_sizes
from drivers.smartcard.emrtd.security_infos import PACE, PaceInfo
from drivers.smartcard.errors import BadPublicKey, CardError, UnsupportedKey

# -- the ATR (ISO 7816-3 §8.2, ISO 7816-4 §12.1.1)


@pytest.mark.parametrize(
    ("atr", "announced"),
    [
        ("3B8580018073C0016056", True),
        ("3B8580018073C0014076", True),
        ("3B8580018073C0012016", True),
        ("3B8580018073C001807E", False),
        ("3B888001006473C0016090007F", False),  # another category indicator
        ("3B8A8001803112347320016053", False),  # two bytes of capabilities
        ("3B888001803112734001609F", True),  # after another object
        ("3BFF1800008131FE45803112734001604090007A", True),  # TA, TB, TC and TD
        ("3B80", False),
        ("3B", False),
        ("", False),
        ("3B8580018073C0", False),
        ("3BFFFFFFFFFF", False),
    ],
)
def test_extended_length_is_announced_by_the_card_capabilities(atr: str, announced: bool) -> None:
    assert announces_extended_length(bytes.fromhex(atr)) is announced


@given(st.binary(max_size=64))
def test_no_atr_is_more_than_yes_or_no(atr: bytes) -> None:
    assert announces_extended_length(atr) in (True, False)


def sizes(*numbers: int) -> bytes:
    return tlv.encode(0x7F66, b"".join(tlv.encode(0x02, number.to_bytes(3)) for number in numbers))


def test_buffer_sizes_are_those_of_ef_atr() -> None:
    other = tlv.encode(0x47, b"\0\0\x40")
    assert buffer_sizes(other + sizes(1_000, 2_000)) == BufferSizes(1_000, 2_000)
    assert buffer_sizes(sizes(100_000, 100_000)) == BufferSizes(65_536, 65_538)
    assert buffer_sizes(sizes(1_000, 256)) is buffer_sizes(sizes(256, 1_000)) is buffer_sizes(other) is None
    for bad in (sizes(1_000), sizes(1, 2, 3), sizes(1_000, 2_000)[:-1]):
        with pytest.raises(MalformedData):
            buffer_sizes(bad)


@given(st.binary(max_size=80))
def test_any_ef_atr_at_all_ends_in_our_own_error(content: bytes) -> None:
    try:
        buffer_sizes(content)
    except MalformedData:
        return


# -- which PACE


def pace(kind: int, cipher: int, number: int, version: int = 2) -> bytes:
    protocol = tlv.encode(0x06, PACE + bytes((kind, cipher)))
    return tlv.encode(0x30, protocol + tlv.encode(0x02, bytes((version,))) + tlv.encode(0x02, bytes((number,))))


def explicit(number: int) -> bytes:
    """A PACEDomainParameterInfo (§9.2.2), which is nobody's word for anything."""
    return tlv.encode(
        0x30, tlv.encode(0x06, PACE + b"\x02") + tlv.encode(0x30, b"") + tlv.encode(0x02, bytes((number,)))
    )


def chosen(*infos: bytes) -> PaceInfo | None:
    return security_infos.choose_pace(security_infos.parse(tlv.encode(0x31, b"".join(infos))))


def test_every_variant_of_the_standard_is_known() -> None:
    ciphers, curves, numbers = range(1, 5), range(8, 19), range(3)
    variants = [
        *itertools.product((1, 3), ciphers, numbers),
        *itertools.product((2,), ciphers, curves),
        *((4, cipher, curve) for cipher in ciphers for curve in curves if curve != 10),
        *itertools.product((6,), (2, 3, 4), curves),
    ]
    infos = security_infos.parse(tlv.encode(0x31, b"".join(pace(*variant) for variant in variants)))
    assert len(security_infos.pace_variants(infos)) == len(variants) == 141


@pytest.mark.parametrize(
    ("offered", "best"),
    [
        ([(2, 2, 13), (6, 2, 13)], (6, 2, 13)),
        ([(1, 4, 2), (2, 2, 13)], (2, 2, 13)),
        ([(2, 1, 13), (2, 2, 13), (2, 4, 13), (2, 3, 13)], (2, 4, 13)),
        ([(2, 1, 18), (3, 2, 0)], (2, 1, 18)),
        ([(5, 2, 13), (2, 9, 13), (4, 2, 13)], (4, 2, 13)),
        ([(2, 2, 19), (2, 2, 7), (2, 2, 12)], (2, 2, 12)),
    ],
)
def test_the_best_that_is_spoken_here_is_taken(offered: list[tuple[int, int, int]], best: tuple[int, int, int]) -> None:
    for order in itertools.permutations(offered):
        found = chosen(*(pace(*variant) for variant in order))
        assert found is not None and (*found.protocol[-2:], found.parameters) == best


@pytest.mark.parametrize(
    ("infos", "ambiguous"),
    [
        ([pace(2, 2, 13)], False),
        ([pace(2, 2, 13), pace(2, 4, 13), pace(6, 2, 13)], False),
        ([pace(2, 2, 13), pace(2, 2, 12)], True),
        ([pace(2, 2, 13), pace(4, 2, 12)], True),
        ([pace(2, 2, 13), pace(2, 2, 99)], True),
        ([pace(2, 2, 13), explicit(40)], True),
    ],
)
def test_a_chip_with_several_domains_must_be_told_which(infos: list[bytes], ambiguous: bool) -> None:
    found = chosen(*infos)
    assert found is not None and found.ambiguous is ambiguous


def test_explicit_domains_alone_are_refused() -> None:
    with pytest.raises(PaceUnsupported):
        chosen(explicit(40))
    assert chosen() is None


# -- keys


KEY = ec.generate_private_key(ec.BrainpoolP256R1()).public_key().public_numbers()
POINT = b"\x04" + KEY.x.to_bytes(32) + KEY.y.to_bytes(32)
CURVE = ecdsa.BRAINPOOLP256r1


def written_out(**changed: bytes) -> bytes:
    """ECParameters of brainpoolP256r1 (RFC 3279 §2.3.5), some of its parts changed."""
    p, a, b = int(CURVE.curve.p()), int(CURVE.curve.a()), int(CURVE.curve.b())
    parts = {
        "field": tlv.encode(0x06, bytes.fromhex("2A8648CE3D0101")) + tlv.encode(0x02, b"\0" + p.to_bytes(32)),
        "coefficients": tlv.encode(0x04, a.to_bytes(32)) + tlv.encode(0x04, b.to_bytes(32)),
        "base": CURVE.generator.to_bytes("uncompressed"),
        "order": b"\0" + int(CURVE.order).to_bytes(32),
        "rest": tlv.encode(0x02, b"\x01"),
    } | changed
    return tlv.encode(
        0x30,
        tlv.encode(0x02, b"\x01")
        + tlv.encode(0x30, parts["field"])
        + tlv.encode(0x30, parts["coefficients"])
        + tlv.encode(0x04, parts["base"])
        + tlv.encode(0x02, parts["order"])
        + parts["rest"],
    )


def spki(parameters: bytes, point: bytes = POINT) -> bytes:
    algorithm = tlv.encode(0x30, tlv.encode(0x06, bytes.fromhex("2A8648CE3D0201")) + parameters)
    return tlv.encode(0x30, algorithm + tlv.encode(0x03, b"\0" + point))


@pytest.mark.parametrize(
    "parameters",
    [
        bytes.fromhex("06092B2403030208010107"),
        written_out(),
        written_out(rest=b""),
        written_out(base=CURVE.generator.to_bytes("compressed")),
        written_out(order=int(CURVE.order).to_bytes(32)),
    ],
    ids=["named", "written out", "no cofactor", "compressed base", "no sign byte"],
)
def test_a_curve_is_known_however_it_is_written(parameters: bytes) -> None:
    key = public_keys.agreement_key(spki(parameters))
    assert key.group is domain.standardised(13) and key.element.encode() == POINT
    assert public_keys.signature_key(spki(parameters)).point == POINT  # type: ignore[union-attr]


OTHER_BASE = (CURVE.generator * 2).to_bytes("uncompressed")
LONG = 3_000


@pytest.mark.parametrize(
    "parameters",
    [
        written_out(base=OTHER_BASE),
        written_out(base=(CURVE.generator * -1).to_bytes("uncompressed")),
        written_out(base=b"\0"),
        written_out(order=b"\x07"),
        written_out(coefficients=tlv.encode(0x04, b"\1") + tlv.encode(0x04, b"\2")),
        written_out(field=tlv.encode(0x06, b"\x2a") + tlv.encode(0x02, b"\x7f" * LONG), base=b"\x02" + b"\1" * LONG),
        written_out(field=tlv.encode(0x06, b"\x2a") + tlv.encode(0x02, b"\x09"), base=b"\x02\x02"),
        written_out(field=tlv.encode(0x06, b"\x2a")),
        written_out(coefficients=b""),
        tlv.encode(0x06, b"\x2b\x81\x04\x00\x0a"),
        tlv.encode(0x06, b"\x2a"),
        tlv.encode(0x05, b""),
        tlv.encode(0x30, b""),
    ],
)
def test_a_curve_in_which_a_number_differs_is_none_and_costs_nothing(parameters: bytes) -> None:
    """Whoever writes the file must not choose the generator, nor have us reckon with numbers of his."""
    for read in (public_keys.agreement_key, public_keys.signature_key):
        with pytest.raises((UnsupportedKey, MalformedData)):
            read(spki(parameters))


def test_a_point_off_its_curve_is_no_key() -> None:
    off = POINT[:-1] + bytes((POINT[-1] ^ 1,))
    with pytest.raises(BadPublicKey):
        public_keys.agreement_key(spki(written_out(), off))
    with pytest.raises(MalformedData):
        public_keys.signature_key(spki(written_out(), off))


@pytest.mark.parametrize("x942", [True, False])
def test_numbers_modulo_a_prime_are_known_by_both_forms(x942: bool) -> None:
    group = domain.standardised(2)
    assert isinstance(group, domain.PrimeField)

    def integer(value: int) -> bytes:
        return tlv.encode(0x02, value.to_bytes(value.bit_length() // 8 + 1))

    public = group.generator.times(12_345)
    oid = "2A8648CE3E0201" if x942 else "2A864886F70D010301"
    numbers = integer(group.prime) + integer(group.generator.value) + (integer(group.order) if x942 else b"")
    algorithm = tlv.encode(0x30, tlv.encode(0x06, bytes.fromhex(oid)) + tlv.encode(0x30, numbers))
    key = tlv.encode(0x30, algorithm + tlv.encode(0x03, b"\0" + integer(public.value)))
    assert public_keys.agreement_key(key).element == public
    with pytest.raises(UnsupportedKey):
        public_keys.signature_key(key)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda rest: spki(tlv.encode(0x30, rest))))
def test_any_key_at_all_ends_in_our_own_error(data: bytes) -> None:
    for read in (public_keys.agreement_key, public_keys.signature_key):
        try:
            read(data)
        except CardError:
            continue


def test_a_key_of_this_machine_s_own_library_is_read() -> None:
    for curve in (ec.SECP192R1(), ec.SECP224R1(), ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP512R1()):
        public = ec.generate_private_key(curve).public_key()
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        expected = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        assert public_keys.agreement_key(der).element.encode() == expected
