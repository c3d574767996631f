"""A still picture by a child process: a folder of pictures in the camera's place, and what can be wrong with it."""

from __future__ import annotations

import asyncio
import io
import os
import random
from pathlib import Path

import pytest
from PIL import Image

from drivers.scanners.errors import ScannerFault, ScannerSlow
from drivers.scanners.still import take

WAIT = 60.0


def take_from(folder: Path, deadline: float = WAIT) -> bytes:
    return asyncio.run(take(str(folder), deadline))


def test_a_picture_comes_out_in_its_colours(tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), (200, 40, 90)).save(tmp_path / "citizen.png")
    with Image.open(io.BytesIO(take_from(tmp_path))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (640, 480))
        assert all(abs(a - b) < 6 for a, b in zip(picture.getpixel((320, 240)), (200, 40, 90), strict=True))


def test_a_camera_s_whole_picture_comes_out_however_large(tmp_path: Path) -> None:
    noise = Image.frombytes("RGB", (1280, 720), random.Random(1).randbytes(1280 * 720 * 3))
    noise.save(tmp_path / "citizen.png")
    picture = take_from(tmp_path)
    assert len(picture) > 500_000
    with Image.open(io.BytesIO(picture)) as whole:
        whole.load()
        assert whole.size == (1280, 720)


def test_a_picture_that_is_too_large_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.frombytes("RGB", (1280, 720), random.Random(1).randbytes(1280 * 720 * 3)).save(tmp_path / "citizen.png")
    monkeypatch.setattr("drivers.scanners.still.MOST_BYTES", 100_000)
    with pytest.raises(ScannerFault):
        take_from(tmp_path)


@pytest.mark.parametrize("name", ["nothing", "no picture", "too small"])
def test_no_picture_is_a_fault(tmp_path: Path, name: str) -> None:
    if name == "no picture":
        (tmp_path / "a.png").write_bytes(b"no picture at all")
    if name == "too small":
        Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    with pytest.raises(ScannerFault):
        take_from(tmp_path)
    with pytest.raises(ScannerFault):
        take_from(tmp_path / "nowhere")


def test_a_camera_that_hangs_is_given_up_with_its_child(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")  # opening it waits for somebody who writes
    with pytest.raises(ScannerSlow):
        take_from(tmp_path, deadline=0.5)
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    lines = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    assert not any(b"still_child" in line for line in lines)
