"""USB devices that come and go, as typed events from one thread.

    watch = DeviceWatch(lambda event: loop.call_soon_threadsafe(happened, event))
    watch.start()
    …
    watch.stop()

What udevd (or, where there is none, the kernel) says over netlink is only the reason to look: the watch waits
until it is quiet, lists the devices anew, and tells how they differ from what it told last. So a message lost
in an overflow costs nothing, a device that comes and goes fifty times in a second ends in its right state,
and one that moved to another port is still the same.
"""

from __future__ import annotations

import errno
import os
import posixpath
import re
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pyudev

Kind = Literal["reader", "printer", "storage", "serial", "input", "other"]
"""What a device is by what it speaks. A scanner speaks as a keyboard (`input`) or on a serial line; a ticket printer
as a printer, on a serial line, or by nothing but its vendor's word (`other`)."""
_ADAPTER = "adapter"
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("0b", "reader"),
    ("07", "printer"),
    ("08", "storage"),
    ("0202", "serial"),
    (_ADAPTER, "serial"),
    ("03", "input"),
)
"""Beginnings of class, subclass and protocol of an interface (usb.org, "Defined Class Codes"), the most telling first:
a device may have several. An adapter's class is its vendor's: the kernel's driver makes it a serial line."""
_CLASS = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
_HUB = "09"
_UDEVD = Path("/run/udev/control")
_QUIET_MS = 100
_LONGEST_S = 1.0
"""However long a storm lasts, it is looked at this often."""
_LOOK_MS = 60_000
"""The longest wait before the devices are listed again, should a message never come."""
_RETRY_S = 2.0
_LONGEST_MESSAGE = 65536
_ODD = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_SERIAL = 64


@dataclass(frozen=True, slots=True)
class Device:
    """`id` is VENDOR:PRODUCT:SERIAL, or VENDOR:PRODUCT@PORT without a serial number. A `blocked` one is plugged
    in but not authorised (`authorized` is 0, kernel: usb/authorization.rst): no driver may have it."""

    id: str
    kind: Kind
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class DeviceArrived:
    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class DeviceLeft:
    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class DeviceBlocked:
    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class WatchLost:
    """Devices cannot be watched; it is tried again until `WatchBack`."""

    code: ClassVar[str] = "E-HOTPLUG-WATCH"


@dataclass(frozen=True, slots=True)
class WatchBack:
    pass


DeviceEvent = DeviceArrived | DeviceLeft | DeviceBlocked
WatchEvent = DeviceEvent | WatchLost | WatchBack


def changes(before: Mapping[str, Device], after: Mapping[str, Device]) -> list[DeviceEvent]:
    """What happened between two lists of devices, by id; what left comes first."""
    left = [d for d in before.values() if d.id not in after or after[d.id].kind != d.kind]
    new = [d for d in after.values() if before.get(d.id) != d]
    return [
        *(DeviceLeft(d.kind, d.id) for d in left),
        *(DeviceBlocked(d.kind, d.id) if d.blocked else DeviceArrived(d.kind, d.id) for d in new),
    ]


def usb_devices() -> list[Device]:
    """The USB devices there are, hubs left out. Raises OSError when the system does not tell."""
    context = pyudev.Context()
    here = list(context.list_devices(subsystem="usb"))
    speaks: dict[str, set[str]] = {}
    for interface in here:
        if interface.device_type == "usb_interface":
            owner = posixpath.dirname(interface.device_path)
            speaks.setdefault(owner, set()).add("".join(_attribute(interface, name) for name in _CLASS))
    for line in context.list_devices(subsystem="usb-serial"):
        speaks.setdefault(posixpath.dirname(posixpath.dirname(line.device_path)), set()).add(_ADAPTER)
    return _told_apart(
        Device(_identity(d), _kind(d, speaks.get(d.device_path, set())), _attribute(d, "authorized") == "0")
        for d in here
        if d.device_type == "usb_device"
        and _attribute(d, "idVendor")  # else half made or half gone: its messages are still to come
        and _attribute(d, "bDeviceClass") != _HUB
    )


