"""A ticket printer on USB, by its two bulk endpoints.

libusb blocks, so each direction has a thread: one waits for what the printer says, one writes. Time-outs are in
milliseconds and short, so that neither outlives `close` by more than one of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import usb.core
import usb.util

from drivers.printers.errors import (
    PrinterAddressInvalid,
    PrinterBusy,
    PrinterError,
    PrinterSilent,
    PrinterUnreachable,
)
from drivers.printers.escpos.ports import BUSY

_PRINTER, _VENDOR_SPECIFIC = 0x07, 0xFF
"""Interface classes. Epson's printers can be set to either."""
_SLICE_MS = 100
_CHUNK = 512
_MOST = 4096
_EMPTY_PAUSE_S = 0.01


async def open_usb(vendor: int, product: int, serial_number: str | None) -> UsbPort:
    """The printer with these numbers, and with this serial number where one is given.

    Raises PrinterUnreachable, PrinterBusy, PrinterAddressInvalid (there are several: the serial number decides).
    """
    opening = asyncio.ensure_future(asyncio.to_thread(_claim, vendor, product, serial_number))
    try:
        return UsbPort(await asyncio.shield(opening))
    except asyncio.CancelledError:
        with contextlib.suppress(PrinterError):
            (await opening).release()  # a thread cannot be cancelled
        raise


@dataclass(frozen=True, slots=True)
class _Claimed:
    """pyusb has no types: a device, the number of the interface that is ours, its endpoints."""

    device: Any
    interface: int
    out: Any
    into: Any

    def release(self) -> None:
        with contextlib.suppress(usb.core.USBError):
            usb.util.release_interface(self.device, self.interface)
        usb.util.dispose_resources(self.device)


def _claim(vendor: int, product: int, serial_number: str | None) -> _Claimed:
    try:
        device = _find(vendor, product, serial_number)
        try:
            return _take(device)
        except BaseException:
            usb.util.dispose_resources(device)
            raise
    except usb.core.NoBackendError as error:
        raise PrinterUnreachable("libusb is not there") from error
    except usb.core.USBError as error:
        if error.errno == errno.EBUSY:
            raise PrinterBusy("another program has the ticket printer's USB interface", BUSY) from error
        raise PrinterUnreachable("the ticket printer's USB interface cannot be opened") from error


def _find(vendor: int, product: int, serial_number: str | None) -> Any:
    found = list(usb.core.find(find_all=True, idVendor=vendor, idProduct=product))
    if serial_number is not None:
        found = [device for device in found if _bears(device, serial_number)]
    if not found:
        raise PrinterUnreachable("no such ticket printer is plugged in")
    if len(found) > 1:
        raise PrinterAddressInvalid("there are several such ticket printers: the address must name the serial number")
    return found[0]


def _bears(device: Any, serial_number: str) -> bool:
    try:
        return bool(device.serial_number == serial_number)
    except (usb.core.USBError, ValueError):  # not to be opened, or without texts
        return False


def _take(device: Any) -> _Claimed:
    try:
        configuration = device.get_active_configuration()
    except usb.core.USBError:
        device.set_configuration()
        configuration = device.get_active_configuration()
    interface, out, into = _endpoints(configuration)
    with contextlib.suppress(NotImplementedError):
        if device.is_kernel_driver_active(interface):
            device.detach_kernel_driver(interface)  # usblp
    usb.util.claim_interface(device, interface)
    return _Claimed(device, interface, out, into)


def _endpoints(configuration: Any) -> tuple[int, Any, Any]:
    """Of the printer's own class where there is one, else of the vendor's."""
    plain = [interface for interface in configuration if interface.bAlternateSetting == 0]
    for kind in (_PRINTER, _VENDOR_SPECIFIC):
        for interface in plain:
            bulk = [one for one in interface if usb.util.endpoint_type(one.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK]
            ways = {usb.util.endpoint_direction(one.bEndpointAddress): one for one in bulk}
            if interface.bInterfaceClass == kind and len(ways) == 2:
                number = int(interface.bInterfaceNumber)
                return number, ways[usb.util.ENDPOINT_OUT], ways[usb.util.ENDPOINT_IN]
    raise PrinterUnreachable("the USB device is no printer that also answers")


class UsbPort:
    """`ports.BytePort` over a claimed interface."""

    def __init__(self, claimed: _Claimed) -> None:
        self._claimed = claimed
        self._loop = asyncio.get_running_loop()
        self._came = bytearray()
        self._news = asyncio.Event()
        self._lost: usb.core.USBError | None = None
        self._over = threading.Event()
        self._writing = ThreadPoolExecutor(1, "ticket-printer-out")
        self._listening = threading.Thread(target=self._listen, name="ticket-printer-in", daemon=True)
        self._listening.start()

    async def write(self, data: bytes, patience: float) -> None:
        moved = self._loop.time()
        while data:
            taken = await self._loop.run_in_executor(self._writing, self._put, data[:_CHUNK])
            if taken:
                data, moved = data[taken:], self._loop.time()
            elif self._loop.time() - moved >= patience:
                raise PrinterSilent("the ticket printer takes nothing more")

    def _put(self, chunk: bytes) -> int:
        try:
            return int(self._claimed.out.write(chunk, _SLICE_MS))
        except usb.core.USBTimeoutError:
            return 0
        except usb.core.USBError as error:
            raise PrinterUnreachable("the ticket printer was unplugged") from error

    async def read(self, seconds: float) -> bytes:
        if not self._came and self._lost is None and seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
        self._news.clear()
        data = bytes(self._came)
        self._came.clear()
        if not data and self._lost is not None:
            raise PrinterUnreachable("the ticket printer was unplugged") from self._lost
        return data

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                data = bytes(self._claimed.into.read(_MOST, _SLICE_MS))
            except usb.core.USBTimeoutError:
                continue
            except usb.core.USBError as error:
                self._tell(b"", error)
                return
            if data:
                self._tell(data, None)
            else:
                self._over.wait(_EMPTY_PAUSE_S)  # some printers send nothing, over and over

    def _tell(self, data: bytes, lost: usb.core.USBError | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._heard, data, lost)

    def _heard(self, data: bytes, lost: usb.core.USBError | None) -> None:
        self._came += data
        self._lost = self._lost or lost
        self._news.set()

    async def close(self) -> None:
        self._over.set()
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        self._writing.shutdown()
        self._listening.join()
        self._claimed.release()
