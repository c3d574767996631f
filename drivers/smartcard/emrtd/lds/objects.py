"""The data objects of a data group, each where it may be and no oftener than it may."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.errors import MalformedData
from drivers.smartcard.tlv import Tlv

COUNT = 0x02


class Objects:
    """The objects of one template, which they fill exactly. Raises MalformedData."""

    def __init__(self, content: bytes, *, repeatable: frozenset[int] = frozenset()) -> None:
        self.all = tlv.parse(content)
        seen: set[int] = set()
        for item in self.all:
            if item.tag in seen and item.tag not in repeatable:
                raise MalformedData(f"a data object {item.tag:X} is there twice")
            seen.add(item.tag)

    @classmethod
    def of_file(cls, file: FileId, content: bytes, *, repeatable: frozenset[int] = frozenset()) -> Objects:
        """Those inside the file's one template."""
        return cls(tlv.single(content, file.tag).value, repeatable=repeatable)

    def get(self, tag: int) -> bytes | None:
        return next((item.value for item in self.all if item.tag == tag), None)

    def need(self, tag: int) -> bytes:
        value = self.get(tag)
        if value is None:
            raise MalformedData(f"a data object {tag:X} is missing")
        return value

    def every(self, tag: int) -> list[bytes]:
        return [item.value for item in self.all if item.tag == tag]

    def tags(self) -> frozenset[int]:
        return frozenset(item.tag for item in self.all)


def counted(objects: Objects, items: Sequence[bytes] | Sequence[Tlv], most: int) -> None:
    """The number that goes before a row of objects is that of the objects. Raises MalformedData."""
    number = objects.get(COUNT)
    if number is None or len(number) != 1 or number[0] != len(items):
        raise MalformedData("a row of data objects has another number than it says")
    if not 1 <= len(items) <= most:
        raise MalformedData("a row of data objects is empty or too long")
