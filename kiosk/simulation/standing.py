"""A virtual town hall that stands until it is interrupted, with a kiosk in it.

    python -m kiosk.simulation.standing hall                       # and from elsewhere, what goes wrong in it:
    python -m kiosk.simulation.standing hall --do paper_out
    python -m kiosk.simulation.standing hall --root fleet/root.json --mirror http://localhost:8000

`hall/kiosk.toml` is its kiosk's local file, `hall/*.log` are its logs. It has a screen only if asked (`--screen`).
With `--root` the kiosk follows a fleet's configuration.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from kiosk.errors import KioskError
from kiosk.simulation.control import ControlSocket, have_done
from kiosk.simulation.deeds import Deeds, deeds
from kiosk.simulation.townhall import TownHall

CONTROL = "control.sock"
POLL_S = 1
PROBATION_S = 5
LOOK_S = 0.5


def main() -> int:
    arguments = _arguments()
    folder: Path = arguments.folder.absolute()
    if arguments.do:
        return _have_done(folder, arguments.do)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    _stand(folder, arguments)
    return 0


def _stand(folder: Path, arguments: argparse.Namespace) -> None:
    fleet = {"mirror": arguments.mirror, "usb": folder / "usb", "poll": POLL_S, "probation": PROBATION_S}
    (folder / "usb").mkdir(parents=True, exist_ok=True)
    later: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    with TownHall(folder, overrides={"fleet": fleet}) as hall, ControlSocket(folder / CONTROL, _deeds(hall, later)):
        hall.start("signer", "session")
        if arguments.root is not None:
            shutil.copy(arguments.root, folder / "trust" / "fleet-root.json")
            hall.start("config")
        if arguments.screen:
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
            hall.start("screen")
        print(f"the kiosk stands: {hall.configuration}", flush=True)  # noqa: T201 - for whoever waits for it
        while True:
            # Not for ever: a signal that another thread took does not wake this one, which has its handler.
            with contextlib.suppress(queue.Empty):
                later.get(timeout=LOOK_S)()


def _deeds(hall: TownHall, later: queue.SimpleQueue[Callable[[], None]]) -> Deeds:
    """What `--do` can ask for. Processes are started by the main thread: they end with the thread that did."""
    return {
        **deeds(hall),
        "signer_killed": lambda: hall.child("signer").kill(),
        "signer_back": lambda: later.put(lambda: hall.start("signer")),
    }


def _have_done(folder: Path, deed: str) -> int:
    try:
        have_done(folder / CONTROL, deed)
    except KioskError as error:
        print(f"error {error.code}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kiosk.simulation.standing", description="A town hall that stands.")
    parser.add_argument("folder", type=Path, help="where its keys, state, sockets and logs go; a short name")
    parser.add_argument("--root", type=Path, help="the administrators' root.json: the kiosk follows their fleet")
    parser.add_argument("--mirror", default="", help="address of what they publish")
    parser.add_argument("--screen", action="store_true", help="with a screen, which draws on nothing")
    parser.add_argument("--do", default="", metavar="DEED", help="have the one that stands in the folder do it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
