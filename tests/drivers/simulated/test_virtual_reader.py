"""The virtual reader on a real pcscd: it starts, takes cards, and leaves nothing behind however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.simulated.card import CardImage, SimulatedCard
from drivers.simulated.errors import CardImageInvalid, HandRefused, HandUnreachable, ReaderNotStarted
from drivers.simulated.hand import CardHand
from drivers.simulated.reader import VirtualReader

SELECT = "00A4040C07A0000002471001"


class Client:
    """Another process with PC/SC in it."""

    def __init__(self, reader: VirtualReader) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("pcsc_client.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **reader.environment},
        )

    def ask(self, do: str, **more: object) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._process.stdin.flush()
        reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reply

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def process(self, apdu: bytes) -> bytes:
        """As a card answers: lets the tests' terminal speak through pcscd."""
        return bytes.fromhex(self.ask("apdu", hex=apdu.hex())["hex"])


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[VirtualReader]:
    with VirtualReader(tmp_path / "reader") as started:
        yield started


@pytest.fixture
def client(reader: VirtualReader) -> Iterator[Client]:
    opened = Client(reader)
    yield opened
    opened.close()


def test_a_card_comes_answers_and_goes(reader: VirtualReader, client: Client, image_file: Path) -> None:
    hand = reader.hand()
    assert client.ask("readers")["readers"][0] == reader.reader_name == "Virtual PCD 00 00"
    assert hand.card() is None
    hand.insert(image_file)
    assert hand.card() == image_file
    assert client.ask("await", present=True) == {"result": 0, "atr": SimulatedCard.atr.hex()}
    assert client.ask("connect")["result"] == 0
    assert client.ask("apdu", hex=SELECT) == {"result": 0, "hex": "9000"}
    hand.remove()
    hand.remove()
    assert client.ask("await", present=False)["result"] == 0
    assert client.ask("apdu", hex=SELECT)["result"] != 0


def test_a_whole_card_is_read_over_pcsc(
    reader: VirtualReader, client: Client, image_file: Path, image: CardImage, terminal: Callable[[Any], Any]
) -> None:
    reader.hand().insert(image_file)
    client.ask("await", present=True)
    client.ask("connect")
    access = terminal(client)
    access.open(image)
    for file, content in image.files.items():
        if not file.in_master_file:
            assert access.read(file) == content


def test_the_pin_counter_outlives_insertions_and_clients(
    reader: VirtualReader, image_file: Path, image: CardImage, terminal: Callable[[Any], Any], tmp_path: Path
) -> None:
    image.save(tmp_path / "copy.json")  # the same chip, whatever its image's file is called
    for path, expected in ((image_file, 0x63C2), (image_file, 0x63C1), (tmp_path / "copy.json", 0x63C0)):
        hand = CardHand(tmp_path / "reader" / "hand.sock")  # a new client each time
        hand.insert(path)
        client = Client(reader)
        client.ask("await", present=True)
        client.ask("connect")
        access = terminal(client)
        access.open(image)
        assert access.send(0x20, 0, 0x81, b"0000")[1] == expected
        hand.remove()
        client.ask("await", present=False)  # the reader polls: a card put back at once would look like no change
        client.close()


def test_pulled_takes_the_card_out_of_the_reader(
    reader: VirtualReader, client: Client, image_file: Path, image: CardImage, terminal: Callable[[Any], Any]
) -> None:
    reader.hand().insert(image_file, fault="pulled")
    client.ask("await", present=True)
    client.ask("connect")
    access = terminal(client)
    access.open(image)
    access.send(0xB0, 0x81, 0, le=4)
    # vpcd calls a card that left during a command a success without an answer, and an error only from the next on.
    assert client.process(access.protected(0xB0, 0, 4, le=91)) == b""
    assert client.ask("await", present=False)["result"] == 0
    assert client.ask("apdu", hex=SELECT)["result"] != 0
    assert reader.hand().card() is None


def test_a_mute_card_is_answered_for_when_it_is_taken_out(
    reader: VirtualReader, client: Client, image_file: Path
) -> None:
    reader.hand().insert(image_file, fault="mute")
    client.ask("await", present=True)
    client.ask("connect")
    answers: list[bytes] = []
    waiting = threading.Thread(target=lambda: answers.append(client.process(bytes.fromhex(SELECT))))
    waiting.start()
    assert reader.hand().card() == image_file  # the hand is not mute
    reader.hand().remove()
    waiting.join()
    assert answers == [b""]


def test_pcscd_goes_and_comes_back_and_the_hand_stays(reader: VirtualReader, image_file: Path) -> None:
    hand = reader.hand()
    hand.insert(image_file)
    hand.reader_down()
    assert not Path(reader.environment["PCSCLITE_CSOCK_NAME"]).exists()
    assert hand.card() is None
    with pytest.raises(HandRefused):
        hand.insert(image_file)
    hand.reader_up()
    hand.insert(image_file)
    client = Client(reader)
    assert client.ask("await", present=True)["result"] == 0
    client.close()


def test_killed_pcscd_comes_back_at_the_same_place_without_the_card(reader: VirtualReader, image_file: Path) -> None:
    hand = reader.hand()
    hand.insert(image_file)
    client = Client(reader)
    assert client.ask("await", present=True)["result"] == 0
    hand.kill_pcscd()
    assert hand.card() is None
    client.close()
    hand.insert(image_file)
    client = Client(reader)
    assert client.ask("await", present=True)["result"] == 0
    client.close()


