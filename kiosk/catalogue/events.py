"""The catalogue of log events: what can be said in the log, and so what cannot.

An event is a name and the fields it has; a field is of a *kind*, and a kind admits only values that
cannot hold a person: codes, references, counts, enumerated words. There is no free text, so a name, a
card number or an 18-digit NIN has no field to stand in.

One kind quotes: `setting` is a value of the configuration as JSON, 200 characters at most. It cannot hold a
citizen's data because of where it comes from: files that administrators signed, the same on every kiosk, which
no visit writes. Only `kiosk.fleet.teller` says events that have it, of settings and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from config.release import safe_path
from config.schema import keys
from kiosk.session.events import State

Kind = Literal[
    "code", "reference", "type", "language", "count", "ms", "state", "word", "class", "hash", "key", "setting", "file"
]

_PATTERNS: dict[str, re.Pattern[str]] = {
    "code": re.compile(r"E-[A-Z0-9]+(-[A-Z0-9]+)+"),
    "reference": re.compile(r"(?=.*[A-Z])[A-Z0-9]{2,8}(-[A-Z0-9]{2,12}){1,4}"),
    "type": re.compile(r"[a-z]+(-[a-z0-9]+){0,4}"),
    "language": re.compile(r"ar|fr|zgh|en"),
    "state": re.compile("|".join(State)),
    "class": re.compile(r"[A-Za-z_][A-Za-z_]{0,60}"),
    "hash": re.compile(r"[0-9a-f]{64}"),
    # A number of six digits and more could be a card's; no setting has one.
    "setting": re.compile(r"empty|true|false|-?[0-9]{1,5}(\.[0-9]{1,6})?|[\"\[].{1,199}"),
}
_KEYS = frozenset(keys())
_WORDS = frozenset(
    "started stopped inserted removed reader-arrived reader-gone pcscd-gone pcscd-back connected lost printed failed"
    " unknown voided settled none ipp-completed escpos-echo operator-confirmed PACE BAC passed not_supported"
    " no_trust_anchor paper-out paper-low paper-wrong jam cover-open toner-low toner-empty cutter offline stopped"
    " other screen session signer printer laser thermal certificate clock disk registry"
    " card reader ledger configuration staff hours arrived left storage serial input"
    " pin clerk likeness verified not_verified unavailable aborted"
    " entered left refused locked out-of-service in-service control"
    " added changed removed idle staged switching probation good reverted".split()
)


class EventRefused(ValueError):
    """A field that the catalogue does not have, or a value its kind does not admit: a programming error."""


@dataclass(frozen=True, slots=True)
class Event:
    """`level` is journald's; `about` is the sentence of the documentation."""

    name: str
    level: Literal["info", "warning", "error"]
    about: str
    fields: dict[str, Kind]

    def check(self, values: dict[str, object]) -> None:
        """Raises EventRefused unless the values are exactly this event's fields and of their kinds."""
        if values.keys() != self.fields.keys():
            raise EventRefused(f"{self.name} takes {sorted(self.fields)}")
        for field, kind in self.fields.items():
            if not _admits(kind, values[field]):
                raise EventRefused(f"{self.name}.{field} is no {kind}")


def _admits(kind: Kind, value: object) -> bool:
    if kind == "count":
        return type(value) is int and 0 <= value < 10**9
    if kind == "ms":
        return isinstance(value, float) and 0 <= value < 10**9
    if not isinstance(value, str):
        return False
    match kind:
        case "word":
            return value in _WORDS
        case "key":
            return value in _KEYS
        case "file":
            return safe_path(value)
        case "setting" if not value.isprintable():
            return False
        case _:
            return _PATTERNS[kind].fullmatch(value) is not None


def _event(name: str, level: Literal["info", "warning", "error"], about: str, **fields: Kind) -> Event:
    return Event(name, level, about, fields)


