"""A simulated eMRTD identity card, with protocol code of its own (ICAO 9303-10, 9303-11).

It shares nothing with `drivers.smartcard`, so that neither can hide the other's mistake.
"""

from drivers.simulated.card.chip import ChipMemory, SimulatedCard
from drivers.simulated.card.fault import Fault
from drivers.simulated.card.image import Access, CardImage, FileId

__all__ = ["Access", "CardImage", "ChipMemory", "Fault", "FileId", "SimulatedCard"]
