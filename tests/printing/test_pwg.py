"""PWG raster, read back by libcups: what we did not write says that our pages are right."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

import pypdfium2
import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivers.simulated.pwg_decoder import Picture, decode, png
from printing.pwg import encode


def read_back(folder: Path, document: bytes) -> list[Picture]:
    file = folder / "document.pwg"
    file.write_bytes(document)
    return list(decode(file))


def as_image(picture: Picture) -> Image.Image:
    if picture.bits == 8:
        return Image.frombytes("L", (picture.width, picture.height), picture.rows)
    return Image.frombytes("1", (picture.width, picture.height), picture.rows, "raw", "1;I")


def drawn(dpi: int) -> Image.Image:
    pdf = pypdfium2.PdfDocument(typst.compile(b'#set page(paper: "a4")\n#lorem(400)\n#rect(fill: gray)'))
    page: Image.Image = pdf[0].render(scale=dpi / 72, grayscale=True).to_pil()
    return page


@pytest.mark.parametrize(("mode", "dpi"), [("L", 300), ("1", 600)])
def test_a_page_of_text_comes_back_dot_by_dot(tmp_path: Path, mode: str, dpi: int) -> None:
    page = drawn(dpi).convert(mode, dither=Image.Dither.NONE)
    document = encode([page, page.rotate(180)], dpi)
    first, second = read_back(tmp_path, document)
    assert as_image(first).tobytes() == page.tobytes()
    assert as_image(second).tobytes() == page.rotate(180).tobytes()
    assert len(document) < page.width * page.height // 4


_WRITE_PWG = 3
_OF_THE_JOB = (slice(344, 348), slice(456, 460), slice(484, 488))
"""NumCopies, TotalPageCount and AlternatePrimary, which libcups leaves to its callers (4 octets of `RaS2` before)."""
_CUPS_ONLY = slice(288, 304)
"""ImagingBoundingBox, which PWG 5102.4 reserves."""


@pytest.mark.parametrize(("mode", "type_name"), [("L", b"sgray_8"), ("1", b"black_1")])
def test_the_header_is_the_one_that_cups_writes(tmp_path: Path, mode: str, type_name: bytes) -> None:
    cups = ctypes.CDLL("libcups.so.2")
    cups.pwgMediaForPWG.restype = cups.cupsRasterOpen.restype = ctypes.c_void_p
    header = ctypes.create_string_buffer(1796)
    a4 = ctypes.c_void_p(cups.pwgMediaForPWG(b"iso_a4_210x297mm"))
    assert cups.cupsRasterInitPWGHeader(header, a4, type_name, 300, 300, b"one-sided", None)
    with (tmp_path / "theirs.pwg").open("wb") as file:
        raster = ctypes.c_void_p(cups.cupsRasterOpen(file.fileno(), _WRITE_PWG))
        assert cups.cupsRasterWriteHeader2(raster, header)
        cups.cupsRasterClose(raster)
    theirs = bytearray((tmp_path / "theirs.pwg").read_bytes())
    ours = bytearray(encode([Image.new(mode, (2480, 3507), 1)], 300)[: len(theirs)])
    assert [struct.unpack(">I", ours[part])[0] for part in _OF_THE_JOB] == [1, 1, 0xFFFFFF]
    assert not any(ours[_CUPS_ONLY])
    for part in (*_OF_THE_JOB, _CUPS_ONLY):
        ours[part] = theirs[part]
    assert ours == theirs


@given(
    st.sampled_from("L1"),
    st.integers(1, 300),
    st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 300)), min_size=1, max_size=5),
)
def test_any_dots_come_back(mode: str, width: int, lines: list[tuple[bytes, int]]) -> None:
    length = width if mode == "L" else (width + 7) // 8
    dots = b"".join((pattern * length)[:length] * times for pattern, times in lines)
    page = Image.frombytes(mode, (width, len(dots) // length), dots)
    with os.fdopen(os.memfd_create("raster"), "wb", buffering=0) as memory:
        memory.write(encode([page], 300))
        (picture,) = decode(Path(f"/proc/self/fd/{memory.fileno()}"))
    assert as_image(picture).tobytes() == page.tobytes()


def test_pages_of_other_kinds_are_refused() -> None:
    for page in (Image.new("RGB", (10, 10)), Image.new("L", (0, 10))):
        with pytest.raises(ValueError, match="a page of mode"):
            encode([page], 300)


def test_the_picture_of_the_simulated_paper_is_the_page(tmp_path: Path) -> None:
    for mode in ("L", "1"):
        page = drawn(150).convert(mode, dither=Image.Dither.NONE)
        (picture,) = read_back(tmp_path, encode([page], 150))
        (tmp_path / "page.png").write_bytes(png(picture))
        with Image.open(tmp_path / "page.png") as opened:
            assert opened.convert(mode).tobytes() == page.tobytes()
            assert round(opened.info["dpi"][0]) == 150