def _kind(device: pyudev.Device, speaks: set[str]) -> Kind:
    """By the interfaces: those the kernel made, and those udevd read in the descriptors (all there are of a
    device that is not authorised)."""
    listed = str(device.properties.get("ID_USB_INTERFACES", ""))
    speaks = speaks | set(listed.split(":"))
    return next((kind for begins, kind in _KINDS if any(word.startswith(begins) for word in speaks)), "other")


def _identity(device: pyudev.Device) -> str:
    vendor, product, serial = (_attribute(device, name) for name in ("idVendor", "idProduct", "serial"))
    return f"{vendor}:{product}:{serial}" if serial else f"{vendor}:{product}@{device.sys_name}"


def _attribute(device: pyudev.Device, name: str) -> str:
    """Plain and short, whatever the device says of itself; empty when it says nothing."""
    value: bytes = device.attributes.get(name) or b""
    return _ODD.sub("", value.decode("ascii", "ignore"))[:_LONGEST_SERIAL]


def _told_apart(devices: Iterable[Device]) -> list[Device]:
    """Cheap devices share one serial number: the second of an id is `id#2`."""
    seen: dict[str, int] = {}
    apart = []
    for device in devices:
        seen[device.id] = count = seen.get(device.id, 0) + 1
        apart.append(device if count == 1 else Device(f"{device.id}#{count}", device.kind, device.blocked))
    return apart


class DeviceWatch:
    """Calls `callback` with each event, from its own thread, until `stop`.

    The first events tell what is there already. `callback` should hand over and return: while it runs nothing
    is watched. If it raises, that is reported as any thread's failure is, and the watch goes on.
    `devices` lists what there is; `buffer` is the netlink socket's, in bytes, where not the system's own.
    """

    def __init__(
        self,
        callback: Callable[[WatchEvent], None],
        *,
        devices: Callable[[], Iterable[Device]] = usb_devices,
        buffer: int | None = None,
    ) -> None:
        self._callback = callback
        self._devices = devices
        self._buffer = buffer
        self._known: dict[str, Device] = {}
        self._lost = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._wake = os.eventfd(0)
        self._thread = threading.Thread(target=self._run, name="device-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and waits for it; no event comes after. Twice is once."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            os.eventfd_write(self._wake, 1)
            thread.join()
            os.close(self._wake)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._listen() as source:
                    self._follow(source)
            except Exception:  # noqa: BLE001 - whatever ended it is said as one code, and it begins again
                if not self._lost:
                    self._lost = True
                    self._say(WatchLost())
                self._stopping.wait(_RETRY_S)

    @contextmanager
    def _listen(self) -> Iterator[socket.socket]:
        monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source="udev" if _UDEVD.exists() else "kernel")
        monitor.filter_by("usb")
        monitor.filter_by("usb-serial")
        monitor.start()
        # A socket of our own on the same queue: after an overflow, pyudev's poll fails for ever.
        with socket.socket(fileno=os.dup(monitor.fileno())) as source:
            if self._buffer is not None:
                source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
            yield source

    def _follow(self, source: socket.socket) -> None:
        """Look, and look again whenever something happened and has come to rest. Raises OSError."""
        waiting = select.poll()
        waiting.register(source, select.POLLIN)
        waiting.register(self._wake, select.POLLIN)
        while not self._stopping.is_set():
            self._compare()
            if waiting.poll(_LOOK_MS):
                until = time.monotonic() + _LONGEST_S
                self._drain(source)
                while not self._stopping.is_set() and time.monotonic() < until and waiting.poll(_QUIET_MS):
                    self._drain(source)

    def _drain(self, source: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                source.recv(_LONGEST_MESSAGE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # that one says that messages were lost, and is cleared by reading
                    raise

    def _compare(self) -> None:
        now = {device.id: device for device in self._devices()}
        if self._lost:
            self._lost = False
            self._say(WatchBack())
        before, self._known = self._known, now
        for event in changes(before, now):
            self._say(event)

    def _say(self, event: WatchEvent) -> None:
        if self._stopping.is_set():
            return
        try:
            self._callback(event)
        except Exception:  # noqa: BLE001 - a listener's fault is reported, but must not blind the kiosk
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
