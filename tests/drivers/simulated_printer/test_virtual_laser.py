"""The simulated laser itself: what it shows to the network, what it leaves behind, how it ends."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typst
from PIL import Image

from drivers.printers.laser import LaserPrinter
from drivers.printers.port import JobState
from drivers.simulated.errors import PrinterControlRefused, PrinterNotStarted
from drivers.simulated.printer import A4, BY_PASS, MAIN, LaserControl, LaserState, VirtualLaser
from drivers.simulated.printer_trays import with_reasons
from tests.drivers.printers.impostor import keyword

PAGE = typst.compile(
    b'#set page(paper: "a4", margin: 0mm)\n#place(dx: 20mm, dy: 30mm, rect(width: 50mm, height: 10mm, fill: black))'
)


@pytest.fixture
def laser(tmp_path: Path) -> Iterator[VirtualLaser]:
    with VirtualLaser(tmp_path / "laser") as laser:
        yield laser


def port(laser: VirtualLaser) -> str:
    return laser.uri.split(":")[2].split("/")[0]


async def _print(uri: str, title: str) -> JobState:
    printer = LaserPrinter(uri, 5.0)
    try:
        job_id = await printer.submit(PAGE, title=title)
        while (status := await printer.job(job_id)).state in (JobState.PENDING, JobState.PROCESSING):
            await asyncio.sleep(0.02)
        return status.state
    finally:
        await printer.close()


def print_page(laser: VirtualLaser, title: str = "t") -> JobState:
    return asyncio.run(_print(laser.uri, title))


def test_it_listens_on_loopback_only(laser: VirtualLaser) -> None:
    shown = subprocess.run(["ss", "-Hltn", f"sport = :{port(laser)}"], capture_output=True, text=True, check=True)
    listening = {line.split()[3].rsplit(":", 1)[0] for line in shown.stdout.splitlines()}
    assert listening == {"127.0.0.1", "[::1]"}


def test_the_picture_is_the_page_at_203_dpi(laser: VirtualLaser) -> None:
    assert print_page(laser) is JobState.COMPLETED
    (file,) = laser.paper.iterdir()
    assert file.name == "001-1.png"
    with Image.open(file) as opened:
        picture = opened.convert("L")
        width, height = picture.size
        assert abs(width - 210 / 25.4 * 203) <= 1 and abs(height - 297 / 25.4 * 203) <= 1
        millimetre = 203 / 25.4
        inside, outside = (
            (round(45 * millimetre), round(35 * millimetre)),
            (round(75 * millimetre), round(35 * millimetre)),
        )
        assert picture.getpixel(inside) == 0 and picture.getpixel(outside) == 255


def test_only_pictures_and_documents_stay(tmp_path: Path) -> None:
    folder = tmp_path / "laser"
    with VirtualLaser(folder) as laser:
        print_page(laser, "a-title-that-must-not-stay")
        assert list((folder / "spool").iterdir()) == []
    assert sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()) == [
        "documents/001.pdf",
        "paper/001-1.png",
    ]
    assert laser.documents() == [PAGE]


def test_numbering_goes_on_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        with VirtualLaser(tmp_path / "laser") as laser:
            print_page(laser)
            laser.gone()
            laser.back()
            print_page(laser)
    assert sorted(p.name for p in laser.paper.iterdir()) == [f"00{n}-1.png" for n in (1, 2, 3, 4)]


def test_another_process_may_hold_the_control(laser: VirtualLaser) -> None:
    elsewhere = LaserControl(laser.folder)
    assert elsewhere.paper_out(after=2) == LaserState(on=True, sheets=2, uri=laser.uri)
    print_page(laser)
    assert elsewhere.status().sheets == 1
    assert elsewhere.gone() == LaserState(on=False, sheets=1, uri=laser.uri)
    assert elsewhere.paper_in(sheets=9) == LaserState(on=False, sheets=9, uri=laser.uri)
    assert elsewhere.back() == LaserState(on=True, sheets=9, uri=laser.uri)
    assert elsewhere.back().on


def test_control_refuses_what_makes_no_sense(laser: VirtualLaser, tmp_path: Path) -> None:
    for wrong in (-1, 100_000):
        with pytest.raises(PrinterControlRefused):
            laser.paper_out(after=wrong)
    with pytest.raises(PrinterControlRefused):
        laser.paper_in(sheets=0)
    for tray, media in (("tray-9", A4), (BY_PASS, A4), (MAIN, "../etc"), (MAIN, "a4")):
        with pytest.raises(PrinterControlRefused):
            laser.paper_in(9, tray, media)
    with pytest.raises(PrinterControlRefused):
        LaserControl(tmp_path).status()
    assert laser.control.status().on


def test_what_the_hand_wants_to_see_is_added_to_what_the_printer_says() -> None:
    def answer(*words: bytes) -> bytes:
        return b"\2\0\0\0\0\0\0\1\4" + keyword(b"printer-state-reasons", *words) + keyword(b"media", b"a4") + b"\3"

    assert with_reasons(answer(b"none"), []) == answer(b"none")
    assert with_reasons(answer(b"none"), ["media-jam-report"]) == answer(b"media-jam-report")
    assert with_reasons(answer(b"a", b"bc"), ["d", "e"]) == answer(b"a", b"bc", b"d", b"e")
    assert with_reasons(b"<html>", ["d"]) == b"<html>"


def test_a_long_folder_name_does_not_matter(tmp_path: Path) -> None:
    with VirtualLaser(tmp_path / ("long" * 40)) as laser:
        assert print_page(laser) is JobState.COMPLETED


def test_two_printers_side_by_side(laser: VirtualLaser, tmp_path: Path) -> None:
    with VirtualLaser(tmp_path / "second") as second:
        assert second.uri != laser.uri
        laser.paper_out()
        assert print_page(second) is JobState.COMPLETED


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "laser"
    folder.mkdir()
    (folder / "paper").write_text("in the way")
    with pytest.raises(PrinterNotStarted):
        VirtualLaser(folder).start()


_PARENT = """
import sys
from pathlib import Path
from drivers.simulated.printer import VirtualLaser
laser = VirtualLaser(Path(sys.argv[1]))
laser.start()
print(laser._host.pid, flush=True)
sys.stdin.read()
"""


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("victim", ["parent", "host"])
def test_nothing_outlives_the_process_that_started_it(tmp_path: Path, victim: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, tmp_path / "laser"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        host = int(parent.stdout.readline())
        programs = [os.pidfd_open(pid) for pid in (host, *children(host))]
        assert len(programs) == 3
        os.kill(parent.pid if victim == "parent" else host, 9)
        for program in programs:
            assert _ended(program), "still running"
        parent.kill()


def _ended(pidfd: int) -> bool:
    ready, _, _ = select.select([pidfd], [], [], 30)
    os.close(pidfd)
    return bool(ready)
