"""A keyboard wedge over evdev, on an event device without hardware (umockdev)."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.scanners.zones import ANOTHER, TD1, text

_EVIOCGRAB = "ioctl 40044590"
Order = dict[str, Any]
Drive = Callable[..., tuple[list[dict[str, Any]], str]]


# The driver's pause is five seconds of the events' own time: this machine never stands still so long between two keys.
def types(lines: tuple[str, ...], at: float, **more: float) -> Order:
    return {"do": "type", "text": text(lines), "at": at, **more}


@pytest.fixture
def drive(repository: Path) -> Drive:
    """What the driver said while those things were done with the wedge, and what umockdev saw asked of it."""

    def run(*orders: Order, layout: str = "us", keys: int = 128) -> tuple[list[dict[str, Any]], str]:
        done = subprocess.run(
            ["umockdev-wrapper", sys.executable, Path(__file__).with_name("wedge_testbed.py"), layout, str(keys)],
            input="".join(json.dumps(order) + "\n" for order in [*orders, {"do": "unplug"}]),
            env={**os.environ, "PYTHONPATH": str(repository), "UMOCKDEV_DEBUG": "ioctl-tree"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return said, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("layout", ["us", "fr"])
def test_it_is_grabbed_and_two_cards_are_two_zones_until_it_is_pulled_out(drive: Drive, layout: str) -> None:
    said, asked = drive(types(TD1, 10.0), types(ANOTHER, 20.0), layout=layout)
    zones = [{"zone": list(TD1)}, {"zone": list(ANOTHER)}]
    assert said == [{"open": True}, *zones, {"code": "E-SCANNER-ABSENT"}]
    assert _EVIOCGRAB in asked


def test_the_times_that_events_bear_part_one_scan_from_the_next(drive: Drive) -> None:
    halves = types(TD1[:1], 10.0), types(TD1[1:], 20.0)
    slow = types(TD1, 40.0, apart=6.0)
    said, _ = drive(*halves, slow, types(ANOTHER, 2000.0))
    assert said[1:] == [{"zone": list(ANOTHER)}, {"code": "E-SCANNER-ABSENT"}]


def test_events_that_were_lost_spoil_the_scan_they_were_lost_from(drive: Drive) -> None:
    said, _ = drive(types(TD1[:2], 10.0), {"do": "lose", "at": 10.2}, types(TD1[2:], 10.21), types(ANOTHER, 20.0))
    assert said[1:] == [{"zone": list(ANOTHER)}, {"code": "E-SCANNER-ABSENT"}]


def test_a_key_whose_release_was_lost_is_not_held_for_ever(drive: Drive) -> None:
    control = {"do": "key", "code": 29, "value": 1, "at": 9.0}
    said, _ = drive(control, types(TD1, 10.0), {"do": "lose", "at": 19.0}, types(ANOTHER, 20.0))
    assert said[1:] == [{"zone": list(ANOTHER)}, {"code": "E-SCANNER-ABSENT"}]


def test_a_device_without_a_keyboards_keys_is_refused(drive: Drive) -> None:
    assert drive(keys=10)[0] == [{"code": "E-SCANNER-FAULT"}]
