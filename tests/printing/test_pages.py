"""The page itself: standards, fonts, text, directions, measures; read back by programs that did not make it."""

from __future__ import annotations

import datetime as dt
import io
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from printing.documents import PageRequest
from printing.errors import GlyphMissing, RequestUnfit, SealUnfit, UnknownDocument
from printing.render import Renderer
from registry.models import BilingualName, BilingualText, BirthAct, Mention, Name, Parent
from tests.printing.conftest import SEAL_TEXT, segno_svg

Make = Callable[..., PageRequest]
MM = 72 / 25.4
LANGUAGES = ["ar", "fr"]


def poppler_text(pdf: bytes, tmp_path: Path) -> str:
    """What pdftotext reads, without the direction marks it adds."""
    (tmp_path / "page.pdf").write_bytes(pdf)
    out = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, check=True)
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", out.stdout.decode())


def visual_lines(page: pypdfium2.PdfPage) -> list[str]:
    """The characters of each line from left to right, as they stand on the paper."""
    text = page.get_textpage()
    placed = []
    for index in range(text.count_chars()):
        character = chr(pdfium.FPDFText_GetUnicode(text, index))
        left, bottom, right, top = text.get_charbox(index, loose=True)
        if character.strip() and right > left:
            placed.append(((top + bottom) / 2, left, right, character))
    lines: list[list[tuple[float, float, float, str]]] = []
    for item in sorted(placed, key=lambda item: -item[0]):
        if lines and abs(lines[-1][0][0] - item[0]) < 3.5:
            lines[-1].append(item)
        else:
            lines.append([item])
    return ["".join(item[3] for item in sorted(line, key=lambda item: item[1])) for line in lines]


# ---- what a page is


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_declares_pdfa_3a_and_ua_1_its_language_and_title(
    renderer: Renderer, original: Make, language: str
) -> None:
    pdf = renderer.page(original(language))
    assert re.search(rb"<pdfaid:part>3</pdfaid:part>", pdf)
    assert re.search(rb"<pdfaid:conformance>A</pdfaid:conformance>", pdf)
    assert re.search(rb"<pdfuaid:part>1</pdfuaid:part>", pdf)
    assert re.search(rb"/Lang ?\(" + language.encode() + rb"-DZ\)", pdf)
    assert re.search(rb"/MarkInfo ?<<\s*/Marked true", pdf)
    document = pypdfium2.PdfDocument(pdf)
    assert document.get_metadata_value("Title") == renderer.catalogue.type("birth-extract").title(language)  # type: ignore[arg-type]
    assert document.get_metadata_value("CreationDate").startswith("D:20261020000000")
    assert [round(side / MM) for side in document[0].get_size()] == [210, 297]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_font_is_embedded_with_its_unicode_map(
    renderer: Renderer, original: Make, language: str, tmp_path: Path
) -> None:
    (tmp_path / "page.pdf").write_bytes(renderer.page(original(language)))
    listing = subprocess.run(["pdffonts", tmp_path / "page.pdf"], capture_output=True, check=True, text=True)
    fonts = [line.split() for line in listing.stdout.splitlines()[2:]]
    assert {font[0].split("+")[1] for font in fonts} >= {"NotoNaskhArabic-Bold", "NotoSerif-Bold"}
    assert all(font[-5:-2] == ["yes", "yes", "yes"] for font in fonts)


def test_the_act_is_attached_byte_for_byte(renderer: Renderer, original: Make) -> None:
    request = original()
    document = pypdfium2.PdfDocument(renderer.page(request))
    assert document.count_attachments() == 1
    attachment = document.get_attachment(0)
    assert attachment.get_name() == "act.json"
    assert bytes(attachment.get_data()) == request.attachment


def test_the_same_request_gives_the_same_bytes_from_any_child(original: Make) -> None:
    with Renderer(None, 60.0) as one, Renderer(None, 60.0) as other:
        first = one.page(original())
        assert one.page(original("fr")) != first
        assert one.page(original()) == first
        one.forget()
        assert one.page(original()) == first
        assert other.page(original()) == first
        assert other.page(original(issued_on=dt.date(2026, 10, 21))) != first


