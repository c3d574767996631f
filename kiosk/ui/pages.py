"""The preview's pages: PNG in, pictures that QML can show by address, and gone when told to forget."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize
from PySide6.QtGui import QImage, QImageReader
from PySide6.QtQuick import QQuickImageProvider

from kiosk.ui.errors import SnapshotRefused

MAX_PIXELS = 24_000_000
"""An A4 page at 400 dpi has 15.5 million."""


def read_page(text: str) -> QImage:
    """One PNG in base64. Raises SnapshotRefused for anything else, or for more than MAX_PIXELS."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SnapshotRefused("a preview page is not base64") from None
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(b"png"))
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > MAX_PIXELS:
        raise SnapshotRefused("a preview page is no PNG, or too large")
    image = reader.read()
    if image.isNull():
        raise SnapshotRefused("a preview page cannot be decoded")
    return image


class PagePictures(QQuickImageProvider):
    """Serves `image://page/SEQ-N` while the preview is on the screen; an address of an older one is empty."""

    def __init__(self) -> None:
        super().__init__(QQuickImageProvider.ImageType.Image)
        self._pages: dict[str, QImage] = {}

    def show(self, seq: int, pages: Sequence[QImage]) -> list[str]:
        """Replace what is shown; returns the addresses."""
        self._pages = {f"{seq}-{n}": page for n, page in enumerate(pages)}
        return [f"image://page/{key}" for key in self._pages]

    def forget(self) -> None:
        self._pages = {}

    @property
    def held(self) -> int:
        return len(self._pages)

    def requestImage(self, id: str, size: QSize, requestedSize: QSize) -> QImage:
        page = self._pages.get(id)
        if page is None:  # a blank rather than a null picture: QML would warn of the latter
            page = QImage(1, 1, QImage.Format.Format_RGB32)
            page.fill(0xFFFFFFFF)
        size.setWidth(page.width())
        size.setHeight(page.height())
        return page
