"""`kiosk bench laser` and `kiosk bench thermal` on the simulated printers."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
import zxingcpp
from PIL import Image

from drivers.simulated.printer import VirtualLaser
from drivers.simulated.thermal import VirtualThermal
from kiosk.cli import main
from tests.kiosk.session.test_control import a_kiosk


@pytest.fixture
def laser(tmp_path: Path) -> Iterator[VirtualLaser]:
    with VirtualLaser(tmp_path / "laser") as laser:
        yield laser


@pytest.fixture
def thermal(tmp_path: Path) -> Iterator[VirtualThermal]:
    with VirtualThermal(tmp_path / "thermal") as thermal:
        yield thermal


def bench(*words: str, device: str = "laser") -> tuple[int, str, str]:
    """`kiosk bench DEVICE …` without a process of its own: exit status, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["kiosk", "bench", device, *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


def configured(folder: Path, address: str) -> Path:
    """A kiosk's file that names this ticket printer."""
    file = folder / "kiosk.toml"
    file.write_text(
        f'profile = "demo"\n[thermal]\naddress = "{address}"\nmodel = "epson-tm-t20iii"\n'
        f'[session]\ncontrol = "{folder / "run" / "control.sock"}"\n'
    )
    return file


def test_a_page_comes_out(laser: VirtualLaser) -> None:
    status, out, _ = bench("--uri", laser.uri, "--json")
    answer = json.loads(out)
    assert status == 0
    assert answer["ready"] is True
    assert answer["job"] == {"outcome": "printed", "evidence": "ipp-completed", "pages": 1, "code": None}
    assert answer["takes"]["media_type"] == "application/pdf"
    assert [p.name for p in laser.paper.iterdir()] == ["001-1.png"]


def test_several_pages_tell_how_quick_it_is(laser: VirtualLaser) -> None:
    status, out, _ = bench("--uri", laser.uri, "--json", "--pages", "3")
    answer = json.loads(out)
    assert (status, answer["job"]["pages"]) == (0, 3)
    assert answer["throughput"]["pages_per_minute"] > 0
    assert 0 < answer["timings_ms"]["begun"] <= answer["timings_ms"]["paper"]
    assert len(list(laser.paper.iterdir())) == 3


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


def test_a_strip_comes_out_and_is_the_page_that_was_drawn(thermal: VirtualThermal, tmp_path: Path) -> None:
    file = configured(tmp_path, thermal.address)
    status, out, _ = bench("--config", str(file), "--json", "--pages", "2", device="thermal")
    answer = json.loads(out)
    assert status == 0
    assert answer["model"] == "Epson TM-T20III"
    assert answer["takes"] == {"media_type": "image/x-portable-bitmap", "dpi": 203, "width": 576}
    assert answer["job"] == {"outcome": "printed", "evidence": "escpos-echo", "pages": 2, "code": None}
    assert answer["throughput"]["mm_per_minute"] > 0
    codes = [
        {found.text for found in zxingcpp.read_barcodes(Image.open(strip).convert("L"))}
        for strip in sorted(thermal.paper.glob("[0-9]*.png"))
    ]
    assert [sorted(found) for found in codes if found] == [
        ["C250", "C375", "SHUBBAK Q375", "SHUBBAK Q500", "SHUBBAK Q750"]
    ] * 2


def test_only_the_status_moves_no_paper(thermal: VirtualThermal) -> None:
    words = ("--address", thermal.address, "--model", "epson-tm-t20iii", "--no-page")
    status, out, _ = bench(*words, device="thermal")
    assert (status, "ready: nothing to report" in out) == (0, True)
    assert thermal.control.status().rows == 0
    thermal.control.paper_out()
    status, out, err = bench(*words, device="thermal")
    assert (status, err.split(":")[0]) == (3, "error E-PRINTER-PAPER-OUT")


def test_a_ticket_printer_that_a_session_holds_is_left_alone(thermal: VirtualThermal, tmp_path: Path) -> None:
    async def while_a_session_runs() -> tuple[int, str, str]:
        async with a_kiosk(tmp_path):
            file = configured(tmp_path, thermal.address)
            return await asyncio.to_thread(bench, "--config", str(file), device="thermal")

    status, _, err = asyncio.run(while_a_session_runs())
    assert (status, err.split(":")[0]) == (3, "error E-PRINTER-BUSY")
    assert thermal.control.status().received == 0


def test_every_model_with_a_profile_is_told() -> None:
    status, out, _ = bench("--models", "--json", device="thermal")
    assert status == 0
    assert json.loads(out)["epson-tm-t88v"]["width"] == 512
    status, out, _ = bench("--models", device="thermal")
    assert "epson-tm-t20iii    Epson TM-T20III: 576 dots, 203 dpi" in out


def test_a_kiosk_without_a_ticket_printer_says_so(tmp_path: Path) -> None:
    status, _, err = bench("--config", str(configured(tmp_path, "")), device="thermal")
    assert (status, err.split(":")[0]) == (2, "error E-KIOSK-USAGE")
    status, _, err = bench("--address", "tcp://127.0.0.1:9", "--model", "no-such", device="thermal")
    assert err.startswith("error E-PRINTER-MODEL")
