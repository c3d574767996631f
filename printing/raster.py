"""A signed page as dots: drawn from the very bytes that were signed, so that paper says what was signed.

document = prepare(pdf, await printer.intake())
"""

from __future__ import annotations

from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from drivers.printers.errors import DocumentUnprintable
from drivers.printers.escpos.bitmap import MAX_ROWS
from drivers.printers.port import Intake
from printing import pwg

MAX_DOTS = 150_000_000
"""All pages together: four sheets at 600 dpi. One byte each while they are drawn."""
MAX_PAGES = 99
_OFF_WIDTH_MM = 1.0
_BURNT = [255 if shade >= 160 else 0 for shade in range(256)]
"""From greys to black (0) and white. Counted on long tickets at 203 and 180 dpi: below 160 the eyes of small letters
open and hairlines break, above it ever more neighbouring letters touch."""


def prepare(pdf: bytes, intake: Intake) -> bytes:
    """The document in the form that the printer takes. Raises DocumentUnprintable."""
    match intake.media_type:
        case "application/pdf":
            return pdf
        case "image/x-portable-bitmap":
            return b"".join(_portable(strip) for strip in _strips(pdf, intake))
        case "image/pwg-raster":
            sheets = list(_sheets(pdf, intake.dpi))
            return pwg.encode([_black(sheet) for sheet in sheets] if intake.pixels == "black_1" else sheets, intake.dpi)


def _strips(pdf: bytes, intake: Intake) -> Iterator[Image.Image]:
    """Each page in grey, exactly `intake.width` dots wide. A page for other paper is refused, not shrunk: nobody
    could read its seal."""
    paper = intake.width * 25.4 / intake.dpi
    for page in _pages(pdf):
        if abs(page.get_width() * 25.4 / 72 - paper) > _OFF_WIDTH_MM:
            raise DocumentUnprintable(f"a page that is not as wide as the strip of {paper:.0f} mm")
        rows = round(page.get_height() * intake.width / page.get_width())
        if rows > MAX_ROWS:
            raise DocumentUnprintable("a page longer than any ticket")
        yield _drawn(page, intake.width, rows)


def _sheets(pdf: bytes, dpi: int) -> Iterator[Image.Image]:
    """Each page in grey at `dpi`."""
    left = MAX_DOTS
    for page in _pages(pdf):
        width, height = (round(points * dpi / 72) for points in page.get_size())
        left -= width * height
        if left < 0:
            raise DocumentUnprintable("more dots than any document has")
        yield _drawn(page, width, height)


def _pages(pdf: bytes) -> Iterator[pypdfium2.PdfPage]:
    try:
        document = pypdfium2.PdfDocument(pdf)
    except pypdfium2.PdfiumError as error:
        raise DocumentUnprintable("not a PDF") from error
    try:
        if not 1 <= len(document) <= MAX_PAGES:
            raise DocumentUnprintable(f"a document of {len(document)} pages")
        for number in range(len(document)):
            yield _page(document, number)
    finally:
        document.close()


def _page(document: pypdfium2.PdfDocument, number: int) -> pypdfium2.PdfPage:
    try:
        page = document[number]
    except pypdfium2.PdfiumError as error:
        raise DocumentUnprintable("a page that cannot be read") from error
    if min(page.get_size()) < 1:
        raise DocumentUnprintable("a page without any size")
    return page


def _drawn(page: pypdfium2.PdfPage, width: int, height: int) -> Image.Image:
    """The page in 256 greys on exactly so many dots: `PdfPage.render` would round up, and move every edge."""
    if min(width, height) < 1:
        raise DocumentUnprintable("a page without any dot")
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, format=pdfium.FPDFBitmap_Gray)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_ANNOT | pdfium.FPDF_GRAYSCALE)
    grey: Image.Image = bitmap.to_pil()
    return grey


def _black(grey: Image.Image) -> Image.Image:
    return grey.point(_BURNT, "1")


def _portable(grey: Image.Image) -> bytes:
    """Raw PBM, whose 1 is black; Pillow's is white."""
    dots = _black(grey)
    return b"P4\n%d %d\n" % dots.size + dots.tobytes("raw", "1;I")
