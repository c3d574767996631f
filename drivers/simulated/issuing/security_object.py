"""EF.SOD: the document signer's word on every data group (ICAO 9303-10 §4.6.2, RFC 5652)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

from asn1crypto import algos, cms, core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from drivers.simulated.card import tlv

_LDS_SECURITY_OBJECT = "2.23.136.1.1.1"


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


def sign(
    data_groups: Mapping[int, bytes], *, key: ec.EllipticCurvePrivateKey, certificate: bytes, at: dt.datetime
) -> bytes:
    """EF.SOD over the whole files in `data_groups`, by number: SHA-256, ECDSA; `certificate` is the DS's, DER."""
    numbered = [{"number": n, "value": hashlib.sha256(data_groups[n]).digest()} for n in sorted(data_groups)]
    security_object = _LdsSecurityObject(
        {"version": 0, "hash_algorithm": {"algorithm": "sha256"}, "hashes": numbered}
    ).dump()
    signer = x509.Certificate.load(certificate)
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [_LDS_SECURITY_OBJECT]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": at})]},
            {"type": "message_digest", "values": [hashlib.sha256(security_object).digest()]},
        ]
    )
    signature = key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
    info = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number", {"issuer": signer.issuer, "serial_number": signer.serial_number}
        ),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": signature,
    }
    signed = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {
            "content_type": _LDS_SECURITY_OBJECT,
            "content": core.ParsableOctetString(security_object),
        },
        "certificates": [signer],
        "signer_infos": [info],
    }
    content = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})
    return tlv.encode(0x77, content.dump())
