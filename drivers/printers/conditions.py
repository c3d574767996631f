"""What a printer says of itself, as conditions: pure functions over IPP attributes.

`printer-state-reasons` are keywords with a severity at the end (RFC 8011 §5.4.12): `-error`, `-warning`,
`-report`, or none, which means error. Vendors put words of their own between the two, so keywords are
matched by their beginning; finishing parts (PWG 5100.9) put their name before `cover-open` and the like.

Suffixes are used freely: ippeveprinter calls an empty tray `-warning` while a job waits for it and `-report`
while idle, and leaves `media-jam-report` standing long after the jam; others warn of one empty tray while another
is full. So a `-report` blocks nothing, unless the trays themselves (`printer-input-tray`, PWG 5100.13) say they are
empty; and a `-warning` of no paper does not count where a tray says that it has some.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto

from drivers.printers.port import BLOCKING, Condition

# Beginnings of keywords; the first that fits counts. RFC 8011 §5.4.12, PWG 5100.9 §6.1, IANA's registrations since.
_BEGINNINGS: tuple[tuple[Condition, str], ...] = (
    (Condition.OTHER, "scan scanner media-path-cannot-duplex-media-selected"),
    (Condition.PAPER_WRONG, "input-media-size-change input-cannot-feed-size-selected media-size-mismatch"),
    (Condition.PAPER_OUT, "media-empty media-needed input-tray-missing input-manual-input-request"),
    (Condition.PAPER_OUT, "media-path-input-empty media-path-input-request input-media-tray-missing"),
    (Condition.PAPER_LOW, "media-low"),
    (Condition.JAM, "media-jam media-path-jam media-path-input-jam media-path-output-jam output-media-tray-jam"),
    (Condition.JAM, "media-path-input-feed-error media-path-output-feed-error"),
    (Condition.JAM, "input-media-tray-feed-error output-media-tray-feed-error"),
    (Condition.TONER_LOW, "toner-low marker-supply-low marker-supply-almost-empty marker-toner-almost-empty"),
    (Condition.TONER_EMPTY, "toner-empty toner-missing marker-toner-empty marker-toner-missing"),
    (Condition.TONER_EMPTY, "marker-supply-empty marker-supply-missing marker-toner-cartridge-missing"),
    (Condition.OFFLINE, "offline shutdown power-down connecting-to-device timed-out"),
    (Condition.STOPPED, "paused moving-to-paused stopped stopping hold-new-jobs deactivated"),
    (Condition.STOPPED, "output-area-full media-path-output-full media-path-media-tray-full"),
    (Condition.STOPPED, "output-tray-missing media-path-media-tray-missing spool-area-full"),
    (Condition.STOPPED, "marker-waste-full marker-waste-missing marker-waste-toner-receptacle-full"),
    (Condition.STOPPED, "marker-waste-toner-receptacle-missing fuser-over-temp fuser-missing marker-fuser-missing"),
    (Condition.STOPPED, "developer-empty developer-missing marker-developer-empty marker-developer-missing"),
    (Condition.STOPPED, "opc-missing marker-opc-missing"),
)
_KEYWORDS = tuple((keyword, condition) for condition, words in _BEGINNINGS for keyword in words.split())
_OPEN = re.compile(r"(?:^|-)(?:cover|door|interlock)-open(?:-|$)")
_BROKEN = re.compile(r"-fail(?:ure|ed)(?:-error)?$")
_SEVERITY = re.compile(r"-(?:error|warning|report)$")
_LEVEL = re.compile(rb"(?:^|;)\s*level=(-?\d{1,9})\s*(?:;|$)")
_SOME_LEFT = -3  # RFC 3805, prtInputCurrentLevel: "at least one unit remains"


class _Paper(Enum):
    EMPTY = auto()
    SOME = auto()
    UNTOLD = auto()


def conditions(reasons: Iterable[str], trays: Iterable[bytes] = ()) -> frozenset[Condition]:
    """The conditions behind printer-state-reasons; `trays` are the values of printer-input-tray."""
    paper = _paper(trays)
    return frozenset(c for reason in reasons if (c := _condition(reason.strip().lower(), paper)) is not None)


def _condition(reason: str, paper: _Paper) -> Condition | None:
    keyword = _SEVERITY.sub("", reason)
    if keyword in ("", "none"):
        return None
    found = _meaning(keyword)
    if found is Condition.OTHER and _BROKEN.search(reason) and not keyword.startswith("scan"):
        return Condition.STOPPED  # a motor, a roller, the laser; a warning of it leaves the printer working
    if found is Condition.PAPER_OUT and reason.endswith("-warning"):
        return Condition.OTHER if paper is _Paper.SOME else found
    if found is Condition.PAPER_OUT and reason.endswith("-report"):
        return found if paper is _Paper.EMPTY else Condition.OTHER
    return Condition.OTHER if found in BLOCKING and reason.endswith("-report") else found


def _meaning(keyword: str) -> Condition:
    for beginning, condition in _KEYWORDS:
        if keyword == beginning or keyword.startswith(beginning + "-"):
            return condition
    return Condition.COVER_OPEN if _OPEN.search(keyword) else Condition.OTHER


def of_tray(trays: Iterable[bytes], name: str) -> tuple[bytes, ...]:
    """The printer-input-tray values of one tray, or all where no name is given."""
    here = re.compile(rb"(?:^|;)\s*name=%s\s*(?:;|$)" % re.escape(name.encode()))
    return tuple(tray for tray in trays if not name or here.search(tray))


def trays_are_empty(trays: Iterable[bytes]) -> bool:
    """True when at least one tray tells its level and every tray that tells is empty."""
    return _paper(trays) is _Paper.EMPTY


def _paper(trays: Iterable[bytes]) -> _Paper:
    levels = [int(found[1]) for tray in trays if (found := _LEVEL.search(tray))]
    if any(level > 0 or level == _SOME_LEFT for level in levels):
        return _Paper.SOME
    return _Paper.EMPTY if 0 in levels else _Paper.UNTOLD
