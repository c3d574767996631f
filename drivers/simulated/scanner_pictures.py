"""Pictures of a card as a camera sees it: its zone set in OCR-B at the standard's sizes, the card turned, out of
focus, unevenly lit, with a grain.

    picture = photograph(("I<UTO…", …), turned=187.0, blur=1.5)      # Pillow, grey
    picture.save(folder / "1.png")
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

OCR_B = Path("/usr/share/fonts/opentype/ocr-b/OCRB.otf")
_PITCH_MM, _LINE_MM = 2.54, 4.8
_LEFT_MM, _FOOT_MM = 4.0, 5.0
# Characters of a line: width and height of the document, millimetres (ICAO 9303-5, -6, -4: TD1, TD2, TD3).
_SIZES = {30: (85.6, 54.0), 36: (105.0, 74.0), 44: (125.0, 88.0)}
_HEADING = ("CARTE D'IDENTITE", "SPECIMEN", "Exemple 12, rue de la Paix")


@dataclass(frozen=True, slots=True)
class Light:
    """`blur` in pixels, `grain` in grey levels, `shade` the part of the light that is missing at the left."""

    blur: float = 0.0
    grain: float = 0.0
    shade: float = 0.0


def photograph(
    lines: tuple[str, ...],
    *,
    turned: float = 0.0,
    fills: float = 0.75,
    light: Light | None = None,
    size: tuple[int, int] = (1920, 1080),
    seed: int = 1,
) -> Image.Image:
    """The card's side with the zone, `turned` degrees, its diagonal filling so much of the frame's height or width,
    whichever is less."""
    light = light or Light()
    card = _card(lines)
    sheet = card.convert("LA").rotate(turned, expand=True, resample=Image.Resampling.BICUBIC)
    scale = fills * min(size[0] / sheet.width, size[1] / sheet.height)
    sheet = sheet.resize((round(sheet.width * scale), round(sheet.height * scale)), Image.Resampling.LANCZOS)
    frame = Image.new("L", size, 90)
    frame.paste(sheet.getchannel(0), ((size[0] - sheet.width) // 2, (size[1] - sheet.height) // 2), sheet.getchannel(1))
    if light.blur:
        frame = frame.filter(ImageFilter.GaussianBlur(light.blur))
    grey = np.asarray(frame, dtype=np.float64) * np.linspace(1 - light.shade, 1, size[0])[None, :]
    grey += np.random.default_rng(seed).normal(0, light.grain, grey.shape)
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def _card(lines: tuple[str, ...], dots: float = 12.0) -> Image.Image:
    """The card level and whole, so many dots a millimetre."""
    wide, tall = _SIZES[len(lines[0])]
    card = Image.new("L", (round(wide * dots), round(tall * dots)), 225)
    draw = ImageDraw.Draw(card)
    draw.rectangle((5 * dots, 6 * dots, 24 * dots, 28 * dots), fill=150)
    for row, words in enumerate(_HEADING):
        draw.text((30 * dots, (6 + 6 * row) * dots), words, font=ImageFont.truetype(str(OCR_B), 3 * dots), fill=80)
    base = ImageFont.truetype(str(OCR_B), 100)
    font = ImageFont.truetype(str(OCR_B), 100 * _PITCH_MM * dots / base.getlength("H"))
    top = tall - _FOOT_MM - _LINE_MM * len(lines)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            place = ((_LEFT_MM + column * _PITCH_MM) * dots, (top + row * _LINE_MM) * dots)
            draw.text(place, character, font=font, fill=30)
    return card
