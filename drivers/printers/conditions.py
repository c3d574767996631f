"""What a printer says of itself, as conditions: pure functions over IPP attributes.

`printer-state-reasons` are keywords with a severity at the end (RFC 8011 §5.4.12): `-error`, `-warning`,
`-report`, or none, which means error. Vendors put words of their own between the two, so keywords are
matched by their beginning. Suffixes are used freely: ippeveprinter calls an empty tray `-warning` while a
job waits for it and `-report` while idle, and leaves `media-jam-report` standing long after the jam. So a
`-report` blocks nothing, unless the trays themselves (`printer-input-tray`, PWG 5100.13) say they are empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from drivers.printers.port import BLOCKING, Condition

_KEYWORDS: tuple[tuple[str, Condition], ...] = (
    ("media-empty", Condition.PAPER_OUT),
    ("media-needed", Condition.PAPER_OUT),
    ("input-tray-missing", Condition.PAPER_OUT),
    ("media-low", Condition.PAPER_LOW),
    ("media-jam", Condition.JAM),
    ("cover-open", Condition.COVER_OPEN),
    ("door-open", Condition.COVER_OPEN),
    ("interlock-open", Condition.COVER_OPEN),
    ("toner-low", Condition.TONER_LOW),
    ("marker-supply-low", Condition.TONER_LOW),
    ("toner-empty", Condition.TONER_EMPTY),
    ("marker-supply-empty", Condition.TONER_EMPTY),
    ("offline", Condition.OFFLINE),
    ("shutdown", Condition.OFFLINE),
    ("connecting-to-device", Condition.OFFLINE),
    ("timed-out", Condition.OFFLINE),
    ("paused", Condition.STOPPED),
    ("moving-to-paused", Condition.STOPPED),
    ("stopped", Condition.STOPPED),
    ("stopping", Condition.STOPPED),
    ("output-area-full", Condition.STOPPED),
)
_SEVERITY = re.compile(r"-(?:error|warning|report)$")
_LEVEL = re.compile(rb"(?:^|;)\s*level=(-?\d{1,9})\s*(?:;|$)")
_SOME_LEFT = -3  # RFC 3805, prtInputCurrentLevel: "at least one unit remains"


def conditions(reasons: Iterable[str], trays: Iterable[bytes] = ()) -> frozenset[Condition]:
    """The conditions behind printer-state-reasons; `trays` are the values of printer-input-tray."""
    empty = trays_are_empty(trays)
    return frozenset(c for reason in reasons if (c := _condition(reason, empty)) is not None)


def _condition(reason: str, trays_empty: bool) -> Condition | None:
    reason = reason.strip().lower()
    keyword = _SEVERITY.sub("", reason)
    if keyword in ("", "none"):
        return None
    found = next((c for k, c in _KEYWORDS if keyword == k or keyword.startswith(k + "-")), Condition.OTHER)
    hearsay = reason.endswith("-report") and found in BLOCKING
    if hearsay and not (found is Condition.PAPER_OUT and trays_empty):
        return Condition.OTHER
    return found


def trays_are_empty(trays: Iterable[bytes]) -> bool:
    """True when at least one tray tells its level and every tray that tells is empty."""
    levels = [int(found[1]) for tray in trays if (found := _LEVEL.search(tray))]
    return 0 in levels and not any(level > 0 or level == _SOME_LEFT for level in levels)
