"""A facial record of ISO/IEC 19794-5:2005 (§5): a header, then for each face

length(4) points(2) … 20 bytes in all; feature points, 8 bytes each; image information, 12 bytes; the picture.
"""

from __future__ import annotations

from drivers.smartcard.emrtd.lds.picture import Picture, describe
from drivers.smartcard.errors import MalformedData

MAGIC = b"FAC\0"
_VERSION = b"010\0"
_HEADER, _FACIAL_INFORMATION, _FEATURE_POINT, _IMAGE_INFORMATION = 14, 20, 8, 12


def parse(record: bytes) -> tuple[Picture, ...]:
    """Every face of the record. Raises MalformedData."""
    if record[4:8] != _VERSION or len(record) < _HEADER or int.from_bytes(record[8:12]) != len(record):
        raise MalformedData("a face record is of another version or length than ISO/IEC 19794-5:2005 gives it")
    count, faces, at = int.from_bytes(record[12:14]), [], _HEADER
    for _ in range(count):
        length = int.from_bytes(record[at : at + 4])
        picture = _FACIAL_INFORMATION + int.from_bytes(record[at + 4 : at + 6]) * _FEATURE_POINT + _IMAGE_INFORMATION
        if not picture < length <= len(record) - at:
            raise MalformedData("a face of DG2 has another length than it says")
        faces.append(describe(record[at + picture : at + length]))
        at += length
    if not faces or at != len(record):
        raise MalformedData("a face record holds other than the faces it says")
    return tuple(faces)
