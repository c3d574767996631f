"""Drawn pictures: a portrait for DG2, nobody's, about 15 kB as JPEG and the same for the same seed; a signature."""

from __future__ import annotations

import hashlib
import io
import random

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 300, 400
_SKINS = ("#e8c39e", "#d9ae85", "#c68e63", "#a56f47")
_HAIRS = ("#1d1512", "#2f2019", "#4a3324", "#6b6a68")
_CLOTHES = ("#2f4858", "#5a3d55", "#3b5d50", "#70493a")


def draw(seed: str, *, sex: str, coding: str = "JPEG", scale: int = 1, quality: int = 84) -> bytes:
    """What stands for a photograph, `scale` times 300 by 400 pixels; `seed` chooses its features.

    `coding` is JPEG, JP2 (JPEG 2000 in its file format) or J2K (its bare codestream).
    """
    number = int.from_bytes(hashlib.sha256(seed.encode("utf-8")).digest()[:8], "big")
    chance = random.Random(number)  # noqa: S311 - a drawing, not a secret
    picture = Image.new("RGB", (WIDTH, HEIGHT), "#d5dce1")
    pen = ImageDraw.Draw(picture)
    skin, hair, clothes = chance.choice(_SKINS), chance.choice(_HAIRS), chance.choice(_CLOTHES)
    wide = chance.randint(72, 84)
    pen.ellipse((20, 300, 280, 520), fill=clothes)
    if sex == "F":
        pen.ellipse((150 - wide - 22, 62, 150 + wide + 22, 350), fill=hair)
    pen.rectangle((122, 250, 178, 330), fill=skin)
    pen.ellipse((150 - wide, 90, 150 + wide, 295), fill=skin)
    pen.pieslice((150 - wide - 6, 68, 150 + wide + 6, 250), 180, 360, fill=hair)
    pen.rectangle((150 - wide + 12, 145, 150 + wide - 12, 165), fill=skin)
    for eye in (118, 182):
        pen.ellipse((eye - 14, 176, eye + 14, 192), fill="white")
        pen.ellipse((eye - 7, 177, eye + 7, 191), fill="#33241a")
        pen.line((eye - 18, 166, eye + 18, 162), fill=hair, width=5)
    pen.line((150, 192, 144, 226, 156, 228), fill="#8d6142", width=3)
    pen.arc((122, 228, 178, 262), 20, 160, fill="#9b4f45", width=5)
    # Some grain, as a camera leaves it: without it the file would be far smaller than a real portrait.
    grain = Image.frombytes("L", (WIDTH, HEIGHT), chance.randbytes(WIDTH * HEIGHT))
    grain = grain.filter(ImageFilter.GaussianBlur(1.2)).convert("RGB")
    picture = Image.blend(picture.filter(ImageFilter.SMOOTH), grain, 0.12)
    if scale > 1:
        picture = picture.resize((WIDTH * scale, HEIGHT * scale))
    return _coded(picture, coding, quality)


def signature(seed: str) -> bytes:
    """A scribble as JPEG, 240 by 80 pixels, for DG7."""
    chance = random.Random(seed)  # noqa: S311 - a drawing, not a secret
    picture = Image.new("RGB", (240, 80), "white")
    points = [(12 + 9 * step, chance.randint(14, 66)) for step in range(25)]
    ImageDraw.Draw(picture).line(points, fill="#1a2a55", width=3, joint="curve")
    return _coded(picture, "JPEG")


def _coded(picture: Image.Image, coding: str, quality: int = 84) -> bytes:
    file = io.BytesIO()
    if coding == "JPEG":
        picture.save(file, "JPEG", quality=quality)
    else:
        options = {"quality_mode": "rates", "quality_layers": [24], "irreversible": True, "no_jp2": coding == "J2K"}
        picture.save(file, "JPEG2000", **options)
    return file.getvalue()
