"""What an installation checks beyond the every-day diagnosis: secrets are secret, and paper comes out."""

from __future__ import annotations

import pwd
import stat
from pathlib import Path

from kiosk.diagnostics.check import Finding, failed, ok
from kiosk.diagnostics.place import Place
from kiosk.diagnostics.threads import in_thread
from kiosk.printers import open_laser
from printing.job import print_document
from printing.trial_page import trial_page

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


async def secrets(place: Place) -> Finding:
    """That every file with a secret is there, for its owner alone, and that its owner is who uses it."""
    settings = place.settings
    files = (
        ("registry.device_key", settings.registry.device_key, "kiosk-session"),
        ("signer.pin_file", settings.signer.pin_file, "kiosk-signer"),
        ("staff.pin_file", settings.staff.pin_file, "kiosk-session"),
    )
    wrong = await in_thread(lambda: [reason for key, file, user in files if (reason := _open_to(key, file, user))])
    if wrong:
        return failed("E-MACHINE-SECRETS", "; ".join(wrong))
    return ok(f"{len(files)} files, each for its owner alone")


def _open_to(key: str, file: Path, user: str) -> str | None:
    """What is wrong with a secret's file; None when nothing is."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return f"{key} is not there"
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        return f"{key} has mode {mode:04o}"
    try:
        owner = pwd.getpwnam(user).pw_uid
    except KeyError:
        return None  # no appliance: whoever runs the kiosk owns its files
    return f"{key} is not {user}'s" if status.st_uid != owner else None


async def page(place: Place) -> Finding:
    """That a page comes out, on the printer's own evidence. Whether it looks right, the technician sees."""
    document = await in_thread(trial_page)
    laser = place.settings.laser
    if not laser.uri:
        return ok("there is no laser printer; `kiosk bench thermal` prints a test ticket")
    printer = open_laser(laser)
    try:
        outcome = await print_document(printer, document, title="kiosk diagnose", deadline=laser.deadline)
    finally:
        await printer.close()
    if outcome.error is not None:
        return failed(outcome.error.code, f"{outcome.outcome}: {outcome.error}")
    return ok(f"printed ({outcome.evidence}); the frame is 10 mm from every edge, the ruler 180 mm")
