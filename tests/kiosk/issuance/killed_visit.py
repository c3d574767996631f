"""A kiosk's process, to be killed from outside: walks one visit and stands still at a moment.

    python killed_visit.py FOLDER "after ledger submitted"

Prints `standing` when the moment has come and waits for a death that only `kill -9` brings.
"""

import signal
import sys
from pathlib import Path

from issuance_town import Town, run_visit


def main(folder: str, moment: str) -> None:
    def at(now: str) -> None:
        if now == moment:
            sys.stdout.write("standing\n")
            sys.stdout.flush()
            signal.pause()

    run_visit(Town(Path(folder), at=at))


if __name__ == "__main__":
    main(*sys.argv[1:])
