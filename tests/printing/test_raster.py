"""The signed page as dots: exactly as wide as the head, nothing thin lost, nothing refused too late."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from drivers.printers.errors import DocumentUnprintable
from drivers.printers.escpos.bitmap import read_bitmaps
from drivers.printers.escpos.models import load_model, model_names
from drivers.printers.port import Intake
from printing.documents import PageRequest
from printing.raster import MAX_ROWS, prepare
from printing.render import Renderer

AT_203 = Intake("image/x-portable-bitmap", dpi=203, width=576)
AT_180 = Intake("image/x-portable-bitmap", dpi=180, width=512)


def drawn(width: float, *heights: float, draw: Callable[[Canvas], None] = lambda _: None) -> bytes:
    """A PDF with a page for each height, in millimetres."""
    file = io.BytesIO()
    canvas = Canvas(file, invariant=True)
    for height in heights:
        canvas.setPageSize((width * mm, height * mm))
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def dots(document: bytes) -> Image.Image:
    """The only strip; 0 is burnt."""
    return Image.open(io.BytesIO(document)).convert("L")


def test_a_printer_of_pdf_gets_the_signed_bytes_themselves() -> None:
    assert prepare(b"whatever was signed", Intake("application/pdf")) == b"whatever was signed"


@pytest.mark.parametrize("model", model_names())
def test_every_model_takes_what_is_made_for_it(model: str) -> None:
    profile = load_model(model)
    intake = Intake("image/x-portable-bitmap", profile.dpi, profile.width)
    strips = read_bitmaps(prepare(drawn(72, 100, 33.3), intake), profile.width)
    assert [round(strip.height * 25.4 / profile.dpi) for strip in strips] == [100, 33]


def test_every_module_of_the_seal_is_whole_dots(renderer: Renderer, original: Callable[..., PageRequest]) -> None:
    request = original("ar", form="ticket")
    paper = dots(prepare(renderer.page(request), AT_203))
    modules = int(re.search(r'width="(\d+)"', request.seal_svg or "")[1])  # type: ignore[index]
    side = 72 * 8 // modules  # dots a module
    left, top = (576 - modules * side) // 2, paper.height - 3 * 8 - modules * side
    fields = [
        paper.crop((left + x * side, top + y * side, left + (x + 1) * side, top + (y + 1) * side)).getextrema()
        for x in range(modules)
        for y in range(modules)
    ]
    assert set(fields) == {(0, 0), (255, 255)}


@given(st.floats(71.4, 72.8), st.floats(5, 200), st.sampled_from([AT_203, AT_180]))
@settings(max_examples=40, deadline=None)
def test_a_strip_has_the_printers_width_and_the_pages_length(width: float, height: float, intake: Intake) -> None:
    (strip,) = read_bitmaps(prepare(drawn(width, height), intake), intake.width)
    assert abs(strip.height - height * intake.width / width) <= 0.51


@given(st.floats(0, 1), st.floats(-6, 6), st.sampled_from([AT_203, AT_180]))
@settings(max_examples=40, deadline=None)
def test_the_thinnest_stroke_is_not_broken_wherever_it_falls(offset: float, slope: float, intake: Intake) -> None:
    # 0.14 mm: the upstrokes of Arabic type of 10 points, and the tables' lines.
    def stroke(canvas: Canvas) -> None:
        canvas.setLineWidth(0.14 * mm)
        canvas.line(5 * mm, 20 * mm + offset, 65 * mm, (20 + slope) * mm + offset)

    paper = dots(prepare(drawn(72, 40, draw=stroke), intake))
    middle = range(intake.width // 10, intake.width * 9 // 10)
    columns = [paper.crop((x, 0, x + 1, paper.height)).getextrema()[0] for x in middle]
    assert set(columns) == {0}


@pytest.mark.parametrize(
    "pdf",
    [
        b"",
        b"%PDF-1.7 nothing follows",
        drawn(210, 297),
        drawn(58, 100),
        drawn(72, 0.01),
        drawn(72, MAX_ROWS / 8 + 1),
        drawn(72, *([10] * 100)),
    ],
    ids=["nothing", "no PDF", "a sheet", "narrow paper", "no height", "too long", "too many"],
)
def test_what_is_no_ticket_is_refused(pdf: bytes) -> None:
    with pytest.raises(DocumentUnprintable):
        prepare(pdf, AT_203)


def test_a_sheet_becomes_a_raster_of_its_own_size_and_too_many_dots_are_refused() -> None:
    document = prepare(drawn(210, 297, 297), Intake("image/pwg-raster", dpi=300))
    assert document.startswith(b"RaS2PwgRaster")
    assert document.count(b"PwgRaster") == 2
    assert document[4 + 372 : 4 + 380] == (2480).to_bytes(4, "big") + (3508).to_bytes(4, "big")
    with pytest.raises(DocumentUnprintable):
        prepare(drawn(210, *([297] * 5)), Intake("image/pwg-raster", dpi=600))
    with pytest.raises(DocumentUnprintable):
        prepare(b"no page", Intake("image/pwg-raster", dpi=300))


SMALL = drawn(72, 20, draw=lambda canvas: canvas.rect(9, 9, 9, 9, 0, 1))


@given(st.integers(0, len(SMALL) - 1), st.binary(min_size=1, max_size=12), st.booleans())
@settings(max_examples=150, deadline=None)
def test_whatever_a_pdf_holds_only_our_refusal_comes_out(at: int, noise: bytes, cut: bool) -> None:
    broken = SMALL[:at] + noise + (b"" if cut else SMALL[at + len(noise) :])
    try:
        strips = read_bitmaps(prepare(broken, AT_203), 576)
    except DocumentUnprintable:
        return
    assert len(strips) >= 1
