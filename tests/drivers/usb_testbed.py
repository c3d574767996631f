"""A USB port without hardware (umockdev), and a watch on it: `umockdev-wrapper python usb_testbed.py`.

Takes one JSON object a line, `{"do": "plug", "port": "1-1", "classes": ["0b"], …}`; says each event of the watch
as one line. At the end of its input it stops the watch and says how many threads are left.
"""

import ctypes
import json
import sys
import threading
import time
from typing import Any

from drivers.hotplug import DeviceWatch

BOUNCE_S = 0.01
"""A loose plug's contact bounces no faster, and umockdev gives up when ten messages lie unread."""
HUB = {"idVendor": "1d6b", "idProduct": "0002", "bDeviceClass": "09", "authorized": "1"}


def _words(pairs: dict[str, str]) -> Any:
    words = [word.encode() for pair in pairs.items() for word in pair]
    return (ctypes.c_char_p * (len(words) + 1))(*words, None)


class UsbTestbed:
    """Make it before anything asks udev. Needs umockdev's preloaded library in this process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libumockdev.so.0")
        for name in ("umockdev_testbed_new", "umockdev_testbed_add_devicev"):
            getattr(self._library, name).restype = ctypes.c_void_p
        self._testbed = ctypes.c_void_p(self._library.umockdev_testbed_new())
        self._paths: dict[str, bytes] = {}
        self._add("usb1", None, HUB, {"DEVTYPE": "usb_device"})

    def _add(
        self,
        name: str,
        parent: bytes | None,
        attributes: dict[str, str],
        properties: dict[str, str],
        subsystem: bytes = b"usb",
    ) -> bytes:
        own = name.rpartition("/")[2].encode()
        made = self._library.umockdev_testbed_add_devicev(
            self._testbed, subsystem, own, parent, _words(attributes), _words(properties)
        )
        path: bytes = ctypes.string_at(made)
        self._paths[name] = path
        return path

    def plug(
        self,
        port: str,
        classes: list[str],
        vendor: str = "04e6",
        serial: str = "",
        authorized: str = "1",
        udev: str = "",
    ) -> None:
        """A class may be followed by subclass and protocol: "080650". `udev` is what udevd read in the descriptors.
        Only an authorised device has interfaces."""
        attributes = {"idVendor": vendor, "idProduct": "5116", "authorized": authorized, "bDeviceClass": "00"}
        if serial:
            attributes["serial"] = serial
        properties = {"DEVTYPE": "usb_device"} | ({"ID_USB_INTERFACES": udev} if udev else {})
        self._add(port, self._paths["usb1"], attributes, properties)
        if authorized == "1":
            self._interfaces(port, classes)

    def _interfaces(self, port: str, classes: list[str]) -> None:
        for number, name in enumerate(classes):
            parts = zip(("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"), (0, 2, 4), strict=True)
            interface = {part: name[at : at + 2] for part, at in parts if name[at : at + 2]}
            interface["bInterfaceNumber"] = f"{number:02}"
            self._add(f"{port}:1.{number}", self._paths[port], interface, {"DEVTYPE": "usb_interface"})

    def adapt(self, port: str) -> None:
        """The kernel's driver makes a serial line of the first interface."""
        name = f"{port}:1.0"
        self._add(f"{name}/ttyUSB0", self._paths[name], {}, {}, subsystem=b"usb-serial")

    def unplug(self, port: str) -> None:
        for name in [name for name in reversed(self._paths) if name == port or name.startswith(f"{port}:")]:
            path = self._paths.pop(name)
            self._tell(path, b"remove")
            self._library.umockdev_testbed_remove_device(self._testbed, path)
        self._tell(self._paths["usb1"], b"change")  # the message before came while it was still listed

    def move(self, port: str, to: str, **device: Any) -> None:
        """From one port to another in one go: nothing can come between but this machine standing still."""
        self.unplug(port)
        self.plug(to, **device)

    def authorize(self, port: str, classes: list[str]) -> None:
        self._library.umockdev_testbed_set_attribute(self._testbed, self._paths[port], b"authorized", b"1")
        self._interfaces(port, classes)

    def block(self, port: str) -> None:
        self._library.umockdev_testbed_set_attribute(self._testbed, self._paths[port], b"authorized", b"0")
        self._tell(self._paths[port], b"change")

    def storm(self, port: str, times: int, **device: Any) -> None:
        for _ in range(times):
            self.plug(port, **device)
            self.unplug(port)
            time.sleep(BOUNCE_S)

    def _tell(self, path: bytes, action: bytes) -> None:
        self._library.umockdev_testbed_uevent(self._testbed, path, action)

    def obey(self, line: str) -> None:
        order = json.loads(line)
        getattr(self, order.pop("do"))(**order)


def say(word: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


def main() -> None:
    testbed = UsbTestbed()
    watch = DeviceWatch(
        lambda event: say({"event": type(event).__name__} | {s: getattr(event, s) for s in type(event).__slots__})
    )
    first = sys.stdin.readline()
    if first.strip():
        testbed.obey(first)
    watch.start()
    for line in sys.stdin:
        testbed.obey(line)
    watch.stop()
    say({"threads": threading.active_count()})


if __name__ == "__main__":
    main()
