"""Cards made in the test, with `cryptography` and asn1crypto only: no code of the reader or of the simulator.

country = Country("DZ")
card = SmallCard(country, number="900000018", nin="99…", expires_on=date(2035, 5, 1))
card.files["dg1"], card.answer(nonce8)

A chip signs by ECDSA or RSA (`RsaChip`), or signs nothing (None) and may agree on keys or map instead (`offers`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from typing import Literal, Protocol

import ecdsa
from asn1crypto import algos, cms, core, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
NUMBERS = {"dg1": 1, "dg11": 11, "dg14": 14, "dg15": 15}
Signing = Literal["ecdsa", "written-out", "rsa", "pss"]


def tlv(tag: int, *values: bytes) -> bytes:
    value = b"".join(values)
    length = len(value)
    if length < 0x80:
        encoded = bytes([length])
    else:
        octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
        encoded = bytes([0x80 | len(octets)]) + octets
    return tag.to_bytes(2 if tag > 0xFF else 1, "big") + encoded + value


class Country:
    """A country's signing authority (P-384) and one document signer (P-256, or RSA as `signing` says).

    Where they are written out both are on Brainpool's curves, whose numbers their certificates give instead of a name.
    `named_by_key`: the SOD names its signer by the key's identifier.
    """

    def __init__(
        self,
        code: str,
        *,
        signer_until: dt.datetime | None = None,
        signing: Signing = "ecdsa",
        signer_code: str | None = None,
        named_by_key: bool = False,
        signer_s_issuer: str = "Test CSCA",
    ) -> None:
        written_out = signing == "written-out"
        self._named_by_key = named_by_key
        self._csca_key = ec.generate_private_key(ec.BrainpoolP384R1() if written_out else ec.SECP384R1())
        self._signing = signing
        self._signer_key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = (
            ec.generate_private_key(ec.BrainpoolP256R1() if written_out else ec.SECP256R1())
            if signing in ("ecdsa", "written-out")
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        root = x509.Name(
            [x509.NameAttribute(NameOID.COUNTRY_NAME, code), x509.NameAttribute(NameOID.COMMON_NAME, "Test CSCA")]
        )
        leaf = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, signer_code or code),
                x509.NameAttribute(NameOID.COMMON_NAME, "Test DS"),
            ]
        )
        csca = self._issue(root, root, self._csca_key.public_key(), ca=True, until=None)
        issuer = x509.Name([*list(root)[:1], x509.NameAttribute(NameOID.COMMON_NAME, signer_s_issuer)])
        signer = self._issue(leaf, issuer, self._signer_key.public_key(), ca=False, until=signer_until)
        self.csca = csca.public_bytes(Encoding.DER)
        self._signer = asn1_x509.Certificate.load(signer.public_bytes(Encoding.DER))

    def _issue(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
        *,
        ca: bool,
        until: dt.datetime | None,
    ) -> x509.Certificate:
        start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(until or dt.datetime(2045, 1, 1, tzinfo=dt.UTC))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .sign(self._csca_key, hashes.SHA384())
        )
        return self._written_out(made) if self._signing == "written-out" else made

    def _written_out(self, certificate: x509.Certificate) -> x509.Certificate:
        """The same, its key's curve given number by number."""
        read = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
        body = read["tbs_certificate"]
        body["subject_public_key_info"] = keys.PublicKeyInfo.load(written_out(body["subject_public_key_info"].dump()))
        read["signature_value"] = self._csca_key.sign(body.dump(), ec.ECDSA(hashes.SHA384()))
        return x509.load_der_x509_certificate(read.dump())

    def security_object(self, groups: dict[int, bytes]) -> bytes:
        """EF.SOD over the given data groups (ICAO 9303-10 §4.6.2)."""
        hashed = b"".join(
            tlv(0x30, core.Integer(number).dump(), core.OctetString(hashlib.sha256(content).digest()).dump())
            for number, content in sorted(groups.items())
        )
        algorithm = algos.DigestAlgorithm({"algorithm": "sha256"})
        lds = tlv(0x30, core.Integer(0).dump(), algorithm.dump(), tlv(0x30, hashed))
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": [LDS_SECURITY_OBJECT]},
                {"type": "message_digest", "values": [hashlib.sha256(lds).digest()]},
            ]
        )
        signature, signature_algorithm = self._sign(attributes.dump())
        signer = {
            "version": "v1",
            "sid": self._signer_identifier(),
            "digest_algorithm": algorithm,
            "signed_attrs": attributes,
            "signature_algorithm": signature_algorithm,
            "signature": signature,
        }
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [algorithm],
                "encap_content_info": {"content_type": LDS_SECURITY_OBJECT, "content": core.ParsableOctetString(lds)},
                "certificates": [cms.CertificateChoices("certificate", self._signer)],
                "signer_infos": [signer],
            }
        )
        return tlv(0x77, cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())

    def _signer_identifier(self) -> cms.SignerIdentifier:
        if self._named_by_key:
            return cms.SignerIdentifier("subject_key_identifier", self._signer.key_identifier)
        named = {"issuer": self._signer.issuer, "serial_number": self._signer.serial_number}
        return cms.SignerIdentifier("issuer_and_serial_number", named)

    def _sign(self, data: bytes) -> tuple[bytes, dict[str, object]]:
        if isinstance(self._signer_key, ec.EllipticCurvePrivateKey):
            return self._signer_key.sign(data, ec.ECDSA(hashes.SHA256())), {"algorithm": "sha256_ecdsa"}
        if self._signing == "rsa":
            return self._signer_key.sign(data, padding.PKCS1v15(), hashes.SHA256()), {"algorithm": "sha256_rsa"}
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 20)
        parameters = {
            "hash_algorithm": {"algorithm": "sha256"},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
            "salt_length": 20,
        }
        return self._signer_key.sign(data, pss, hashes.SHA256()), {"algorithm": "rsassa_pss", "parameters": parameters}


