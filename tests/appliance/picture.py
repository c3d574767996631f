"""The out-of-service picture, told from photographs of the citizens' screen by comparing it with the real one."""

from __future__ import annotations

from functools import cache

from PIL import Image, ImageChops, ImageStat
from PySide6.QtGui import QImage, QPainter

from kiosk.ui import out_of_service
from tests.application import the_application

CODES = (out_of_service.STARTING, out_of_service.ENDED, *sorted(set(out_of_service.REASONS.values())))


@cache
def _drawn(width: int, height: int, code: str) -> Image.Image:
    the_application()
    image = QImage(width, height, QImage.Format.Format_RGBX8888)
    painter = QPainter(image)
    out_of_service.draw(painter, width, height, code)
    painter.end()
    return Image.frombytes("RGBX", (width, height), bytes(image.constBits())).convert("RGB")


def is_the_picture(photo: Image.Image) -> bool:
    """Whether the counter's window, as it is drawn, is what the photograph shows in its place."""
    width, height = photo.size
    return _difference(photo, _drawn(width, height, CODES[0]), (0, height // 5, width, height // 2)) < 4


def code_shown(photo: Image.Image) -> str:
    """The code in small type at its foot: the one whose picture is nearest."""
    width, height = photo.size
    foot = (0, height * 9 // 10, width, height)
    return min(CODES, key=lambda code: _difference(photo, _drawn(width, height, code), foot))


def _difference(one: Image.Image, other: Image.Image, place: tuple[int, int, int, int]) -> float:
    """Root mean square of the difference of the two, from 0 to 255."""
    mean = ImageStat.Stat(ImageChops.difference(one.crop(place), other.crop(place)).convert("L")).rms
    return float(mean[0])
