"""The chip as the reader meets it: a command APDU in, a response APDU out."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.simulated.card.fault import Fault
from drivers.simulated.card.image import CardImage

PIN_TRIES = 3


@dataclass(slots=True)
class ChipMemory:
    """What the chip keeps without power."""

    pin_tries: int = PIN_TRIES


class SimulatedCard:
    # 3B 85 80 01: contactless, five historical bytes; 80 73 84 01 C0: selection by name and by short file
    # identifier, command chaining and extended length (ISO 7816-4 §12.1.1.9); last, their check byte.
    atr = bytes.fromhex("3B85800180738401C0B2")

    def __init__(self, image: CardImage, fault: Fault | None = None, *, memory: ChipMemory | None = None) -> None:
        self._image = image
        self._fault = fault
        self._memory = memory or ChipMemory()
        self.gone = False

    @property
    def delay(self) -> float:
        """Seconds by which each answer is late."""
        return 0.4 if self._fault is Fault.SLOW else 0.0

    def reset(self) -> None:
        pass

    def process(self, apdu: bytes) -> bytes:
        return b"" if self._fault is Fault.MUTE else b"\x6d\x00"
