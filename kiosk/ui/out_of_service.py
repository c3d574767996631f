"""The out-of-service picture: what is seen while the screen's own process is not there.

    python -I -m kiosk.ui.out_of_service --reason FILE

It is the display's first window and lies under everything (docs/adr/0012). It shows where to go instead, in both
languages, and in small type why the screen is away: FILE has systemd's word for how the screen ended
($SERVICE_RESULT, systemd.exec(5)). It needs neither the session nor the screen, no QML, no configuration and no
network, and must outlive them all: whatever FILE says or whether it is there, there is a picture.

The supervisor hears of it once the display has taken a first frame, and again with each further one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QFont,
    QGuiApplication,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QRasterWindow,
)

from kiosk import supervision
from kiosk.ui.words import LANGUAGES, RIGHT_TO_LEFT, Language, words

STARTING = "E-KIOSK-SCREEN-STARTING"
ENDED = "E-KIOSK-SCREEN-ENDED"
REASONS = {"success": "E-KIOSK-SCREEN-STOPPED", "watchdog": "E-KIOSK-SCREEN-HUNG", "timeout": "E-KIOSK-SCREEN-HUNG"}
"""systemd's word for how the screen ended → the code shown; any other word is ENDED, no file is STARTING."""

WIDTH_MM = 344.0
"""The design's own width; the picture fills whatever window it is given."""
_FONTS = ["Noto Sans", "Noto Sans Arabic"]
_CAP_HEIGHT = 0.714  # Noto Sans: height of H over the size of the type
_ARABIC = 1.2  # Arabic letters look that much smaller at the same size
_GROUND, _INK, _QUIET, _ACCENT, _TINT = (
    QColor(colour) for colour in ("#fbf8f2", "#1b1a17", "#4f4b42", "#0b4f3a", "#e9f0ea")
)
_LOOK_MS = 200
_FRAME_MS = 1000


def code_of(reason: Path) -> str:
    """The code for what the file says. Never raises: an unreadable file is no reason to show nothing."""
    try:
        with reason.open("rb") as file:
            word = file.read(64).decode("ascii", "replace").strip()
    except OSError:
        return STARTING
    return REASONS.get(word, ENDED)


