"""`kiosk bench laser` on the simulated laser."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.simulated.printer import VirtualLaser


@pytest.fixture
def laser(tmp_path: Path) -> Iterator[VirtualLaser]:
    with VirtualLaser(tmp_path / "laser") as laser:
        yield laser


def bench(*words: str) -> tuple[int, str, str]:
    kiosk = Path(sys.executable).with_name("kiosk")
    done = subprocess.run([kiosk, "bench", "laser", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_page_comes_out(laser: VirtualLaser) -> None:
    status, out, _ = bench("--uri", laser.uri, "--json")
    answer = json.loads(out)
    assert status == 0
    assert answer["ready"] is True
    assert answer["job"] == {"outcome": "printed", "evidence": "ipp-completed", "pages": 1, "code": None}
    assert [p.name for p in laser.paper.iterdir()] == ["001-1.png"]


def test_what_is_missing_is_said_with_its_code(laser: VirtualLaser) -> None:
    laser.paper_out()
    status, out, err = bench("--uri", laser.uri, "--no-page")
    assert (status, err.split(":")[0]) == (3, "error E-PRINTER-PAPER-OUT")
    assert "paper-out" in out
    status, out, err = bench("--uri", laser.uri, "--no-page", "--json")
    assert (status, json.loads(out)["conditions"], err) == (3, ["paper-out"], "")
    laser.gone()
    status, out, err = bench("--uri", laser.uri)
    assert (status, out, err.split(":")[0]) == (3, "", "error E-PRINTER-UNREACHABLE")


def test_an_address_that_is_none_is_wrong_use() -> None:
    status, _, err = bench("--uri", "http://somewhere/else")
    assert (status, err.split(":")[0]) == (2, "error E-PRINTER-ADDRESS")