# ---- what it says


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_can_be_taken_out_unreordered(renderer: Renderer, original: Make, language: str, tmp_path: Path) -> None:
    pdf = renderer.page(original(language))
    words = {
        "ar": ["المنصوري", "خديجة", "الرابع عشر من شهر مارس سنة ألف وتسعمائة وست وثمانين", "رقم التعريف الوطني"],
        "fr": ["EL MANSOURI", "BENYOUCEF Khadidja", "quatorze mars mil neuf cent quatre-vingt-six", "المنصوري"],
    }[language]  # fmt: skip
    said = poppler_text(pdf, tmp_path)
    for expected in [
        "119860417160100042",
        "14/03/1986",
        "10:42",
        "DZ-2026-16001-0000042",
        "EL MANSOURI",
        "Fatima-Zahra",
        *words,
    ]:
        assert expected in said
    by_pdfium = pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()
    for expected in ["119860417160100042", "14/03/1986", "17/03/1986", "MANSOURI", "المنصوري", "الزهراء"]:
        assert expected in by_pdfium


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_and_latin_run_left_to_right_on_paper(renderer: Renderer, original: Make, language: str) -> None:
    lines = visual_lines(pypdfium2.PdfDocument(renderer.page(original(language)))[0])
    on_paper = "\n".join(lines)
    for run in ["119860417160100042", "14/03/1986", "17/03/1986", "10:42", "21/06/2012", "1204/2012", "HAMDANIYacine",
                "ELMANSOURI", "Fatima-Zahra", "(20/10/2026)", "DZ-2026-16001-0000042"]:  # fmt: skip
        assert run in on_paper, run
    assert "المنصوري"[::-1] in on_paper


def test_the_arabic_page_begins_at_the_right(renderer: Renderer, original: Make) -> None:
    lines = visual_lines(pypdfium2.PdfDocument(renderer.page(original("ar")))[0])
    number = next(line for line in lines if "119860417160100042" in line)
    assert number.startswith("119860417160100042")
    mention = next(line for line in lines if "HAMDANIYacine" in line)
    assert mention.endswith("23/06/2012(1)")
    assert "تزوجت"[::-1] + "23/06/2012" in mention


def test_what_the_act_does_not_hold_is_said_so(
    renderer: Renderer, original: Make, act: BirthAct, tmp_path: Path
) -> None:
    bare = act.model_copy(
        update={"father": None, "mentions": (), "subject": act.subject.model_copy(update={"born_at": None, "sex": "M"})}
    )
    said = poppler_text(renderer.page(original("fr", act=bare)), tmp_path)
    assert "Néant" in said
    assert "Masculin" in said
    assert "EL MANSOURI Abdelkader" not in said
    assert said.count("—") == 3


def test_register_text_never_becomes_markup(renderer: Renderer, original: Make, act: BirthAct, tmp_path: Path) -> None:
    hostile = '#read("/etc/passwd") = $x$ *b* \\u{41} `r` @a <b>'
    text = BilingualText(arabic="تجربة", latin=hostile)
    said = poppler_text(
        renderer.page(
            original("fr", act=act.model_copy(update={"mentions": (Mention(made_on=dt.date(2020, 1, 1), text=text),)}))
        ),
        tmp_path,
    )
    assert re.sub(r"\s+", " ", hostile) in re.sub(r"\s+", " ", said)


# ---- seal and reference


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("characters", [60, 380, 640])
def test_the_seal_is_half_a_millimetre_a_module_on_the_printers_grid(
    renderer: Renderer, original: Make, language: str, characters: int
) -> None:
    text = SEAL_TEXT[: 33 + characters]
    page = pypdfium2.PdfDocument(renderer.page(original(language, seal_svg=segno_svg(text))))[0]
    modules = int(re.search(r'width="(\d+)"', segno_svg(text, border=0))[1])  # type: ignore[index]
    image = page.render(scale=240 / 72, grayscale=True).to_pil()
    assert text in [found.text for found in zxingcpp.read_barcodes(image)]
    picture = next(obj for obj in page.get_objects() if is_square(obj))
    left, _, right, top = picture.get_bounds()
    side = modules * 0.5
    assert (right - left) / MM == pytest.approx(side, abs=0.01)
    for corner in (left / MM, 297 - top / MM):
        steps = corner / 0.125
        assert steps == pytest.approx(round(steps), abs=0.02)


