"""A USB bus without hardware: a backend of pyusb whose devices are ticket printers on a socket.

bus = Bus()
monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda: bus)
bus.plug(Gadget(serial="X1", host="127.0.0.1", port=9100))
"""

from __future__ import annotations

import array
import errno
import socket
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.core

VENDOR, PRODUCT = 0x04B8, 0x0E15
BULK_OUT, BULK_IN, INTERRUPT_IN = 0x01, 0x82, 0x83


@dataclass(eq=False)
class Gadget:
    """One device. `interfaces` are the class and the endpoints of each; what is written goes to `where`."""

    where: tuple[str, int] | None = None
    serial: str | None = None
    interfaces: tuple[tuple[int, tuple[int, ...]], ...] = ((0x07, (BULK_OUT, BULK_IN)),)
    configured: bool = True
    driver: bool = False
    held: bool = False
    forbidden: bool = False
    plugged: bool = True
    opened: int = 0
    claimed: set[int] = field(default_factory=set)
    empty_reads: int = 0
    full: bool = False
    reading: bool = False
    line: socket.socket | None = None


def _error(number: int) -> usb.core.USBError:
    return usb.core.USBError(errno.errorcode[number], None, number)


class Bus(usb.backend.IBackend):
    def __init__(self) -> None:
        super().__init__()
        self.gadgets: list[Gadget] = []

    def plug(self, gadget: Gadget) -> Gadget:
        self.gadgets.append(gadget)
        return gadget

    # --- descriptors (USB 2.0 §9.6)

    def enumerate_devices(self) -> Any:
        return iter([gadget for gadget in self.gadgets if gadget.plugged])

    def get_device_descriptor(self, dev: Gadget) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=VENDOR, idProduct=PRODUCT, bcdDevice=0x100, iManufacturer=0, iProduct=0,
            iSerialNumber=3 if dev.serial else 0, bNumConfigurations=1, address=self.gadgets.index(dev) + 1, bus=1,
            port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: Gadget, config: int) -> Any:
        if config:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=len(dev.interfaces), bConfigurationValue=1,
            iConfiguration=0, bmAttributes=0xC0, bMaxPower=1, extra_descriptors=b"",
        )  # fmt: skip

    def get_interface_descriptor(self, dev: Gadget, intf: int, alt: int, config: int) -> Any:
        if alt or intf >= len(dev.interfaces):
            raise IndexError
        kind, endpoints = dev.interfaces[intf]
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=intf, bAlternateSetting=0, bNumEndpoints=len(endpoints),
            bInterfaceClass=kind, bInterfaceSubClass=1, bInterfaceProtocol=2, iInterface=0, extra_descriptors=b"",
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: Gadget, ep: int, intf: int, alt: int, config: int) -> Any:
        address = dev.interfaces[intf][1][ep]
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=address, bmAttributes=3 if address == INTERRUPT_IN else 2,
            wMaxPacketSize=64, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=b"",
        )  # fmt: skip

    # --- the device

    def open_device(self, dev: Gadget) -> Gadget:
        if dev.forbidden:
            raise _error(errno.EACCES)
        dev.opened += 1
        return dev

    def close_device(self, dev_handle: Gadget) -> None:
        dev_handle.opened -= 1

    def ctrl_transfer(
        self, dev_handle: Gadget, bmRequestType: int, bRequest: int, wValue: int, wIndex: int, data: Any, timeout: int
    ) -> int:
        text = b"\x04\x03\x09\x04"  # English
        if wValue & 0xFF:
            encoded = (dev_handle.serial or "").encode("utf-16-le")
            text = bytes((2 + len(encoded), 3)) + encoded
        data[: len(text)] = array.array("B", text)
        return len(text)

    def get_configuration(self, dev_handle: Gadget) -> int:
        return int(dev_handle.configured)

    def set_configuration(self, dev_handle: Gadget, config_value: int) -> None:
        dev_handle.configured = True

    def is_kernel_driver_active(self, dev_handle: Gadget, intf: int) -> bool:
        return dev_handle.driver

    def detach_kernel_driver(self, dev_handle: Gadget, intf: int) -> None:
        dev_handle.driver = False

    def claim_interface(self, dev_handle: Gadget, intf: int) -> None:
        if dev_handle.driver or dev_handle.held:
            raise _error(errno.EBUSY)
        dev_handle.claimed.add(intf)
        if dev_handle.where is not None:
            dev_handle.line = socket.create_connection(dev_handle.where)

    def release_interface(self, dev_handle: Gadget, intf: int) -> None:
        assert not dev_handle.reading, "taken away from under a transfer"
        dev_handle.claimed.discard(intf)
        if dev_handle.line is not None:
            dev_handle.line.close()

    # --- bulk transfers; time-outs in milliseconds

    def _line(self, dev_handle: Gadget, intf: int) -> socket.socket:
        if not dev_handle.plugged:
            raise _error(errno.ENODEV)
        assert dev_handle.line is not None and intf in dev_handle.claimed
        return dev_handle.line

    def bulk_write(self, dev_handle: Gadget, ep: int, intf: int, data: Any, timeout: int) -> int:
        assert ep == BULK_OUT and 0 < timeout <= 1000
        line = self._line(dev_handle, intf)
        if dev_handle.full:
            time.sleep(timeout / 1000)
            raise usb.core.USBTimeoutError("time-out", None, errno.ETIMEDOUT)
        try:
            return line.send(data.tobytes()[:200])  # a part, as after a time-out
        except OSError:
            raise _error(errno.EIO) from None

    def bulk_read(self, dev_handle: Gadget, ep: int, intf: int, buff: Any, timeout: int) -> int:
        assert ep == BULK_IN and 0 < timeout <= 1000
        line = self._line(dev_handle, intf)
        if dev_handle.empty_reads:
            dev_handle.empty_reads -= 1
            return 0
        line.settimeout(timeout / 1000)
        dev_handle.reading = True
        try:
            data = line.recv(len(buff))
        except TimeoutError:
            raise usb.core.USBTimeoutError("time-out", None, errno.ETIMEDOUT) from None
        except OSError:
            data = b""
        finally:
            dev_handle.reading = False
        if not data:
            raise _error(errno.EIO)
        buff[: len(data)] = array.array("B", data)
        return len(data)
