"""What a process tells its supervisor: that it is ready, that it is alive, that it is ending (sd_notify(3)).

    supervision.ready()                           # READY=1, once it serves
    every = supervision.watchdog_interval()       # seconds between two `alive`, None when nobody counts them
    supervision.alive()                           # WATCHDOG=1, from the very loop that must not hang

One datagram to the socket that NOTIFY_SOCKET names. Without a supervisor nothing happens, and whatever goes
wrong with it never reaches the caller: a kiosk serves citizens first.
"""

from __future__ import annotations

import os
import socket


def ready() -> None:
    _tell(b"READY=1")


def alive() -> None:
    """Call it only from where the work is done: a timer of its own would go on while the work hangs."""
    _tell(b"WATCHDOG=1")


def stopping() -> None:
    _tell(b"STOPPING=1")


def watchdog_interval() -> float | None:
    """Half of WATCHDOG_USEC in seconds, the pace sd_watchdog_enabled(3) asks for; None where nobody watches us."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None  # meant for the process that started us
    try:
        microseconds = int(os.environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 2e6 if microseconds > 0 else None


def _tell(message: bytes) -> None:
    address = os.fsencode(os.environ.get("NOTIFY_SOCKET", ""))
    if address[:1] not in (b"/", b"@"):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            out.setblocking(False)
            # "@" stands for the zero byte of an abstract address (unix(7)).
            out.sendto(message, b"\0" + address[1:] if address[:1] == b"@" else address)
    except (OSError, ValueError):
        return  # a supervisor that is gone or full is its own trouble
