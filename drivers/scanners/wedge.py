"""A keyboard wedge: a scanner that types the zone. Taken for us alone (EVIOCGRAB), so that nothing it types, or
anybody else on it, reaches the screen.

The event device is named by its `/dev/input/by-id/…-event-kbd` link, which comes back with the scanner.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from types import TracebackType
from typing import Self

import evdev
from evdev import ecodes

from drivers.scanners.errors import ScannerAbsent, ScannerFault, from_system
from drivers.scanners.gathering import Gathering
from drivers.scanners.keyboard import Keyboard, Layout
from drivers.scanners.port import Find, Zone
from drivers.scanners.readable import readable

_DEVICE = "keyboard wedge"
_NEEDED = frozenset((ecodes.KEY_A, ecodes.KEY_Z, ecodes.KEY_1, ecodes.KEY_ENTER))


class Wedge:
    """`device` is the path of its event device, `pause` (seconds) what parts one scan from the next, by the times
    that the events bear."""

    name = "wedge"
    on_demand = False

    def __init__(self, device: str, find: Find, *, layout: Layout = "us", pause: float = 0.5) -> None:
        self._path = device
        self._pause = pause
        self._layout: Layout = layout
        self._find = find
        self._device: evdev.InputDevice[str] | None = None

    async def __aenter__(self) -> Self:
        """Raises ScannerAbsent, ScannerBusy, ScannerFault (no keyboard, or not ours to read)."""
        device = None
        try:
            device = evdev.InputDevice(self._path)
            if not set(device.capabilities().get(ecodes.EV_KEY, ())) >= _NEEDED:
                raise ScannerFault(f"the {_DEVICE} is no keyboard")
            device.grab()
        except BaseException as error:
            if device is not None:
                device.close()
            if isinstance(error, OSError):
                raise from_system(error, _DEVICE) from None
            raise
        self._device = device
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.close()  # which lets go of the grab

    async def events(self) -> AsyncGenerator[Zone, None]:
        """Raises ScannerAbsent when it is pulled out."""
        device = self._device
        if device is None:
            raise ScannerAbsent(f"the {_DEVICE} is not open")
        keyboard, gathering = Keyboard(self._layout), Gathering(self._find, self._pause)
        for _ in self._pending(device):
            pass
        while True:
            if not await readable(device.fd, self._pause if gathering.waiting else None):
                if (zone := gathering.settle()) is not None:
                    yield zone
                continue
            for event in self._pending(device):
                if event.type == ecodes.EV_SYN and event.code == ecodes.SYN_DROPPED:
                    keyboard.let_go()
                    gathering.forget()
                if event.type == ecodes.EV_KEY and (character := keyboard.key(event.code, event.value)):
                    zone = gathering.take(character, event.sec + event.usec / 1e6)
                    if zone is not None:
                        yield zone

    def _pending(self, device: evdev.InputDevice[str]) -> Iterable[evdev.InputEvent]:
        try:
            events = list(device.read())
        except BlockingIOError:
            return ()
        except OSError:
            raise ScannerAbsent(f"the {_DEVICE} went away") from None
        if not events:
            raise ScannerAbsent(f"the {_DEVICE} went away")
        return events
