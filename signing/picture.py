"""Finds a seal in a picture of a page: a photo, a scan, or a PDF that holds nothing but scans."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import pypdfium2
import zxingcpp
from PIL import Image, UnidentifiedImageError

MAX_PIXELS = 60_000_000
MAX_PAGES = 8
_SCAN_DPI = 300
_POINTS_PER_INCH = 72
_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM")


class NoPicture(Exception):
    """Not a picture, or one too large to look at; the words are the reason."""


class HasText(Exception):
    """The PDF holds text of its own: it is no scan, and only a signature could vouch for it."""


def texts_in_picture(data: bytes) -> list[str]:
    """The text of each QR code in a picture. Raises NoPicture."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise NoPicture("the picture is too large")
                grey = picture.convert("L")
        except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise NoPicture("neither a PDF, nor a seal's text, nor a picture") from None
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError, RuntimeError):
            raise NoPicture("the picture cannot be decoded") from None
    return _codes(grey)


def texts_in_scan(data: bytes) -> list[str]:
    """The text of each QR code on the pages of a PDF of scans. Raises NoPicture, HasText."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        raise NoPicture("the PDF cannot be opened") from None
    try:
        if not 1 <= len(document) <= MAX_PAGES:
            raise NoPicture("the PDF has no page, or too many")
        return [text for picture in _pages(document) for text in _codes(picture)]
    except pypdfium2.PdfiumError:
        raise NoPicture("the PDF cannot be read") from None
    finally:
        document.close()


def _pages(document: pypdfium2.PdfDocument) -> Iterator[Image.Image]:
    for page in document:
        if page.get_textpage().count_chars():
            raise HasText("the PDF is not signed")
        width, height = page.get_size()
        scale = _SCAN_DPI / _POINTS_PER_INCH
        if width * height * scale * scale > MAX_PIXELS:
            raise NoPicture("a page is too large")
        yield page.render(scale=scale, grayscale=True).to_pil()


def _codes(picture: Image.Image) -> list[str]:
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return [code.text for code in found if code.valid]