def is_square(obj: Any) -> bool:
    left, bottom, right, top = obj.get_bounds()
    return obj.type != pdfium.FPDF_PAGEOBJ_TEXT and right - left > 20 and abs((right - left) - (top - bottom)) < 0.05


@pytest.mark.parametrize("language", LANGUAGES)
def test_seal_and_reference_are_read_from_paper_at_203_dpi(
    renderer: Renderer, original: Make, language: str, tmp_path: Path
) -> None:
    (tmp_path / "page.pdf").write_bytes(renderer.page(original(language)))
    subprocess.run(
        ["pdftoppm", "-r", "203", "-gray", "-png", "page.pdf", "paper"], cwd=tmp_path, check=True, capture_output=True
    )
    with Image.open(tmp_path / "paper-1.png") as paper:
        found = {result.text for result in zxingcpp.read_barcodes(paper)}
    assert found == {SEAL_TEXT, "DZ-2026-16001-0000042"}


# ---- specimens


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_preview_is_watermarked_and_shows_no_seal(
    renderer: Renderer, original: Make, specimen: Make, language: str
) -> None:
    pictures = renderer.preview(original(language), ppi=100)
    assert pictures == renderer.preview(specimen(language), ppi=100)
    with Image.open(io.BytesIO(pictures[0])) as page:
        assert page.size == (827, 1169)
        assert zxingcpp.read_barcodes(page.convert("L")) == []
        grey = page.convert("L").histogram()[222:234]
    assert sum(grey) > 5_000


def test_a_specimen_says_so_in_its_text(renderer: Renderer, specimen: Make, tmp_path: Path) -> None:
    said = poppler_text(renderer.page(specimen("fr")), tmp_path)
    assert "Aperçu sans signature ni valeur juridique" in said
    assert "DZ-2026" not in said


@pytest.mark.parametrize(
    "changes",
    [{"seal_svg": None}, {"reference": None}, {"copy_number": None}, {"specimen": True}, {"attachment": b"\xff\xfe"},
     {"attachment": b"a" * (256 * 1024 + 1)}],
)  # fmt: skip
def test_a_request_that_contradicts_itself_is_refused(
    renderer: Renderer, original: Make, changes: dict[str, Any]
) -> None:
    with pytest.raises(RequestUnfit):
        renderer.page(original(**changes))


def test_other_refusals_come_before_the_child(renderer: Renderer, original: Make) -> None:
    with pytest.raises(SealUnfit):
        renderer.page(original(seal_svg="<svg/>"))
    with pytest.raises(UnknownDocument):
        renderer.page(original(type="death-extract"))
    with pytest.raises(UnknownDocument):
        renderer.page(original("zgh"))
    with pytest.raises(RequestUnfit):
        renderer.preview(original(), ppi=5000)


def test_a_letter_no_font_can_draw_is_refused_and_not_repeated(
    renderer: Renderer, original: Make, act: BirthAct
) -> None:
    strange = act.model_copy(update={"father": Parent(name=name("漢字", "كمال", "KANJI", "Kamel"))})
    with pytest.raises(GlyphMissing) as refused:
        renderer.page(original(act=strange))
    assert "漢" not in str(refused.value)


# ---- what does not fit easily


def name(surname_ar: str, given_ar: str, surname: str, given: str) -> BilingualName:
    return BilingualName(arabic=Name(surname=surname_ar, given=given_ar), latin=Name(surname=surname, given=given))


