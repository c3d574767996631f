"""The zone read off pictures of a card, held any way round, by a child that can be killed."""

import asyncio
import os
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from drivers.scanners import camera_child
from drivers.scanners.camera import Camera, Reader
from drivers.scanners.errors import OcrUnavailable, ScannerAbsent, ScannerFault, ScannerSlow
from drivers.scanners.grid import lay_out
from drivers.scanners.ocr_b import OcrB
from drivers.scanners.picture import blocks
from drivers.scanners.port import Zone
from drivers.simulated.scanner_pictures import Light, photograph
from tests.drivers.scanners.zones import TD1, TD2, TD3, find

_SOFT = Light(blur=1.2, grain=8.0, shade=0.4)
_SMALL = (1280, 720)
_QUICK = ((TD1, 90.0), (TD1, 187.0), (TD2, 180.0), (TD3, 33.0))


def show(folder: Path, *cards: tuple[tuple[str, ...], float]) -> str:
    for number, (lines, turned) in enumerate(cards):
        photograph(lines, turned=turned, light=_SOFT, size=_SMALL).save(folder / f"{number}.png")
    return str(folder)


async def zones_of(camera: Camera, count: int) -> list[Zone]:
    async with camera, aclosing(camera.events()) as zones:
        return [await anext(zones) for _ in range(count)]


_WAYS = [
    pytest.param(
        lines, turned, id=f"{len(lines[0])} {turned:g}", marks=[] if (lines, turned) in _QUICK else pytest.mark.slow
    )
    for lines in (TD1, TD2, TD3)
    for turned in (0.0, 90.0, 180.0, 270.0, -7.0, 33.0, 187.0)
]


@pytest.mark.parametrize(("lines", "turned"), _WAYS)
def test_a_card_any_way_round_is_read_whole(lines: tuple[str, ...], turned: float) -> None:
    picture = np.asarray(photograph(lines, turned=turned, fills=0.9, light=_SOFT, size=_SMALL))
    ocr = OcrB()
    found = {find(ocr.read(grid)) for block in blocks(picture) if (grid := lay_out(block)) is not None}
    assert found - {None} == {Zone(lines)}


def test_cards_shown_one_after_the_other_come_out_of_the_child(tmp_path: Path) -> None:
    camera = Camera(show(tmp_path, (TD1, 187.0), (TD3, 90.0)), find, readers=("ocr-b",), deadline=60)
    assert asyncio.run(zones_of(camera, 2)) == [Zone(TD1), Zone(TD3)]


def test_tesseract_reads_what_opens_the_chip(tmp_path: Path) -> None:
    """Of the names it may make what it likes; number and dates have check digits."""
    photograph(TD1, fills=0.9, light=Light(blur=1.2), size=_SMALL).save(tmp_path / "1.png")
    (zone,) = asyncio.run(zones_of(Camera(str(tmp_path), find, readers=("tesseract",), deadline=60), 1))
    assert (zone.lines[0][:15], zone.lines[1][:15]) == (TD1[0][:15], TD1[1][:15])


def test_a_picture_without_a_zone_is_passed_over(tmp_path: Path) -> None:
    spoiled = (TD1[0], TD1[1].replace("7408122", "7408125"), TD1[2])
    camera = Camera(show(tmp_path, (spoiled, 0.0), (TD1, 0.0)), find, readers=("ocr-b",), deadline=60)
    assert asyncio.run(zones_of(camera, 1)) == [Zone(TD1)]


@pytest.mark.slow
def test_a_look_that_takes_too_long_is_ended_and_leaves_no_child(tmp_path: Path) -> None:
    children: list[int] = []

    class Watched(Camera):
        async def _begin(self) -> None:
            await super()._begin()
            assert self._child is not None
            children.append(self._child.pid)
            os.killpg(self._child.pid, 19)  # SIGSTOP: it hangs in whatever library it may be in

    camera = Watched(show(tmp_path, (TD1, 0.0)), find, readers=("ocr-b",), deadline=5)
    with pytest.raises(ScannerSlow):
        asyncio.run(zones_of(camera, 1))
    assert len(children) == 3
    assert not any(Path("/proc", str(child)).exists() for child in children)


@pytest.mark.parametrize("made", ["nothing", "empty", "nonsense", "tiny"])
def test_what_is_no_camera_and_no_picture(tmp_path: Path, made: str) -> None:
    source = tmp_path / made
    if made != "nothing":
        source.mkdir()
    if made == "nonsense":
        (source / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 64)
    if made == "tiny":
        photograph(TD1, size=(160, 90)).save(source / "1.png")
    with pytest.raises(ScannerAbsent if made in ("nothing", "empty") else ScannerFault):
        asyncio.run(zones_of(Camera(str(source), find, readers=("ocr-b",), deadline=60), 1))


@pytest.mark.parametrize("names", [["ocr-b"], ["ocr-b", "tesseract"], ["tesseract", "ocr-b"]])
def test_a_reader_that_is_not_installed_is_done_without(monkeypatch: pytest.MonkeyPatch, names: list[Reader]) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert [type(ocr) for ocr in camera_child.readers(list(names), 1.0)] == [OcrB]
    with pytest.raises(OcrUnavailable):
        camera_child.readers(["tesseract"], 1.0)
