"""A scanner that types, on an event device without hardware (umockdev).

    wedge = SimulatedWedge("us")       # in a process under umockdev-wrapper, before anything opens the device
    wedge.type("I<UTO…\\n7408…\\n", at=10.0)
    wedge.unplug()

The driver in the same process finds it at `wedge.device`. umockdev plays the questions that evdev asks; the events are
the kernel's own (struct input_event), and so are their times.
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import tempfile
from typing import Literal

Layout = Literal["us", "fr"]
EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
_EVENT = struct.Struct("qqHHi")
_SHIFT, _ENTER = 42, 28
_DEVICE = "/dev/input/event7"
_DIGITS = {digit: 2 + "1234567890".index(digit) for digit in "1234567890"}
# Layout: letters by row, whether digits need Shift, and the key and Shift of the filler.
_LAYOUTS: dict[str, tuple[tuple[str, str, str], bool, tuple[int, bool]]] = {
    "us": (("QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM"), False, (51, True)),
    "fr": (("AZERTYUIOP", "QSDFGHJKLM", "WXCVBN"), True, (86, False)),
}


class SimulatedWedge:
    """`keys` are the codes of the keys it says it has; without a keyboard's it is another kind of input device."""

    def __init__(self, layout: Layout = "us", keys: range = range(1, 128)) -> None:
        self._layout: Layout = layout
        self.device = _DEVICE
        self._library = ctypes.CDLL("libumockdev.so.0")
        self._library.umockdev_testbed_new.restype = ctypes.c_void_p
        self._testbed = ctypes.c_void_p(self._library.umockdev_testbed_new())
        self._library.umockdev_testbed_add_from_string(self._testbed, _description().encode(), None)
        with tempfile.NamedTemporaryFile("w", suffix=".ioctl") as answers:
            answers.write(_answers(keys))
            answers.flush()
            self._library.umockdev_testbed_load_ioctl(self._testbed, _DEVICE.encode(), answers.name.encode(), None)
        self._keys: int = self._library.umockdev_testbed_get_dev_fd(self._testbed, _DEVICE.encode())
        self._read = select.poll()
        self._read.register(os.open(_DEVICE, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), select.POLLIN)

    def type(self, text: str, *, at: float, apart: float = 0.002) -> None:
        """`at` is the time the first event bears, in seconds; each key is so much later than the one before."""
        for place, character in enumerate(text):
            moment = at + place * apart
            for key, value in strokes(character, self._layout):
                self.event(EV_KEY, key, value, moment)
            self.event(EV_SYN, SYN_REPORT, 0, moment)
            self.wait()

    def wait(self) -> None:
        """Until all is read: what stands for the device is a pseudo-terminal, and a full one cuts an event in two."""
        while any(state & select.POLLIN for _, state in self._read.poll(0)):
            os.sched_yield()

    def event(self, kind: int, code: int, value: int, at: float) -> None:
        seconds = int(at)
        os.write(self._keys, _EVENT.pack(seconds, round((at - seconds) * 1e6), kind, code, value))

    def unplug(self) -> None:
        os.close(self._keys)


def strokes(text: str, layout: Layout) -> list[tuple[int, int]]:
    """The keys that are pressed (1) and released (0) for the text; capitals with Shift."""
    rows, shifted_digits, filler = _LAYOUTS[layout]
    places = {"\n": (_ENTER, False), "<": filler} | {digit: (code, shifted_digits) for digit, code in _DIGITS.items()}
    for first, row in zip((16, 30, 44), rows, strict=True):
        places |= {letter: (first + place, True) for place, letter in enumerate(row)}
    keys = []
    for character in text:
        code, shifted = places[character]
        keys += [(_SHIFT, 1)] * shifted + [(code, 1), (code, 0)] + [(_SHIFT, 0)] * shifted
    return keys


def _description() -> str:
    return (
        "P: /devices/pci0000:00/usb1/1-1/1-1:1.0/input/input7/event7\n"
        "N: input/event7\n"
        f"E: DEVNAME={_DEVICE}\n"
        "E: SUBSYSTEM=input\n"
        "A: dev=13:71\n"
    )


def _answers(keys: range) -> str:
    """To EVIOCGVERSION, EVIOCGID, EVIOCGNAME, EVIOCGEFFECTS and EVIOCGBIT, in the sizes that evdev asks for."""
    lines = (
        f"@DEV {_DEVICE}",
        "EVIOCGVERSION 0 01000100",
        "EVIOCGID 0 0300341278560100",
        f"EVIOCGNAME 256 {b'DEMO Scanner'.ljust(256, bytes(1)).hex().upper()}",
        "EVIOCGEFFECTS 0 00000000",
        f"EVIOCGBIT(0) 4 {_bits((EV_SYN, EV_KEY), 4)}",
        f"EVIOCGBIT(1) 96 {_bits(keys, 96)}",
    )
    return "\n".join(lines) + "\n"


def _bits(places: range | tuple[int, ...], size: int) -> str:
    bits = bytearray(size)
    for place in places:
        bits[place // 8] |= 1 << place % 8
    return bits.hex().upper()
