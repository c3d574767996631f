"""The closed corner in which the virtual reader stands and the citizen's hand moves.

Runs as `python -m drivers.simulated.enclosure FOLDER PARENT_PID` inside a network namespace of its own
(`reader.VirtualReader` starts it), because vpcd listens on every interface it can see. It

1. raises the loopback, starts pcscd at FOLDER/pcscd.sock and waits until it answers;
2. listens at FOLDER/hand.sock for what the hand shall do (`hand.CardHand` is the client);
3. says `{"ready": true, "reader": NAME}`, or `{"ready": false, "code": …, "message": …}`, on standard output;
4. ends, and takes everything with it, on SIGTERM or when its parent is no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path

from drivers.simulated.errors import EnclosureRefused, SimulatedError
from drivers.simulated.hand import Hand
from drivers.simulated.pcscd import Pcscd

PCSCD_SOCKET = "pcscd.sock"
HAND_SOCKET = "hand.sock"

_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41


def raise_loopback() -> None:
    """Brings `lo` up in this namespace. Raises EnclosureRefused where we may not, that is, outside one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP_RUNNING))
        except OSError as refused:
            raise EnclosureRefused("the loopback of the private network namespace stays down") from refused


async def _serve(folder: Path, parent: int, hand: Hand) -> None:
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, end.set)
    # A death signal would come when the parent's starting *thread* ends; this watches the whole process.
    watch = os.pidfd_open(parent)
    loop.add_reader(watch, end.set)
    if os.getppid() != parent:
        return
    path = folder / HAND_SOCKET
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    server = await asyncio.start_unix_server(hand.converse, path=path, limit=65536)
    path.chmod(0o600)
    try:
        _say({"ready": True, "reader": hand.reader_name})
        await end.wait()
    finally:
        server.close()
        await hand.remove_all()
        path.unlink(missing_ok=True)


def _say(word: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


def main(folder: Path, parent: int) -> int:
    pcscd = Pcscd(folder / PCSCD_SOCKET)
    try:
        raise_loopback()
        hand = Hand(pcscd)
        hand.reader_up()
        asyncio.run(_serve(folder, parent, hand))
    except SimulatedError as failure:
        _say({"ready": False, "code": failure.code, "message": str(failure)})
        return 1
    except ProcessLookupError:  # the parent was gone before it could be watched
        return 1
    finally:
        pcscd.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
