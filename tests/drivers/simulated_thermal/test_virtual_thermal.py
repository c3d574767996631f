"""The simulated ticket printer as a process: driven by software that we did not write, and by the hand at it."""

from __future__ import annotations

import os
import random
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import serial
import zxingcpp
from escpos.escpos import Escpos
from escpos.printer import Network, Serial
from PIL import Image
from thermal_bench import ACROSS, CUT, raster, row

from drivers.simulated.errors import PrinterControlRefused, PrinterNotStarted
from drivers.simulated.thermal import ThermalControl, VirtualThermal

SEAL = "https://verify.shubbak.example/#IFBEGRCFIZDUQSKKJNGE2TSPKBIVEU2UKVLFOWCZLJQWEY3EMVTGO2DJNJVWY3LON5YHC4TTOR2X"
ECHO = b"\x1d(H\x06\x00\x30\x30ABCD"
ECHOED = b"\x37\x22ABCD\x00"
Transport = Literal["tcp", "pty"]


@pytest.fixture
def thermal(tmp_path: Path) -> Iterator[VirtualThermal]:
    with VirtualThermal(tmp_path / "thermal") as thermal:
        yield thermal


@pytest.fixture(params=["tcp", "pty"])
def either(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[VirtualThermal]:
    with VirtualThermal(tmp_path / "thermal", request.param) as thermal:
        yield thermal


def where(thermal: VirtualThermal) -> tuple[str, int]:
    host, port = thermal.address.removeprefix("tcp://").split(":")
    return host, int(port)


def connected(thermal: VirtualThermal) -> socket.socket:
    return socket.create_connection(where(thermal), timeout=20)


def device(thermal: VirtualThermal) -> str:
    return thermal.address.removeprefix("serial:").split("?")[0]


def their_driver(thermal: VirtualThermal) -> Escpos:
    if thermal.address.startswith("tcp:"):
        return Network(*where(thermal), profile="TM-T20II")
    return Serial(device(thermal), 115200, profile="TM-T20II")


def opened_line(thermal: VirtualThermal) -> int:
    """A descriptor, behind which the system keeps little."""
    if thermal.address.startswith("serial:"):
        return os.open(device(thermal), os.O_RDWR | os.O_NOCTTY)
    line = connected(thermal)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    return line.detach()


def hear(line: socket.socket, count: int) -> bytes:
    heard = b""
    while len(heard) < count and (more := line.recv(count - len(heard))):
        heard += more
    return heard


def strip(thermal: VirtualThermal, number: int) -> Image.Image:
    with Image.open(thermal.paper / f"{number:03}.png") as image:
        image.load()
        return image


# --- python-escpos prints, zbarimg and zxing read


def test_a_seal_printed_by_another_driver_is_read_from_the_paper(either: VirtualThermal) -> None:
    theirs = their_driver(either)
    theirs.qr(SEAL, size=4)
    theirs.cut()
    theirs.close()
    assert either.control.wait(strips=1).rubbish == 0
    read = subprocess.run(["zbarimg", "-q", "--raw", either.paper / "001.png"], capture_output=True, text=True)
    assert read.stdout.strip() == SEAL
    assert [code.text for code in zxingcpp.read_barcodes(strip(either, 1).convert("L"))] == [SEAL]


@pytest.mark.parametrize("how", ["bitImageRaster", "graphics"])
def test_a_picture_printed_by_another_driver_is_on_the_paper_dot_by_dot(either: VirtualThermal, how: str) -> None:
    width, height = 400, 300
    picture = Image.frombytes("1", (width, height), random.Random(3).randbytes(width // 8 * height))
    theirs = their_driver(either)
    theirs.image(picture, impl=how, fragment_height=100)
    theirs.cut()
    theirs.close()
    either.control.wait(strips=1)
    paper = strip(either, 1)
    top = round(12 * 203 / 25.4)
    assert paper.crop((0, top, width, top + height)).tobytes() == picture.tobytes()
    assert paper.width == 576 and paper.crop((width, 0, 576, paper.height)).getextrema() == (255, 255)


def test_their_status_is_ours(thermal: VirtualThermal) -> None:
    theirs = their_driver(thermal)
    assert theirs.is_online() and theirs.paper_status() == 2
    thermal.control.paper_out()
    assert not theirs.is_online() and theirs.paper_status() == 0
    theirs.close()


def test_text_that_was_meant_for_nobody_shows(thermal: VirtualThermal) -> None:
    theirs = their_driver(thermal)
    theirs.text("Shubbak\n")
    theirs.cut()
    theirs.close()
    assert thermal.control.wait(strips=1).rubbish == len("Shubbak")
    assert strip(thermal, 1).getextrema() == (0, 255)


# --- the line


def test_one_at_a_time_the_second_waits(thermal: VirtualThermal) -> None:
    with connected(thermal) as first, connected(thermal) as second:
        second.sendall(raster(row(2)) + CUT + ECHO)
        first.sendall(raster(row(1)) + CUT + ECHO)
        assert hear(first, 7) == ECHOED and thermal.control.status().strips == 1
        first.close()
        assert hear(second, 7) == ECHOED
    assert thermal.control.status().strips == 2


def test_or_the_second_is_refused(tmp_path: Path) -> None:
    with VirtualThermal(tmp_path, refuses=True) as thermal, connected(thermal) as first:
        first.sendall(b"\x10\x04\x01")
        assert hear(first, 1) == b"\x12"
        with pytest.raises(ConnectionResetError), connected(thermal) as second:
            second.recv(1)
        first.sendall(b"\x10\x04\x01")
        assert hear(first, 1) == b"\x12"


def test_the_line_backs_up_when_the_buffer_is_full(either: VirtualThermal) -> None:
    either.control.cover(open=True)
    document = raster(row() * 20_000)
    descriptor = opened_line(either)
    os.set_blocking(descriptor, False)
    sent = 0
    while select.select([], [descriptor], [], 0.5)[1]:
        sent += os.write(descriptor, document[sent : sent + 4096])
    assert 4096 <= sent < len(document)
    assert either.control.status().waiting == 4096
    either.control.cover(open=False)
    os.set_blocking(descriptor, True)
    while sent < len(document):
        sent += os.write(descriptor, document[sent : sent + 65536])
    assert either.control.wait(received=len(document)).received == len(document)
    os.close(descriptor)


def test_what_was_sent_before_the_goodbye_is_printed(thermal: VirtualThermal) -> None:
    with connected(thermal) as line:
        line.sendall(raster(row() * 500) + CUT)
    assert thermal.control.wait(strips=1).rubbish == 0


def test_an_echo_nobody_was_there_to_hear_is_told_to_the_next(thermal: VirtualThermal) -> None:
    thermal.control.cover(open=True)
    with connected(thermal) as line:
        line.sendall(raster(row()) + CUT + ECHO[:-1] + b"C" + ECHO)
    thermal.control.wait(received=ACROSS + 8 + 4 + 2 * len(ECHO))
    with connected(thermal) as line:  # it has seen the first one's end
        line.sendall(b"\x10\x04\x01")
        assert hear(line, 1) == b"\x1a"
    with connected(thermal) as line:
        pass
    thermal.control.cover(open=False)
    thermal.control.wait(strips=1)
    with connected(thermal) as line:
        line.sendall(b"\x10\x04\x01")
        assert hear(line, 8) == ECHOED + b"\x12"


# --- faults at a byte


def test_dropped_at_any_byte_what_came_before_is_printed(thermal: VirtualThermal) -> None:
    document = raster(row() * 10)
    for at in (1, 8, 9, 500, len(document)):
        thermal.control.gone()
        thermal.control.back()
        before = thermal.control.fail(at=at, how="drop")
        with connected(thermal) as line:
            line.sendall(document)
            with pytest.raises(ConnectionResetError):
                line.recv(1)
        after = thermal.control.status()
        assert after.received - before.received == at
        assert after.rows - before.rows == max(0, at - 8) // ACROSS


def test_a_cable_that_breaks_is_a_new_one_under_the_same_name(tmp_path: Path) -> None:
    with VirtualThermal(tmp_path, "pty") as thermal:
        with serial.Serial(device(thermal), 115200, timeout=20) as line:
            thermal.control.fail(at=3, how="drop")
            line.write(b"\x10\x04\x01\x10\x04\x01")
            with pytest.raises((serial.SerialException, OSError)):
                while line.read(1):
                    pass
        thermal.control.status()
        with serial.Serial(device(thermal), 115200, timeout=20) as line:
            line.write(b"\x10\x04\x01")
            assert line.read(1) == b"\x12"


def test_frozen_it_neither_prints_nor_answers_until_it_thaws(thermal: VirtualThermal) -> None:
    thermal.control.fail(at=8 + 3 * ACROSS, how="freeze")
    with connected(thermal) as line:
        line.sendall(raster(row() * 10) + CUT + ECHO)
        state = thermal.control.wait(received=8 + 3 * ACROSS)
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.recv(1)
        assert thermal.control.status() == state and state.rows <= 3
        line.settimeout(20)
        thermal.control.thaw()
        assert hear(line, 7) == ECHOED


def test_garbled_the_next_answer_is_nonsense(thermal: VirtualThermal) -> None:
    thermal.control.fail(at=3, how="garble")
    with connected(thermal) as line:
        line.sendall(b"\x10\x04\x01")
        assert hear(line, 1) == b"\x12", "what was asked before that byte is still told rightly"
        line.sendall(b"\x10\x04\x01\x10\x04\x01")
        assert hear(line, 2) == b"\xed\x12"


def test_half_open_it_prints_on_and_nobody_hears(thermal: VirtualThermal) -> None:
    document = raster(row() * 10) + CUT + ECHO
    thermal.control.fail(at=len(document), how="half-open")
    with connected(thermal) as line, connected(thermal) as other:
        line.sendall(document + raster(row() * 10) + CUT)
        thermal.control.wait(strips=1)
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.recv(1)
        assert thermal.control.status().strips == 1
        thermal.control.thaw()
        with pytest.raises(ConnectionResetError):
            line.recv(1)
        other.sendall(b"\x10\x04\x01")
        assert hear(other, 8) == ECHOED + b"\x12"
    assert thermal.control.status().strips == 1


# --- the hand


def test_unplugged_it_forgets_and_comes_back_at_the_same_address(either: VirtualThermal) -> None:
    either.control.cover(open=True)
    line = opened_line(either)
    os.write(line, raster(row() * 20) + CUT)
    assert either.control.wait(received=8 + 20 * ACROSS + 4).waiting == 8 + 20 * ACROSS + 4
    assert not either.control.gone().on
    with pytest.raises((OSError, serial.SerialException)):
        if either.address.startswith("tcp:"):
            connected(either).close()
        else:
            serial.Serial(device(either), 115200).close()
    os.close(line)
    either.control.cover(open=False)
    state = either.control.back()
    assert (state.on, state.waiting, state.rows) == (True, 0, 0)
    again = their_driver(either)
    again.image(Image.new("1", (64, 64)))
    again.cut()
    assert either.control.wait(strips=1).rubbish == 0
    again.close()


def test_what_hangs_is_seen_and_comes_off_with_the_next(thermal: VirtualThermal) -> None:
    hanging = thermal.paper / "hanging.png"
    with connected(thermal) as line:
        line.sendall(raster(row() * 300) + b"\x1dr\x01")
        assert hear(line, 1) == b"\x00"
        assert thermal.control.status().hanging_rows == 396 and Image.open(hanging).height == 396
    with connected(thermal) as line:
        line.sendall(raster(row(1) * 200) + CUT + ECHO)
        assert hear(line, 7) == ECHOED
    assert thermal.control.status().hanging_rows == 0 and not hanging.exists()
    assert strip(thermal, 1).height == 96 + 500


def test_what_hangs_can_be_torn_off(thermal: VirtualThermal) -> None:
    with connected(thermal) as line:
        line.sendall(raster(row() * 300) + b"\x1bJ\xff" + b"\x1dr\x01")
        hear(line, 1)
    assert thermal.control.tear().strips == 1
    assert thermal.control.status().hanging_rows == 0


def test_an_echo_comes_only_when_the_rows_before_it_are_burnt(tmp_path: Path) -> None:
    with VirtualThermal(tmp_path, speed=1000) as thermal, connected(thermal) as line:
        line.sendall(raster(row() * 50) + ECHO)
        assert thermal.control.wait(received=8 + 50 * ACROSS + len(ECHO)).rows < 50
        assert hear(line, 7) == ECHOED
        assert thermal.control.speed(0).rows == 50


def test_another_process_may_hold_the_control(thermal: VirtualThermal) -> None:
    elsewhere = ThermalControl(thermal.folder)
    assert elsewhere.paper_out(after_mm=20).paper_mm == 20
    assert elsewhere.near_end().online and not elsewhere.hot().online
    assert elsewhere.hot(False).online and elsewhere.cutter(stuck=True).online
    assert elsewhere.paper_in().paper_mm == 80_000


def test_control_refuses_what_makes_no_sense(thermal: VirtualThermal, tmp_path: Path) -> None:
    for wrong in (
        lambda: thermal.control.paper_out(after_mm=-1),
        lambda: thermal.control.paper_in(mm=0),
        lambda: thermal.control.fail(at=0, how="drop"),
        lambda: thermal.control.fail(at=1, how="burn"),  # type: ignore[arg-type]
        lambda: ThermalControl(tmp_path).status(),
    ):
        with pytest.raises(PrinterControlRefused):
            wrong()
    assert thermal.control.status().on


def test_a_model_that_is_none_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(PrinterNotStarted):
        VirtualThermal(tmp_path, model="no-such-printer")


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "paper").write_text("in the way")
    with pytest.raises(PrinterNotStarted):
        VirtualThermal(tmp_path).start()


def test_numbering_goes_on_after_a_restart_and_only_paper_stays(tmp_path: Path) -> None:
    for _ in range(2):
        with VirtualThermal(tmp_path / "thermal") as thermal, connected(thermal) as line:
            line.sendall(raster(row() * 5) + CUT + raster(row()) + ECHO)
            hear(line, 7)
    assert sorted(str(file.relative_to(tmp_path / "thermal")) for file in (tmp_path / "thermal").rglob("*.*")) == [
        "paper/001.png",
        "paper/002.png",
        "paper/hanging.png",
    ]


_PARENT = """
import sys
from pathlib import Path
from drivers.simulated.thermal import VirtualThermal
thermal = VirtualThermal(Path(sys.argv[1]))
thermal.start()
print(thermal._host.pid, flush=True)
sys.stdin.read()
"""


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PARENT, tmp_path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        host = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        assert select.select([host], [], [], 30)[0], "still running"
        os.close(host)
