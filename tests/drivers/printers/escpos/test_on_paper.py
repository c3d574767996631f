"""The ticket printer's driver and the simulated printer: what the driver says, and what is on paper."""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from drivers.printers.errors import JobNotFound, OutOfPaper, PrinterError
from drivers.printers.escpos import talk, thermal
from drivers.printers.escpos.models import load_model
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.printers.port import Condition, JobState, JobStatus
from drivers.simulated.thermal import VirtualThermal
from tests.drivers.printers.escpos.peer import ended

MODEL = load_model("epson-tm-t20iii")
ACROSS = 72
DEADLINE = 0.25


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "PATIENCE", 0.6)
    monkeypatch.setattr(thermal, "PATIENCE", 0.6)
    monkeypatch.setattr(thermal, "_AGAIN_S", 0.05)


@pytest.fixture(scope="module", params=["tcp", "pty"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualThermal]:
    with VirtualThermal(tmp_path_factory.mktemp("thermal"), request.param) as printer:
        yield printer


@pytest.fixture
def device(shared: VirtualThermal) -> VirtualThermal:
    """A printer in order, its paper at its end put away."""
    make_well(shared)
    shared.control.paper_in()
    shared.control.tear()
    for strip in shared.paper.glob("*.png"):
        strip.unlink()
    return shared


def make_well(device: VirtualThermal) -> None:
    control = device.control
    control.gone()
    control.back()
    control.speed(0)
    control.cover(False)
    control.cutter(False)
    control.hot(False)
    control.near_end(False)


@asynccontextmanager
async def driver(
    device: VirtualThermal, model: str = "epson-tm-t20iii", deadline: float = DEADLINE
) -> AsyncIterator[ThermalPrinter]:
    printer = ThermalPrinter(device.address, load_model(model), deadline)
    try:
        async with asyncio.timeout(60):
            yield printer
    finally:
        await printer.close()


# --- pictures


def picture(seed: int, rows: int = 200) -> bytes:
    """Dots of which no row is like another, and none is white."""
    return random.Random(seed).randbytes(ACROSS * rows)


def document(*pages: bytes) -> bytes:
    return b"".join(b"P4\n576 %d\n" % (len(page) // ACROSS) + page for page in pages)


def rows_on(file: Path) -> list[bytes]:
    """1 is black. A strip that is being drawn anew is tried again."""
    with Image.open(file) as image:
        dots = ImageOps.invert(image.convert("L")).convert("1", dither=Image.Dither.NONE).tobytes()
    return [dots[at : at + ACROSS] for at in range(0, len(dots), ACROSS)]


@dataclass(frozen=True)
class Papers:
    """`strips` as they were cut off, what still hangs last."""

    strips: list[list[bytes]]

    def whole(self, page: bytes) -> int:
        """On how many strips the page stands from its first row to its last."""
        return sum(page in b"".join(strip) for strip in self.strips)

    def begun(self, page: bytes) -> int:
        return sum(strip.count(page[:ACROSS]) for strip in self.strips)

    def rows(self, page: bytes) -> int:
        """How many of the page's rows are on paper, one for each time."""
        own = {page[at : at + ACROSS] for at in range(0, len(page), ACROSS)}
        return sum(row in own for strip in self.strips for row in strip)

    def beside(self, page: bytes) -> set[bytes]:
        """What else than the page stands on its strip."""
        own = {page[at : at + ACROSS] for at in range(0, len(page), ACROSS)} | {bytes(ACROSS)}
        return {row for strip in self.strips if page[:ACROSS] in strip for row in strip} - own


def papers(device: VirtualThermal) -> Papers:
    device.control.status()  # draws what hangs
    return Papers([rows_on(file) for file in sorted(device.paper.glob("*.png"))])  # hanging.png after the numbers


# --- a printer in order


@pytest.mark.parametrize("model", ["epson-tm-t20iii", "generic-80"])
def test_each_page_is_a_strip_exactly_as_it_was_sent(device: VirtualThermal, model: str) -> None:
    first, second = picture(1, 300), picture(2, 5)

    async def work() -> JobStatus:
        async with driver(device, model) as printer:
            return await ended(printer, await printer.submit(document(first, second), title=""))

    status = asyncio.run(work())
    proven = model != "generic-80"
    assert status == JobStatus(JobState.COMPLETED, 2 if proven else 0, frozenset(), counted=proven)
    seen = papers(device)
    assert (seen.whole(first), seen.whole(second)) == (1, 1)
    assert not seen.beside(first) and not seen.beside(second)
    assert device.control.status().rubbish == 0


def test_dots_that_are_commands_are_printed_and_do_nothing_else(device: VirtualThermal) -> None:
    words = b"\x10\x04\x01\x10\x04\x04\x10\x05\x02\x1b@\x1dV\x42\x00\x1dr\x01\x10\x04\x02"
    page = b"".join(words.rjust(ACROSS - 4, b"\x55") + at.to_bytes(4, "big") for at in range(200))

    async def work() -> JobStatus:
        async with driver(device) as printer:
            device.control.speed(2000)
            return await ended(printer, await printer.submit(document(page), title=""))

    assert asyncio.run(work()) == JobStatus(JobState.COMPLETED, 1, frozenset())
    assert papers(device).whole(page) == 1


def test_a_process_that_was_killed_leaves_nothing_for_the_next_citizen(device: VirtualThermal) -> None:
    killed, after = picture(1, 400), picture(2)
    device.control.speed(300)
    code = (
        "import asyncio, sys\n"
        "from drivers.printers.escpos.thermal import ThermalPrinter\n"
        "from drivers.printers.escpos.models import load_model\n"
        "async def main():\n"
        "    printer = ThermalPrinter(sys.argv[1], load_model('epson-tm-t20iii'), 0.25)\n"
        "    await printer.submit(sys.stdin.buffer.read(), title='')\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    before = device.control.status().received
    with subprocess.Popen([sys.executable, "-c", code, device.address], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(document(killed))
        process.stdin.close()
        device.control.wait(received=before + 6000)
        process.kill()

    async def work() -> JobStatus:
        async with driver(device) as printer:
            with pytest.raises(JobNotFound):
                await printer.cancel(12345)
            device.control.speed(0)
            return await ended(printer, await printer.submit(document(after), title=""))

    assert asyncio.run(work()).state is JobState.COMPLETED
    seen = papers(device)
    assert seen.whole(killed) == 0 < seen.rows(killed)
    assert seen.whole(after) == 1 and not seen.beside(after)


# --- troubles that a hand ends


def test_without_paper_a_strip_is_given_up_and_its_rest_never_comes_out(device: VirtualThermal) -> None:
    broken, after = picture(1, 400), picture(2)

    async def work() -> None:
        async with driver(device) as printer:
            await printer.clear()
            device.control.paper_out(after_mm=20)
            job_id = await printer.submit(document(broken), title="")
            assert await ended(printer, job_id) == JobStatus(
                JobState.ABORTED, 0, frozenset({Condition.PAPER_OUT}), counted=False
            )
            assert (await printer.cancel(job_id)).state is JobState.ABORTED
            with pytest.raises(OutOfPaper):
                await printer.clear()
            on_paper = papers(device).rows(broken)
            assert 0 < on_paper < 400
            device.control.paper_in()
            while device.control.status().hanging_rows:
                await asyncio.sleep(0.01)  # it is cut off without being asked for
            assert papers(device).rows(broken) == on_paper
            assert (await printer.status()).ready
            assert (await ended(printer, await printer.submit(document(after), title=""))).pages == 1

    asyncio.run(work())
    seen = papers(device)
    assert seen.whole(after) == 1 and not seen.beside(after)


@pytest.mark.parametrize("trouble", ["cover", "cutter"])
def test_a_cover_and_a_blade_are_told_apart_and_the_strip_is_given_up(device: VirtualThermal, trouble: str) -> None:
    broken, after = picture(1, 400), picture(2)
    named = {"cover": Condition.COVER_OPEN, "cutter": Condition.CUTTER}[trouble]

    async def work() -> None:
        async with driver(device) as printer:
            await printer.clear()
            device.control.speed(2000)
            if trouble == "cutter":
                device.control.cutter(True)
            received = device.control.status().received
            job_id = await printer.submit(document(broken), title="")
            if trouble == "cover":
                await asyncio.to_thread(device.control.wait, received=received + 9000)
                device.control.cover(True)
            assert await ended(printer, job_id) == JobStatus(JobState.ABORTED, 0, frozenset({named}), counted=False)
            assert named in (await printer.status()).conditions
            device.control.cover(False)
            device.control.cutter(False)
            assert (await ended(printer, await printer.submit(document(after), title=""))).pages == 1

    asyncio.run(work())
    seen = papers(device)
    assert seen.whole(after) == 1 and not seen.beside(after)


def test_a_hot_head_is_waited_for(device: VirtualThermal) -> None:
    page = picture(1)

    async def work() -> None:
        async with driver(device) as printer:
            await printer.clear()
            device.control.hot()
            assert (await printer.status()).conditions == {Condition.STOPPED}
            device.control.hot(False)
            device.control.speed(2000)
            received = device.control.status().received
            job_id = await printer.submit(document(page), title="")
            await asyncio.to_thread(device.control.wait, received=received + 5000)
            device.control.hot()
            while Condition.STOPPED not in (await printer.job(job_id)).conditions:
                await asyncio.sleep(0.01)
            device.control.hot(False)
            assert await ended(printer, job_id) == JobStatus(JobState.COMPLETED, 1, frozenset())

    asyncio.run(work())
    assert papers(device).whole(page) == 1


# --- whatever happens, every ending is honest

Trouble = Literal[
    "none", "drop", "freeze", "garble", "half-open", "paper", "cover", "cutter", "gone", "blink", "cancel", "close"
]
TROUBLES: tuple[Trouble, ...] = (
    "none", "drop", "freeze", "garble", "half-open", "paper", "cover", "cutter", "gone", "blink", "cancel", "close"
)  # fmt: skip
HELD_UP = ("paper", "cover", "cutter", "gone")
"""Nothing may come out while these last, nor when they end."""
FIRST, SECOND, LATER = picture(11, 90), picture(12, 70), picture(13, 40)
SENT = ACROSS * 160


async def make_trouble(device: VirtualThermal, printer: ThermalPrinter, trouble: Trouble, at: int, job_id: int) -> None:
    """Once so many bytes have come in all, or at once where paper or blade wait for that by themselves."""
    control = device.control
    match trouble:
        case "paper":
            control.paper_out(after_mm=at % 60)
        case "cutter":
            control.cutter(True)
        case "cover" | "gone" | "blink" | "cancel" | "close":
            await asyncio.to_thread(control.wait, received=at)
            match trouble:
                case "cover":
                    control.cover(True)
                case "cancel":
                    with contextlib.suppress(PrinterError):
                        await printer.cancel(job_id)
                case "close":
                    await printer.close()
                case _:
                    control.gone()
                    if trouble == "blink":
                        control.back()


async def visit(device: VirtualThermal, trouble: Trouble, at: int) -> None:
    """One document, one trouble; then all is well again, and another document."""
    ending: JobStatus | None = None
    async with driver(device) as printer:
        await printer.clear()
        start = device.control.status().received
        if trouble in ("drop", "freeze", "garble", "half-open"):
            device.control.fail(at, trouble)  # type: ignore[arg-type]
        try:
            job_id = await printer.submit(document(FIRST, SECOND), title="")
        except PrinterError:
            assert papers(device).rows(FIRST) == 0
        else:
            making = asyncio.create_task(make_trouble(device, printer, trouble, start + at, job_id))
            with contextlib.suppress(PrinterError):
                ending = await ended(printer, job_id)
            await making
        check_ending(device, ending)
        before = papers(device).rows(FIRST + SECOND)
        put_right(device)
        await cleared(printer)
        if trouble in HELD_UP:
            assert papers(device).rows(FIRST + SECOND) == before, "the rest came out after all was well again"
    async with driver(device, deadline=5) as printer:
        later = await ended(printer, await printer.submit(document(LATER), title=""))
        assert later == JobStatus(JobState.COMPLETED, 1, frozenset())
    check_ending(device, ending)
    seen = papers(device)
    assert seen.whole(LATER) == 1 and not seen.beside(LATER)


def put_right(device: VirtualThermal) -> None:
    device.control.back()
    device.control.thaw()
    device.control.cover(False)
    device.control.cutter(False)
    device.control.paper_in()


async def cleared(printer: ThermalPrinter) -> None:
    """Sooner or later; a line that was broken is found broken first."""
    while True:
        with contextlib.suppress(PrinterError):
            return await printer.clear()
        await asyncio.sleep(0.01)


def check_ending(device: VirtualThermal, ending: JobStatus | None) -> None:
    """What was said, or nothing, against what is on paper."""
    seen = papers(device)
    assert seen.begun(FIRST) <= 1 and seen.begun(SECOND) <= 1, "twice"
    if ending is None:
        return
    if ending.state is JobState.COMPLETED:
        assert ending.counted and ending.pages == 2
    elif ending.counted:
        assert ending.pages == 0 and seen.rows(FIRST) == 0, "said to have failed, and on paper"
    whole = [seen.whole(FIRST), seen.whole(SECOND)]
    assert whole[: ending.pages] == [1, 1][: ending.pages]


@settings(max_examples=4)
@given(trouble=st.sampled_from(TROUBLES), at=st.integers(1, SENT))
def test_every_ending_is_honest(shared: VirtualThermal, trouble: Trouble, at: int) -> None:
    try_it(shared, trouble, at)


@pytest.mark.slow
@settings(max_examples=45)
@given(trouble=st.sampled_from(TROUBLES), at=st.integers(1, SENT))
def test_every_ending_is_honest_at_length(shared: VirtualThermal, trouble: Trouble, at: int) -> None:
    try_it(shared, trouble, at)


def try_it(device: VirtualThermal, trouble: Trouble, at: int) -> None:
    make_well(device)
    device.control.paper_in()
    device.control.tear()
    for strip in device.paper.glob("*.png"):
        strip.unlink()
    device.control.speed(4000)
    asyncio.run(visit(device, trouble, at))
