"""The page a technician prints to see what a printer does to a page: rulers, greys, black, stripes, codes, scripts.

    trial_page()                     a sheet
    trial_page("ticket")             a strip of 72 mm
    trial_page("a4", pages=10)       numbered sheets, to see how quick a printer is

What is to be seen in it, docs/technician.md says. Dots are those of 8 a millimetre (203 dpi).
"""

from __future__ import annotations

import io
from collections.abc import Callable

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from printing.barcode import code128
from printing.forms import TICKET_WIDTH_MM, Form
from printing.outlines import ARABIC, LATIN, TIFINAGH, draw_words

MAX_PAGES = 99
DOT = mm / 8
_SHEET = (210 * mm, 297 * mm)
_STRIP = (TICKET_WIDTH_MM * mm, 170 * mm)
_WORDS = ((ARABIC, "الحالة المدنية: شبّاك"), (TIFINAGH, "ⵜⴰⵡⴰⵏⴽⴰ ⵜⴰⵖⵔⵎⴰⵏⵜ"), (LATIN, "État civil, œuvre, çà et là"))


def trial_page(form: Form = "a4", pages: int = 1) -> bytes:
    """1 to 99 pages (PDF): a sheet has a frame 10 mm from its edges and rulers of 180 and 240 mm, a strip rulers of 72
    and 150 mm. Raises FontMissing."""
    file = io.BytesIO()
    canvas = Canvas(file, invariant=True, initialFontName="Helvetica")
    canvas.setTitle("Shubbak: test page")
    draw: Callable[[Canvas, str], None] = _sheet if form == "a4" else _strip
    for number in range(1, min(max(pages, 1), MAX_PAGES) + 1):
        canvas.setPageSize(_SHEET if form == "a4" else _STRIP)
        draw(canvas, f"{number} / {pages}")
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _sheet(canvas: Canvas, number: str) -> None:
    canvas.setLineWidth(0.1 * mm)
    canvas.rect(10 * mm, 10 * mm, 190 * mm, 277 * mm, stroke=1, fill=0)
    _title(canvas, 105 * mm, 272 * mm, number)
    _ruler(canvas, 15 * mm, 262 * mm, 180)
    _upright_ruler(canvas, 15 * mm, 12 * mm, 240)
    _greys(canvas, 32 * mm, 232 * mm, 16 * mm, 14 * mm)
    _halftones(canvas, 32 * mm, 208 * mm)
    _field(canvas, 112 * mm, 208 * mm, 80 * mm, 14 * mm)
    _stripes(canvas, 32 * mm, 174 * mm)
    _barcodes(canvas, 112 * mm, 192 * mm, (2, 3))
    _barcodes(canvas, 112 * mm, 176 * mm, (4,))
    _codes(canvas, 32 * mm, 166 * mm, (2, 3, 4, 6))
    _scripts(canvas, 32 * mm, 136 * mm, 192 * mm, (7, 9, 12, 16, 24))


def _strip(canvas: Canvas, number: str) -> None:
    width, height = _STRIP
    _title(canvas, width / 2, height - 8 * mm, number)
    _ruler(canvas, 0, height - 15 * mm, 72)
    _upright_ruler(canvas, 0, 2 * mm, 150)
    _halftones(canvas, 10 * mm, height - 37 * mm)
    _field(canvas, 10 * mm, height - 49 * mm, 62 * mm, 10 * mm)
    _stripes(canvas, 10 * mm, height - 79 * mm)
    _barcodes(canvas, 10 * mm, height - 90 * mm, (2, 3))
    _codes(canvas, 10 * mm, height - 96 * mm, (3, 4, 6))
    _scripts(canvas, 10 * mm, height - 120 * mm, 71 * mm, (7, 9, 12))


def _title(canvas: Canvas, x: float, y: float, number: str) -> None:
    draw_words(canvas, x, y, "Shubbak", font=LATIN, size=11, edge="right")
    draw_words(canvas, x + 3 * mm, y, "صفحة تجريبية", font=ARABIC, size=12)
    canvas.setFont("Helvetica", 7)
    canvas.drawCentredString(x, y - 4 * mm, f"Test page / Page d'essai   {number}")


def _ruler(canvas: Canvas, x: float, y: float, length: int) -> None:
    """A tick each millimetre downwards from `y`, of 2, 3 and 5 mm, a number each ten."""
    canvas.setFont("Helvetica", 6)
    for at in range(length + 1):
        tick = 5 if at % 10 == 0 else 3 if at % 5 == 0 else 2
        left = min(x + at * mm, x + length * mm - DOT)
        _field(canvas, left, y - tick * mm, DOT, tick * mm)
        if at % 10 == 0 and 0 < at < length:
            canvas.drawString(left + 0.5 * mm, y - 5 * mm, str(at))


