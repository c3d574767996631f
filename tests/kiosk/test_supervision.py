"""What the supervisor hears, on a real datagram socket; and that nothing of it ever reaches the caller."""

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk import supervision


@pytest.fixture(params=["path", "abstract"])
def supervisor(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@shubbak-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1))
        listening.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield listening


@pytest.mark.parametrize(
    ("tell", "heard"),
    [(supervision.ready, b"READY=1"), (supervision.alive, b"WATCHDOG=1"), (supervision.stopping, b"STOPPING=1")],
)
def test_one_datagram_says_it(supervisor: socket.socket, tell: Callable[[], None], heard: bytes) -> None:
    tell()
    assert supervisor.recv(100) == heard
    supervisor.setblocking(False)
    with pytest.raises(BlockingIOError):
        supervisor.recv(100)


def test_a_supervisor_that_does_not_read_holds_nobody_up(supervisor: socket.socket) -> None:
    for _ in range(2000):
        supervision.alive()


@pytest.mark.parametrize("address", [None, "", "/nowhere/at/all", "@", "notify", "tcp:1", "/" + "x" * 500, "@a\x01b"])
def test_without_a_supervisor_nothing_happens(monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    if address is None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    else:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for tell in (supervision.ready, supervision.alive, supervision.stopping):
        tell()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [
        ("10000000", None, 5.0),
        pytest.param("10000000", str(os.getpid()), 5.0, id="ours"),
        ("10000000", "1", None),
        (None, None, None),
        ("0", None, None),
        ("-4", None, None),
        ("soon", None, None),
    ],
)
def test_the_pace_is_half_of_what_the_supervisor_waits(
    monkeypatch: pytest.MonkeyPatch, microseconds: str | None, pid: str | None, seconds: float | None
) -> None:
    for name, value in (("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", pid)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert supervision.watchdog_interval() == seconds
