"""A whole Debian, booted with systemd as its first process in a container of its own: no network, no devices.

    with Machine([installed, ready], folder) as machine:
        machine.wait_active("kiosk-session.service")
        machine.run("systemctl", "--failed")
        machine.photo(folder / "screen.png")

What it writes lies in memory and goes with it; the layers stay as they are. Everything it mounted ends with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from tests.appliance.roots import ENCLOSED

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BOOTED = ("systemctl", "--quiet", "is-active", "basic.target", "dbus.service")
_SCRIPT = """
place=$1 lower=$2; shift 2; for group; do echo $$ >"$group/cgroup.procs"; done; set -- "$place" "$lower"
mount -t tmpfs tmpfs /run; mkdir /run/systemd
mount -t tmpfs -o mode=0755 tmpfs "$1"; mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
exec systemd-nspawn --boot -D "$1/root" --register=no --keep-unit --private-network --console=pipe
"""


class CommandFailed(AssertionError):
    """A command inside ended with another status than 0; the message is what it said."""


class Machine:
    """`layers`, the highest first, are laid over each other; `files` (path → text, or a file to copy) lie on top."""

    def __init__(self, layers: list[Path], folder: Path, files: Mapping[str, str | Path] | None = None) -> None:
        self._layers = layers
        self._folder = folder
        self._files = files or {}
        self._leader = 0
        self._groups: list[Path] = []
        self.console = folder / "console.log"

    def start(self, *, deadline: float = 60.0) -> None:
        """Boot it and wait until services can be asked for; those of the kiosk may still be starting.

        Raises AssertionError with the console's end.
        """
        top, place = self._folder / "files", self._folder / "place"
        for path in (top, place):
            path.mkdir(parents=True, exist_ok=True)
        top.chmod(0o755)
        for name, content in self._files.items():
            file = top / name.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            if isinstance(content, Path):
                shutil.copy(content, file)
            else:
                file.write_text(content)
        lower = ":".join(str(layer) for layer in [top, *self._layers])
        self._groups = _own_control_groups()
        with self.console.open("wb") as console:
            self._container = subprocess.Popen(
                [*ENCLOSED, _SCRIPT, "boot", place, lower, *self._groups],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        self._until(deadline, self._find_leader, "no first process")
        self._until(deadline, lambda: self.succeeds(*_BOOTED), "it does not boot")

    def _find_leader(self) -> bool:
        """The first process of another PID namespace among nspawn's children; some of them are gone at once."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pid = self._container.pid
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                status = Path(f"/proc/{child}/status").read_text()
                numbers = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
                if status.startswith("Name:\tsystemd\n") and len(numbers) > 1 and numbers[-1] == "1":
                    self._leader = int(child)
        return self._leader != 0

    # --- what a person at its console could do ------------------------------------------------------------

    def run(self, *command: str, stdin: str | None = None, user: str | None = None) -> str:
        """Its standard output. Raises CommandFailed."""
        return self._do(list(command), stdin=stdin, user=user).decode()

    def succeeds(self, *command: str) -> bool:
        return self._nsenter(list(command)).returncode == 0

    def wait_active(self, unit: str, *, deadline: float = 60.0) -> None:
        """Until systemd says so, or AssertionError with the unit's journal."""
        self.wait(lambda: self.state(unit, "ActiveState") == "active", f"{unit} is not active", unit, deadline=deadline)

    def wait(self, so: Callable[[], bool], otherwise: str, unit: str = "", *, deadline: float = 60.0) -> None:
        """Until `so`, or AssertionError with `otherwise` and what the journal (of `unit`) says."""
        until = time.monotonic() + deadline
        while not so():
            assert time.monotonic() < until, f"{otherwise}\n{self.journal(unit)[-6000:]}"
            time.sleep(0.1)

    def state(self, unit: str, name: str) -> str:
        """A property of a unit, as `systemctl show` tells it."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def main_pid(self, unit: str) -> int:
        return int(self.state(unit, "MainPID"))

    def journal(self, unit: str = "") -> str:
        """Its messages so far, one a line; all units' without a name."""
        return self.run("journalctl", "--no-pager", "-o", "short-monotonic", *(["-u", unit] if unit else []))

    def entries(self, unit: str) -> list[dict[str, object]]:
        """The same as journald keeps them."""
        said = self.run("journalctl", "--no-pager", "-o", "json", "-u", unit)
        return [json.loads(line) for line in said.splitlines()]

    def read(self, path: str) -> str:
        return self.run("cat", path)

    def photo(self, file: Path) -> Path:
        """What the citizens' screen shows now, as PNG."""
        camera = ["grim", "-t", "png", "-"]
        display = {"XDG_RUNTIME_DIR": "/run/kiosk/display", "WAYLAND_DISPLAY": "wayland-0"}
        file.write_bytes(self._do(camera, user="kiosk-display", environment=display))
        return file

    # --- the way in -----------------------------------------------------------------------------------------

    def _do(
        self,
        command: list[str],
        stdin: str | None = None,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        done = self._nsenter(command, stdin, user, environment)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise CommandFailed(f"{' '.join(command)}: status {done.returncode}\n{said[-4000:]}")
        return done.stdout

    def _nsenter(
        self,
        command: list[str],
        stdin: str | None = None,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        enter = ["nsenter", "--target", str(self._leader), *"--mount --uts --ipc --net --pid --cgroup".split()]
        if user is not None:
            command = ["runuser", "-u", user, "--", *command]
        return subprocess.run(
            [*enter, "--root", "--wdns=/", "--", *command],
            input=(stdin or "").encode(),
            capture_output=True,
            env={"PATH": _PATH, "LANG": "C.UTF-8", "TERM": "dumb", **(environment or {})},
            check=False,
            timeout=300,
        )

    def _until(self, deadline: float, so: Callable[[], bool], otherwise: str) -> None:
        until = time.monotonic() + deadline
        while not so():
            gone = self._container.poll() is not None
            if gone or time.monotonic() > until:
                said = self.console.read_text(errors="replace")[-4000:]
                self.stop()
                raise AssertionError(f"{otherwise}\n{said}")
            time.sleep(0.02)

    def power_cut(self) -> None:
        """No goodbye to anybody."""
        self._container.kill()
        if self._leader:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._leader, signal.SIGKILL)
        self._container.wait()
        self._leader = 0

    def stop(self) -> None:
        """Power it off; twice is once."""
        if self._container.poll() is None:
            self._container.terminate()  # nspawn passes it on as the order to power off
            try:
                self._container.wait(30)
            except subprocess.TimeoutExpired:
                self.power_cut()
        self._leader = 0
        for group in self._groups:
            for below in sorted(group.glob("**/"), reverse=True):
                with contextlib.suppress(OSError):
                    below.rmdir()

    def __enter__(self) -> Machine:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def _own_control_groups() -> list[Path]:
    """A control group for one machine, by the same name in each hierarchy that systemd keeps services in: two
    machines in the same would have their services in each other's."""
    name = f"shubbak-{secrets.token_hex(8)}"
    tops = [Path("/sys/fs/cgroup", hierarchy) for hierarchy in ("", "systemd", "unified")]
    groups = [top / name for top in tops if os.access(top / "cgroup.procs", os.W_OK)]
    for group in groups:
        group.mkdir()
    return groups
