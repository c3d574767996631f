"""The ticket: a strip of 72 mm that says all that the sheet says; read back by programs that did not make it."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from PIL import Image, ImageChops

from drivers.printers.port import Intake
from printing.documents import PageRequest
from printing.errors import RequestUnfit
from printing.raster import prepare
from printing.render import Renderer
from registry.models import BilingualName, BilingualText, BirthAct, Mention, Parent
from tests.printing.conftest import SEAL_TEXT, segno_svg
from tests.printing.test_pages import (
    ARABIC_WORDS,
    LANGUAGES,
    LATIN_WORDS,
    LONG,
    MM,
    area,
    full_act,
    is_square,
    name,
    overlap,
    poppler_text,
)

Make = Callable[..., PageRequest]
GOLDEN = Path(__file__).parent / "golden"
PRINTER = Intake("image/x-portable-bitmap", dpi=203, width=576)

WORD = re.compile("[\u0621-\u0652]{3,}|[A-Za-zÀ-ÿ]{3,}|[0-9]{3,}")


@pytest.fixture(scope="session")
def ticket(original: Make) -> Make:
    def make(language: str = "ar", **changes: object) -> PageRequest:
        return original(language, **({"form": "ticket"} | changes))

    return make


def strip(pdf: bytes, intake: Intake = PRINTER) -> Image.Image:
    return Image.open(io.BytesIO(prepare(pdf, intake)))


def only_page(pdf: bytes) -> pypdfium2.PdfPage:
    (page,) = pypdfium2.PdfDocument(pdf)
    return page


# ---- what it is


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_one_strip_of_whole_dots_to_the_standards_of_the_sheet(
    renderer: Renderer, ticket: Make, language: str
) -> None:
    pdf = renderer.page(ticket(language))
    for mark in (b"<pdfaid:part>3<", b"<pdfaid:conformance>A<", b"<pdfuaid:part>1<", b"/Marked true"):
        assert mark in pdf
    document = pypdfium2.PdfDocument(pdf)
    assert document.get_attachment(0).get_name() == "act.json"
    width, height = (side / MM for side in only_page(pdf).get_size())
    assert width == pytest.approx(72, abs=0.01)
    assert height * 8 == pytest.approx(round(height * 8), abs=0.02)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_looks_as_it_was_accepted(renderer: Renderer, ticket: Make, language: str) -> None:
    """As the head burns it. To accept a new look: see test_golden.py."""
    now = strip(renderer.page(ticket(language))).convert("1")
    file = GOLDEN / f"birth-extract-ticket-{language}.png"
    if os.environ.get("SHUBBAK_ACCEPT_PICTURES"):
        now.save(file, optimize=True)
    with Image.open(file) as accepted:
        assert accepted.size == now.size
        changed = ImageChops.logical_xor(now, accepted.convert("1")).convert("L").histogram()[255]
    assert changed / (now.width * now.height) < 0.002


def test_a_document_without_a_ticket_is_refused_as_one(
    original: Make, catalogue_folder: Callable[[dict[str, str]], Path]
) -> None:
    with Renderer(catalogue_folder({"another": "= x"}), 60.0) as renderer, pytest.raises(RequestUnfit):
        renderer.page(original(type="another", form="ticket"))


# ---- what it says


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_every_word_of_the_sheet(
    renderer: Renderer, original: Make, ticket: Make, act: BirthAct, language: str, tmp_path: Path
) -> None:
    full = full_act(act, LONG, 5)
    sheet = poppler_text(renderer.page(original(language, act=full)), tmp_path)
    said = poppler_text(renderer.page(ticket(language, act=full)), tmp_path)
    wanted, found = (set(WORD.findall(text)) for text in (sheet, said))
    assert len(wanted) > 80
    # Where a line ends, a compound may be broken at its hyphen; page numbers are for sheets.
    unbroken = re.sub(r"[\s-]", "", said)
    assert {word for word in wanted - found if word not in unbroken} <= {"Page", "sur", "صفحة"}


def test_it_is_set_from_the_languages_own_side(renderer: Renderer, ticket: Make) -> None:
    for language, near in (("ar", 72 - 1.5), ("fr", 1.5)):
        text = only_page(renderer.page(ticket(language))).get_textpage()
        boxes = [text.get_charbox(index) for index in range(text.count_chars())]
        edges = [(box[2] if language == "ar" else box[0]) / MM for box in boxes if box[2] > box[0]]
        assert sum(abs(edge - near) < 0.6 for edge in edges) > 12


# ---- seal and reference


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("version", "characters", "module"), [(7, 110, 1.25), (16, 560, 0.75), (25, 1380, 0.5)])
def test_the_seal_is_as_large_as_the_strip_lets_it_be_on_the_printers_grid(
    renderer: Renderer, ticket: Make, language: str, version: int, characters: int, module: float
) -> None:
    text = SEAL_TEXT[:33] + ("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 50)[:characters]
    svg = segno_svg(text)
    modules = int(re.search(r'width="(\d+)"', segno_svg(text, border=0))[1])  # type: ignore[index]
    assert modules == 17 + 4 * version
    pdf = renderer.page(ticket(language, seal_svg=svg, seal_text=text))
    seal = next(obj for obj in only_page(pdf).get_objects() if is_square(obj))
    left, bottom, right, _ = (edge / MM for edge in seal.get_bounds())
    assert (right - left) / modules == pytest.approx(module, abs=0.001)
    assert module >= 0.5 and (module + 0.125) * (modules + 8) > 72
    quiet = 4 * module
    assert left >= quiet - 0.01 and right <= 72 - quiet + 0.01
    assert abs(left - (72 - right)) <= 0.126
    for corner in (left, bottom):
        assert corner / 0.125 == pytest.approx(round(corner / 0.125), abs=0.02)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dots", [PRINTER, Intake("image/x-portable-bitmap", dpi=180, width=512)], ids=["203", "180"])
def test_reference_and_seal_are_read_off_the_strip(
    renderer: Renderer, ticket: Make, language: str, dots: Intake
) -> None:
    paper = strip(renderer.page(ticket(language)), dots).convert("L")
    assert paper.width == dots.width
    assert {found.text for found in zxingcpp.read_barcodes(paper)} == {SEAL_TEXT, "DZ-2026-16001-0000042"}


# ---- specimens


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_preview_is_a_strip_that_says_specimen_also_where_greys_are_lost(
    renderer: Renderer, ticket: Make, language: str, tmp_path: Path
) -> None:
    (picture,) = renderer.preview(ticket(language), ppi=110)
    with Image.open(io.BytesIO(picture)) as page:
        grey = page.convert("L")
    assert (grey.width, grey.height > 1100) == (312, True)
    assert zxingcpp.read_barcodes(grey) == []
    quarter = grey.height // 4
    for part in range(4):
        assert sum(grey.crop((0, part * quarter, 312, (part + 1) * quarter)).histogram()[222:234]) > 1_500
    unsigned = ticket(
        language, specimen=True, reference=None, copy_number=None, seal_svg=None, seal_text=None, attachment=None
    )
    pdf = renderer.page(unsigned)
    assert "SPÉCIMEN" in poppler_text(pdf, tmp_path)
    top = strip(pdf).crop((0, 0, 576, 110)).convert("L")
    assert top.histogram()[0] > 2_500


# ---- what does not fit easily


def assert_nothing_cut_or_overlapping(pdf: bytes) -> None:
    """Text stays inside the margins, off seal and bars, and lines keep off each other."""
    page = only_page(pdf)
    pictures = [obj.get_bounds() for obj in page.get_objects() if obj.type == pdfium.FPDF_PAGEOBJ_FORM]
    text = page.get_textpage()
    boxes = []
    for index in range(text.count_chars()):
        left, bottom, right, top = box = text.get_charbox(index)
        if not chr(pdfium.FPDFText_GetUnicode(text, index)).strip() or right - left < 0.05 or top - bottom < 0.05:
            continue
        assert 1.2 * MM <= left <= right <= (72 - 1.2) * MM
        assert 1 * MM <= bottom <= top <= page.get_height() - 1 * MM
        assert not any(overlap(box, picture) > 0.1 for picture in pictures)
        boxes.append(box)
    boxes.sort()
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            if b[0] >= a[2]:
                break
            on_other_lines = abs((a[1] + a[3]) - (b[1] + b[3])) / 2 > 4
            assert not (on_other_lines and overlap(a, b) > 0.35 * min(area(a), area(b)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mentions", [0, 5, 20])
def test_long_names_and_many_mentions_make_it_longer(
    renderer: Renderer, ticket: Make, act: BirthAct, language: str, mentions: int
) -> None:
    assert_nothing_cut_or_overlapping(renderer.page(ticket(language, act=full_act(act, LONG, mentions))))


def act_of_one_word(act: BirthAct, names: BilingualName, word: BilingualText) -> BirthAct:
    """`word` wherever the register has words, but for the names."""
    strange = full_act(act, names, 1)
    place = act.subject.birthplace.model_copy(update={"commune": word, "wilaya": word})
    parent = Parent(name=names, profession=word)
    return strange.model_copy(
        update={
            "register_": act.register_.model_copy(update={"commune": place}),
            "subject": strange.subject.model_copy(update={"birthplace": place}),
            "father": parent,
            "mother": parent,
            "mentions": (Mention(made_on=dt.date(2000, 1, 1), text=word),),
        }
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_are_none_are_broken_and_never_cut(
    renderer: Renderer, ticket: Make, act: BirthAct, language: str
) -> None:
    endless = BilingualText(arabic="م" * 400, latin="W" * 400)
    strange = act_of_one_word(act, name("م" * 120, "ف" * 60, "W" * 120, "X" * 60), endless)
    pdf = renderer.page(ticket(language, act=strange))
    assert_nothing_cut_or_overlapping(pdf)
    said = only_page(pdf).get_textpage().get_text_range()
    assert sum(said.count(letter) for letter in ("W" if language == "fr" else "م")) >= 6 * 400


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("arabic", "latin"),
    [
        ("س" * 17, "A" * 17 + "--"),
        ("ص" * 18, "A" * 18 + "-" * 9),
        ("ش" * 18, "-" * 6 + "A" * 17),
        ("ش" * 13, "W" * 13),
        ("ش" * 29, "W" * 29),
        ("س" * 22, "W" * 10 + "-" + "W" * 18),
        ("المستشفياتوالمستوصفات", "électroencéphalographiste"),
    ],
)
def test_a_word_a_little_wider_than_its_place_is_made_to_fit(
    renderer: Renderer, ticket: Make, act: BirthAct, language: str, arabic: str, latin: str
) -> None:
    """The hyphen at a line's end has its width too, and what is no longer than a word may yet be wider than a line."""
    word = BilingualText(arabic=arabic, latin=latin)
    names = name(arabic, arabic, latin, latin)
    pdf = renderer.page(ticket(language, act=act_of_one_word(act, names, word)))
    assert_nothing_cut_or_overlapping(pdf)
    # Six names in both scripts; register, birthplace, professions and mention in the page's own.
    said = re.sub(r"[\s\u200b]", "", only_page(pdf).get_textpage().get_text_range())
    for script, times in ((arabic, 12 if language == "ar" else 6), (latin, 12 if language == "fr" else 6)):
        assert said.count(script[-1]) >= times * script.count(script[-1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_fullest_act_the_register_may_hold_is_a_ticket_that_can_be_printed(
    renderer: Renderer, ticket: Make, act: BirthAct, language: str
) -> None:
    text = BilingualText(arabic=("كلمات كثيرة " * 40)[:399], latin=("beaucoup de mots " * 40)[:399])
    mentions = tuple(Mention(made_on=dt.date(2000, 1, 1), text=text) for _ in range(40))
    full = full_act(act, LONG, 0).model_copy(update={"mentions": mentions})
    assert strip(renderer.page(ticket(language, act=full))).height > 15_000


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_any_names_lay_out(renderer: Renderer, ticket: Make, act: BirthAct, language: str) -> None:
    @given(ARABIC_WORDS, ARABIC_WORDS, LATIN_WORDS, LATIN_WORDS)
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def any_names(surname_ar: str, given_ar: str, surname: str, given_: str) -> None:
        act_ = full_act(act, name(surname_ar, given_ar, surname, given_), 2)
        assert_nothing_cut_or_overlapping(renderer.page(ticket(language, act=act_)))

    any_names()
