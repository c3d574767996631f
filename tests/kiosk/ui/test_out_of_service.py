"""The out-of-service picture: it stands whatever the reason says, and tells the supervisor of each frame."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QImage, QPainter

from kiosk.catalogue.codes import entries
from kiosk.ui import out_of_service


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (None, "E-KIOSK-SCREEN-STARTING"),
        (b"watchdog\n", "E-KIOSK-SCREEN-HUNG"),
        (b"timeout\n", "E-KIOSK-SCREEN-HUNG"),
        (b"signal\n", "E-KIOSK-SCREEN-ENDED"),
        (b"oom-kill\n", "E-KIOSK-SCREEN-ENDED"),
        (b"success\n", "E-KIOSK-SCREEN-STOPPED"),
        (b"", "E-KIOSK-SCREEN-ENDED"),
        (b"\xff\x00" * 100_000, "E-KIOSK-SCREEN-ENDED"),
    ],
)
def test_the_code_tells_how_the_screen_ended(tmp_path: Path, said: bytes | None, code: str) -> None:
    if said is not None:
        (tmp_path / "screen").write_bytes(said)
    assert out_of_service.code_of(tmp_path / "screen") == code
    assert code in entries()


@pytest.mark.parametrize(("width", "height"), [(1080, 1920), (1920, 1080), (720, 1280), (480, 480)])
def test_nothing_of_it_touches_the_edge_at_any_size(application: QGuiApplication, width: int, height: int) -> None:
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    out_of_service.draw(painter, width, height, "E-KIOSK-SCREEN-HUNG")
    painter.end()
    ground = picture.pixel(0, 0)
    drawn = [(x, y) for x in range(0, width, 3) for y in range(0, height, 3) if picture.pixel(x, y) != ground]
    assert len(drawn) > width * height / 9 / 100
    margin = min(width, height) / 40
    assert all(margin < x < width - margin and margin < y < height - margin for x, y in drawn)


def test_it_is_ready_and_alive_by_its_frames_and_needs_nothing_of_ours_but_words(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(60)
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "-m", "kiosk.ui.out_of_service", "--reason", tmp_path / "screen"],
            env=os.environ
            | {"QT_QPA_PLATFORM": "offscreen", "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            heard = {supervisor.recv(100) for _ in range(6)}
        finally:
            process.terminate()
            _, loaded = process.communicate()
    assert heard == {b"READY=1", b"WATCHDOG=1"}
    ours = {line.rsplit("|", 1)[1].strip() for line in loaded.splitlines() if "import time:" in line}
    rooms = {"kiosk", "config", "drivers", "printing", "signing", "registry"}
    assert {name for name in ours if name.split(".")[0] in rooms} == {
        "kiosk",
        "kiosk.ui",
        "kiosk.ui.words",
        "kiosk.supervision",
    }
