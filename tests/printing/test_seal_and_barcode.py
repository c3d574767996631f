"""The seal is drawn as it was handed in, module by module; the barcode says the reference."""

from __future__ import annotations

import io
import re

import pytest
import segno
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from printing import barcode
from printing.errors import RequestUnfit, SealUnfit
from printing.seal_picture import QUIET_ZONE, SealPicture


def svg_of(code: segno.QRCode, **style: object) -> str:
    picture = io.BytesIO()
    code.save(picture, kind="svg", scale=1, **style)
    return picture.getvalue().decode()


@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=1, max_size=1200),
    st.sampled_from("lm"),
    st.sampled_from([{}, {"border": 0}, {"omitsize": True}, {"xmldecl": False, "svgclass": None}]),
)
@settings(max_examples=40, deadline=None)
def test_every_code_of_segno_is_read_module_by_module(text: str, error: str, style: dict[str, object]) -> None:
    code = segno.make_qr(text, error=error)
    picture = SealPicture.from_svg(svg_of(code, **style))
    assert picture.rows == tuple(tuple(bool(module) for module in row) for row in code.matrix)


def test_the_drawing_fills_whole_modules_inside_its_quiet_zone() -> None:
    code = segno.make_qr("SHUBBAK", error="m")
    picture = SealPicture.from_svg(svg_of(code))
    drawing = picture.drawing()
    side = picture.modules + 2 * QUIET_ZONE
    assert f'viewBox="0 0 {side} {side}"' in drawing
    dark = {
        (int(x) + step, int(y))
        for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawing)
        for step in range(int(length))
    }
    expected = {
        (x + QUIET_ZONE, y + QUIET_ZONE) for y, row in enumerate(code.matrix) for x, module in enumerate(row) if module
    }
    assert dark == expected


GOOD = svg_of(segno.make_qr("SHUBBAK", error="m"))


@pytest.mark.parametrize(
    "svg",
    [
        "",
        "not a picture",
        GOOD.replace("</svg>", "<script>alert(1)</script></svg>"),
        GOOD.replace("</svg>", '<image href="file:///etc/passwd"/></svg>'),
        GOOD.replace("</svg>", '<path stroke="#000" d="M4 4.5h7"/></svg>'),
        GOOD.replace("<path", '<path transform="scale(4)"'),
        GOOD.replace("h7", "h8", 1),
        GOOD.replace("h7", "h7000", 1),
        GOOD.replace("M4 4.5", "M4 4.25", 1),
        GOOD.replace("M4 4.5", "M-9 4.5", 1),
        re.sub(r'd="[^"]*"', 'd=""', GOOD),
        re.sub(r'd="[^"]*"', 'd="M0 0.5h21"', GOOD),
        GOOD + " " * 200_001,
        svg_of(segno.make_qr("A" * 3000, error="l")),
        svg_of(segno.make_micro("1")),
    ],
)
def test_any_other_picture_is_refused(svg: str) -> None:
    with pytest.raises(SealUnfit):
        SealPicture.from_svg(svg)


@given(
    st.text(max_size=200)
    | st.text("Mmh0123456789. -", max_size=80).map(lambda d: f'<svg><path stroke="#000" d="{d}"/></svg>')
)
@example('<svg><path stroke="#000" d="M4 4.5h7"/></svg>')
@example('<svg><path stroke="#000" d="m0 0h1"/></svg>')
@example('<svg><path stroke="#000" d="M99999999999999 0.5h1"/></svg>')
def test_only_our_own_refusal_comes_out(svg: str) -> None:
    with pytest.raises(SealUnfit):
        SealPicture.from_svg(svg)


@given(st.text([chr(c) for c in range(32, 127)], min_size=1, max_size=40))
@example("DZ-2026-1601-0000042")
@example("4711")
@example("A12345")
@settings(max_examples=60, deadline=None)
def test_a_foreign_reader_reads_the_bars(text: str) -> None:
    widths = barcode.code128(text)
    picture = Image.new("L", ((sum(widths) + 2 * barcode.QUIET_ZONE) * 3, 60), 255)
    pen, x = ImageDraw.Draw(picture), barcode.QUIET_ZONE
    for place, width in enumerate(widths):
        if place % 2 == 0:
            pen.rectangle((x * 3, 0, (x + width) * 3 - 1, 60), fill=0)
        x += width
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.Code128)
    assert [result.text for result in found] == [text]


def test_figures_at_the_end_take_half_the_place() -> None:
    assert sum(barcode.code128("DZ-0000042")) == sum(barcode.code128("DZ-ABCD")) + 11


@pytest.mark.parametrize("text", ["", "é", "A" * 41, "tab\t"])
def test_what_code_128_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(RequestUnfit):
        barcode.code128(text)
