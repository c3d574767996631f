"""The checks of the machine itself: its clock, its disk, and, on an appliance, what its package set up."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import errno
import os
import tempfile
from pathlib import Path

from config.clock import TOLERANCE, Floor
from config.errors import ClockBehind, ConfigError
from config.status import read_state
from config.store import Store
from kiosk.diagnostics import registry
from kiosk.diagnostics.check import Finding, degraded, failed, ok, skipped
from kiosk.diagnostics.place import Place
from kiosk.diagnostics.threads import in_thread

SKEW_FAILED_S = 120.0
SKEW_DEGRADED_S = 30.0
_RESOLUTION_S = 2.0  # of an HTTP date, and the time the answer took
FULL_BYTES = 16 * 1024 * 1024
LOW_BYTES = 256 * 1024 * 1024
_TRIAL = bytes(64 * 1024)
UNITS = (
    "kiosk-display.service",
    "kiosk-screen.service",
    "kiosk-session.service",
    "kiosk-signer.service",
    "kiosk-config.service",
    "pcscd.socket",
)
_DISK_CODES = {
    errno.ENOSPC: "E-DISK-FULL",
    errno.EDQUOT: "E-DISK-FULL",
    errno.EROFS: "E-DISK-READ-ONLY",
    errno.EACCES: "E-DISK-DENIED",
    errno.EPERM: "E-DISK-DENIED",
}


async def clock(place: Place) -> Finding:
    """The machine's clock against the newest time that the fleet's administrators signed, and the registry's."""
    floor = await in_thread(lambda: _floor(place.settings.fleet.folder))
    if place.now() < floor - TOLERANCE:
        return failed(ClockBehind.code, f"it is {_words(place.now())} here; {_words(floor)} was signed already")
    told = await registry.date(place)
    if told is None:
        return skipped("the registry does not tell the time: see the registry's checks")
    theirs, ours = told
    skew = (ours - theirs).total_seconds()
    detail = "agrees with the registry's"
    if abs(skew) > _RESOLUTION_S:
        detail = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the registry's"
    if abs(skew) > SKEW_FAILED_S:
        return failed("E-CLOCK-SKEW", detail)
    if abs(skew) > SKEW_DEGRADED_S:
        return degraded("E-CLOCK-DRIFT", detail)
    return ok(detail)


def _floor(fleet: Path) -> dt.datetime:
    """The newest signed time: as kept for the agent alone, or as the agent tells everybody."""
    store = Store(fleet)
    kept = Floor(store.tuf / "floor.json").time
    with contextlib.suppress(ConfigError):  # what is wrong with that file, `configuration` tells
        state = read_state(store)
        if state is not None and state.floor is not None:
            return max(kept, state.floor)
    return kept


def _words(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


async def disk(place: Place) -> Finding:
    """That the state folder's disk takes what is written, and has room for more."""
    return await in_thread(lambda: _disk(place.settings.kiosk.state))


def _disk(folder: Path) -> Finding:
    try:
        if not folder.exists():
            return skipped("there is no state folder yet; the first start of the session makes it")
        room = os.statvfs(folder)
        free = room.f_bavail * room.f_frsize
        with tempfile.TemporaryFile(dir=folder) as trial:  # it has no name: a power cut leaves nothing
            trial.write(_TRIAL)
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        return failed(_DISK_CODES.get(error.errno or 0, "E-DISK-FAULT"), f"the state folder: {error.strerror}")
    detail = f"{free // 2**20} MiB free for the ledger; writes and syncs"
    if free < FULL_BYTES:
        return failed("E-DISK-FULL", detail)
    return degraded("E-DISK-LOW", detail) if free < LOW_BYTES else ok(detail)


async def machine(place: Place) -> Finding:
    """On an appliance: its services run, and nothing that its package closed stands open."""
    if not is_appliance(place.root):
        return skipped("this machine was not installed from the kiosk's package")
    resting = await _not_active(UNITS)
    open_again = await in_thread(lambda: weaknesses(place.root))
    detail = "; ".join([*(f"{unit} is {state}" for unit, state in resting.items()), *open_again])
    if resting:
        return failed("E-MACHINE-UNIT", detail)
    if open_again:
        return failed("E-MACHINE-OPEN", detail)
    return ok(f"{len(UNITS)} units active; SysRq, usblp, swap and core dumps off")


def is_appliance(root: Path) -> bool:
    """Whether systemd runs here and has the kiosk's target."""
    folders = ("etc/systemd/system", "lib/systemd/system", "usr/lib/systemd/system")
    return (root / "run/systemd/system").is_dir() and any((root / f / "kiosk.target").exists() for f in folders)


def weaknesses(root: Path) -> list[str]:
    """What `systemd/sysctl.d` and `systemd/modprobe.d` closed and is open now, in words. Raises OSError."""

    def lines(path: str) -> list[str]:
        file = root / path
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    found = []
    if lines("proc/sys/kernel/sysrq") not in ([], ["0"]):
        found.append("SysRq is on (kernel.sysrq)")
    if any(line.startswith("usblp ") for line in lines("proc/modules")):
        found.append("usblp is loaded and takes the printer")
    if len(lines("proc/swaps")) > 1:
        found.append("swap is on")
    if lines("proc/sys/kernel/core_pattern") not in ([], ["|/bin/false"]):
        found.append("core dumps are kept (kernel.core_pattern)")
    return found


async def _not_active(units: tuple[str, ...]) -> dict[str, str]:
    """The units that are not active, each with the state systemd tells."""
    asked = await asyncio.create_subprocess_exec(
        "systemctl",
        "is-active",
        *units,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        told, _ = await asked.communicate()
    except asyncio.CancelledError:
        asked.kill()
        raise
    states = told.decode("ascii", "replace").split()
    states += ["unknown"] * (len(units) - len(states))
    return {unit: state for unit, state in zip(units, states, strict=False) if state != "active"}
