"""EF.SOD: the signed list of hashes (ICAO 9303-10 §4.6.2).

77 ContentInfo { SignedData { LDSSecurityObject } }
LDSSecurityObject ::= SEQUENCE { version, hash algorithm, SEQUENCE OF { data group number, hash },
                                 LDSVersionInfo OPTIONAL: SEQUENCE { LDS version, Unicode version } }
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.files import FileId, data_group
from drivers.smartcard.errors import MalformedData
from drivers.smartcard.genuine import signed_data
from drivers.smartcard.genuine.signed_data import SignedContent

LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
_SEQUENCE, _INTEGER, _OCTETS, _OID, _PRINTABLE = 0x30, 0x02, 0x04, 0x06, 0x13
_HASHES = {
    bytes.fromhex("2B0E03021A"): "sha1",
    bytes.fromhex("608648016503040204"): "sha224",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}


@dataclass(frozen=True, slots=True)
class Sod:
    """`hashes` maps a data group's number to its hash under `hash`; `lds_version` is such as "0108", or None in the
    list's old form (version 0), where only EF.COM has it."""

    version: int
    hash: str
    hashes: Mapping[int, bytes] = field(repr=False)
    lds_version: str | None
    signed: SignedContent = field(repr=False)

    @property
    def files(self) -> tuple[FileId, ...]:
        """The data groups it vouches for, in order."""
        return tuple(file for number in sorted(self.hashes) if (file := data_group(number)) is not None)

    def vouches_for(self, file: FileId, content: bytes) -> bool:
        """Whether these are the bytes that were hashed; False for a file that is not listed."""
        wanted = self.hashes.get(file.data_group or 0)
        return wanted is not None and hmac.compare_digest(hashlib.new(self.hash, content).digest(), wanted)


def parse(data: bytes) -> Sod:
    """From the file's bytes. Raises MalformedData; nothing is verified here."""
    signed = signed_data.parse(tlv.single(data, FileId.SOD.tag).value, LDS_SECURITY_OBJECT)
    parts = tlv.single(signed.content, _SEQUENCE).children()
    tags = [part.tag for part in parts]
    if tags not in ([_INTEGER, _SEQUENCE, _SEQUENCE], [_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE]):
        raise MalformedData("the list of hashes is not formed right")
    version = int.from_bytes(parts[0].value, signed=True)
    if version not in (0, 1) or (version == 0 and len(parts) > 3):
        raise MalformedData("the list of hashes is of a version that is not known")
    lds_version = _lds_version(parts[3]) if len(parts) > 3 else None
    return Sod(version, _hash_name(parts[1]), _hashes(parts[2]), lds_version, signed)


def listed(data: bytes) -> tuple[FileId, ...]:
    """The data groups that EF.SOD vouches for, in order. Raises MalformedData.

    What to read is asked here and not of EF.COM, which is not signed: a copy without its chip's key would only have
    to leave DG15 out of that list.
    """
    return parse(data).files


def _hash_name(algorithm: tlv.Tlv) -> str:
    name = _HASHES.get(tlv.find(algorithm.children(), _OID).value)
    if name is None:
        raise MalformedData("the list of hashes is made with a hash that is not accepted")
    return name


def _hashes(entries: tlv.Tlv) -> dict[int, bytes]:
    hashes: dict[int, bytes] = {}
    for entry in entries.children():
        fields = entry.children() if entry.tag == _SEQUENCE else ()
        if [item.tag for item in fields] != [_INTEGER, _OCTETS]:
            raise MalformedData("an entry of the list of hashes is not formed right")
        number = int.from_bytes(fields[0].value)
        if data_group(number) is None or number in hashes:
            raise MalformedData("the list of hashes names a data group that cannot be, or twice")
        hashes[number] = fields[1].value
    return hashes


def _lds_version(info: tlv.Tlv) -> str:
    parts = info.children()
    if [part.tag for part in parts] != [_PRINTABLE, _PRINTABLE] or not parts[0].value.isalnum():
        raise MalformedData("the list of hashes does not say its version right")
    return parts[0].value.decode("ascii")
