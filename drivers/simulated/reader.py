"""A PC/SC reader without hardware: a private pcscd with vpcd, reached by a socket in a folder of ours.

    with VirtualReader(tmp_path) as reader:
        os.environ.update(reader.environment)      # before the first use of PC/SC in that process
        reader.hand().insert(tmp_path / "amina.json")

Everything runs in a network namespace of its own (and, for an ordinary user, a user namespace), so that vpcd,
which listens on all interfaces, is off public ones. It ends with `stop`, and also when we are killed.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from drivers.simulated.enclosure import HAND_SOCKET, PCSCD_SOCKET
from drivers.simulated.errors import EnclosureRefused, ReaderNotStarted
from drivers.simulated.hand import CardHand

_LOG = "pcscd.log"
_LONGEST_SOCKET_PATH = 107  # bytes of sun_path, without its final zero


class VirtualReader:
    """The reader of the demo and of the tests; `folder` takes its sockets and pcscd's log."""

    def __init__(self, folder: Path, *, deadline: float = 20.0) -> None:
        self._folder = folder.absolute()
        self._deadline = deadline
        self._process: subprocess.Popen[bytes] | None = None
        self._name = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a client process must have in its environment to meet this reader's pcscd."""
        return {"PCSCLITE_CSOCK_NAME": str(self._folder / PCSCD_SOCKET)}

    @property
    def reader_name(self) -> str:
        """As PC/SC tells it, "Virtual PCD 00 00"; empty before `start`."""
        return self._name

    def hand(self) -> CardHand:
        """The hand that puts cards into this reader; from elsewhere, `CardHand(folder / "hand.sock")`."""
        return CardHand(self._folder / HAND_SOCKET)

    def start(self) -> None:
        """Starts it and waits until PC/SC answers. Raises EnclosureRefused or ReaderNotStarted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if len(os.fsencode(self._folder / PCSCD_SOCKET)) > _LONGEST_SOCKET_PATH:
            raise ReaderNotStarted("the folder's path is too long for a Unix socket")
        namespaces = "--net" if os.geteuid() == 0 else "-Urn"
        module = [sys.executable, "-I", "-m", "drivers.simulated.enclosure", str(self._folder), str(os.getpid())]
        with (self._folder / _LOG).open("wb") as log:
            self._process = subprocess.Popen(
                ["unshare", namespaces, "--", *module],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C at the terminal is for us; we end the reader in our own order
            )
        try:
            self._name = self._first_word(self._process)
        except BaseException:
            self.stop()
            raise

    def _first_word(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        until = time.monotonic() + self._deadline
        line = b""
        while not line.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                raise ReaderNotStarted("pcscd does not answer in time")
            part = os.read(process.stdout.fileno(), 4096)
            if not part:
                raise EnclosureRefused(self._reason())
            line += part
        word: dict[str, Any] = json.loads(line)
        if word["ready"]:
            return str(word["reader"])
        kind = EnclosureRefused if word["code"] == EnclosureRefused.code else ReaderNotStarted
        raise kind(str(word["message"]))

    def _reason(self) -> str:
        lines = (self._folder / _LOG).read_text(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "no reason given"
        return f"the private namespace of the virtual reader could not be made ({last})"

    def stop(self) -> None:
        """Takes the card out, ends pcscd and the hand, removes their sockets; twice is once."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def __enter__(self) -> VirtualReader:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
