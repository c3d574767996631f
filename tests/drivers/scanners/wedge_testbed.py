"""A wedge without hardware and the driver on it, in one process: `umockdev-wrapper python wedge_testbed.py LAYOUT`.

Takes one JSON object a line, `{"do": "type", "text": "…", "at": 10.0}`; says `{"open": true}`, each zone as
`{"zone": […]}`, and how it ended, `{"code": "E-…"}`.
"""

import asyncio
import ctypes
import json
import sys
import threading
from contextlib import aclosing
from typing import Any, cast

from drivers.scanners.errors import ScannerError
from drivers.scanners.keyboard import Layout
from drivers.scanners.wedge import Wedge
from drivers.simulated.scanner_wedge import EV_SYN, SYN_DROPPED, SimulatedWedge
from tests.drivers.scanners.zones import find


def say(word: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


def obey(wedge: SimulatedWedge) -> None:
    for line in sys.stdin:
        order = json.loads(line)
        match order.pop("do"):
            case "type":
                wedge.type(**order)
            case "key":
                wedge.event(1, order["code"], order["value"], order["at"])
            case "lose":
                wedge.event(EV_SYN, SYN_DROPPED, 0, order["at"])
            case "unplug":
                wedge.unplug()


async def drive(wedge: SimulatedWedge, layout: Layout) -> None:
    try:
        async with Wedge(wedge.device, find, layout=layout, pause=5.0) as driver, aclosing(driver.events()) as zones:
            say({"open": True})
            waiting = asyncio.ensure_future(anext(zones))
            await asyncio.sleep(0)  # so that what is typed is not from before anybody asked
            threading.Thread(target=obey, args=(wedge,), daemon=True).start()
            while True:
                say({"zone": (await waiting).lines})
                waiting = asyncio.ensure_future(anext(zones))
    except ScannerError as error:
        say({"code": error.code})


def main() -> None:
    ctypes.CDLL("libumockdev.so.0")
    layout, keys = cast(Layout, sys.argv[1]), int(sys.argv[2])
    asyncio.run(drive(SimulatedWedge(layout, range(1, keys)), layout))


if __name__ == "__main__":
    main()