class Picture(QRasterWindow):
    """The window; it cannot be closed, and no touch or key means anything to it."""

    def __init__(self, reason: Path) -> None:
        super().__init__()
        self._reason = reason
        self._code = code_of(reason)
        self._taken = False
        self.setTitle("Shubbak")
        self.setCursor(Qt.CursorShape.BlankCursor)
        self._every(_LOOK_MS, self._look_again)
        self._every(min(_FRAME_MS, round((supervision.watchdog_interval() or 60.0) * 1000)), self._ask_for_a_frame)

    def _every(self, milliseconds: int, do: Callable[[], None]) -> None:
        timer = QTimer(self)
        timer.timeout.connect(do)
        timer.start(milliseconds)

    def _look_again(self) -> None:
        code = code_of(self._reason)
        if code != self._code:
            self._code = code
            self.update()

    def _ask_for_a_frame(self) -> None:
        self.update(QRect(0, 0, 1, 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw(painter, self.width(), self.height(), self._code)
        painter.end()
        # A second frame is asked for only once the display has taken the first.
        if self._taken:
            supervision.ready()
            supervision.alive()
        self._taken = True

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()

    def event(self, event: QEvent) -> bool:
        if event.isInputEvent():
            return True
        return super().event(event)


def draw(painter: QPainter, width: int, height: int, code: str) -> None:
    """The whole picture, upright or lying, for any size in pixels."""
    unit = min(width, height * 0.75) / WIDTH_MM  # pixels for a millimetre of the design
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(0, 0, width, height, _GROUND)
    blocks = [_Block(painter, language, width - 44 * unit, unit) for language in LANGUAGES]
    drawing, gap = 150 * unit, 24 * unit
    top = (height - drawing - sum(gap + block.height for block in blocks)) / 2
    _draw_counter(painter, width / 2, top, drawing / 100)
    top += drawing
    for block in blocks:
        top += gap
        block.draw(22 * unit, top)
        top += block.height
    painter.setFont(_font(4, unit))
    painter.setPen(_QUIET)
    room = QRectF(22 * unit, height - 34 * unit, width - 44 * unit, 16 * unit)
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter, code)


class _Block:
    """What is the matter and where to go, in one language."""

    def __init__(self, painter: QPainter, language: Language, width: float, unit: float) -> None:
        said, size = words(language)["away"], unit * (_ARABIC if language in RIGHT_TO_LEFT else 1)
        self._painter = painter
        self._lines = [
            (said["question"], _font(9, size, bold=True), _INK),
            (said["hint"], _font(6.5, size), _QUIET),
        ]
        self._rooms = [self._room(text, font, width) for text, font, _ in self._lines]
        self.height = sum(room.height() for room in self._rooms)

    def _room(self, text: str, font: QFont, width: float) -> QRectF:
        self._painter.setFont(font)
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        room = self._painter.boundingRect(QRectF(0, 0, width, 10_000), int(flags), text)
        return QRectF(0, 0, width, max(room.height(), 1.6 * font.pixelSize()))

    def draw(self, left: float, top: float) -> None:
        for (text, font, colour), room in zip(self._lines, self._rooms, strict=True):
            self._painter.setFont(font)
            self._painter.setPen(colour)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            self._painter.drawText(room.translated(left, top), int(flags), text)
            top += room.height()


def _font(cap_millimetres: float, unit: float, *, bold: bool = False) -> QFont:
    font = QFont(_FONTS)
    font.setPixelSize(max(1, round(cap_millimetres * unit / _CAP_HEIGHT)))
    font.setBold(bold)
    return font


def _draw_counter(painter: QPainter, middle: float, top: float, scale: float) -> None:
    """The counter's window with somebody behind it, and beside it this machine at rest. 100 high, 150 wide."""
    painter.save()
    painter.translate(middle - 75 * scale, top)
    painter.scale(scale, scale)

    window = QPainterPath()
    window.moveTo(8, 84)
    window.lineTo(8, 40)
    window.cubicTo(8, 18, 24, 8, 44, 0)
    window.cubicTo(64, 8, 80, 18, 80, 40)
    window.lineTo(80, 84)
    window.closeSubpath()
    painter.setPen(_pen(_ACCENT, 2.6))
    painter.setBrush(Qt.GlobalColor.white)
    painter.drawPath(window)

    clerk = QPainterPath()
    clerk.moveTo(24, 84)
    clerk.cubicTo(24, 64, 32, 58, 44, 58)
    clerk.cubicTo(56, 58, 64, 64, 64, 84)
    clerk.closeSubpath()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_ACCENT)
    painter.drawPath(clerk)
    painter.drawEllipse(QRectF(33, 30, 22, 22))
    painter.drawRoundedRect(QRectF(0, 84, 88, 7), 2, 2)

    painter.setPen(_pen(_QUIET, 1.4))
    painter.setBrush(Qt.GlobalColor.white)
    painter.drawRoundedRect(QRectF(110, 22, 36, 69), 3, 3)
    painter.setBrush(_TINT)
    painter.drawRoundedRect(QRectF(115, 28, 26, 30), 1.5, 1.5)
    painter.setPen(_pen(_QUIET, 3))
    painter.drawLine(QRectF(122, 43, 12, 0).topLeft(), QRectF(122, 43, 12, 0).topRight())
    painter.setPen(_pen(_QUIET, 1.4))
    painter.drawLine(QRectF(117, 68, 22, 0).topLeft(), QRectF(117, 68, 22, 0).topRight())
    painter.drawLine(QRectF(117, 78, 22, 0).topLeft(), QRectF(117, 78, 22, 0).topRight())
    painter.restore()


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def main(arguments: list[str] | None = None) -> int:
    """Shows the picture until it is ended from outside."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.ui.out_of_service")
    parser.add_argument("--reason", type=Path, required=True, metavar="FILE", help="why the screen is away")
    given = parser.parse_args(arguments)
    application = QGuiApplication(sys.argv[:1])
    picture = Picture(given.reason)
    picture.showFullScreen()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
