"""The checks of the machine itself: its clock, its disk, and, on an appliance, what its package set up."""

from __future__ import annotations

import asyncio
from pathlib import Path

from config.schema import Kiosk
from kiosk.diagnostics import registry
from kiosk.diagnostics.check import Finding, degraded, failed, ok, skipped
from kiosk.diagnostics.place import Place
from kiosk.diagnostics.threads import in_thread
from kiosk.errors import KioskError
from kiosk.ground import MEGABYTE, check_clock, check_disk, floor_of

SKEW_DEGRADED_S = 30.0
_RESOLUTION_S = 2.0  # of an HTTP date, and the time the answer took
UNITS = (
    "kiosk-display.service",
    "kiosk-screen.service",
    "kiosk-session.service",
    "kiosk-signer.service",
    "kiosk-config.service",
    "pcscd.socket",
)


async def clock(place: Place) -> Finding:
    """The machine's clock against the newest time that the fleet's administrators signed, and the registry's."""
    floor = await in_thread(lambda: floor_of(place.settings.fleet.folder))
    check_clock(place.now(), floor, None)
    told = await registry.date(place)
    if told is None:
        return skipped("the registry does not tell the time: see the registry's checks")
    theirs, ours = told
    skew = check_clock(ours, floor, theirs) or 0.0
    if abs(skew) <= _RESOLUTION_S:
        return ok("agrees with the registry's")
    detail = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the registry's"
    return degraded("E-CLOCK-DRIFT", detail) if abs(skew) > SKEW_DEGRADED_S else ok(detail)


async def disk(place: Place) -> Finding:
    """That the state folder's disk takes what is written, and has room for more."""
    return await in_thread(lambda: _disk(place.settings.kiosk))


def _disk(kiosk: Kiosk) -> Finding:
    if not kiosk.state.exists():
        return skipped("there is no state folder yet; the first start of the session makes it")
    try:
        free = check_disk(kiosk.state, kiosk.free)
    except KioskError as error:
        return failed(error.code, str(error))
    detail = f"{free // MEGABYTE} MB free for the ledger; writes and syncs"
    return degraded("E-DISK-LOW", detail) if free < 2 * kiosk.free * MEGABYTE else ok(detail)


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
    return ok(f"{len(UNITS)} units active; SysRq, usblp, CUPS, swap and core dumps off")


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
    if (root / "run/cups/cups.sock").exists():
        found.append("CUPS runs: what waits in its queues is printed later, to somebody else")
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
