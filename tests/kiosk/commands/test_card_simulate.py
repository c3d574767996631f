"""`kiosk card simulate` as a person or a script meets it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.simulated.card import SimulatedCard
from drivers.simulated.hand import CardHand
from drivers.simulated.reader import VirtualReader

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from kiosk.cli import main; main()", "card", "simulate", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, cwd=tmp_path, text=True, **pipes))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def until(process: subprocess.Popen[str], word: str) -> list[str]:
    """The lines printed up to the one that starts with `word`."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(word):
            return lines
    pytest.fail(f"never printed {word}; its last words: {process.communicate()[1]}")


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_it_starts_a_reader_of_its_own_and_takes_it_away(run: Run, tmp_path: Path) -> None:
    process = run("--persona", "yacine", "--port", str(unused_port()))
    lines = until(process, "export ")
    assert lines[0] == "PERSONA yacine"
    assert re.fullmatch(r"CAN [0-9]{6}", lines[1])
    assert re.fullmatch(r"MRZ IDDZA[A-Z0-9<]{85}", lines[2])
    assert re.fullmatch(r"PIN [0-9]{4,8}", lines[3])
    pcscd = tmp_path / "var" / "card" / "reader" / "pcscd.sock"
    assert lines[4] == f"export PCSCLITE_CSOCK_NAME={pcscd}"
    assert CardHand(pcscd.with_name("hand.sock")).card() == tmp_path / "var" / "card" / "cards" / "yacine.json"
    assert (tmp_path / "var" / "card" / "trust" / "csca" / "csca.der").exists()
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    assert not pcscd.exists()


def test_it_uses_the_reader_behind_a_hand(run: Run, tmp_path: Path) -> None:
    with VirtualReader(tmp_path / "r") as reader:
        process = run("--hand", str(tmp_path / "r" / "hand.sock"), "--access", "bac")
        until(process, "PIN ")
        assert reader.hand().card() is not None
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        assert reader.hand().card() is None


@pytest.fixture
def vpcd() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        yield listening


def test_it_plays_in_a_reader_that_listens_already(run: Run, vpcd: socket.socket) -> None:
    process = run("--port", str(vpcd.getsockname()[1]))
    wire, _ = vpcd.accept()
    with wire:
        wire.sendall(b"\x00\x01\x04")
        assert wire.makefile("rb").read(2 + len(SimulatedCard.atr))[2:] == SimulatedCard.atr
        until(process, "PIN ")
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0


def test_it_says_so_when_that_reader_goes_away(run: Run, vpcd: socket.socket) -> None:
    process = run("--port", str(vpcd.getsockname()[1]))
    vpcd.accept()[0].close()
    _, words = process.communicate()
    assert process.returncode == 3 and words.startswith("error E-SIM-HAND: ")


@pytest.mark.parametrize(
    "wrong",
    [("--persona", "nobody"), ("--fault", "sulking"), ("--profile", "atlantis"), ("--access", "open")],
)
def test_wrong_use_is_one_line_and_status_2(run: Run, wrong: tuple[str, str]) -> None:
    process = run(*wrong)
    out, words = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert re.fullmatch(r"error E-[A-Z-]+: .+\n", words)


def test_a_kiosk_in_service_has_no_simulated_card(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('profile = "production"\n')
    process = run()
    assert process.wait() != 0
    assert process.communicate()[1].startswith("error E-")
    assert not (tmp_path / "var").exists()
