"""A supervisor's ear: the datagram socket on which systemd hears of a service, without systemd."""

from __future__ import annotations

import os
import select
import socket
from pathlib import Path
from types import TracebackType

INTERVAL_S = 0.1


class Supervisor:
    """`environment` is what a service is started with, one that shall show life every INTERVAL_S."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "notify"
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(self._path))
        self._ear.settimeout(60)

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ear.close()
        self._path.unlink()

    @property
    def environment(self) -> dict[str, str]:
        ours = {"NOTIFY_SOCKET": str(self._path), "WATCHDOG_USEC": str(round(2 * INTERVAL_S * 1e6))}
        return {key: value for key, value in os.environ.items() if key != "WATCHDOG_PID"} | ours

    def until(self, said: str) -> list[str]:
        """What was said before it."""
        before = []
        while (word := self._ear.recv(4096).decode()) != said:
            before.append(word)
        return before

    def alive(self, times: int = 3) -> None:
        """Returns once it showed life that often, from now on."""
        while select.select([self._ear], [], [], 0)[0]:
            self._ear.recv(4096)
        for _ in range(times):
            self.until("WATCHDOG=1")

    def until_silent(self) -> None:
        """Returns once nothing was said for ten times as long as life takes to show."""
        while select.select([self._ear], [], [], 10 * INTERVAL_S)[0]:
            self._ear.recv(4096)