def test_the_hand_refuses_in_its_own_words(reader: VirtualReader, image_file: Path, tmp_path: Path) -> None:
    hand = reader.hand()
    with pytest.raises(CardImageInvalid):
        hand.insert(tmp_path / "no such card.json")
    with pytest.raises(HandRefused):
        hand.insert(image_file, fault="sulking")
    hand.insert(image_file)
    with pytest.raises(HandRefused):
        hand.insert(image_file)
    with pytest.raises(HandUnreachable):
        CardHand(tmp_path / "nobody.sock").remove()


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"do": "dance"}\n', b"x" * 200_000 + b"\n"])
def test_the_hand_survives_nonsense(reader: VirtualReader, tmp_path: Path, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(20)
        raw.connect(str(tmp_path / "reader" / "hand.sock"))
        try:
            raw.sendall(line)
            answer = raw.makefile("rb").readline()
        except ConnectionError:
            answer = b""
    assert not answer or json.loads(answer)["code"] == HandRefused.code
    assert reader.hand().card() is None


def test_the_readers_port_is_on_no_interface_of_ours(tmp_path: Path) -> None:
    others = set(_descendants(os.getpid()))
    with VirtualReader(tmp_path / "alone"):
        processes = set(_descendants(os.getpid())) - others
        assert _network(os.getpid()) not in {_network(pid) for pid in processes if _listeners(pid)}
        assert any(_listeners(pid) for pid in processes), "the reader's port is nowhere at all"


def test_two_readers_live_side_by_side(reader: VirtualReader, tmp_path: Path, image_file: Path) -> None:
    with VirtualReader(tmp_path / "second") as second:
        second.hand().insert(image_file)
        assert reader.hand().card() is None
    assert reader.hand().card() is None


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # ended since it was listed
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


def _network(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())


def _listeners(pid: int) -> set[str]:
    """The sockets on which this process listens for TCP, by inode; told by the tables of its own network."""
    tables = "".join(Path(f"/proc/{pid}/net/{table}").read_text() for table in ("tcp", "tcp6"))
    rows = [row.split() for row in tables.splitlines()]
    listening = {row[9] for row in rows if row[3] == "0A"}
    held = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            held.add(str(descriptor.readlink()))
    return {inode for inode in listening if f"socket:[{inode}]" in held}


def _await_end(pids: list[int]) -> None:
    """Waits until every process has ended; the test's own deadline is the only one."""
    for pid in pids:
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        assert select.select([watch], [], [], 60)[0], f"process {pid} stays behind"
        os.close(watch)


def test_stop_leaves_no_process_and_no_socket(tmp_path: Path, image_file: Path) -> None:
    before = set(_descendants(os.getpid()))
    reader = VirtualReader(tmp_path / "r")
    reader.start()
    reader.hand().insert(image_file)
    started = set(_descendants(os.getpid())) - before
    names = {Path(f"/proc/{pid}/comm").read_text().strip() for pid in started}
    assert len(started) == 2 and "pcscd" in names
    reader.stop()
    reader.stop()
    assert not started & set(_descendants(os.getpid()))
    _await_end(sorted(started))
    assert [file.name for file in (tmp_path / "r").iterdir()] == ["pcscd.log"]


PARENT = """
import os, sys, threading
from pathlib import Path
from drivers.simulated.reader import VirtualReader
reader = VirtualReader(Path(sys.argv[1]))
starting = threading.Thread(target=reader.start)   # its thread ends, its process does not
starting.start(); starting.join()
print(reader.hand().card(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "r")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == b"None\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    process.stdin.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_everything_ends_when_the_parent_is_killed(
    parent: subprocess.Popen[bytes], tmp_path: Path, how: signal.Signals
) -> None:
    started = _descendants(parent.pid)
    assert len(started) == 2
    parent.send_signal(how)
    parent.wait()
    _await_end(started)
    assert [file.name for file in (tmp_path / "r").iterdir()] == ["pcscd.log"]


def test_pcscd_ends_when_the_hand_itself_is_killed(parent: subprocess.Popen[bytes]) -> None:
    enclosure, pcscd = _descendants(parent.pid)
    os.kill(enclosure, signal.SIGKILL)
    _await_end([pcscd])


def test_a_reader_starts_where_one_was_killed_before(parent: subprocess.Popen[bytes], tmp_path: Path) -> None:
    started = _descendants(parent.pid)
    os.kill(started[0], signal.SIGKILL)
    parent.kill()
    parent.wait()
    _await_end(started)
    with VirtualReader(tmp_path / "r") as again:
        assert again.hand().card() is None


def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReaderNotStarted, match="too long"):
        VirtualReader(tmp_path / ("x" * 100)).start()


def test_a_reader_that_cannot_come_up_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    pcscd = tmp_path / "bin" / "pcscd"
    pcscd.write_text("#!/bin/sh\nexit 1\n")
    pcscd.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    before = set(_descendants(os.getpid()))
    with pytest.raises(ReaderNotStarted):
        VirtualReader(tmp_path / "r").start()
    assert set(_descendants(os.getpid())) == before
