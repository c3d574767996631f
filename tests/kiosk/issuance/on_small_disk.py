"""What `test_disk` does on a disk of its own: `python on_small_disk.py FOLDER PART`, one line a finding."""

import secrets
import subprocess
import sys
from pathlib import Path

from issuance_town import Town, run_recovery, run_visit
from keeper_of_tests import KEEPER

from kiosk.issuance.errors import LedgerError, LedgerFull
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import parse_record

REQUESTED = parse_record('{"step": "requested", "document_type": "birth-extract", "language": "ar"}')


def say(line: object) -> None:
    sys.stdout.write(f"{line}\n")


def no_room(disk: Path) -> Path:
    """Take every free block of the disk; the file to delete to have room again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def fill(disk: Path) -> None:
    path = disk / "ledger.sqlite"
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(32 * 1024))
    with Ledger.open(path, KEEPER) as ledger:
        written = 0
        try:
            while True:
                ledger.append(secrets.token_hex(16), REQUESTED)
                written += 1
        except LedgerError as error:
            say(written)
            say(error.code)
        verdict = ledger.verify()
        say(f"{'valid' if verdict.valid else verdict.reason} {verdict.entries}")
        ballast.unlink()
        ledger.append(secrets.token_hex(16), REQUESTED)
        say("goes on")


def visit(disk: Path) -> None:
    town = Town(disk)
    town.open_ledger().close()
    no_room(disk)
    _told(town)


def visit_fills(disk: Path) -> None:
    town = Town(disk)
    ballast: list[Path] = []
    town.at = lambda moment: ballast.append(no_room(disk)) if moment == "after registry grant" else None
    _told(town)
    ballast[0].unlink()
    town.at = lambda moment: None
    run_recovery(town)
    (grant,) = town.grants().values()
    say(grant["settlement"]["outcome"])


def _told(town: Town) -> None:
    try:
        run_visit(town)
    except LedgerFull as error:
        say(error.code)
    say(f"grants {len(town.grants())}")
    say(f"papers {len(town.tray())}")


def read_only(disk: Path, opener: str) -> None:
    path = disk / "ledger.sqlite"
    with Ledger.open(path, KEEPER) as ledger:
        ledger.append(secrets.token_hex(16), REQUESTED)
    # `bind` changes this mount alone; the file system's own options an ordinary user may not set again.
    subprocess.run(["mount", "-o", "remount,bind,ro", str(disk)], check=True)
    try:
        with Ledger.open(path, KEEPER) if opener == "open" else Ledger.view(path) as ledger:
            verdict = ledger.verify()
            say(f"{'valid' if verdict.valid else verdict.reason} {verdict.entries}")
    except LedgerError as error:
        say(error.code)


def main(folder: str, part: str) -> None:
    disk = Path(folder)
    match part:
        case "fill":
            fill(disk)
        case "visit":
            visit(disk)
        case "visit-fills":
            visit_fills(disk)
        case _:
            read_only(disk, part.removeprefix("read-only-"))


if __name__ == "__main__":
    main(*sys.argv[1:])
