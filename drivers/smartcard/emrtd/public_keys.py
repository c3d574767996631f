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
from ecdsa import curves
from ecdsa.der import UnexpectedDER
from ecdsa.errors import MalformedPointError

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.domain import NUMBERS, Curve, Element, Group, PrimeField, standardised
from drivers.smartcard.emrtd.modp import MODP, Modp
from drivers.smartcard.errors import MalformedData, PaceUnsupported, UnsupportedKey

_SEQUENCE, _INTEGER, _BITS, _OID = 0x30, 0x02, 0x03, 0x06
_EC = bytes.fromhex("2A8648CE3D0201")
_DH_X942 = bytes.fromhex("2A8648CE3E0201")
_DH_PKCS3 = bytes.fromhex("2A864886F70D010301")
_STANDARDISED = bytes.fromhex("04007F0007010102")
"""standardizedDomainParameters, 0.4.0.127.0.7.1.1.2."""
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
    """The name, as `ecdsa` has it, of ECParameters that are named or written out. Raises UnsupportedKey."""
    try:
        found = curves.Curve.from_der(parameters)
    except (UnexpectedDER, MalformedPointError, curves.UnknownCurveError, ValueError, TypeError, IndexError) as error:
        raise UnsupportedKey("the parameters of an elliptic curve cannot be read") from error
    if found.oid is None:
        raise UnsupportedKey("a public key is on a curve that no standard names")
    return str(found.name)


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
    """A key that signs. Raises MalformedData, UnsupportedKey."""
    algorithm, bits = _parts(spki)
    kind = algorithm[0].value
    if kind in _RSA:
        return _rsa(bits)
    if kind not in (_EC, _STANDARDISED):
        raise UnsupportedKey("a public key is of a kind that is not spoken here")
    group = _group(algorithm)
    if not isinstance(group, Curve):
        raise UnsupportedKey("a public key is of a kind that does not sign")
    return EcKey(group.library_name, group.size, group.order, group.decode(bits).encode())


def _rsa(bits: bytes) -> rsa.RSAPublicKey:
    numbers = [int.from_bytes(item.value, signed=True) for item in tlv.single(bits, _SEQUENCE).children()]
    if len(numbers) != 2 or numbers[0].bit_length() not in _RSA_BITS:
        raise UnsupportedKey("an RSA key is too short, too long, or none")
    try:
        return rsa.RSAPublicNumbers(numbers[1], numbers[0]).public_key()
    except ValueError as error:
        raise UnsupportedKey("an RSA key is none") from error
