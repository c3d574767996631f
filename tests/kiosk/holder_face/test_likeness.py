"""What the clerk is told of two faces. The faces are drawn: nobody's, and no measure of how well it tells."""

from __future__ import annotations

import asyncio
import importlib.util
import io

import pytest
from PIL import Image

from drivers.simulated.issuing import portrait
from kiosk.holder_face import FaceAbsent
from kiosk.holder_face.likeness import Likeness
from kiosk.session.holder import HolderContext

AMINA, SALIM = portrait.draw("amina", sex="F"), portrait.draw("salim", sex="M")


def nobody() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (300, 400), "grey").save(file, "PNG")
    return file.getvalue()


def asked(card: bytes | None, seen: bytes, deadline: float = 60.0) -> tuple[str, int | None]:
    async def take_picture() -> bytes:
        return seen

    likeness = Likeness(take_picture, least=0.9, deadline=deadline)
    answer = asyncio.run(likeness.verify(HolderContext(portrait=card)))
    return answer.result, answer.tries_left


@pytest.mark.parametrize(
    ("card", "seen", "result"),
    [
        (AMINA, AMINA, "verified"),
        (AMINA, SALIM, "not_verified"),
        (AMINA, nobody(), "unavailable"),
        (None, AMINA, "unavailable"),
    ],
    ids=["alike", "not alike", "nobody there", "no portrait"],
)
def test_what_is_said_of_two_faces(card: bytes | None, seen: bytes, result: str) -> None:
    assert asked(card, seen) == (result, None)


def test_what_takes_too_long_says_nothing() -> None:
    assert asked(AMINA, AMINA, deadline=0.0) == ("unavailable", None)


def test_without_the_extra_it_is_not_even_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FaceAbsent):
        asked(AMINA, AMINA)
