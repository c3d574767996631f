"""Pages of dots as PWG raster (PWG 5102.4-2012), for laser printers that take no PDF.

    document = encode(pages, dpi=300)

A page's own mode says what it is sent as: `L` is `sgray_8`, 0 is black; `1` is `black_1`. Pages are as large as
the sheet, and in the order in which they are printed: one-sided, once.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from itertools import groupby

from PIL import Image, ImageChops

_SYNC = b"RaS2"
_BLACK, _SGRAY = 3, 18  # PWG 5102.4 §4.3.2.1, ColorSpace
_WHITE_INK = 0x00FFFFFF  # AlternatePrimary: what lies outside any ImageBox
_A4_MM = (210, 297)
_MOST_ALIKE = 256
_RUN_OR_LITERALS = re.compile(rb"(.)\1{1,127}|(?:(.)(?!\2)){1,128}", re.DOTALL)


def encode(pages: Sequence[Image.Image], dpi: int) -> bytes:
    """All pages as one document. Raises ValueError for a page that is neither `L` nor `1`, or has no dots."""
    return _SYNC + b"".join(_header(page, dpi, len(pages)) + _lines(page) for page in pages)


def _header(page: Image.Image, dpi: int, of: int) -> bytes:
    """The 1796 octets before a page (PWG 5102.4 §4.3), in the order in which they stand."""
    if page.mode not in ("L", "1") or not (page.width and page.height):
        raise ValueError(f"a page of mode {page.mode}, {page.width} × {page.height} dots")
    bits, space = (8, _SGRAY) if page.mode == "L" else (1, _BLACK)
    points = (page.width * 72 // dpi, page.height * 72 // dpi)
    return b"".join(
        (
            _text("PwgRaster") + 3 * _text(""),  # MediaColor, MediaType, PrintContentOptimize
            struct.pack(">12x 2I", 0, 0),  # CutMedia, Duplex
            struct.pack(">2I 16x", dpi, dpi),  # HWResolution
            struct.pack(">3I 12x", 0, 0, 0),  # InsertSheet, Jog, LeadingEdge
            struct.pack(">2I 8x", 0, 0),  # MediaPosition, MediaWeightMetric
            struct.pack(">2I 4x", 1, 0),  # NumCopies, Orientation
            struct.pack(">2I 8x I", *points, 0),  # PageSize in points, Tumble
            struct.pack(">2I 4x", page.width, page.height),
            struct.pack(">5I", bits, bits, _octets(page), 0, space),  # BitsPerColor … ColorSpace
            struct.pack(">16x I 28x", 1),  # NumColors
            struct.pack(">3I", of, 1, 1),  # TotalPageCount, CrossFeedTransform, FeedTransform
            struct.pack(">4I", 0, 0, 0, 0),  # ImageBox: not told
            struct.pack(">2I 20x", _WHITE_INK, 0),  # AlternatePrimary, PrintQuality: the printer's own
            struct.pack(">2I 1088x", 0, 0),  # VendorIdentifier, VendorLength, VendorData
            struct.pack(">64x") + _text(""),  # reserved, RenderingIntent
            _text(_size_name(page, dpi)),
        )
    )


def _text(value: str) -> bytes:
    return value.encode("ascii").ljust(64, b"\0")


def _octets(page: Image.Image) -> int:
    return page.width if page.mode == "L" else (page.width + 7) // 8


def _size_name(page: Image.Image, dpi: int) -> str:
    """The self-describing name of the sheet (PWG 5101.1 §5)."""
    width, height = (round(dots * 25.4 / dpi) for dots in page.size)
    return ("iso_a4" if (width, height) == _A4_MM else "custom_sheet") + f"_{width}x{height}mm"


def _lines(page: Image.Image) -> bytes:
    """The page's lines, each once with the number of those alike that follow (PWG 5102.4 §4.4)."""
    # Pillow's 1 is white, and stands for black here; its padding bits are 0 and so stay white.
    octets = page.tobytes() if page.mode == "L" else ImageChops.invert(page).tobytes()
    length = _octets(page)
    coded: list[bytes] = []
    for line, alike in groupby(octets[at : at + length] for at in range(0, len(octets), length)):
        packed = _pack(line)
        count = sum(1 for _ in alike)
        coded += [bytes((min(_MOST_ALIKE, count - done) - 1,)) + packed for done in range(0, count, _MOST_ALIKE)]
    return b"".join(coded)


def _pack(line: bytes) -> bytes:
    """Runs of one value, and literals between them, at most 128 at a time."""
    return b"".join(
        bytes((len(found[0]) - 1,)) + found[1]
        if found[1] is not None
        else bytes((257 - len(found[0]),)) + found[0]
        if len(found[0]) > 1
        else b"\0" + found[0]
        for found in _RUN_OR_LITERALS.finditer(line)
    )
