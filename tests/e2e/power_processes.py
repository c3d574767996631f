"""A kiosk's processes as the power-cut tests start them, and a plain client of the session's socket."""

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from power_cut import KEPT

from kiosk.session.protocol import ScreenEvent
from kiosk.simulation.child import die_with_parent

POWER_CUT = Path(__file__).with_name("power_cut.py")
PATIENCE = 40.0
"""Seconds after which something that was awaited is held never to come."""
Snapshot = dict[str, Any]


def kiosk_command(*words: object, cut: str | None = None, victim: object = "self") -> list[str]:
    """The `kiosk` command, in the words of `power_cut.py` where a moment is given."""
    script = ["-m", "kiosk"] if cut is None else [str(POWER_CUT), cut, str(victim)]
    return [sys.executable, *script, *map(str, words)]


def serving(path: Path) -> int:
    """The process that listens on a Unix socket, as the kernel knows it (SO_PEERCRED)."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        return int(struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])


class Session:
    """A `kiosk session` process; `said` awaits a line of its log."""

    def __init__(self, configuration: Path, kept: Path, cut: str | None = None, victim: object = "self") -> None:
        self._lines: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            kiosk_command("session", "--config", configuration, cut=cut, victim=victim),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, KEPT: str(kept)},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.said("process", state="started")

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self._lines.append(json.loads(line) if line.startswith("{") else {"event": line})
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def said(self, event: str, times: int = 1, **fields: object) -> None:
        """Returns once the log has `times` such lines."""
        wanted = {"event": event, **fields}

        def there() -> bool:
            return self._ended or self.count(wanted) >= times

        with self._news:
            assert self._news.wait_for(there, PATIENCE) and self.count(wanted) >= times, (wanted, self._lines)

    def count(self, wanted: dict[str, object]) -> int:
        return sum(wanted.items() <= line.items() for line in self._lines)

    def kill(self) -> None:
        self.process.kill()

    def gone(self) -> None:
        """Returns once it has died of `kill -9`, and whatever could still write to its log with it."""
        assert self.process.wait(PATIENCE) == -9, self._lines
        self._close()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        self._close()

    def _close(self) -> None:
        self._reader.join(PATIENCE)
        assert not self._reader.is_alive(), "a child outlived the session"
        assert self.process.stderr is not None
        self.process.stderr.close()


class Screen:
    """A connection to the session, as the screen has one, without the screen."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")

    def snapshots(self) -> Iterator[Snapshot]:
        """Each as it comes; ends when the session does, or talks to another screen."""
        with contextlib.suppress(ConnectionError):
            while line := self._lines.readline():
                yield json.loads(line)

    def say(self, snapshot: Snapshot, name: Any, **value: str) -> None:
        message = ScreenEvent(seq=snapshot["seq"], name=name, value=value)
        with contextlib.suppress(ConnectionError):  # then no further snapshot comes, and that tells
            self._socket.sendall(message.model_dump_json().encode() + b"\n")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()