def written_out(spki: bytes) -> bytes:
    """A public key whose curve has a name, with all its numbers instead (RFC 3279 §2.3.5)."""
    explicit: bytes = ecdsa.VerifyingKey.from_der(spki).to_der(curve_parameters_encoding="explicit")
    return explicit


class Chip(Protocol):
    """What a chip signs with: DG15's key, what DG14 says of it, and its answer to a nonce."""

    @property
    def spki(self) -> bytes: ...
    @property
    def info(self) -> bytes: ...
    def answer(self, nonce: bytes) -> bytes: ...


class EcChip:
    """Plain r‖s; the hashes are numbered as BSI TR-03111 does (3 is SHA-256)."""

    def __init__(self, curve: ec.EllipticCurve | None = None, hash_: int = 3) -> None:
        self.key = ec.generate_private_key(curve or ec.SECP256R1())
        self._hash = hash_

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def info(self) -> bytes:
        protocol, algorithm = "2.23.136.1.1.5", f"0.4.0.127.0.7.1.1.4.1.{self._hash}"
        return security_info(protocol, core.Integer(1).dump(), core.ObjectIdentifier(algorithm).dump())

    def answer(self, nonce: bytes) -> bytes:
        assert len(nonce) == 8
        named = {2: hashes.SHA224(), 3: hashes.SHA256(), 4: hashes.SHA384(), 5: hashes.SHA512()}
        r, s = decode_dss_signature(self.key.sign(nonce, ec.ECDSA(named[self._hash])))
        size = (self.key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


class RsaChip:
    """ISO/IEC 9796-2 scheme 1 with partial recovery; `smaller` gives of s and n - s the smaller, as some chips do."""

    info = b""

    def __init__(self, hash_: str = "sha256", *, bits: int = 2048, smaller: bool = False) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        self._hash = hash_
        self._smaller = smaller

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def answer(self, nonce: bytes) -> bytes:
        assert len(nonce) == 8
        trailer = {"sha1": b"\xbc", "sha224": b"\x38\xcc", "sha256": b"\x34\xcc", "sha512": b"\x35\xcc"}[self._hash]
        size = self.key.key_size // 8
        m1 = secrets.token_bytes(size - 1 - hashlib.new(self._hash).digest_size - len(trailer))
        return self.raw(b"\x6a" + m1 + hashlib.new(self._hash, m1 + nonce).digest() + trailer)

    def raw(self, message: bytes) -> bytes:
        """Whatever the key makes of a string as long as its modulus."""
        numbers, size = self.key.private_numbers(), self.key.key_size // 8
        n = numbers.public_numbers.n
        signed = pow(int.from_bytes(message), numbers.d, n)
        return (min(signed, n - signed) if self._smaller else signed).to_bytes(size)


CHIP_AGREEMENT = "0.4.0.127.0.7.2.2.1.2"
CHIP_MAPPING = "0.4.0.127.0.7.2.2.4.6.2"


def security_info(protocol: str, *values: bytes) -> bytes:
    return tlv(0x30, core.ObjectIdentifier(protocol).dump(), *values)


class SmallCard:
    """The files a registry is shown, and the chip's key. Files may be replaced to spoil the card."""

    def __init__(
        self,
        country: Country,
        *,
        number: str,
        nin: str,
        expires_on: dt.date,
        chip: Chip | Literal["p256"] | None = "p256",
        offers: Sequence[str] = (),
        zone: str | None = None,
    ) -> None:
        self.chip: Chip | None = EcChip() if chip == "p256" else chip
        infos = [*([self.chip.info] if self.chip and self.chip.info else []), *map(security_info, offers)]
        groups = {
            "dg1": tlv(0x61, tlv(0x5F1F, (zone or td1(number, expires_on)).encode())),
            "dg11": tlv(
                0x6B, tlv(0x5C, b"\x5f\x0e\x5f\x10"), tlv(0x5F0E, b"SURNAME<<GIVEN"), tlv(0x5F10, nin.encode())
            ),
            **({"dg14": tlv(0x6E, tlv(0x31, *infos))} if infos else {}),
            **({"dg15": tlv(0x6F, self.chip.spki)} if self.chip else {}),
        }
        sod = country.security_object({NUMBERS[name]: content for name, content in groups.items()})
        self.files: dict[str, bytes] = {**groups, "sod": sod}

    def answer(self, nonce: bytes) -> bytes:
        """Active authentication."""
        assert self.chip is not None
        return self.chip.answer(nonce)


def td1(number: str, expires_on: dt.date, state: str = "DZA") -> str:
    padded, expiry, birth = number.ljust(9, "<"), f"{expires_on:%y%m%d}", "860314"
    kept, rest = padded[:9], padded[9:]
    first = f"ID{state}{kept}<{rest}{_digit(padded)}" if rest else f"ID{state}{kept}{_digit(kept)}"
    first = first.ljust(30, "<")
    second = f"{birth}{_digit(birth)}F{expiry}{_digit(expiry)}{state}".ljust(29, "<")
    composite = _digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
    return f"{first}{second}{composite}{'SURNAME<<GIVEN'.ljust(30, '<')}"


def td2(number: str, expires_on: dt.date, state: str = "DZA") -> str:
    return _two_lines(number, expires_on, state, 36)


def td3(number: str, expires_on: dt.date, state: str = "DZA") -> str:
    return _two_lines(number, expires_on, state, 44)


def _two_lines(number: str, expires_on: dt.date, state: str, width: int) -> str:
    kept, expiry, birth = number.ljust(9, "<"), f"{expires_on:%y%m%d}", "860314"
    first = f"P<{state}SURNAME<<GIVEN".ljust(width, "<")
    second = f"{kept}{_digit(kept)}{state}{birth}{_digit(birth)}F{expiry}{_digit(expiry)}".ljust(width, "<")
    return first + second


def _digit(text: str) -> str:
    values = [0 if c == "<" else int(c, 36) for c in text]
    return str(sum(value * weight for value, weight in zip(values, (7, 3, 1) * 34, strict=False)) % 10)
