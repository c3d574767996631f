"""What a printer can do for us, from its Get-Printer-Attributes answer (RFC 8011 §5.2, PWG 5100.7, 5102.4); pure.

A document is A4 on one side, unscaled, once, from the configured tray; PDF where the printer takes it, else PWG
raster. What the printer does not tell is taken as IPP Everywhere (PWG 5100.14) has it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drivers.printers.errors import PrinterUnfit
from drivers.printers.ipp import Group
from drivers.printers.ipp_request import Given
from drivers.printers.port import Intake, MediaType, Pixels

ASKED = (
    "document-format-supported",
    "pwg-raster-document-resolution-supported",
    "pwg-raster-document-type-supported",
    "media-supported",
    "media-source-supported",
    "sides-supported",
    "print-scaling-supported",
)
LOADED = ("media-ready", "media-col-ready")
_A4 = "iso_a4_210x297mm"
_A4_SIZE = {"x-dimension": 21000, "y-dimension": 29700}  # hundredths of a millimetre
_PDF: MediaType = "application/pdf"
_PWG: MediaType = "image/pwg-raster"
_SIZED = re.compile(r"_[0-9.]+x[0-9.]+(?:mm|in)(?=$|[._])")
"""A self-describing media name (PWG 5101.1 §5)."""
_OLD_NAME = re.compile(r"(?:iso-)?a4(?:-white|-colored|-transparent)?")
"""As RFC 2911, appendix C, called it."""
_WANTED_DPI: dict[Pixels, int] = {"sgray_8": 300, "black_1": 600}
"""Grey at 300 dpi shows hairlines as well as black dots at 600, and is half as long to send."""
_MOST_DPI = 1200
_DOTS_PER_INCH = 3


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The printer's own words; empty where it does not tell. `resolutions` are dpi, the same in both directions."""

    formats: tuple[str, ...]
    resolutions: tuple[int, ...]
    pixels: tuple[str, ...]
    media: tuple[str, ...]
    sources: tuple[str, ...]
    sides: tuple[str, ...]
    scalings: tuple[str, ...]


def capabilities(printer: Group) -> Capabilities:
    """From the answer to ASKED."""
    return Capabilities(
        formats=tuple(name.lower() for name in printer.texts("document-format-supported")),
        resolutions=tuple(_resolutions(printer.octets("pwg-raster-document-resolution-supported"))),
        pixels=printer.texts("pwg-raster-document-type-supported"),
        media=printer.texts("media-supported"),
        sources=printer.texts("media-source-supported"),
        sides=printer.texts("sides-supported"),
        scalings=printer.texts("print-scaling-supported"),
    )


def intake(can: Capabilities) -> Intake:
    """What a document is sent as. Raises PrinterUnfit when it is nothing that we make."""
    if _PDF in can.formats or not can.formats:
        return Intake(_PDF)
    kinds: tuple[Pixels, ...] = ("sgray_8", "black_1")
    pixels = next((kind for kind in kinds if kind in can.pixels), None)
    if _PWG not in can.formats or pixels is None or not can.resolutions:
        raise PrinterUnfit(f"the printer takes neither PDF nor PWG raster in black, only {_said(can.formats)}")
    fine = [dpi for dpi in can.resolutions if dpi >= _WANTED_DPI[pixels]]
    return Intake(_PWG, dpi=min(fine) if fine else max(can.resolutions), pixels=pixels)


def template(can: Capabilities, tray: str) -> dict[str, Given]:
    """The job's attributes. Raises PrinterUnfit when the printer has no such tray, or no A4."""
    if can.media and not any(is_a4(name) is not False for name in can.media):
        raise PrinterUnfit("the printer does not take A4")
    # One copy and one side are said even so: a printer's own defaults may be others.
    asked: dict[str, Given] = {"copies": 1}
    if tray:
        if tray not in can.sources:
            raise PrinterUnfit(f"the printer has no tray {tray}, only {_said(can.sources)}")
        asked["media-col"] = {"media-size": _A4_SIZE, "media-source": tray}
    else:
        asked["media"] = _A4
    if "one-sided" in can.sides:
        asked["sides"] = "one-sided"
    if "none" in can.scalings:
        asked["print-scaling"] = "none"  # the modules of the seal must stay whole dots
    return asked


SERIOUS = frozenset({"media", "media-col", "sides"})
"""What a printer must not leave out of a job: the page would come out otherwise than it was signed."""


def a4_is_loaded(printer: Group, tray: str) -> bool | None:
    """Whether there is A4 to print on, in the tray if one is given; None when the printer does not tell."""
    if not tray:
        return _any_a4([is_a4(name) for name in printer.texts("media-ready")])
    ready = [media for media in printer.collections("media-col-ready") if tray in media.get("media-source", ())]
    return _any_a4([_is_a4_size(media) for media in ready])


def _said(words: Iterable[str]) -> str:
    """A printer's own words, for a technician: short and printable."""
    return "".join(c for c in ", ".join(words) if c.isprintable())[:120] or "what it does not tell"


def _any_a4(told: Iterable[bool | None]) -> bool | None:
    told = tuple(told)
    if not told or (True not in told and None in told):
        return None
    return True in told


def is_a4(name: str) -> bool | None:
    """Whether a medium of this name is A4; None for a name that says no size."""
    name = name.lower()
    if _OLD_NAME.fullmatch(name):
        return True
    sized = _SIZED.search(name)
    return None if sized is None else sized[0] == "_210x297mm"


def _is_a4_size(media: Mapping[str, object]) -> bool | None:
    match media.get("media-size"):
        case (Mapping() as size,):
            x, y = size.get("x-dimension"), size.get("y-dimension")
            return (x, y) == ((_A4_SIZE["x-dimension"],), (_A4_SIZE["y-dimension"],)) if x and y else None
    return None


def _resolutions(values: Iterable[bytes]) -> Iterable[int]:
    """From resolution values (RFC 8010 §3.9): two numbers and a unit."""
    for value in values:
        if len(value) == struct.calcsize(">iib"):
            across, along, unit = struct.unpack(">iib", value)
            if across == along and unit == _DOTS_PER_INCH and 0 < across <= _MOST_DPI:
                yield across