PROCESS = _event("process", "info", "A process of the kiosk started or stopped.", part="word", state="word")
TAKEN_UP = _event(
    "taken-up",
    "info",
    "A process serves with this release; 0 is the local file alone.",
    part="word",
    release="count",
)
CONFIGURATION = _event(
    "configuration",
    "info",
    "The configuration agent came to a phase of its work; release 0 is the local file alone.",
    phase="word",
    release="count",
)
CONFIGURATION_TROUBLE = _event(
    "configuration-trouble",
    "warning",
    "The configuration agent came to a phase because something was wrong.",
    phase="word",
    release="count",
    code="code",
)
SETTING_CHANGED = _event(
    "setting-changed",
    "info",
    "A release gives a setting another value.",
    release="count",
    key="key",
    old="setting",
    new="setting",
)
FILE_CHANGED = _event(
    "file-changed", "info", "A release adds, changes or removes a file.", release="count", file="file", change="word"
)
MORE_CHANGES = _event("more-changes", "info", "A release changes more than is told.", release="count", more="count")
SCREEN_LINK = _event("screen-link", "info", "The screen connected or was lost.", state="word")
VISIT_STATE = _event("visit-state", "info", "The visit reached a state of its table.", state="state")
VISIT_TROUBLE = _event("visit-trouble", "warning", "A visit ended in trouble; the code has a remedy.", code="code")
UNAVAILABLE = _event(
    "unavailable", "warning", "A part keeps the kiosk from serving; the code has a remedy.", part="word", code="code"
)
AVAILABLE = _event("available", "info", "That part no longer does.", part="word")
STAFF = _event(
    "staff", "info", "A technician came in or left, was refused, or moved the switch.", state="word", wrong="count"
)
STAFF_UNUSABLE = _event("staff-unusable", "warning", "The technicians' screen cannot do what it is for.", code="code")
DEVICE = _event("device", "info", "A USB device came or went.", part="word", state="word")
DEVICE_BLOCKED = _event("device-blocked", "warning", "A USB device that is not allowed was plugged in.", part="word")
DEVICE_WATCH_LOST = _event(
    "device-watch-lost", "warning", "The system does not tell which USB devices come and go.", code="code"
)
SCANNER = _event("scanner", "info", "A scanner of the card's zone is there.", part="word")
SCANNER_AWAY = _event(
    "scanner-away", "warning", "A scanner of the card's zone is not to be had.", part="word", code="code"
)
LIKENESS_AWAY = _event("likeness-away", "warning", "Face assistance is on, and not to be had.", code="code")
CARD = _event("card", "info", "A card or reader came or went.", state="word")
CARD_OPENED = _event("card-opened", "info", "How the chip in the reader opens.", access="word", apdus="count")
CARD_READ = _event(
    "card-read", "info", "The card was read and believed.", passive="word", chip="word", active="word", apdus="count"
)
HOLDER = _event("holder", "info", "Whether it is the card's holder, and by which means.", method="word", result="word")
GRANTED = _event("granted", "info", "The registry granted a document.", reference="reference", type="type")
SIGNED = _event("signed", "info", "The signer sealed and signed it.", reference="reference", sha256="hash")
PAPER = _event("paper", "info", "What became of the paper.", reference="reference", outcome="word", evidence="word")
VISIT_TIMES = _event(
    "visit-times",
    "info",
    "How long each stage of a visit took.",
    card="ms",
    registry="ms",
    seal_and_sign="ms",
    submit="ms",
    paper="ms",
    total="ms",
)
SETTLED = _event("settled", "info", "The registry knows how a grant ended.", reference="reference", outcome="word")
RECOVERED = _event("recovered", "warning", "Grants left open by an earlier run were closed.", grants="count")
SETTLEMENT_WAITS = _event(
    "settlement-waits", "warning", "Settlements wait for the registry.", grants="count", code="code"
)
ISSUE_FAILED = _event("issue-failed", "error", "A document could not be issued.", code="code")
UNEXPECTED = _event("unexpected", "error", "A failure without a code; only its kind is kept.", kind="class")
MESSAGE_REFUSED = _event(
    "message-refused", "warning", "A message on a socket was malformed or out of turn.", source="word"
)

EVENTS: dict[str, Event] = {e.name: e for e in list(globals().values()) if isinstance(e, Event)}


def markdown() -> str:
    """`docs/log-events.md`."""
    head = "# Log events\n\nGenerated from the catalogue: `kiosk catalogue events`. Nothing else is ever logged.\n\n"
    rows = [
        f"| `{e.name}` | {e.level} | {e.about} | {', '.join(f'{k} ({v})' for k, v in e.fields.items())} |"
        for e in sorted(EVENTS.values(), key=lambda e: e.name)
    ]
    return head + "| event | level | what it says | fields |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
