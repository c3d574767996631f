"""A watch whose netlink queue overflows: `unshare --net python netlink_storm.py`. Says what happened, as JSON.

The network namespace is our own, so that nobody else on the machine hears 5,000 devices arrive.
"""

import json
import os
import queue
import socket
import struct
import sys
import threading
from pathlib import Path

from drivers.hotplug import Device, DeviceArrived, DeviceWatch, WatchEvent

STORM, BUFFER = 5000, 16 * 1024
KOBJECT_UEVENT = 15
USB = 0x0577C5E5  # MurmurHash2 of "usb": the monitor's filter in the kernel looks for it
TO_KERNEL_LISTENERS, TO_UDEV_LISTENERS = 1, 2

A, B = Device("04e6:5116:A", "reader"), Device("04e6:5116:B", "printer")


def message(number: int) -> bytes:
    """A device's arrival, as udevd says it (systemd, sd-device/device-monitor.c)."""
    said = {"ACTION": "add", "DEVPATH": f"/devices/usb1/1-{number}", "SUBSYSTEM": "usb", "SEQNUM": str(number)}
    words = b"".join(f"{key}={value}".encode() + b"\0" for key, value in said.items())
    head = b"libudev\0" + struct.pack("!I", 0xFEEDCAFE) + struct.pack("=III", 40, 40, len(words))
    return head + struct.pack("!IIII", USB, 0, 0, 0) + words


def send(number: int) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, KOBJECT_UEVENT) as sender:
        sender.bind((os.getpid() + 100_000, 0))
        sender.sendto(message(number), (0, TO_UDEV_LISTENERS))
        sender.sendto(f"add@/devices/{number}\0".encode(), (0, TO_KERNEL_LISTENERS))


def drops() -> int:
    with Path("/proc/net/netlink").open(encoding="ascii") as table:
        return sum(int(line.split()[8]) for line in list(table)[1:] if int(line.split()[1]) == KOBJECT_UEVENT)


def main() -> None:
    present, heard, go = [A], queue.Queue[WatchEvent](), threading.Event()

    def listen(event: WatchEvent) -> None:
        heard.put(event)
        if event == DeviceArrived(A.kind, A.id):
            go.wait()

    watch = DeviceWatch(listen, devices=lambda: list(present), buffer=BUFFER)
    watch.start()
    events = [heard.get(timeout=20)]
    for number in range(STORM):
        send(number)
    lost = drops()
    present[:] = [B]
    go.set()
    events += [heard.get(timeout=20), heard.get(timeout=20)]
    present.clear()
    send(STORM)
    events.append(heard.get(timeout=20))
    watch.stop()
    sys.stdout.write(json.dumps({"lost": lost, "events": [repr(e) for e in events], "more": heard.qsize()}))


if __name__ == "__main__":
    main()
