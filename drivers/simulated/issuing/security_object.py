"""EF.SOD and EF.CardSecurity: the document signer's word (ICAO 9303-10 §4.6.2, §3.11.4; RFC 5652)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

from asn1crypto import algos, cms, core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from drivers.simulated.card import tlv

LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
SECURITY_OBJECT = "0.4.0.127.0.7.3.2.1"  # id-SecurityObject of TR-03110-3 A.1.2.5
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class _DataGroupHash(core.Sequence):  # type: ignore[misc]
    _fields = [("number", core.Integer), ("value", core.OctetString)]  # noqa: RUF012


class _DataGroupHashes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _DataGroupHash


class _LdsSecurityObject(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("hash_algorithm", algos.DigestAlgorithm),
        ("hashes", _DataGroupHashes),
    ]


def sod(data_groups: Mapping[int, bytes], *, key: Key, certificate: bytes, at: dt.datetime, pss: bool = False) -> bytes:
    """EF.SOD over the whole files in `data_groups`, by number, with SHA-256; `certificate` is the DS's, DER."""
    numbered = [{"number": n, "value": hashlib.sha256(data_groups[n]).digest()} for n in sorted(data_groups)]
    security_object = _LdsSecurityObject(
        {"version": 0, "hash_algorithm": {"algorithm": "sha256"}, "hashes": numbered}
    ).dump()
    signed = sign(LDS_SECURITY_OBJECT, security_object, key=key, certificate=certificate, at=at, pss=pss)
    return tlv.encode(0x77, signed)


def sign(kind: str, content: bytes, *, key: Key, certificate: bytes, at: dt.datetime, pss: bool = False) -> bytes:
    """A CMS SignedData over `content` of that type: ECDSA, RSA PKCS #1 or, with `pss`, RSA-PSS; SHA-256."""
    signer = x509.Certificate.load(certificate)
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [kind]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": at})]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        ]
    )
    algorithm, signature = _signed(attributes.dump(), key, pss=pss)
    info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number", {"issuer": signer.issuer, "serial_number": signer.serial_number}
        ),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": algorithm,
        "signature": signature,
    }
    signed = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": kind, "content": core.ParsableOctetString(content)},
        "certificates": [signer],
        "signer_infos": [info],
    }
    whole: bytes = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()
    return whole


def _signed(data: bytes, key: Key, *, pss: bool) -> tuple[dict[str, object], bytes]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"algorithm": "sha256_ecdsa"}, key.sign(data, ec.ECDSA(hashes.SHA256()))
    if not pss:
        return {"algorithm": "sha256_rsa"}, key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    digest = {"algorithm": "sha256"}
    parameters = {
        "hash_algorithm": digest,
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": digest},
        "salt_length": 32,
    }
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return {"algorithm": "rsassa_pss", "parameters": parameters}, key.sign(data, scheme, hashes.SHA256())
