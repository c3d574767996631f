"""The machine readable zone: out of a chip as it is (`parse`), or found in what a scanner saw (`find`).

Sizes TD1, TD2 and TD3 (ICAO 9303-5, -6, -4).
"""

from drivers.smartcard.emrtd.zone import Zone, parse, split_names
from drivers.smartcard.emrtd.zone_layout import ZoneSize, check_digit
from drivers.smartcard.emrtd.zone_search import LONGEST_TEXT, find

__all__ = ["LONGEST_TEXT", "Zone", "ZoneSize", "check_digit", "find", "parse", "split_names"]
