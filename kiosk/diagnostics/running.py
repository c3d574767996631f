"""The checks of what runs: the configuration in force, the ledger, the session, and the screen connected to it."""

from __future__ import annotations

from pathlib import Path

from config.schema import Settings
from config.status import read_state
from config.store import Store
from kiosk.diagnostics.check import Finding, degraded, failed, ok, skipped
from kiosk.diagnostics.place import Place
from kiosk.diagnostics.threads import in_thread
from kiosk.issuance.errors import LedgerDamaged, LedgerKeyUnfit, LedgerMissing
from kiosk.issuance.keeper import load_certificates, signed_by
from kiosk.issuance.ledger import Ledger, Verdict


async def configuration(place: Place) -> Finding:
    """Which configuration is in force, and how its agent came to it. That it is valid, whoever loaded it knows."""
    store = Store(place.settings.fleet.folder)
    release, state = await in_thread(lambda: (store.current(), read_state(store)))
    detail = "valid; the local file alone" if release is None else f"valid; release {release}"
    if state is None:
        return ok(detail)
    told = f"{detail}; the agent: {state.phase}"
    if state.code is not None:
        return degraded(state.code, f"{told} {state.release or ''}".rstrip())
    if state.source_code is not None:
        return degraded(state.source_code, f"{told}; no newer one can be had")
    return ok(told)


async def ledger(place: Place) -> Finding:
    """That the record of what was issued holds, from its first entry to its last, and is this device's."""
    try:
        verdict = await in_thread(lambda: _verify(place.settings))
    except LedgerMissing:
        return skipped("there is no ledger yet; the first start of the session makes it")
    if not verdict.valid:
        return failed(LedgerDamaged.code, f"it does not hold from entry {verdict.at}: {verdict.reason}")
    detail = f"holds: {verdict.entries} entries, {verdict.open} grants open"
    if not verdict.is_signed:
        return degraded(LedgerKeyUnfit.code, f"{detail}; this device has signed up to entry {verdict.signed_up_to}")
    return ok(detail)


def _verify(settings: Settings) -> Verdict:
    known = signed_by(load_certificates([settings.registry.device_certificate]))
    with Ledger.view(settings.kiosk.state / "ledger.sqlite") as opened:
        return opened.verify(known)


async def session(place: Place) -> Finding:
    """That the session answers. What it says of parts that have a check of their own is left to those."""
    health = await place.session.health()
    own = health.parts.get("session") or health.parts.get("ledger")
    if own is not None:
        return failed(own, "it answers, and serves nobody")
    release = "the local configuration" if health.release is None else f"release {health.release}"
    serving = "between visits" if health.between_visits else "a visit is going on"
    return ok(f"answers; {release}; {serving}")


async def display(place: Place) -> Finding:
    """That a screen is connected to the session, and which outputs the machine has."""
    health = await place.session.health()
    outputs = await in_thread(lambda: _outputs(place.root / "sys/class/drm"))
    if (code := health.parts.get("screen")) is not None:
        return failed(code, f"no screen is connected to the session; {outputs}")
    return ok(f"a screen is connected to the session; {outputs}")


def _outputs(folder: Path) -> str:
    """What the kernel says is plugged in (DRM connectors)."""
    files = sorted(folder.glob("card*-*/status")) if folder.is_dir() else []
    connected = [file.parent.name for file in files if file.read_text(encoding="ascii").strip() == "connected"]
    if not files:
        return "the kernel shows no display output"
    return f"plugged in: {', '.join(connected)}" if connected else "nothing is plugged into a display output"
