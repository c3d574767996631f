"""The one way to the log: `say(event, **fields)`, JSON lines on standard error (journald's when a unit).

Other libraries do not get a word in: their loggers print addresses and bodies, and with them the NIN.
"""

from __future__ import annotations

import logging
import sys
import warnings
from typing import TextIO

import structlog

from kiosk.catalogue.codes import code_of, entry
from kiosk.catalogue.events import UNEXPECTED, Event

_log = structlog.get_logger()


def configure(stream: TextIO | None = None) -> None:
    """Send our events to `stream` (standard error unless given) and silence every other library."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def say(event: Event, **fields: object) -> None:
    """Log one event of the catalogue. Raises EventRefused for a field or value it does not admit."""
    event.check(fields)
    if isinstance(code := fields.get("code"), str):
        fields["remedy"] = entry(code).remedy
    getattr(_log, event.level)(event.name, **fields)


def say_unexpected(error: BaseException) -> None:
    """Log the kind of an exception nobody foresaw; its words may hold personal data and are dropped."""
    say(UNEXPECTED, kind=type(error).__name__)


def say_error(event: Event, error: BaseException) -> str:
    """Log `event` with the code that `error` carries, and return the code."""
    code = code_of(error)
    say(event, code=code)
    if code == "E-KIOSK-UNEXPECTED":
        say_unexpected(error)
    return code
