"""The kiosk's scanners of machine readable zones, as its settings describe them. None is opened here."""

from __future__ import annotations

from collections.abc import Callable

from config.scanner import Scanner
from drivers.scanners.camera import Camera
from drivers.scanners.keeper import Scanners
from drivers.scanners.port import MrzScanner, Zone
from drivers.scanners.serial_line import SerialLine
from drivers.scanners.wedge import Wedge
from drivers.smartcard.emrtd import mrz


def find(text: str) -> Zone | None:
    """What the scanners hand over: the lines of a whole zone whose check digits hold, or nothing."""
    zone = mrz.find(text)
    return None if zone is None else Zone(zone.lines)


def open_scanners(settings: Scanner, told: Callable[[str, str | None], None]) -> Scanners:
    """`told` hears of each scanner by name: a code as it goes or fails, None as it is there. It is called in the
    event loop that `Scanners.start` was called in."""
    return Scanners(list(scanners(settings)), told)


def scanners(settings: Scanner) -> list[MrzScanner]:
    found: list[MrzScanner] = []
    if settings.wedge:
        found.append(Wedge(settings.wedge, find, layout=settings.layout, pause=settings.pause))
    if settings.serial:
        found.append(SerialLine(settings.serial, find, baud=settings.baud, pause=settings.pause))
    if source := settings.camera or (str(settings.pictures) if settings.pictures else ""):
        found.append(Camera(source, find, readers=settings.readers, deadline=settings.deadline))
    return found
