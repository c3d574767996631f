"""Where a USB printer listens: found by its serial number in what ipp-usb writes down.

ipp-usb serves each printer on a port of localhost, and keeps the port in /var/ipp-usb/dev/IDENT.state:

    ; HP LaserJet MFP M28-M31 serial=VNB3K12345
    [device]
    http-port       = 60000
    dns-sd-name     = "HP LaserJet MFP M28w"

The file stays when the printer is unplugged, and then another printer may be given its port. So the device must be
plugged in (sysfs), and no other that is plugged in may have the same port: ipp-usb is about to move one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drivers.printers.errors import PrinterUnreachable

_SERIAL = re.compile(r"^;.*\bserial=(.*?)\s*$", re.MULTILINE)
_PORT = re.compile(r"^\[device\][^\[]*?^http-port\s*=\s*([0-9]{1,5})\s*$", re.MULTILINE)
_LONGEST, _MOST_FILES = 1 << 14, 256


@dataclass(frozen=True, slots=True)
class Served:
    """A printer that ipp-usb serves, or served once."""

    serial: str
    port: int


def served(state: str) -> Served | None:
    """What a state file says; None where it does not tell both."""
    serial, port = _SERIAL.search(state), _PORT.search(state)
    if serial is None or port is None or not serial[1] or not 0 < int(port[1]) < 1 << 16:
        return None
    return Served(serial[1], int(port[1]))


@dataclass(frozen=True, slots=True)
class IppUsb:
    """`states` is ipp-usb's folder, `devices` sysfs's list of USB devices."""

    states: Path = Path("/var/ipp-usb/dev")
    devices: Path = Path("/sys/bus/usb/devices")

    def uri(self, serial: str) -> str:
        """The printer's address at this moment. Raises PrinterUnreachable."""
        plugged_in = frozenset(_serials(self.devices))
        here = [printer for printer in _served(self.states) if printer.serial in plugged_in]
        ours = [printer for printer in here if printer.serial == serial]
        if len(ours) != 1:
            raise PrinterUnreachable(f"{len(ours)} printers of that serial number are plugged in and served by ipp-usb")
        if sum(printer.port == ours[0].port for printer in here) > 1:
            raise PrinterUnreachable("ipp-usb has not yet given the printer a port of its own")
        return f"ipp://localhost:{ours[0].port}/ipp/print"


def _served(folder: Path) -> Iterator[Served]:
    for text in _texts(folder, "*.state"):
        if (printer := served(text)) is not None:
            yield printer


def _serials(devices: Path) -> Iterator[str]:
    return (text.strip() for text in _texts(devices, "*/serial"))


def _texts(folder: Path, pattern: str) -> Iterator[str]:
    for _, file in zip(range(_MOST_FILES), sorted(folder.glob(pattern)), strict=False):
        try:
            with file.open("rb") as opened:
                yield opened.read(_LONGEST).decode("utf-8", "replace")
        except OSError:
            continue  # unplugged in between
