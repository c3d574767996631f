"""DG7: the holder's signature as displayed (ICAO 9303-10 §4.7.7)."""

from __future__ import annotations

from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds.objects import Objects, counted
from drivers.smartcard.emrtd.lds.picture import Picture, describe

MAX_SIGNATURES = 9
_SIGNATURE = 0x5F43


def parse(content: bytes) -> tuple[Picture, ...]:
    """Every signature, at least one. Raises MalformedData."""
    objects = Objects.of_file(FileId.DG7, content, repeatable=frozenset((_SIGNATURE,)))
    signatures = objects.every(_SIGNATURE)
    counted(objects, signatures, MAX_SIGNATURES)
    return tuple(describe(signature) for signature in signatures)
