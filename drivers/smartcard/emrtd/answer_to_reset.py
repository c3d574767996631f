"""What a chip says of itself before anything is asked: its ATR, and EF.ATR/INFO (ISO 7816-4 §12.1, §12.7)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.smartcard import tlv
from drivers.smartcard.apdu import MAX_LE, MAX_RESPONSE
from drivers.smartcard.errors import MalformedData

_COMPACT_TLV = 0x80
_CAPABILITIES = 0x7
_EXTENDED_FIELDS, _EXTENDED_INFORMATION = 0x40, 0x20
_BUFFER_SIZES, _INTEGER = 0x7F66, 0x02
_FEWEST = 256


@dataclass(frozen=True, slots=True)
class BufferSizes:
    """The longest command and answer in bytes, whole APDUs, that the chip takes and gives."""

    command: int
    answer: int


def announces_extended_length(atr: bytes) -> bool:
    """Whether the card capabilities among the historical bytes speak of extended length fields.

    An ATR that cannot be read announces nothing.
    """
    historical = _historical(atr)
    if historical[:1] != bytes((_COMPACT_TLV,)):
        return False
    at = 1
    while at < len(historical):
        tag, length = historical[at] >> 4, historical[at] & 0xF
        value = historical[at + 1 : at + 1 + length]
        if tag == _CAPABILITIES and len(value) == 3:
            return bool(value[2] & (_EXTENDED_FIELDS | _EXTENDED_INFORMATION))
        at += 1 + length
    return False


def _historical(atr: bytes) -> bytes:
    """The historical bytes of an ATR (ISO 7816-3 §8.2): TS, T0, interface bytes, historical bytes, TCK."""
    if len(atr) < 2:
        return b""
    count, present, at = atr[1] & 0xF, atr[1] >> 4, 2
    while present:
        at += present.bit_count()
        following = atr[at - 1] if at - 1 < len(atr) else 0
        present = following >> 4 if present & 8 else 0
    return atr[at : at + count]


def buffer_sizes(ef_atr: bytes) -> BufferSizes | None:
    """Of EF.ATR/INFO, a row of data objects without a wrapping; None where it does not say. Raises MalformedData."""
    for item in tlv.parse(ef_atr):
        if item.tag != _BUFFER_SIZES:
            continue
        numbers = [int.from_bytes(part.value) for part in item.children() if part.tag == _INTEGER]
        if len(numbers) != 2:
            raise MalformedData("EF.ATR/INFO gives other than two buffer sizes")
        command, answer = numbers
        if command <= _FEWEST or answer <= _FEWEST:
            return None  # no more than short fields carry
        return BufferSizes(min(command, MAX_LE), min(answer, MAX_RESPONSE))
    return None
