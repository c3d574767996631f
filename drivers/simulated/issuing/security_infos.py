"""SecurityInfos and public keys as the issuer writes them (ICAO 9303-11 §9.2, §9.4.5, §9.5)."""

from __future__ import annotations

from drivers.simulated.card.curve import Curve, Point
from drivers.simulated.card.groups import Element, standard
from drivers.simulated.card.modular import Modular
from drivers.simulated.card.plan import ChipKey, PaceVariant
from drivers.simulated.issuing import der
from drivers.simulated.issuing.design import ActiveDesign, ChipKeyDesign, Parameters

_BSI = bytes.fromhex("04007F0007")
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_STANDARDIZED = _BSI + bytes.fromhex("0102")
_SIGNATURES = {"sha1": 1, "sha224": 2, "sha256": 3, "sha384": 4, "sha512": 5}


def pace(variant: PaceVariant) -> bytes:
    """PACEInfo (§9.2.1)."""
    return der.sequence(der.oid(variant.oid), der.integer(2), der.integer(variant.parameters))


def chip_authentication(key: ChipKey) -> list[bytes]:
    """A ChipAuthenticationInfo for each cipher (§9.2.5)."""
    return [
        der.sequence(der.oid(key.oid(cipher)), der.integer(key.version), *_key_id(key.key_id)) for cipher in key.ciphers
    ]


def chip_public_key(key: ChipKey, design: ChipKeyDesign) -> bytes:
    """ChipAuthenticationPublicKeyInfo (§9.2.6)."""
    group = standard(key.parameters)
    protocol = _BSI + bytes((2, 2, 1, 1 if group.agreement == "DH" else 2))
    public = public_key(group.generator.times(key.private), key.parameters, design.parameters, x942=design.x942)
    return der.sequence(der.oid(protocol), public, *_key_id(key.key_id))


def active_authentication(design: ActiveDesign) -> bytes:
    """ActiveAuthenticationInfo for ECDSA (§9.2.4, TR-03111 §5.2.1.1)."""
    plain = _BSI + bytes((1, 1, 4, 1, _SIGNATURES[design.digest]))
    return der.sequence(der.oid("2.23.136.1.1.5"), der.integer(1), der.oid(plain))


def directory(content: bytes) -> bytes:
    """EFDIRInfo (§9.2.10)."""
    return der.sequence(der.oid("2.23.136.1.1.13"), der.octets(content))


def public_key(key: Element, number: int, parameters: Parameters, *, x942: bool = False) -> bytes:
    """A SubjectPublicKeyInfo (RFC 5280 §4.1) with its domain parameters written out, numbered, or named."""
    if isinstance(key, Point):
        value = key.encode()
        chosen = _EC_PUBLIC_KEY, der.oid(key.curve.oid) if parameters == "named" else _curve(key.curve)
    else:
        group = standard(number)
        assert isinstance(group, Modular)  # noqa: S101 - whatever is no point is a residue
        value = der.integer(int.from_bytes(key.encode(), "big"))
        chosen = ("1.2.840.10046.2.1", _x942(group)) if x942 else ("1.2.840.113549.1.3.1", _pkcs3(group))
    algorithm = der.oid(chosen[0]) + chosen[1]
    if parameters == "standardized":
        algorithm = der.oid(_STANDARDIZED) + der.integer(number)
    return der.sequence(der.sequence(algorithm), der.bits(value))


def private_key(curve: Curve, private: int) -> bytes:
    """A PKCS #8 key on a named curve (RFC 5915)."""
    size = (curve.order.bit_length() + 7) // 8
    public = curve.generator.times(private).encode()
    tagged = b"\xa1" + der.octets(der.bits(public))[1:]
    inner = der.sequence(der.integer(1), der.octets(private.to_bytes(size, "big")), tagged)
    algorithm = der.sequence(der.oid(_EC_PUBLIC_KEY), der.oid(curve.oid))
    return der.sequence(der.integer(0), algorithm, der.octets(inner))


def _curve(curve: Curve) -> bytes:
    """ECParameters (RFC 3279 §2.3.5)."""
    size = curve.size
    field = der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(curve.p))
    coefficients = der.sequence(der.octets(curve.a.to_bytes(size, "big")), der.octets(curve.b.to_bytes(size, "big")))
    base = der.octets(curve.generator.encode())
    return der.sequence(der.integer(1), field, coefficients, base, der.integer(curve.order), der.integer(1))


def _pkcs3(group: Modular) -> bytes:
    return der.sequence(der.integer(group.p), der.integer(group.g))


def _x942(group: Modular) -> bytes:
    """DomainParameters of RFC 3279 §2.3.3."""
    cofactor = (group.p - 1) // group.q
    return der.sequence(der.integer(group.p), der.integer(group.g), der.integer(group.q), der.integer(cofactor))


def _key_id(number: int | None) -> list[bytes]:
    return [] if number is None else [der.integer(number)]
