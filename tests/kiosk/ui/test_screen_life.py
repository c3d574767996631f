"""The real screen process and its supervisor: ready when shown, alive by its frames, silent when it hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kiosk.ui.conftest import Kiosk
from tests.kiosk.ui.session import TOWN
from tests.supervisor import Supervisor

SCREEN = """
import os, signal, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from config.schema import Screen
from kiosk.ui import app

folder = Path(sys.argv[1])

def on_signal(*_):
    QTimer.singleShot(0, {
        "slot": lambda: (folder / "fifo").read_bytes(),
        "scene": lambda: opened.engine.evaluate("for (;;) ;"),
        "end": lambda: opened.window.frameSwapped.connect(lambda: os.kill(os.getpid(), signal.SIGTERM)),
        "window": lambda: opened.window.hide() if opened.window.isVisible() else opened.window.show(),
    }[sys.argv[2]])

def open_screen(*given, **more):
    global opened
    opened = real(*given, **more)
    return opened

real, app.open_screen = app.open_screen, open_screen
signal.signal(signal.SIGUSR1, on_signal)
sys.exit(app.run_screen(folder / "session.sock", Screen(width=480, height=640)))
"""


@contextmanager
def screen(folder: Path, fault: str) -> Iterator[tuple[Supervisor, subprocess.Popen[bytes]]]:
    """A screen that shows its life; at SIGUSR1 it has the fault."""
    os.mkfifo(folder / "fifo")
    with Supervisor(folder) as supervisor:
        environment = supervisor.environment | {"QT_QPA_PLATFORM": "offscreen"}
        with subprocess.Popen([sys.executable, "-c", SCREEN, folder, fault], env=environment) as process:
            try:
                assert supervisor.until("READY=1") == []
                supervisor.alive()
                yield supervisor, process
            finally:
                process.kill()


def test_the_process_of_the_appliance_is_ready_and_alive_and_ends_on_request(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text('profile = "demo"\n')
    with Supervisor(tmp_path) as supervisor:
        command = [sys.executable, "-I", "-m", "kiosk", "screen", "--config", file]
        with subprocess.Popen(command, env=supervisor.environment | {"QT_QPA_PLATFORM": "offscreen"}) as process:
            supervisor.until("READY=1")
            supervisor.alive()
            process.terminate()
            assert process.wait(60) == 0


def test_told_to_end_in_the_midst_of_a_frame_it_ends_well(tmp_path: Path) -> None:
    with screen(tmp_path, "end") as (_, process):
        process.send_signal(signal.SIGUSR1)
        assert process.wait(60) == 0


def test_a_slot_that_blocks_silences_it_until_it_returns(tmp_path: Path) -> None:
    with screen(tmp_path, "slot") as (supervisor, process):
        process.send_signal(signal.SIGUSR1)
        supervisor.until_silent()
        (tmp_path / "fifo").open("wb").close()
        supervisor.alive()


def test_a_script_of_the_scene_that_never_ends_silences_it(tmp_path: Path) -> None:
    with screen(tmp_path, "scene") as (supervisor, process):
        process.send_signal(signal.SIGUSR1)
        supervisor.until_silent()
        assert process.poll() is None


def test_a_loop_that_lives_without_a_frame_is_no_life(tmp_path: Path) -> None:
    with screen(tmp_path, "window") as (supervisor, process):
        process.send_signal(signal.SIGUSR1)
        supervisor.until_silent()
        process.send_signal(signal.SIGUSR1)
        supervisor.alive()


@pytest.mark.parametrize("beat", [False, True])
def test_the_sign_of_life_is_a_pixel_and_no_more(kiosk: Kiosk, beat: bool) -> None:
    kiosk.show("attract", "fr", data={**TOWN, "unavailable": None})
    before = kiosk.opened.window.grabWindow()
    kiosk.opened.window.setProperty("beat", beat)
    after = kiosk.opened.window.grabWindow()
    columns, rows = range(before.width()), range(before.height())
    near = [(x, y) for x in columns for y in rows if x < 3 or y % 97 < 3]
    assert [(x, y) for x, y in near if before.pixel(x, y) != after.pixel(x, y)] == ([(0, 0)] if beat else [])
