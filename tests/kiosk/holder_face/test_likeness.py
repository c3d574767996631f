"""What the clerk is told of two faces. The faces are drawn: nobody's, and no measure of how well it tells."""

from __future__ import annotations

import asyncio
import importlib.util
import io
from pathlib import Path

import pytest
from PIL import Image

from config.holder import Holder as HolderSettings
from drivers.simulated.issuing import portrait
from kiosk.holder_face import FaceAbsent
from kiosk.holder_face.likeness import Likeness
from kiosk.likeness import open_likeness
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


def test_off_unless_asked_for_and_wired_to_the_camera(tmp_path: Path) -> None:
    assert open_likeness(HolderSettings()) is None
    (tmp_path / "citizen.jpg").write_bytes(AMINA)
    on = HolderSettings(likeness=True, likeness_camera=str(tmp_path), likeness_least=0.9, likeness_deadline=30)
    opened = open_likeness(on)
    assert opened is not None
    for card, result in ((AMINA, "verified"), (SALIM, "not_verified")):
        assert asyncio.run(opened.verify(HolderContext(portrait=card))).result == result
    (tmp_path / "citizen.jpg").unlink()
    assert asyncio.run(opened.verify(HolderContext(portrait=AMINA))).result == "unavailable"


def test_on_without_a_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="likeness_camera"):
        HolderSettings(likeness=True)


def test_on_without_the_extra_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert open_likeness(HolderSettings(likeness=True, likeness_camera="/dev/video0")) is None