def _upright_ruler(canvas: Canvas, x: float, y: float, length: int) -> None:
    canvas.setFont("Helvetica", 6)
    for at in range(length + 1):
        tick = 5 if at % 10 == 0 else 3 if at % 5 == 0 else 2
        _field(canvas, x, y + at * mm, tick * mm, DOT)
        if at % 10 == 0:
            canvas.drawString(x + 5.5 * mm, y + at * mm - 0.7 * mm, str(at))


def _greys(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """Ten steps from light to black, each a tenth darker."""
    canvas.setFont("Helvetica", 6)
    for step in range(1, 11):
        left = x + (step - 1) * width
        canvas.setFillGray(1 - step / 10)
        canvas.rect(left, y, width, height, stroke=0, fill=1)
        canvas.setFillGray(0)
        canvas.drawString(left, y + height + 0.7 * mm, f"{step * 10} %")


def _halftones(canvas: Canvas, x: float, y: float) -> None:
    """Dots on the grid, one in sixteen, eight, four and two: what a printer without greys does to them."""
    canvas.setFont("Helvetica", 6)
    size = 96
    for field, (across, down) in enumerate(((4, 4), (4, 2), (2, 2), (2, 1))):
        left = x + field * 16 * mm
        for row in range(size // down):
            shift = row % 2 if down == 1 else 0
            outline = canvas.beginPath()
            for column in range(size // across):
                outline.rect(left + (column * across + shift) * DOT, y + row * down * DOT, DOT, DOT)
            canvas.drawPath(outline, stroke=0, fill=1)
        canvas.drawString(left, y + 12.5 * mm, f"1 : {across * down}")


def _stripes(canvas: Canvas, x: float, y: float) -> None:
    """Lines and gaps of one to four dots, upright and lying."""
    canvas.setFont("Helvetica", 6)
    for dots in range(1, 5):
        left = x + (dots - 1) * 16 * mm
        for line in range(96 // (2 * dots)):
            _field(canvas, left + 2 * line * dots * DOT, y + 14 * mm, dots * DOT, 12 * mm)
            _field(canvas, left, y + 2 * line * dots * DOT, 12 * mm, dots * DOT)
        canvas.drawString(left, y + 27 * mm, f"{dots} x 0.125 mm")


def _barcodes(canvas: Canvas, x: float, y: float, modules: tuple[int, ...]) -> None:
    """Code 128 at so many dots a module; each says its own size."""
    canvas.setFont("Helvetica", 6)
    for dots in modules:
        said = f"C{dots * 125}"
        at = x
        for place, width in enumerate(code128(said)):
            if place % 2 == 0:
                _field(canvas, at, y, width * dots * DOT, 8 * mm)
            at += width * dots * DOT
        canvas.drawString(x, y - 2.5 * mm, f"{said}: {dots * 0.125:g} mm")
        x = at + 12 * dots * DOT


def _codes(canvas: Canvas, x: float, top: float, modules: tuple[int, ...]) -> None:
    """QR codes side by side, at so many dots a module; each says its own size."""
    canvas.setFont("Helvetica", 6)
    for dots in modules:
        said = f"Q{dots * 125}"
        code = QRCode(None, QRErrorCorrectLevel.M)
        code.addData(f"SHUBBAK {said}")
        code.make()
        rows: list[list[bool]] = code.modules
        module = dots * DOT
        outline = canvas.beginPath()
        for row, line in enumerate(rows):
            for column, dark in enumerate(line):
                if dark:
                    outline.rect(x + column * module, top - (row + 1) * module, module, module)
        canvas.drawPath(outline, stroke=0, fill=1)
        side = len(rows) * module
        canvas.drawString(x, top - side - 2.5 * mm, f"{said}: {dots * 0.125:g} mm")
        x += max(side, 16 * mm) + 5 * mm


def _scripts(canvas: Canvas, left: float, top: float, right: float, sizes: tuple[int, ...]) -> None:
    """The three scripts in each size, Arabic from its own side."""
    y = top
    for size in sizes:
        for font, words in _WORDS:
            y -= size * 1.35
            arabic = font == ARABIC
            draw_words(
                canvas, right if arabic else left, y, words, font=font, size=size, edge="right" if arabic else "left"
            )


def _field(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """Black, a twentieth of a dot smaller: a field that reaches a hair over its dot would be drawn on two."""
    edge = DOT / 20
    canvas.rect(x + edge, y + edge, width - 2 * edge, height - 2 * edge, stroke=0, fill=1)
