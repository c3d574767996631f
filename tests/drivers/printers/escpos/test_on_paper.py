"""The ticket printer's driver and the simulated printer: what the driver says, and what is on paper."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from drivers.printers.errors import JobNotFound, OutOfPaper
from drivers.printers.port import Condition, JobState, JobStatus
from drivers.simulated.thermal import VirtualThermal
from tests.drivers.printers.escpos.on_paper import ACROSS, document, driver, papers, picture
from tests.drivers.printers.escpos.peer import ended

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
