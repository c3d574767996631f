"""EF.COM: the versions of the data structure, and which data groups there are (ICAO 9303-10 §4.6.1).

It is not signed: what it lists is held against the security object elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds.objects import Objects
from drivers.smartcard.errors import MalformedData

_LDS_VERSION, _UNICODE_VERSION, _TAGS = 0x5F01, 0x5F36, 0x5C
_BY_TAG = {file.tag: file for file in FileId if file.data_group is not None}


@dataclass(frozen=True, slots=True)
class Com:
    """Versions as written out: "1.7", "4.0.0"."""

    lds_version: str
    unicode_version: str
    groups: tuple[FileId, ...]


def parse(content: bytes) -> Com:
    """Raises MalformedData."""
    objects = Objects.of_file(FileId.COM, content)
    tags = objects.need(_TAGS)
    if len(set(tags)) != len(tags) or any(tag not in _BY_TAG for tag in tags):
        raise MalformedData("EF.COM lists a data group twice, or one that there is not")
    return Com(
        _version(objects.need(_LDS_VERSION), 2),
        _version(objects.need(_UNICODE_VERSION), 3),
        tuple(_BY_TAG[tag] for tag in tags),
    )


def _version(value: bytes, parts: int) -> str:
    """Two digits a part."""
    if not re.fullmatch(rb"(?:[0-9]{2}){%d}" % parts, value):
        raise MalformedData("a version in EF.COM is not written in digits")
    return ".".join(str(int(value[at : at + 2])) for at in range(0, 2 * parts, 2))
