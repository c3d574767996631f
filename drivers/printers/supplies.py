"""What is left in a printer: sheets and toner, from IPP attributes; pure functions.

`printer-input-tray` and `printer-supply` are octet strings of NAME=VALUE; pairs (PWG 5100.13);
`marker-levels` and `marker-names` are the older way of CUPS. Levels below zero mean "other", "unknown" and "some"
(RFC 3805, prtInputCurrentLevel). A receptacle's level is the room left in it, so that low is bad for it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_PAIR = re.compile(rb"(?:^|;)\s*(\w+)=([^;]*)")
_LONGEST_NAME = 40
LOW_PERCENT = 10
"""Below this, somebody should bring another."""


@dataclass(frozen=True, slots=True)
class Supply:
    """`left` is in sheets for a tray, in percent for what marks; None where the printer does not tell."""

    name: str
    left: int | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """`model` is what the printer calls itself; empty when it does not say. Names are the printer's own."""

    model: str
    trays: tuple[Supply, ...]
    markers: tuple[Supply, ...]


def inventory(
    model: Iterable[str],
    trays: Iterable[bytes],
    supplies: Sequence[bytes],
    descriptions: Sequence[str],
    marker_names: Sequence[str],
    marker_levels: Sequence[int],
) -> Inventory:
    """From the attributes' values; `marker_…` are used where there is no `printer-supply`."""
    if supplies:
        named = zip(supplies, (*descriptions, *[""] * len(supplies)), strict=False)
        markers = tuple(_marker(dict(_PAIR.findall(value)), name) for value, name in named)
    else:
        markers = tuple(
            Supply(_clean(name), level if level >= 0 else None)
            for name, level in zip(marker_names, marker_levels, strict=False)
        )
    found = [_tray(dict(_PAIR.findall(tray))) for tray in trays]
    told = tuple(tray for tray in found if tray.left is not None)
    return Inventory(_clean(next(iter(model), "")), told, markers)


def _tray(pairs: dict[bytes, bytes]) -> Supply:
    return Supply(_clean(pairs.get(b"name", b"").decode("utf-8", "replace")) or "tray", _level(pairs.get(b"level")))


def _marker(pairs: dict[bytes, bytes], name: str) -> Supply:
    level, full = _level(pairs.get(b"level")), _level(pairs.get(b"maxcapacity"))
    if level is not None and full and pairs.get(b"unit", b"percent") != b"percent":
        level = 100 * level // full
    kind = pairs.get(b"type", b"supply").decode("utf-8", "replace")
    return Supply(_clean(name) or _clean(kind), level if level is None else min(level, 100))


def _level(value: bytes | None) -> int | None:
    number = int(value) if value is not None and re.fullmatch(rb"-?\d{1,9}", value) else -1
    return number if number >= 0 else None


def _clean(text: str) -> str:
    """A printer's word, short and printable: it stands on a technician's screen."""
    return "".join(c for c in text if c.isprintable()).strip()[:_LONGEST_NAME]
