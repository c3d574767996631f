"""The technician's page: measures that are true, codes that are read, letters that join."""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageChops
from reportlab.pdfgen.canvas import Canvas

from drivers.printers.port import Intake
from printing.errors import FontMissing
from printing.outlines import ARABIC, LATIN, draw_words
from printing.raster import prepare
from printing.trial_page import trial_page

GOLDEN = Path(__file__).parent / "golden" / "trial-ticket.png"
AT_203 = Intake("image/x-portable-bitmap", dpi=203, width=576)


@cache
def strip(intake: Intake = AT_203) -> Image.Image:
    return Image.open(io.BytesIO(prepare(trial_page("ticket"), intake))).convert("L")


@cache
def sheet(dpi: int) -> Image.Image:
    picture: Image.Image = pypdfium2.PdfDocument(trial_page())[0].render(scale=dpi / 72, grayscale=True).to_pil()
    return picture


def lengths(line: bytes) -> list[tuple[bool, int]]:
    """Runs of black (True) and white along a line of dots."""
    runs: list[tuple[bool, int]] = []
    for shade in line:
        black = shade < 128
        runs = [*runs[:-1], (black, runs[-1][1] + 1)] if runs and runs[-1][0] == black else [*runs, (black, 1)]
    return runs


def test_it_has_as_many_pages_as_asked_each_with_its_number() -> None:
    document = pypdfium2.PdfDocument(trial_page(pages=3))
    said = [page.get_textpage().get_text_range() for page in document]
    assert ["1 / 3" in said[0], "2 / 3" in said[1], "3 / 3" in said[2]] == [True] * 3
    assert [round(side * 25.4 / 72) for side in document[2].get_size()] == [210, 297]
    assert trial_page() == trial_page()


def test_the_strip_looks_as_it_was_accepted() -> None:
    """To accept a new look: see test_golden.py."""
    now = strip().convert("1")
    if os.environ.get("SHUBBAK_ACCEPT_PICTURES"):
        now.save(GOLDEN, optimize=True)
    with Image.open(GOLDEN) as accepted:
        assert accepted.size == now.size
        changed = ImageChops.logical_xor(now, accepted.convert("1")).convert("L").histogram()[255]
    assert changed < 400


def test_rulers_measure_millimetres() -> None:
    paper = strip()
    ruler = paper.crop((0, 15 * 8 + 4, 576, 15 * 8 + 5)).tobytes()
    ticks = [at for at in range(576) if ruler[at] < 128]
    assert ticks == [8 * mm for mm in range(72)] + [575]
    upright = paper.crop((4, 0, 5, paper.height)).tobytes()
    assert [at for at in range(paper.height) if upright[at] < 128][-151:] == [
        paper.height - 1 - 2 * 8 - 8 * mm for mm in range(150, -1, -1)
    ]
    frame = sheet(254).crop((0, 1000, 2100, 1001)).tobytes()
    edges = [at for at in range(2100) if frame[at] < 200]
    assert (edges[0], edges[-1]) == (pytest.approx(100, abs=1), pytest.approx(2000, abs=1))


def test_stripes_and_gaps_are_as_many_dots_as_they_say() -> None:
    paper = strip()
    for dots in range(1, 5):
        left, top = 80 + (dots - 1) * 128, (79 - 20) * 8
        across = lengths(paper.crop((left, top, left + 96, top + 1)).tobytes())
        assert {length for _, length in across} == {dots} and len(across) == 96 // dots
        down = lengths(paper.crop((left + 8, 79 * 8 - 96, left + 9, 79 * 8)).tobytes())
        assert {length for _, length in down} == {dots}


@pytest.mark.parametrize("intake", [AT_203, Intake("image/x-portable-bitmap", 180, 512)], ids=["203", "180"])
def test_every_code_of_the_strip_says_its_own_size(intake: Intake) -> None:
    codes = {found.text for found in zxingcpp.read_barcodes(strip(intake))}
    assert codes == {"C250", "C375", "SHUBBAK Q375", "SHUBBAK Q500", "SHUBBAK Q750"}


def test_every_code_of_the_sheet_says_its_own_size() -> None:
    codes = {found.text for found in zxingcpp.read_barcodes(sheet(406))}
    assert codes == {"C250", "C375", "C500", *(f"SHUBBAK Q{size}" for size in (250, 375, 500, 750))}


def drawn(words: str, edge: str = "left", font: str = ARABIC) -> tuple[Image.Image, float]:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(400, 100))
    width = draw_words(canvas, 200, 40, words, font=font, size=30, edge=edge)  # type: ignore[arg-type]
    canvas.save()
    return pypdfium2.PdfDocument(file.getvalue())[0].render(scale=2, grayscale=True).to_pil(), width


def black(picture: Image.Image) -> tuple[int, int]:
    """Where the ink begins and ends, from the left."""
    box = ImageChops.invert(picture).getbbox()
    assert box is not None
    return box[0], box[2]


def test_arabic_letters_join_and_run_to_the_left() -> None:
    alone = sum(drawn(letter)[1] for letter in "بسم")
    assert drawn("بسم")[1] < 0.8 * alone
    picture, _ = drawn("اسم")  # alif, which joins nothing after it, stands at the right: one upright, nothing beside
    _, right = black(picture)
    last = picture.crop((right - 14, 0, right, picture.height))
    heights = [ImageChops.invert(last.crop((x, 0, x + 1, last.height))).getbbox() for x in range(last.width)]
    assert max(box[3] - box[1] for box in heights if box) > 35


def test_words_stand_at_the_edge_they_are_told() -> None:
    ends = {edge: black(drawn("Marge", edge, LATIN)[0]) for edge in ("left", "middle", "right")}
    assert abs(ends["left"][0] - 400) < 6
    assert abs(ends["right"][1] - 400) < 6
    assert abs(sum(ends["middle"]) / 2 - 400) < 6


def test_a_font_that_is_not_there_is_said() -> None:
    with pytest.raises(FontMissing):
        drawn("x", font="NoSuchFont.ttf")
