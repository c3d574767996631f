"""Public keys as a chip's files hold them: SubjectPublicKeyInfo (ICAO 9303-11 §9.1, §9.5; RFC 3279, RFC 5480).

Elliptic curves come by name, by their standardised number, or with all their parameters written out; numbers
modulo a prime by PKCS #3 or X9.42. Whatever is written out is compared with the groups that are known by name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import ecdsa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from ecdsa import curves, ellipticcurve

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.domain import NUMBERS, Curve, Element, Group, PrimeField, standardised
from drivers.smartcard.emrtd.modp import MODP, Modp
from drivers.smartcard.errors import BadPublicKey, MalformedData, PaceUnsupported, UnsupportedKey

_SEQUENCE, _INTEGER, _BITS, _OCTETS, _OID = 0x30, 0x02, 0x03, 0x04, 0x06
_EC = bytes.fromhex("2A8648CE3D0201")
_DH_X942 = bytes.fromhex("2A8648CE3E0201")
_DH_PKCS3 = bytes.fromhex("2A864886F70D010301")
_STANDARDISED = bytes.fromhex("04007F00070102")
"""standardizedDomainParameters, 0.4.0.127.0.7.1.2."""
_PRIME_BITS = range(1024, 4097)
"""Of a prime field that no standard names."""


_RSA = (bytes.fromhex("2A864886F70D010101"), bytes.fromhex("2A864886F70D01010A"))
"""rsaEncryption, and id-RSASSA-PSS for keys that sign by it alone."""
_RSA_BITS = range(1024, 8193)
_SIGNATURE_CURVES: dict[str, ec.EllipticCurve] = {
    "NIST256p": ec.SECP256R1(),
    "NIST384p": ec.SECP384R1(),
    "NIST521p": ec.SECP521R1(),
    "BRAINPOOLP256r1": ec.BrainpoolP256R1(),
    "BRAINPOOLP384r1": ec.BrainpoolP384R1(),
    "BRAINPOOLP512r1": ec.BrainpoolP512R1(),
}
"""Those that `cryptography` has, and verifies faster."""


@dataclass(frozen=True, slots=True)
class AgreementKey:
    """A static public key for Diffie-Hellman."""

    group: Group
    element: Element


def agreement_key(spki: bytes) -> AgreementKey:
    """Raises MalformedData, UnsupportedKey, BadPublicKey."""
    algorithm, bits = _parts(spki)
    group = _group(algorithm)
    if isinstance(group, PrimeField):
        bits = tlv.single(bits, _INTEGER).value
    return AgreementKey(group, group.decode(bits))


def _parts(spki: bytes) -> tuple[tuple[tlv.Tlv, ...], bytes]:
    parts = tlv.single(spki, _SEQUENCE).children()
    if len(parts) != 2 or (parts[0].tag, parts[1].tag) != (_SEQUENCE, _BITS) or parts[1].value[:1] != b"\0":
        raise MalformedData("a public key is not formed right")
    algorithm = parts[0].children()
    if len(algorithm) not in (1, 2) or algorithm[0].tag != _OID:
        raise MalformedData("a public key does not say what it is")
    return algorithm, parts[1].value[1:]


def _group(algorithm: tuple[tlv.Tlv, ...]) -> Group:
    kind, parameters = algorithm[0].value, algorithm[-1]
    if kind == _STANDARDISED and parameters.tag == _INTEGER:
        try:
            return standardised(int.from_bytes(parameters.value))
        except PaceUnsupported as error:
            raise UnsupportedKey(str(error)) from error
    if kind == _EC:
        return _curve(parameters.raw)
    if kind in (_DH_X942, _DH_PKCS3) and parameters.tag == _SEQUENCE:
        return _prime_field([item.value for item in parameters.children() if item.tag == _INTEGER], kind)
    raise UnsupportedKey("a public key is of a kind that is not spoken here")


def named_curve(parameters: bytes) -> str:
    """The name, as `ecdsa` has it, of ECParameters that are named or written out. Nothing is reckoned with what is
    written out: it is a known curve in every number, or none. Raises UnsupportedKey, MalformedData."""
    outer, _ = tlv.take(parameters)
    if outer.tag == _OID:
        name = _NAMES.get(outer.value)
    else:
        name = _WRITTEN_OUT.get(_numbers_of(outer)) if outer.tag == _SEQUENCE else None
    if name is None:
        raise UnsupportedKey("a public key is on a curve that no standard names")
    return name


def _numbers_of(parameters: tlv.Tlv) -> tuple[int, ...]:
    """p, a, b, the base point's x, the order (RFC 3279 §2.3.5). A base point of the other sign is another generator,
    so that its y is looked at too: the last bit, which a compressed point also gives."""
    parts = parameters.children()
    if [part.tag for part in parts[:5]] != [_INTEGER, _SEQUENCE, _SEQUENCE, _OCTETS, _INTEGER]:
        raise MalformedData("the parameters of an elliptic curve are not formed right")
    field, coefficients = parts[1].children(), parts[2].children()
    if [item.tag for item in field] != [_OID, _INTEGER]:
        raise UnsupportedKey("a public key is on a curve over no prime field")
    if [item.tag for item in coefficients[:2]] != [_OCTETS, _OCTETS]:
        raise MalformedData("the parameters of an elliptic curve are not formed right")
    p, a, b = (int.from_bytes(item.value) for item in (field[1], *coefficients[:2]))
    point, size = parts[3].value, (p.bit_length() + 7) // 8
    odd = point[-1:] if len(point) == 1 + 2 * size and point[0] == 4 else point[:1] if len(point) == 1 + size else b""
    if not odd:
        raise UnsupportedKey("the base point of an elliptic curve is written in an unknown way")
    return p, a, b, int.from_bytes(point[1 : 1 + size]), odd[0] & 1, int.from_bytes(parts[4].value)


def _written_out(curve: curves.Curve) -> tuple[int, ...]:
    """As `_numbers_of` has it."""
    p, base = int(curve.curve.p()), curve.generator
    a, b = (int(coefficient) % p for coefficient in (curve.curve.a(), curve.curve.b()))
    return p, a, b, int(base.x()), int(base.y()) & 1, int(curve.order)


_PRIME_CURVES = [curve for curve in curves.curves if isinstance(curve.curve, ellipticcurve.CurveFp)]
_WRITTEN_OUT = {_written_out(curve): str(curve.name) for curve in _PRIME_CURVES}
_NAMES = {bytes(curve.encoded_oid[2:]): str(curve.name) for curve in _PRIME_CURVES if curve.oid is not None}


def _curve(parameters: bytes) -> Group:
    name = named_curve(parameters)
    for number in NUMBERS:
        group = standardised(number)
        if getattr(group, "library_name", None) == name:
            return group
    raise UnsupportedKey("a public key is on a curve that cards are not known to use")


def _prime_field(numbers: list[bytes], kind: bytes) -> Group:
    """p, g and (X9.42 only) q. The subgroup of a field that is not known stays unchecked: its parameters are
    signed, and what is agreed on serves one session."""
    if len(numbers) < (3 if kind == _DH_X942 else 2):
        raise MalformedData("a public key lacks a parameter of its group")
    p, g = (int.from_bytes(number) for number in numbers[:2])
    for number, known in MODP.items():
        if (p, g) == (known.p, known.g):
            return standardised(number)
    if p.bit_length() not in _PRIME_BITS or not p & 1 or not 1 < g < p - 1:
        raise UnsupportedKey("a public key is of a group too small, too large, or none")
    return PrimeField(f"DH-{p.bit_length()}", Modp(f"DH-{p.bit_length()}", p, 0, g))


@dataclass(frozen=True, slots=True)
class EcKey:
    """A key of ECDSA on a named curve; `size` is in bytes, of a field element."""

    curve: str
    size: int
    order: int
    point: bytes

    def verifies(self, r: int, s: int, algorithm: hashes.HashAlgorithm, signed: bytes) -> bool:
        """Whether (r, s) is this key's signature over `signed`."""
        known = _SIGNATURE_CURVES.get(self.curve)
        if not (0 < r < self.order and 0 < s < self.order):
            return False
        if known is None:
            return self._verifies_slowly(r, s, algorithm, signed)
        key = ec.EllipticCurvePublicKey.from_encoded_point(known, self.point)
        try:
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(algorithm))
        except InvalidSignature:
            return False
        return True

    def _verifies_slowly(self, r: int, s: int, algorithm: hashes.HashAlgorithm, signed: bytes) -> bool:
        """On curves that `cryptography` does not have: public numbers only, so nothing can leak by its timing."""
        curve = ecdsa.curves.curve_by_name(self.curve)
        digest = hashlib.new(algorithm.name, signed).digest()
        key = ecdsa.VerifyingKey.from_string(self.point, curve=curve)
        try:
            return bool(key.verify_digest((r, s), digest, sigdecode=_as_it_is, allow_truncate=True))
        except ecdsa.BadSignatureError:
            return False


