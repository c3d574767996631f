"""One process of the kiosk, started as a unit would start it, and ended with us."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from kiosk.errors import PartMissing

_START_S = 30.0
_STOP_S = 10.0
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """In the child, before exec: when the parent dies, so does it (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """`ready` is what shows that the process serves: a Unix socket that answers, or a file that it writes.

    Raises PartMissing if it never does.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        ready: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        if ready is not None:
            self._await(ready)

    def _await(self, ready: Path) -> None:
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise PartMissing(f"{self.name} ended at its start; see {self.log.name}")
            if _serves(ready):
                return
            time.sleep(0.02)
        self.stop()
        raise PartMissing(f"{self.name} does not serve; see {self.log.name}")

    def kill(self) -> None:
        """As a power cut would: no goodbye."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()


def _serves(ready: Path) -> bool:
    if ready.suffix != ".sock":
        return ready.is_file()
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(ready))
        except OSError:
            return False
    return True
