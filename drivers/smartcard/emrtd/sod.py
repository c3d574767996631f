"""EF.SOD: the signed list of hashes (ICAO 9303-10 §4.6.2; RFC 5652 §5).

77 ContentInfo { SignedData { LDSSecurityObject, document signer's certificate, SignerInfo } }
LDSSecurityObject ::= SEQUENCE { version, hash algorithm, SEQUENCE OF { data group number, hash }, … }
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asn1crypto import cms
from cryptography import x509

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.errors import MalformedData

_LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
_MAX_CERTIFICATES = 8
_SEQUENCE, _INTEGER, _OCTETS, _OID, _SET = 0x30, 0x02, 0x04, 0x06, 0x31
_HASHES = {
    bytes.fromhex("608648016503040204"): "sha224",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
# What asn1crypto lets through when it is given nonsense (it parses lazily, wherever a field is touched), and
# the one that `cryptography` raises for a certificate of no known version.
_NONSENSE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
    x509.InvalidVersion,
)


@dataclass(frozen=True, slots=True)
class Signature:
    """How EF.SOD was signed: `scheme` is "ecdsa", "rsassa_pkcs1v15" or "rsassa_pss"; hashes by hashlib's names.

    `signed` are the bytes the signature is over (the signed attributes), `salt` the salt's length of PSS,
    `message_digest` what the attributes say is the content's hash under `digest`.
    """

    scheme: str
    hash: str
    salt: int
    value: bytes
    signed: bytes
    digest: str
    message_digest: bytes


@dataclass(frozen=True, slots=True)
class Sod:
    """`hashes` maps a data group's number to its hash under `hash`; `content` is the LDSSecurityObject."""

    content: bytes
    hash: str
    hashes: dict[int, bytes]
    signature: Signature
    document_signer: x509.Certificate


def parse_sod(data: bytes) -> Sod:
    """From the file's bytes. Raises MalformedData; nothing is verified here."""
    try:
        return _parsed(tlv.single(data, FileId.SOD.tag).value)
    except _NONSENSE as error:
        raise MalformedData("EF.SOD is not formed right") from error


def signed_data_groups(sod: bytes) -> tuple[FileId, ...]:
    """The data groups EF.SOD vouches for that are known here, in order. Raises MalformedData.

    What to read is asked here and not of EF.COM, which is not signed: a copy without its chip's key
    would only have to leave DG15 out of that list.
    """
    known = {file.data_group: file for file in FileId if file.data_group is not None}
    return tuple(known[number] for number in sorted(parse_sod(sod).hashes) if number in known)


def _parsed(data: bytes) -> Sod:
    info = cms.ContentInfo.load(data, strict=True)
    if info["content_type"].native != "signed_data":
        raise MalformedData("EF.SOD is no signed data")
    signed = info["content"]
    encapsulated = signed["encap_content_info"]
    if encapsulated["content_type"].dotted != _LDS_SECURITY_OBJECT:
        raise MalformedData("EF.SOD signs something that is no list of hashes")
    if len(signed["signer_infos"]) != 1:
        raise MalformedData("EF.SOD has other than one signer")
    content = bytes(encapsulated["content"])
    signer = signed["signer_infos"][0]
    hash_name, hashes = _data_group_hashes(content)
    return Sod(content, hash_name, hashes, _signature(signer), _document_signer(signed, signer))


def _data_group_hashes(content: bytes) -> tuple[str, dict[int, bytes]]:
    parts = tlv.single(content, _SEQUENCE).children()
    if len(parts) < 3 or (parts[0].tag, parts[1].tag, parts[2].tag) != (_INTEGER, _SEQUENCE, _SEQUENCE):
        raise MalformedData("the list of hashes is not formed right")
    name = _HASHES.get(tlv.find(parts[1].children(), _OID).value)
    if name is None:
        raise MalformedData("the list of hashes is made with a hash that is not accepted")
    hashes: dict[int, bytes] = {}
    for entry in parts[2].children():
        fields = entry.children() if entry.tag == _SEQUENCE else ()
        if len(fields) != 2 or (fields[0].tag, fields[1].tag) != (_INTEGER, _OCTETS):
            raise MalformedData("an entry of the list of hashes is not formed right")
        number = int.from_bytes(fields[0].value)
        if not 1 <= number <= 16 or number in hashes:
            raise MalformedData("the list of hashes names a data group that cannot be, or twice")
        hashes[number] = fields[1].value
    return name, hashes


def _signature(signer: Any) -> Signature:
    attributes = signer["signed_attrs"]
    values = {attribute["type"].native: attribute["values"] for attribute in attributes}
    if len(values) != len(attributes) or len(values["content_type"]) != 1 or len(values["message_digest"]) != 1:
        raise MalformedData("the signed attributes of EF.SOD are not single")
    if values["content_type"][0].dotted != _LDS_SECURITY_OBJECT:
        raise MalformedData("the signed attributes of EF.SOD are of another content")
    algorithm = signer["signature_algorithm"]
    scheme = str(algorithm.signature_algo)
    digest = str(signer["digest_algorithm"]["algorithm"].native)
    named = algorithm["algorithm"].native
    # The SignerInfo's own algorithm counts; only bare RSA leaves the hash to the digest algorithm.
    hash_name = digest if named == "rsassa_pkcs1v15" else str(algorithm.hash_algo)
    if not {digest, hash_name} <= set(_HASHES.values()):
        raise MalformedData("EF.SOD is signed with a hash that is not accepted")
    return Signature(
        scheme=scheme,
        hash=hash_name,
        salt=int(algorithm["parameters"]["salt_length"].native) if scheme == "rsassa_pss" else 0,
        value=bytes(signer["signature"]),
        signed=bytes((_SET,)) + bytes(attributes.dump())[1:],
        digest=digest,
        message_digest=bytes(values["message_digest"][0]),
    )


def _document_signer(signed: Any, signer: Any) -> x509.Certificate:
    """The certificate the SignerInfo points at."""
    certificates = signed["certificates"]
    if len(certificates) > _MAX_CERTIFICATES:
        raise MalformedData("EF.SOD holds too many certificates")
    sid = signer["sid"]
    for choice in certificates:
        if choice.name != "certificate":
            continue
        certificate = choice.chosen
        if sid.name == "issuer_and_serial_number":
            wanted = sid.chosen
            same = certificate.serial_number == wanted["serial_number"].native
            if not same or certificate.issuer != wanted["issuer"]:
                continue
        elif certificate.key_identifier != bytes(sid.chosen):
            continue
        return x509.load_der_x509_certificate(certificate.dump())
    raise MalformedData("EF.SOD does not hold its signer's certificate")
