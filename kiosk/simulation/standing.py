"""A virtual town hall that stands until it is interrupted, with a kiosk that follows a fleet's configuration.

    python -m kiosk.simulation.standing hall --root fleet/root.json --mirror http://localhost:8000

It has no screen of its own. `hall/kiosk.toml` is its kiosk's local file, `hall/*.log` are its logs.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path

from kiosk.simulation.townhall import TownHall

POLL_S = 1
PROBATION_S = 5


def main() -> None:
    arguments = _arguments()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    folder: Path = arguments.folder.absolute()
    fleet = {"mirror": arguments.mirror, "usb": folder / "usb", "poll": POLL_S, "probation": PROBATION_S}
    (folder / "usb").mkdir(parents=True, exist_ok=True)
    with TownHall(folder, overrides={"fleet": fleet}) as hall:
        shutil.copy(arguments.root, folder / "trust" / "fleet-root.json")
        hall.start("signer", "session", "config")
        print(f"the kiosk stands: {hall.configuration}", flush=True)  # noqa: T201 - for whoever waits for it
        signal.pause()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kiosk.simulation.standing", description="A town hall that stands.")
    parser.add_argument("folder", type=Path, help="where its keys, state, sockets and logs go; a short name")
    parser.add_argument("--root", type=Path, required=True, help="the administrators' root.json")
    parser.add_argument("--mirror", default="", help="address of what they publish")
    return parser.parse_args()


if __name__ == "__main__":
    main()
