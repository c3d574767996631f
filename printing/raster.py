"""A signed page as dots: drawn from the very bytes that were signed, so that paper says what was signed.

document = prepare(pdf, await printer.intake())
"""

from __future__ import annotations

import pypdfium2
from PIL import Image

from drivers.printers.errors import DocumentUnprintable
from drivers.printers.port import Intake

MAX_ROWS = 20_000
"""The longest strip, in rows of dots."""
_THRESHOLD = 160
"""Greys darker than this are burnt: thin strokes of Arabic letters must not break."""


def prepare(pdf: bytes, intake: Intake) -> bytes:
    """The document in the form that the printer takes. Raises DocumentUnprintable."""
    match intake.media_type:
        case "application/pdf":
            return pdf
        case "image/x-portable-bitmap":
            return _bitmaps(pdf, intake.width)
        case other:
            raise DocumentUnprintable(f"no document is made into {other}")


def _bitmaps(pdf: bytes, width: int) -> bytes:
    """Each page as raw PBM, exactly `width` dots wide."""
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        raise DocumentUnprintable("not a PDF") from error
    try:
        return b"".join(_bitmap(document[number], width) for number in range(len(document)))
    finally:
        document.close()


def _bitmap(page: pypdfium2.PdfPage, width: int) -> bytes:
    scale = width / page.get_width()
    if round(page.get_height() * scale) > MAX_ROWS:
        raise DocumentUnprintable("a page longer than any ticket")
    grey: Image.Image = page.render(scale=scale, grayscale=True).to_pil()
    if grey.width != width:
        grey = grey.crop((0, 0, width, grey.height))
    dots = grey.point(lambda shade: 255 if shade >= _THRESHOLD else 0).convert("1", dither=Image.Dither.NONE)
    # PBM's 1 is black, Pillow's is white.
    rows = bytes(byte ^ 0xFF for byte in dots.tobytes())
    return b"P4\n%d %d\n" % (width, dots.height) + rows
