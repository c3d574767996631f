"""Master lists: the country signers that a state has checked and signed for (ICAO 9303-12 §8).

CscaMasterList ::= SEQUENCE { version INTEGER, certList SET OF Certificate }, in SignedData. They come bare (`.ml`), in
the zip that the German BSI publishes, or in the LDIF of the ICAO public key directory.
"""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.smartcard import tlv
from drivers.smartcard.errors import MalformedData
from drivers.smartcard.genuine import certificates, signed_data
from drivers.smartcard.genuine.certificates import Certificate

CSCA_MASTER_LIST = "2.23.136.1.1.2"
"""id-icao-cscaMasterList."""
MASTER_LIST_SIGNING = "2.23.136.1.1.3"
"""id-icao-cscaMasterListSigningKey, an extended key usage."""
MAX_BYTES = 32 << 20
_MAX_CERTIFICATES = 5000
_MAX_MEMBERS = 64
_SEQUENCE, _SET, _INTEGER = 0x30, 0x31, 0x02
_LDIF = b"pkdMasterListContent:: "


@dataclass(frozen=True)
class Listed:
    """`unread` counts the certificates that could not be read: a list must not fall for one of them."""

    certificates: tuple[Certificate, ...]
    unread: int


def read(data: bytes, pinned: tuple[Certificate, ...]) -> Listed:
    """The certificates of every list in a file.

    A list counts only if its signer is one of `pinned`, or was issued by one and is meant for master lists. Raises
    MalformedData, also where a list is signed by anybody else.
    """
    found: dict[str, Certificate] = {}
    unread = 0
    lists = list(_lists(data))
    if not lists:
        raise MalformedData("no master list is in the file")
    for one in lists:
        for der in _certificates(one, pinned):
            try:
                certificate = certificates.parse(der)
            except MalformedData:
                unread += 1
            else:
                found[certificate.fingerprint] = certificate
    return Listed(tuple(found.values()), unread)


def _lists(data: bytes) -> Iterator[bytes]:
    if len(data) > MAX_BYTES:
        raise MalformedData("a master list is longer than any should be")
    if data.startswith(b"PK\x03\x04"):
        yield from _unzipped(data)
    elif data[:1] == bytes((_SEQUENCE,)):
        yield data
    else:
        yield from _from_ldif(data)


def _unzipped(data: bytes) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [item for item in archive.infolist() if item.filename.lower().endswith(".ml")]
            if len(members) > _MAX_MEMBERS or sum(item.file_size for item in members) > MAX_BYTES:
                raise MalformedData("a zip of master lists is larger than any should be")
            for item in members:
                with archive.open(item) as member:
                    content = member.read(MAX_BYTES + 1)
                if len(content) > MAX_BYTES:
                    raise MalformedData("a zip of master lists is larger than any should be")
                yield content
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise MalformedData("a zip of master lists cannot be opened") from error


def _from_ldif(data: bytes) -> Iterator[bytes]:
    """Values of LDIF (RFC 2849): base64 after two colons, carried on by lines that begin with a space."""
    for line in data.replace(b"\r\n", b"\n").replace(b"\n ", b"").split(b"\n"):
        if line.startswith(_LDIF):
            try:
                yield base64.b64decode(line[len(_LDIF) :], validate=True)
            except binascii.Error as error:
                raise MalformedData("a master list of the directory is no base64") from error


def _certificates(data: bytes, pinned: tuple[Certificate, ...]) -> list[bytes]:
    signed = signed_data.parse(data, CSCA_MASTER_LIST)
    if signed.weak:
        raise MalformedData("a master list is signed with SHA-1")
    if not _believed(signed.signer, pinned) or not signed.holds():
        raise MalformedData("a master list is not signed by whom it must be")
    parts = tlv.single(signed.content, _SEQUENCE).children()
    if [part.tag for part in parts] != [_INTEGER, _SET]:
        raise MalformedData("a master list is not formed right")
    return list(_members(parts[1].value))


def _members(data: bytes) -> Iterator[bytes]:
    at, count = 0, 0
    while at < len(data):
        item, at = tlv.take(data, at)
        count += 1
        if count > _MAX_CERTIFICATES:
            raise MalformedData("a master list is longer than any should be")
        yield item.raw


def _believed(signer: Certificate, pinned: tuple[Certificate, ...]) -> bool:
    if any(signer.der == one.der for one in pinned):
        return True
    return MASTER_LIST_SIGNING in signer.extended_usage and any(
        one.may_certify and signer.issued_by(one) for one in pinned
    )
