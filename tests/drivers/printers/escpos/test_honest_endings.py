"""Whatever happens to the ticket printer at any byte, its driver's word and the paper agree."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.printers.errors import PrinterError
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.printers.port import JobState, JobStatus
from drivers.simulated.thermal import VirtualThermal
from tests.drivers.printers.escpos.on_paper import ACROSS, document, driver, make_well, papers, picture
from tests.drivers.printers.escpos.peer import ended


@pytest.fixture(autouse=True)
def every_test(quick: None) -> None:
    """Hypothesis wants no fixture of one test by name."""


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
@settings(max_examples=36)
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
