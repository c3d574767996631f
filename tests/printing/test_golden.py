"""The pages as pictures, beside those that a person looked at and accepted.

To accept a new look: run with SHUBBAK_ACCEPT_PICTURES=1, then *look* at tests/printing/golden/.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageChops

from printing.documents import PageRequest
from printing.render import Renderer

GOLDEN = Path(__file__).parent / "golden"
SCALE = 60 / 72


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_the_page_looks_as_it_was_accepted(
    renderer: Renderer, original: Callable[..., PageRequest], language: str
) -> None:
    document = pypdfium2.PdfDocument(renderer.page(original(language)))
    assert len(document) == 1
    now = document[0].render(scale=SCALE, grayscale=True).to_pil()
    file = GOLDEN / f"birth-extract-{language}.png"
    if os.environ.get("SHUBBAK_ACCEPT_PICTURES"):
        file.parent.mkdir(exist_ok=True)
        now.quantize(16).save(file, optimize=True)
    with Image.open(io.BytesIO(file.read_bytes())) as accepted:
        difference = ImageChops.difference(now, accepted.convert("L"))
    histogram = difference.histogram()
    changed = sum(histogram[96:]) / sum(histogram)
    assert changed < 0.002, f"{changed:.2%} of the page's points differ from the accepted picture"