def full_act(act: BirthAct, names: BilingualName, mentions: int) -> BirthAct:
    parent = Parent(
        name=names,
        profession=BilingualText(arabic="أستاذ محاضر بكلية العلوم القانونية", latin="Maître de conférences en droit"),
    )
    text = BilingualText(
        arabic="تزوجت من حمداني ياسين المولود في 21/06/1980 بوهران، عقد رقم 1204/2012 حرر ببلدية HASSI MESSAOUD ورقلة",
        latin="Mariée avec HAMDANI Yacine né le 21/06/1980 à Oran, acte n° 1204/2012 de Hassi Messaoud (حاسي مسعود)",
    )
    margin = tuple(Mention(made_on=dt.date(2000 + i, 6, 1 + i), text=text) for i in range(mentions))
    subject = act.subject.model_copy(update={"name": names})
    return act.model_copy(update={"subject": subject, "father": parent, "mother": parent, "mentions": margin})


def assert_nothing_cut_or_overlapping(pdf: bytes) -> int:
    """Text stays inside the margins, off seal and barcode, and lines keep off each other; gives the number of pages."""
    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        pictures = [obj.get_bounds() for obj in page.get_objects() if obj.type == pdfium.FPDF_PAGEOBJ_FORM]
        text = page.get_textpage()
        boxes = []
        for index in range(text.count_chars()):
            if not chr(pdfium.FPDFText_GetUnicode(text, index)).strip():
                continue
            left, bottom, right, top = text.get_charbox(index)
            if right - left < 0.05 or top - bottom < 0.05:
                continue
            assert 17 * MM <= left <= right <= 193 * MM
            assert 6 * MM <= bottom <= top <= 293 * MM
            boxes.append((left, bottom, right, top))
        for box in boxes:
            assert not any(overlap(box, picture) > 0.1 for picture in pictures)
        boxes.sort()
        for i, a in enumerate(boxes):
            for b in boxes[i + 1 :]:
                if b[0] >= a[2]:
                    break
                on_other_lines = abs((a[1] + a[3]) - (b[1] + b[3])) / 2 > 4
                assert not (on_other_lines and overlap(a, b) > 0.35 * min(area(a), area(b)))
    return len(document)


def area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


LONG = name(
    "بن عبد الرحمان المنصوري الحسني الإدريسي",
    "فاطمة الزهراء أم كلثوم نور الهدى",
    "BEN ABDERRAHMANE EL MANSOURI EL HASSANI EL IDRISSI",
    "Fatima-Zahra Oum-Keltoum Nour-El-Houda",
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mentions", [0, 3, 4, 5, 10])
def test_long_names_and_many_mentions_lay_out(
    renderer: Renderer, original: Make, act: BirthAct, language: str, mentions: int
) -> None:
    pdf = renderer.page(original(language, act=full_act(act, LONG, mentions)))
    assert assert_nothing_cut_or_overlapping(pdf) <= 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_wider_than_its_place_is_set_smaller_and_broken_not_cut(
    renderer: Renderer, original: Make, act: BirthAct, language: str
) -> None:
    endless = name("م" * 120, "ف" * 60, "W" * 120, "X" * 60)
    assert assert_nothing_cut_or_overlapping(renderer.page(original(language, act=full_act(act, endless, 1)))) <= 2


LATIN_WORDS = st.lists(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZéèçï'-", min_size=1, max_size=24), min_size=1, max_size=8
).map(" ".join)
ARABIC_WORDS = st.lists(
    st.text("ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةى", min_size=1, max_size=18), min_size=1, max_size=8
).map(" ".join)


@given(ARABIC_WORDS, ARABIC_WORDS, LATIN_WORDS, LATIN_WORDS, st.sampled_from(LANGUAGES))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_any_names_lay_out(
    renderer: Renderer,
    original: Make,
    act: BirthAct,
    surname_ar: str,
    given_ar: str,
    surname: str,
    given_: str,
    language: str,
) -> None:
    names = name(surname_ar, given_ar, surname, given_)
    assert assert_nothing_cut_or_overlapping(renderer.page(original(language, act=full_act(act, names, 2)))) <= 2


def test_the_head_of_a_second_page_names_act_holder_and_reference(
    renderer: Renderer, original: Make, act: BirthAct
) -> None:
    document = pypdfium2.PdfDocument(renderer.page(original("ar", act=full_act(act, LONG, 10))))
    head = visual_lines(document[1])[0]
    for part in ("417/1986", "119860417160100042", "DZ-2026-16001-0000042"):
        assert part in head
    assert len(document) == 2
