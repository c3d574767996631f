"""Cards made in the test, with `cryptography` and asn1crypto only: no code of the reader or of the simulator.

country = Country("DZ")
card = SmallCard(country, number="900000018", nin="99…", expires_on=date(2035, 5, 1))
card.files["dg1"], card.answer(nonce8)
"""

from __future__ import annotations

import datetime as dt
import hashlib

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
NUMBERS = {"dg1": 1, "dg11": 11, "dg14": 14, "dg15": 15}


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
    """A country's signing authority (P-384) and one document signer (P-256)."""

    def __init__(self, code: str, *, signer_until: dt.datetime | None = None) -> None:
        self._csca_key = ec.generate_private_key(ec.SECP384R1())
        self._signer_key = ec.generate_private_key(ec.SECP256R1())
        root = x509.Name(
            [x509.NameAttribute(NameOID.COUNTRY_NAME, code), x509.NameAttribute(NameOID.COMMON_NAME, "Test CSCA")]
        )
        leaf = x509.Name(
            [x509.NameAttribute(NameOID.COUNTRY_NAME, code), x509.NameAttribute(NameOID.COMMON_NAME, "Test DS")]
        )
        csca = self._issue(root, root, self._csca_key.public_key(), ca=True, until=None)
        signer = self._issue(leaf, root, self._signer_key.public_key(), ca=False, until=signer_until)
        self.csca = csca.public_bytes(Encoding.DER)
        self._signer = asn1_x509.Certificate.load(signer.public_bytes(Encoding.DER))

    def _issue(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        ca: bool,
        until: dt.datetime | None,
    ) -> x509.Certificate:
        start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(until or dt.datetime(2045, 1, 1, tzinfo=dt.UTC))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
            .sign(self._csca_key, hashes.SHA384())
        )

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
        signature = self._signer_key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": self._signer.issuer, "serial_number": self._signer.serial_number},
            ),
            "digest_algorithm": algorithm,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
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


class SmallCard:
    """The files a registry is shown, and the chip's key. Files may be replaced to spoil the card."""

    def __init__(self, country: Country, *, number: str, nin: str, expires_on: dt.date) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        groups = {
            "dg1": _dg1(number, expires_on),
            "dg11": tlv(
                0x6B, tlv(0x5C, b"\x5f\x0e\x5f\x10"), tlv(0x5F0E, b"SURNAME<<GIVEN"), tlv(0x5F10, nin.encode())
            ),
            "dg14": _dg14(),
            "dg15": tlv(0x6F, self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        }
        sod = country.security_object({NUMBERS[name]: content for name, content in groups.items()})
        self.files: dict[str, bytes] = {**groups, "sod": sod}

    def answer(self, nonce: bytes) -> bytes:
        """Active authentication: plain r‖s."""
        assert len(nonce) == 8
        r, s = decode_dss_signature(self.key.sign(nonce, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _dg1(number: str, expires_on: dt.date) -> bytes:
    padded, expiry, birth = number.ljust(9, "<"), f"{expires_on:%y%m%d}", "860314"
    first = f"IDDZA{padded}{_digit(padded)}".ljust(30, "<")
    second = f"{birth}{_digit(birth)}F{expiry}{_digit(expiry)}DZA".ljust(29, "<")
    composite = _digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
    return tlv(0x61, tlv(0x5F1F, f"{first}{second}{composite}{'SURNAME<<GIVEN'.ljust(30, '<')}".encode()))


def _dg14() -> bytes:
    protocol, algorithm = core.ObjectIdentifier("2.23.136.1.1.5"), core.ObjectIdentifier("0.4.0.127.0.7.1.1.4.1.3")
    return tlv(0x6E, tlv(0x31, tlv(0x30, protocol.dump(), core.Integer(1).dump(), algorithm.dump())))


def _digit(text: str) -> str:
    values = [0 if c == "<" else int(c, 36) for c in text]
    return str(sum(value * weight for value, weight in zip(values, (7, 3, 1) * 34, strict=False)) % 10)