def _as_it_is(signature: tuple[int, int], order: int) -> tuple[int, int]:
    return signature


SignatureKey = EcKey | rsa.RSAPublicKey


def signature_key(spki: bytes) -> SignatureKey:
    """A key that signs. Raises MalformedData, also for a point off its curve, and UnsupportedKey."""
    algorithm, bits = _parts(spki)
    kind = algorithm[0].value
    if kind in _RSA:
        return _rsa(bits)
    if kind not in (_EC, _STANDARDISED):
        raise UnsupportedKey("a public key is of a kind that is not spoken here")
    group = _group(algorithm)
    if not isinstance(group, Curve):
        raise UnsupportedKey("a public key is of a kind that does not sign")
    try:
        point = group.decode(bits).encode()
    except BadPublicKey as error:
        raise MalformedData("a public key is not a point of its curve") from error
    return EcKey(group.library_name, group.size, group.order, point)


def _rsa(bits: bytes) -> rsa.RSAPublicKey:
    numbers = [int.from_bytes(item.value, signed=True) for item in tlv.single(bits, _SEQUENCE).children()]
    if len(numbers) != 2 or numbers[0].bit_length() not in _RSA_BITS:
        raise UnsupportedKey("an RSA key is too short, too long, or none")
    try:
        return rsa.RSAPublicNumbers(numbers[1], numbers[0]).public_key()
    except (ValueError, OverflowError) as error:
        raise UnsupportedKey("an RSA key is none") from error
