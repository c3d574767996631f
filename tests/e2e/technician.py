"""A town hall to break and mend, and what `kiosk diagnose` says of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
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
            lines.append(f"{key} = {json.dumps(value if isinstance(value, int | float) else str(value))}")
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
