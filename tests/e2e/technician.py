"""A town hall to break and mend, and what `kiosk diagnose` says of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.catalogue.codes import entries
from kiosk.simulation.townhall import TownHall

UNLOOKED = {"machine", "card"}
"""Skipped where nothing is broken: no appliance, no card in the reader."""


@dataclass(frozen=True)
class Diagnosis:
    """What the command answered: exit status, and each check by name."""

    status: int
    ready: bool
    checks: dict[str, dict[str, Any]] = field(repr=False)

    def named(self) -> dict[str, str]:
        """The parts that are not well, each with its code."""
        return {n: c["code"] for n, c in self.checks.items() if c["status"] in ("failed", "degraded")}

    def skipped(self) -> set[str]:
        return {n for n, c in self.checks.items() if c["status"] == "skipped"} - UNLOOKED


def variant(hall: TownHall, **changes: dict[str, object]) -> Path:
    """A configuration beside the hall's own, with other values by section and key."""
    values = tomllib.loads(hall.configuration.read_text())
    lines = [f"profile = {json.dumps(values.pop('profile'))}"]
    for section in values | changes:
        lines.append(f"[{section}]")
        for key, value in (values.get(section, {}) | changes.get(section, {})).items():
            lines.append(f"{key} = {json.dumps(value if isinstance(value, int | float | list) else str(value))}")
    file = hall.folder / "variant.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


def diagnose(configuration: Path, *words: str) -> Diagnosis:
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "diagnose", "--json", "--config", configuration, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    told = json.loads(done.stdout)
    assert set(told) == {"ready", "checks"}
    for check in told["checks"]:
        assert set(check) == {"name", "status", "code", "detail", "remedy"}
        if check["status"] in ("failed", "degraded"):
            assert check["remedy"] == entries()[check["code"]].remedy
        else:
            assert check["code"] is None and check["remedy"] is None
    return Diagnosis(done.returncode, told["ready"], {check["name"]: check for check in told["checks"]})


_NO_READER = """
mount -t tmpfs tmpfs /run && mkdir -p /run/pcscd/none || exit 1
[ ! -d /dev/bus ] || mount -t tmpfs tmpfs /dev/bus || exit 1
export LISTEN_PID=$$ LISTEN_FDS=1 PATH="$PATH:/usr/sbin"
exec pcscd --foreground --config /run/pcscd/none
"""


@contextmanager
def pcscd_without_reader(folder: Path) -> Iterator[Path]:
    """The socket of a PC/SC service whose readers have all been pulled out."""
    path = folder / "empty.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        namespaces = ["--mount"] if os.geteuid() == 0 else ["-Urm"]
        descriptor = listening.fileno()
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", *namespaces, "sh", "-c", _NO_READER],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.set_inheritable(3, True) if descriptor == 3 else os.dup2(descriptor, 3),
            close_fds=False,
        )
    try:
        yield path
    finally:
        process.kill()
        process.wait()
        path.unlink()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def pcscd_of(hall: TownHall) -> int:
    """The process that answers PC/SC in this hall."""
    waiting = children(os.getpid())
    while waiting:
        pid = waiting.pop()
        if Path(f"/proc/{pid}/comm").read_text().strip() == "pcscd":
            return pid
        waiting += children(pid)
    raise AssertionError("no pcscd runs in this hall")
