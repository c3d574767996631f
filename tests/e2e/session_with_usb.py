"""A session whose USB port is umockdev's: `umockdev-wrapper python session_with_usb.py KIOSK_TOML`.

Says on standard output what the attract screen says, change by change, and does to the port what standard
input says (`usb_testbed`). Nothing is asked but for a reason: neither the slow tick nor a part that is away.
"""

import asyncio
import sys
from pathlib import Path

from usb_testbed import UsbTestbed

from config import load
from kiosk.catalogue import log
from kiosk.session import questions, runner
from kiosk.session.protocol import Snapshot
from kiosk.session.service import open_session

NEVER = 3600.0


class Said:
    def __init__(self) -> None:
        self._last: object = "nothing yet"

    def show(self, snapshot: Snapshot) -> None:
        if snapshot.data["unavailable"] != self._last:
            self._last = snapshot.data["unavailable"]
            sys.stdout.write(f"{self._last}\n")
            sys.stdout.flush()


async def serve(testbed: UsbTestbed, configuration: Path) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def obey() -> None:
        line = sys.stdin.readline()
        if line:
            testbed.obey(line)
        else:
            ended.set()

    async with open_session(load(configuration).settings) as session:
        session.runner.attach(Said())
        running = asyncio.create_task(session.runner.run())
        loop.add_reader(sys.stdin.fileno(), obey)
        await ended.wait()
        running.cancel()


if __name__ == "__main__":
    questions.AGAIN_S = questions.REGISTRY_AGAIN_S = questions.LOOK_S = runner.BETWEEN_S = NEVER
    log.configure()
    asyncio.run(serve(UsbTestbed(), Path(sys.argv[1])))
